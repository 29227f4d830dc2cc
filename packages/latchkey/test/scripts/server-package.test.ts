/** The server as it is installed: the npm package, of which every other form is made. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { programVersion } from '../../src/base/version.ts';
import { LEFT_OUT } from '../../tools/server-bundle.ts';
import { until } from '../waits.ts';
import { MAIN, runProgram, type Serving, serveUntilReady } from './latchkey-process.ts';

const MOST_BYTES = 60_000_000;
const MODULES = join(import.meta.dirname, '../../../../node_modules');
/** Without the compiled code that tests share, so that the server keeps its own. */
const BY_ITSELF = ['env', '-u', 'NODE_COMPILE_CACHE'];

/** Where it is installed, with what it needs beside it. */
const installed = join(MAIN, '../../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-installed-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function bytesIn(root: string): Promise<number> {
  const files = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = files.filter((each) => each.isFile()).map((each) => stat(join(each.parentPath, each.name)));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

test('the server needs 60 MB at most, with the one package that it needs', async () => {
  const { dependencies, bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    bin: { latchkey: string };
  };
  expect(Object.keys(dependencies)).toEqual([...LEFT_OUT]);
  expect(await readFile(join(installed, bin.latchkey), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect((await bytesIn(installed)) + (await bytesIn(join(MODULES, '@node-rs')))).toBeLessThan(MOST_BYTES);
});

test('the server brings its manual page, completions, readme, licence, and those of all that is in it', async () => {
  for (const name of ['LICENSE', 'README.md', 'man/latchkey.1', 'completions/_latchkey', 'completions/latchkey.bash'])
    expect((await stat(join(installed, name))).size, name).toBeGreaterThan(500);
  const licences = await readFile(join(installed, 'THIRD-PARTY-LICENSES'), 'utf8');
  for (const name of ['fastify', 'kysely', 'yaml', '@primer/css', '@primer/octicons', '@fontsource-variable/inter'])
    expect(licences).toMatch(new RegExp(`^${name}\n\n`, 'm'));
});

test('every file of the bundle loads, and asks for nothing that is not installed', async () => {
  const names = (await readdir(join(installed, 'lib/server'))).filter((name) => name.endsWith('.js'));
  const texts = await Promise.all(names.map((name) => readFile(join(installed, 'lib/server', name), 'utf8')));
  const asked = texts.flatMap((text) => [...text.matchAll(/^\s*(?:const|let|var) .*\brequire\("([^".][^"]*)"\)/gm)]);
  const foreign = new Set(asked.map(([, name = '']) => name).filter((name) => !isBuiltin(name)));
  expect([...foreign]).toEqual([...LEFT_OUT]);
  const parts = names.filter((name) => !['main.js', 'writing-thread.js'].includes(name));
  const load = `for (const name of ${JSON.stringify(parts)}) require('./' + name); process.exit()`;
  const loaded = await runProgram(process.execPath, ['-e', load], { cwd: join(installed, 'lib/server') });
  expect(loaded).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('an installed server shows its pages in style, takes pushes and large files, and answers proxies', async () => {
  const map = join(folder, 'map.yaml');
  await writeFile(map, 'services:\n  - routes: [{ method: GET, path: /a, needs: {} }]\n');
  const args = ['--demo', '--data', join(folder, 'demo'), '--route-map', map];
  const serving = await serveUntilReady(args, /shown this once\./, [], folder);
  await showsPages(serving.url);
  expect((await fetch(`${serving.url}/forward-auth/b`)).headers.get('x-latchkey-reason')).toBe('route_unknown');

  const [writer = ''] = serving
    .output()
    .stdout.split('\n')
    .filter((line) => line.startsWith('  git clone '));
  const run = (line: string): ReturnType<typeof runProgram> => runProgram('sh', ['-c', line], { cwd: folder });
  expect((await run(writer)).code).toBe(0);
  const person = '-c user.name=Ada -c user.email=ada@acme.example';
  const pushed = await run(`cd site && git ${person} commit -q --allow-empty -m Try && git push -q`);
  expect(pushed, pushed.stderr).toMatchObject({ code: 0 });

  const [, login = '', token = ''] = /:\/\/(\w+):(\w+)@/.exec(writer) ?? [];
  const sent = await sendLargeFile(`${serving.url}/acme/site.git`, `${login}:${token}`);
  expect(sent).toBe(200);
  const account = await fetch(`${serving.url}/api/v3/user`, { headers: { authorization: `Bearer ${token}` } });
  expect(account.status).toBe(200);
  expect((await serving.stop('SIGTERM')).code).toBe(0);
});

async function showsPages(url: string): Promise<void> {
  const page = await (await fetch(`${url}/login`)).text();
  const [, style = ''] = /<link[^>]* href="([^"]+\.css)"/.exec(page) ?? [];
  const [, font = ''] = /<link[^>]* href="([^"]+\.woff2)"/.exec(page) ?? [];
  const [, script = ''] = /<script[^>]* src="([^"]+\.js)"/.exec(page) ?? [];
  for (const [address, words] of [
    [style, '.btn-primary'],
    [script, 'relative-time'],
    [font, 'wOF2'],
  ] as const) {
    const answer = await fetch(url + address);
    expect([address, answer.status]).toEqual([address, 200]);
    expect(await answer.text()).toContain(words);
  }
}

/** Sends one object as git-lfs does; returns the status of the last answer. */
async function sendLargeFile(repository: string, credential: string): Promise<number> {
  const body = Buffer.alloc(100_000, 'large');
  const oid = createHash('sha256').update(body).digest('hex');
  const headers = {
    authorization: `Basic ${Buffer.from(credential).toString('base64')}`,
    'content-type': 'application/vnd.git-lfs+json',
    accept: 'application/vnd.git-lfs+json',
  };
  const question = { operation: 'upload', transfers: ['basic'], objects: [{ oid, size: body.length }] };
  const batch = await fetch(`${repository}/info/lfs/objects/batch`, {
    method: 'POST',
    headers,
    body: JSON.stringify(question),
  });
  const { objects } = (await batch.json()) as {
    objects: { actions: { upload: { href: string; header: Record<string, string> } } }[];
  };
  const [object] = objects;
  if (object === undefined) throw new Error('the batch names no object');
  const { href, header } = object.actions.upload;
  return (await fetch(href, { method: 'PUT', headers: header, body })).status;
}

/** A server that keeps its own compiled code. */
function served(data: string): Promise<Serving> {
  return serveUntilReady(['--data', data], undefined, BY_ITSELF, folder);
}

test('a server keeps its compiled code in its data folder, and what older versions kept there goes', async () => {
  const data = join(folder, 'kept');
  const kept = join(data, 'compiled-code');
  await mkdir(join(kept, '0.0.1/v1'), { recursive: true });
  const serving = await served(data);
  // Written while it runs, so that one that is killed starts quickly, too.
  await until(async () => (await readdir(kept, { recursive: true })).length > 50, 'compiled code is kept');
  expect(await readdir(kept)).toEqual([programVersion()]);
  expect((await stat(join(kept, programVersion()))).mode & 0o777).toBe(0o700);
  await serving.stop('SIGTERM');
});

/**
 * Whoever may write to a folder of compiled code decides what the server runs. An operator shares the data folder with
 * a group, for backups; one of its members leaves code there.
 */
test('compiled code is neither loaded nor kept where others may write', async () => {
  const data = join(folder, 'shared');
  const kept = join(data, 'compiled-code', programVersion());
  await mkdir(kept, { recursive: true, mode: 0o700 });
  await chmod(data, 0o770);
  onTestFinished(() => chmod(data, 0o700));
  const serving = await served(data);
  // It would be written by the end at the latest.
  await serving.stop('SIGTERM');
  expect(await readdir(kept)).toEqual([]);
});
