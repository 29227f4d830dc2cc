/**
 * A web server in Apache's place for git's own tests (`t/lib-httpd.sh`), with Latchkey in git-http-backend's place.
 *
 * What those tests have Apache do is done here: redirections, answers that are broken on purpose, passwords of its own,
 * cookies, files. Every request of git's protocol goes on to Latchkey, with a token. A repository that lies in Apache's
 * folder is linked into Latchkey's, and imported there, when it is first asked for.
 *
 * It is started, asked for its version and ended with Apache's own options.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, openSync, statSync } from 'node:fs';
import { mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startWorld, type World } from '../../bench/server.ts';
import { commandOf, movedTo, scriptOf } from './apache.ts';

const FLAGS = ['--allow-repository-hooks', '--max-refs', '0', '--max-repositories-per-user', '0'];
/** The only user of `t/lib-httpd/passwd`. */
const KNOWN = `Basic ${Buffer.from('user@host:pass@host').toString('base64')}`;
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect', 'authorization']);

/** Repositories that Latchkey knows, or is being told of. */
const names = new Map<string, Promise<string>>();

const { root, port, command } = commandOf(process.argv.slice(2));
if (command === 'version') console.log('Server version: Apache/2.4.0 (Latchkey)');
else if (command === 'start') await start();
else if (command === 'stop') await stop();
else await serve();

/** Returns when the server listens, as Apache does. */
async function start(): Promise<void> {
  const log = openSync(join(root, 'error.log'), 'a');
  const child = spawn(process.execPath, [import.meta.filename, ...process.argv.slice(2), '-k', 'serve'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  await writeFile(join(root, 'httpd.pid'), String(child.pid));
  for (let i = 0; i < 6_000 && !existsSync(join(root, 'ready')); i++) {
    if (child.exitCode !== null) throw new Error(await readFile(join(root, 'error.log'), 'utf8'));
    await sleep(100);
  }
  child.unref();
}

async function stop(): Promise<void> {
  const pid = Number(await readFile(join(root, 'httpd.pid'), 'utf8'));
  process.kill(pid, 'SIGTERM');
  while (existsSync(join(root, 'ready'))) await sleep(50);
}

async function serve(): Promise<void> {
  const world = await startWorld(join(root, 'latchkey'), null, FLAGS);
  const log = createWriteStream(join(root, 'access.log'), { flags: 'a' });
  const server = createServer();
  for (const event of ['request', 'checkContinue'])
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (event === 'checkContinue') response.writeContinue();
      const { method, url, httpVersion } = request;
      let bytes = 0;
      const write = response.write.bind(response);
      response.write = ((chunk: Buffer | string, ...rest: never[]) => {
        bytes += chunk.length;
        return write(chunk, ...rest);
      }) as typeof response.write;
      response.on('close', () => {
        const line = `"${method} ${url} HTTP/${httpVersion}" ${response.statusCode} ${Math.max(bytes, 1)}`;
        log.write(`127.0.0.1 - - [${new Date().toISOString()}] ${line}\n`);
      });
      answer(world, request, response).catch((error: unknown) => {
        console.error(error);
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      });
    });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  await writeFile(join(root, 'ready'), '');
  await once(process, 'SIGTERM');
  server.close();
  server.closeAllConnections();
  await world.stop();
  await rm(join(root, 'ready'));
  process.exit(0);
}

async function answer(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname: path, search } = new URL(request.url ?? '/', 'http://front');
  const moved = movedTo(path, search);
  if (moved !== null) return void response.writeHead(moved.status, { location: moved.location ?? '/' }).end();
  const asked = path.replace(/^\/intern-redir\/(.*)\/foo$/, '/smart/$1');
  // A strange password goes on to Latchkey, which says what it says to everybody who shows nothing that lives.
  const isLetIn = !demandsPassword(asked, search) || request.headers.authorization === KNOWN;
  if (asked.includes('/smart_headers/') && !hasMagic(request)) return void response.writeHead(403).end();
  const script = isLetIn ? scriptOf(asked) : null;
  if (script !== null) return runScript(script.name, script.pathInfo, response);
  const git = /(\/smart[^/]*|\/one_time_perl)\/(.*)$/.exec(asked);
  if (git === null) return sendFile(asked, isLetIn, response);
  const [, place = '', rest = ''] = git;
  const address = /^(.*?)\/*(\/info\/refs|\/git-(?:upload|receive)-pack|\/HEAD|\/objects\/.*)$/.exec(rest);
  if (address === null) return void response.writeHead(404).end();
  const name = await known(world, address[1] ?? '');
  return pass(world, request, response, {
    path: `/ada/${name}.git${address[2]}${search}`,
    token: isLetIn ? world.token : null,
    place,
  });
}

function demandsPassword(path: string, search: string): boolean {
  const isPush = search.includes('service=git-receive-pack') || path.endsWith('/git-receive-pack');
  return (
    path.startsWith('/auth/') ||
    /^\/auth-push\/.*\/git-receive-pack$/.test(path) ||
    /^\/auth-fetch\/.*\/git-upload-pack$/.test(path) ||
    (path.startsWith('/half-auth-complete/') && isPush)
  );
}

function hasMagic({ headers }: IncomingMessage): boolean {
  return headers['x-magic-one'] === 'abra' && headers['x-magic-two'] === 'cadabra';
}

/** The name of a repository in Apache's folder, here; the same path as git-http-backend would find. */
async function known(world: World, asked: string): Promise<string> {
  const name = asked.replace(/\.git$/, '').replaceAll('/', '-');
  const found = ['/.git', '', '.git/.git', '.git']
    .map((end) => join(root, 'www', `${asked}${end}`))
    .find((each) => existsSync(join(each, 'HEAD')) && statSync(join(each, 'objects'), { throwIfNoEntry: false }));
  if (found === undefined) return name;
  const link = join(root, 'latchkey/repositories/ada', `${name}.git`);
  if ((await readlink(link).catch(() => null)) !== found) {
    await mkdir(join(root, 'latchkey/repositories/ada'), { recursive: true });
    await rm(link, { force: true });
    await symlink(found, link);
  }
  const importing = names.get(name) ?? imported(world, name, link);
  names.set(name, importing);
  importing.catch(() => names.delete(name));
  return importing;
}

/** On a machine with other work, the database may be busy for a while. */
async function imported(world: World, name: string, link: string): Promise<string> {
  for (let tries = 1; ; tries++)
    try {
      await world.admin(['repo', 'import', `ada/${name}`, link]);
      return name;
    } catch (error) {
      if (tries === 5 || !String(error).includes('busy')) throw error;
    }
}

interface Passed {
  readonly path: string;
  readonly token: string | null;
  readonly place: string;
}

/** To Latchkey and back. */
async function pass(world: World, request: IncomingMessage, response: ServerResponse, to: Passed): Promise<void> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !HOP.has(name)));
  if (to.place === '/smart_v0') delete headers['git-protocol'];
  const shown = to.token === null ? request.headers.authorization : `Bearer ${to.token}`;
  if (shown !== undefined) headers['authorization'] = shown;
  const onward = ask(`${world.url}${to.path}`, { method: request.method ?? 'GET', headers });
  request.pipe(onward);
  response.on('close', () => onward.destroy());
  const [got] = (await once(onward, 'response')) as [IncomingMessage];
  const said = Object.fromEntries(Object.entries(got.headers).filter(([name]) => !HOP.has(name)));
  if (to.place === '/smart_cookies') said['set-cookie'] = ['name=value'];
  if (to.place !== '/one_time_perl') {
    response.writeHead(got.statusCode ?? 500, said);
    got.pipe(response);
    return;
  }
  delete said['content-length'];
  const parts: Buffer[] = [];
  for await (const part of got) parts.push(part as Buffer);
  const whole = await changedOnce(Buffer.concat(parts));
  response.writeHead(got.statusCode ?? 500, said).end(whole);
}

/** What `apply-one-time-perl.sh` does: the program in that file changes one answer, and is gone when it did. */
async function changedOnce(answered: Buffer): Promise<Buffer> {
  const file = join(root, 'one-time-perl');
  const program = await readFile(file, 'utf8').catch(() => null);
  if (program === null) return answered;
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = spawnSync('perl', ['-pe', program], { cwd: root, input: answered, env, maxBuffer: 2 ** 30 });
  if (!stdout.equals(answered)) await rm(file);
  return stdout;
}

/** One of the scripts beside `lib-httpd.sh` that answer wrongly on purpose, as CGI. */
async function runScript(name: string, pathInfo: string, response: ServerResponse): Promise<void> {
  const env = { ...process.env, PATH_INFO: pathInfo };
  const { stdout } = spawnSync(join(root, name), [], { cwd: root, env, maxBuffer: 2 ** 30 });
  const end = stdout.indexOf('\n\n');
  const fields = stdout
    .subarray(0, end)
    .toString('latin1')
    .split('\n')
    .map((line) => line.split(/:\s*/, 2) as [string, string]);
  const status = fields.find(([field]) => field === 'Status')?.[1] ?? '200';
  const headers = Object.fromEntries(fields.filter(([field]) => field !== 'Status'));
  const [code = '200', ...reason] = status.split(' ');
  response.writeHead(Number(code), reason.join(' ') || 'OK', headers).end(stdout.subarray(end + 2));
}

async function sendFile(path: string, isLetIn: boolean, response: ServerResponse): Promise<void> {
  const file = join(root, 'www', path.replace(/^(?:\/auth)?\/dumb\//, '/'));
  if (!isLetIn) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git-auth"' }).end();
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) response.writeHead(404).end();
  else response.writeHead(200).end(bytes);
}
