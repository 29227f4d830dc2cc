/**
 * cgit and gitweb, which are CGI programs: run for each request by a small server, on repositories named as Latchkey
 * names them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { run } from '../bench/command.ts';
import { ask, bare, expectAll, type Service } from './service-trial.ts';

const GIT = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };

export const cgit: Service = {
  name: 'cgit',
  title: 'cgit',
  programs: ['cgit'],
  map: 'cgit.yaml',
  host: 'code.example.org',
  address: '127.0.2.6',
  permission: 'contents',
  writes: 'write',
  start: async ({ folder, root }) => {
    const home = await repositories(folder, 'cgit');
    const config = join(home, 'cgitrc');
    await writeFile(config, `virtual-root=/\nremove-suffix=1\nsnapshots=tar.gz\nscan-path=${join(home, 'projects')}\n`);
    return serve(join(root, 'usr/lib/cgit/cgit.cgi'), {
      ...bare({ CGIT_CONFIG: config, LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') }, home),
    });
  },
  use: async ({ at, tokens: { reader, writer } }) => {
    const read = await followed(at, '/acme/site/', reader);
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
    return `${read} pages, by their own links, log, files, snapshots; a repository named in the query`;
  },
};

export const gitweb: Service = {
  name: 'gitweb',
  title: 'gitweb',
  programs: ['gitweb'],
  map: 'gitweb.yaml',
  host: 'gitweb.example.org',
  address: '127.0.2.7',
  permission: 'contents',
  writes: 'write',
  start: async ({ folder, root }) => {
    const home = await repositories(folder, 'gitweb');
    const config = join(home, 'gitweb.conf');
    await writeFile(
      config,
      `$projectroot = '${join(home, 'projects')}'; $my_uri = ''; $feature{'pathinfo'}{'default'} = [1];\n` +
        "$feature{'snapshot'}{'default'} = ['tgz']; $feature{'blame'}{'default'} = [1];\n",
    );
    const modules = ['usr/share/perl5', 'usr/lib/x86_64-linux-gnu/perl5/5.36'].map((name) => join(root, name));
    return serve(
      join(root, 'usr/share/gitweb/gitweb.cgi'),
      bare({ GITWEB_CONFIG: config, PERL5LIB: modules.join(':') }, home),
    );
  },
  use: async ({ at, tokens: { reader, writer } }) => {
    const read = await followed(at, '/acme/site.git', reader);
    await expectAll(at, [
      ['GET /acme/site.git/blob_plain/main:/file.txt', reader, 200],
      ['GET /acme/site.git/snapshot/main.tgz', reader, 200],
      ['GET /acme/site.git?a=search&s=first', reader, 200],
      ['GET /acme/site.git', null, 401],
      ['GET /acme/elsewhere.git/blob_plain/main:/file.txt', writer, 403],
      ['GET /acme/site.git/blob_plain/main:/file.txt?p=acme/elsewhere.git', writer, 403],
      ['GET /acme/site.git?%70=acme/elsewhere.git', writer, 403],
      ['GET /acme/site.git?%u0070=acme/elsewhere.git', writer, 403],
      ['GET /acme/site.git?h=main;p=acme/elsewhere.git', writer, 403],
      ['GET /acme/site.git?a=project_list', writer, 403],
      ['GET /acme/site.git?a=search&a=opml', writer, 403],
      ['GET /acme/site.git/opml', writer, 403],
      ['GET /acme/site.git/project_index/main', writer, 403],
      ['GET /', writer, 403],
      ['GET /?a=opml', writer, 403],
      ['GET /acme/site.git/%2e%2e/elsewhere.git', writer, 403],
      ['POST /acme/site.git', writer, 403],
    ]);
    return `${read} pages, by their own links, search, snapshots; a repository or a list named in path or query`;
  },
};

/** Opens every page below an address that its pages lead to; returns how many. Throws when one can't be read. */
async function followed(at: string, start: string, token: string): Promise<number> {
  const found = new Set([start]);
  for (const path of found) {
    const { status, text } = await ask(at, `GET ${path}`, token);
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text.slice(0, 300)}`);
    for (const [, link = ''] of text.matchAll(/ href=['"](\/[^'"#]*)/g))
      if (link.startsWith(start)) found.add(link.replaceAll('&amp;', '&'));
  }
  if (found.size < 10) throw new Error(`${start} has only ${found.size} pages`);
  return found.size;
}

/** Two repositories of acme below a folder: the one that Latchkey knows, and another. Returns the folder above. */
async function repositories(folder: string, service: string): Promise<string> {
  const home = join(folder, service);
  for (const name of ['site', 'elsewhere']) await makeRepository(home, name);
  return home;
}

async function makeRepository(home: string, name: string): Promise<void> {
  const path = join(home, 'projects/acme', `${name}.git`);
  await mkdir(path, { recursive: true });
  await run('git', ['init', '-q', '--bare', '-b', 'main', path], { env: GIT });
  const stream =
    'commit refs/heads/main\ncommitter Ada <ada@example.org> 1600000000 +0000\ndata 5\nfirst\n' +
    `M 100644 inline file.txt\ndata ${name.length}\n${name}\n`;
  await run('git', ['fast-import', '--quiet'], { cwd: path, env: GIT, input: stream });
}

/** Runs a CGI program for each request, and returns the port. */
async function serve(program: string, env: NodeJS.ProcessEnv): Promise<number> {
  const server = createServer((request, response) => void answer(program, env, request, response));
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One run of a CGI program (RFC 3875). */
async function answer(
  program: string,
  env: NodeJS.ProcessEnv,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s, 2);
  const child = spawn(program, [], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...env,
      REQUEST_METHOD: request.method,
      SCRIPT_NAME: '',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
    },
  });
  const output = await buffer(child.stdout);
  const [, head = '', blank = ''] = /^(.*?)(\r?\n\r?\n)/s.exec(output.toString('latin1')) ?? [];
  const status = /^Status: (\d+)/m.exec(head)?.[1] ?? '200';
  response.writeHead(Number(status), { 'Content-Type': /^Content-Type: (.*?)\r?$/m.exec(head)?.[1] ?? 'text/html' });
  response.end(output.subarray(head.length + blank.length));
}
