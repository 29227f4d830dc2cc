/** cgit, which is a CGI program: run for each request by a small server, on repositories named as Latchkey names them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { run } from '../bench/command.ts';
import { bare, expectAll, type Service } from './service-trial.ts';

const GIT = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };

export const cgit: Service = {
  name: 'cgit',
  title: 'cgit',
  map: 'cgit.yaml',
  host: 'code.example.org',
  address: '127.0.2.6',
  permission: 'contents',
  writes: 'write',
  start: async ({ folder, root }) => {
    const home = join(folder, 'cgit');
    for (const name of ['site', 'elsewhere']) await makeRepository(home, name);
    const config = join(home, 'cgitrc');
    await writeFile(
      config,
      `virtual-root=/\nremove-suffix=1\nsnapshots=tar.gz\nscan-path=${join(home, 'repositories')}\n`,
    );
    const env = bare({ CGIT_CONFIG: config, LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') }, home);
    const program = join(root, 'usr/lib/cgit/cgit.cgi');
    const server = createServer((request, response) => void answer(program, env, request, response));
    server.listen(0, '127.0.0.1').unref();
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  use: async ({ at, tokens: { reader, writer } }) => {
    await expectAll(at, [
      ['GET /acme/site/', reader, 200],
      ['GET /acme/site/log/?h=main', reader, 200],
      ['GET /acme/site/plain/file.txt', reader, 200],
      ['GET /acme/site/snapshot/site-main.tar.gz', writer, 200],
      ['GET /acme/site/plain/file.txt', null, 401],
      // Latchkey doesn't know it, so nobody may read it, by its address or by another's.
      ['GET /acme/elsewhere/plain/file.txt', writer, 403],
      ['GET /acme/site/plain/file.txt?url=acme/elsewhere/plain/file.txt', writer, 403],
      ['GET /acme/site/plain/file.txt?%75rl=acme/elsewhere/plain/file.txt', writer, 403],
      ['GET /acme/site/?r=acme/elsewhere', writer, 403],
      ['GET /?url=acme/elsewhere/plain/file.txt', writer, 403],
      ['GET /acme/site/%2e%2e/elsewhere/', writer, 403],
      ['POST /acme/site/', writer, 403],
    ]);
    return 'pages, log, files, snapshots; a repository named in the query';
  },
};

async function makeRepository(home: string, name: string): Promise<void> {
  const path = join(home, 'repositories/acme', `${name}.git`);
  await mkdir(path, { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', path], { env: GIT });
  const stream =
    'commit refs/heads/main\ncommitter Ada <ada@example.org> 1600000000 +0000\ndata 5\nfirst\n' +
    `M 100644 inline file.txt\ndata ${name.length}\n${name}\n`;
  await run('git', ['fast-import', '--quiet'], { cwd: path, env: GIT, input: stream });
}

/** One run of a CGI program (RFC 3875). */
async function answer(
  program: string,
  env: NodeJS.ProcessEnv,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  const child = spawn(program, [], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...env, REQUEST_METHOD: request.method, PATH_INFO: decodeURIComponent(path), QUERY_STRING: query },
  });
  const output = await buffer(child.stdout);
  const end = output.indexOf('\n\n');
  const head = output.toString('latin1', 0, end);
  const status = /^Status: (\d+)/m.exec(head)?.[1] ?? '200';
  response.writeHead(Number(status), { 'Content-Type': /^Content-Type: (.*)$/m.exec(head)?.[1] ?? 'text/html' });
  response.end(output.subarray(end + 2));
}
