/**
 * Objects of Git LFS against nginx storing and serving the same bytes with WebDAV: a hundred files of 10 MiB, pushed
 * and fetched by git-lfs, and sent bare, eight at a time. Latchkey hashes what it takes and waits for the disk; nginx
 * does neither. A small server tells git-lfs that nginx has the objects.
 */

import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { join } from 'node:path';
import { freePort } from '../packages/latchkey/test/engines/free-port.ts';
import { QUIET_GIT, run } from './command.ts';
import { type Row, ratioOf, spread, takeTurns, timed } from './measure.ts';
import { startWorld, type World, withToken } from './server.ts';

const FILES = 100;
const FILE_BYTES = 10 * 1024 * 1024;
const AT_ONCE = 8;
const MIB = 1024 * 1024;
const NGINX = '/usr/sbin/nginx';
const GOAL = 0.9;

interface Transfer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function benchLfs(folder: string, rounds: number): Promise<Row[]> {
  const what = `${FILES} objects of Git LFS, ${FILE_BYTES / MIB} MiB each,`;
  if (!existsSync(NGINX))
    return [
      {
        suite: 'lfs',
        what: `${what} against nginx with WebDAV`,
        figure: `not measured: ${NGINX} missing (Debian: apt-get install nginx-light)`,
        goal: `≥ ${GOAL}`,
        reached: null,
        detail: '',
      },
    ];
  await mkdir(folder, { recursive: true });
  const world = await startWorld(join(folder, 'data'), null, ['--max-lfs-repository-mib', '0']);
  const nginx = await startNginx(folder);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  try {
    await world.admin(['repo', 'add', 'ada/lfs']);
    const before = world.memory();
    let most = before;
    const look = setInterval(() => (most = Math.max(most, world.memory())), 50);
    let files = newFiles();
    const send = async (transfers: readonly Transfer[]): Promise<number> =>
      timed(() => each(transfers, (transfer, i) => put(agent, transfer, files[i]!.bytes)));
    const taken = await takeTurns(rounds, {
      latchkey: async () => {
        files = newFiles();
        return send(await batch(world.url, world.token, 'upload', files));
      },
      nginx: () => send(files.map(({ oid }) => ({ url: `${nginx.url}/${oid}`, headers: {} }))),
    });
    // The files of the last round are in both places.
    const fetched = await takeTurns(rounds, {
      latchkey: async () => {
        const transfers = await batch(world.url, world.token, 'download', files);
        return timed(() => each(transfers, (transfer) => get(agent, transfer)));
      },
      nginx: () => timed(() => each(files, ({ oid }) => get(agent, { url: `${nginx.url}/${oid}`, headers: {} }))),
    });
    const rows = await withClient(folder, world, nginx.url, rounds);
    clearInterval(look);
    const grown = (most - before) / MIB;
    return [
      rowOf(`sending ${what}`, taken, null),
      rowOf(`fetching ${what}`, fetched, null),
      ...rows,
      {
        suite: 'lfs',
        what: 'memory of the server meanwhile',
        figure: `${grown.toFixed(0)} MiB more`,
        goal: '≤ 64 MiB',
        reached: grown <= 64,
        detail: `${(before / MIB).toFixed(0)} MiB before, ${(most / MIB).toFixed(0)} MiB at most`,
      },
    ];
  } finally {
    agent.destroy();
    await nginx.stop();
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Turns = Awaited<ReturnType<typeof takeTurns<'latchkey' | 'nginx'>>>;

function rowOf(what: string, { latchkey, nginx }: Turns, goal: number | null): Row {
  const ratio = ratioOf(nginx, latchkey);
  return {
    suite: 'lfs',
    what: `${what} against nginx with WebDAV`,
    figure: `${spread(ratio, 2)} of its speed`,
    goal: goal === null ? null : `≥ ${goal}`,
    reached: goal === null ? null : ratio.median >= goal,
    detail: `Latchkey ${spread(latchkey, 0, ' ms')}, nginx ${spread(nginx, 0, ' ms')}`,
  };
}

/** Push and fetch by git-lfs: each push of new objects, each fetch into an empty clone. */
async function withClient(folder: string, world: World, nginxUrl: string, rounds: number): Promise<Row[]> {
  const what = `git-lfs, ${FILES} objects of ${FILE_BYTES / MIB} MiB,`;
  const hasClient = await run('git', ['lfs', 'version']).then(Boolean, () => false);
  if (!hasClient)
    return [
      {
        suite: 'lfs',
        what: `${what} against nginx with WebDAV`,
        figure: 'not measured: git-lfs missing (Debian: apt-get install git-lfs)',
        goal: `≥ ${GOAL}`,
        reached: null,
        detail: '',
      },
    ];
  const peer = await startBatches(nginxUrl);
  const addresses = { latchkey: withToken(world.url, world.token, '/ada/lfs.git/info/lfs'), nginx: peer.url };
  const clone = join(folder, 'clone');
  const env = { ...QUIET_GIT, HOME: folder };
  const git = (...args: readonly string[]): ReturnType<typeof run> => run('git', args, { cwd: clone, env });
  await run('git', ['init', '-q', '-b', 'main', clone], { env });
  await git('lfs', 'install', '--local');
  await git('lfs', 'track', '*.bin');
  const addressed = (side: keyof typeof addresses): readonly string[] => [
    '-c',
    `lfs.url=${addresses[side]}`,
    '-c',
    'lfs.locksverify=false',
    '-c',
    `remote.origin.url=${addresses[side]}`,
  ];
  const commitNew = async (): Promise<void> => {
    for (const [i, { bytes }] of newFiles().entries()) await writeFile(join(clone, `${i}.bin`), bytes);
    await git('add', '.');
    await git('commit', '-qm', 'more');
  };
  // Both sides push the same objects; the objects of other rounds are in the clone no more.
  const push = async (side: keyof typeof addresses): Promise<number> => {
    await rm(join(clone, '.git/lfs/objects'), { recursive: true, force: true });
    await commitNew();
    const { stdout } = await git('lfs', 'ls-files', '--long');
    const oids = stdout.split('\n').map((line) => line.slice(0, 64));
    return timed(() => git(...addressed(side), 'lfs', 'push', '--object-id', 'origin', ...oids.filter(Boolean)));
  };
  const fetchAll = async (side: keyof typeof addresses): Promise<number> => {
    await rm(join(clone, '.git/lfs/objects'), { recursive: true, force: true });
    return timed(() => git(...addressed(side), 'lfs', 'fetch', 'origin', 'main'));
  };
  try {
    const pushed = await takeTurns(rounds, { latchkey: () => push('latchkey'), nginx: () => push('nginx') });
    const oids = (await git('lfs', 'ls-files', '--long')).stdout.split('\n').map((line) => line.slice(0, 64));
    for (const side of ['latchkey', 'nginx'] as const)
      await git(...addressed(side), 'lfs', 'push', '--object-id', 'origin', ...oids.filter(Boolean));
    const got = await takeTurns(rounds, { latchkey: () => fetchAll('latchkey'), nginx: () => fetchAll('nginx') });
    return [rowOf(`push by ${what}`, pushed, GOAL), rowOf(`fetch by ${what}`, got, GOAL)];
  } finally {
    await peer.stop();
  }
}

/** The batch API for objects in nginx: where each is, or goes. */
async function startBatches(nginxUrl: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((asked, answer) => {
    const chunks: Buffer[] = [];
    asked
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .once('end', () => {
        const { operation, objects } = JSON.parse(Buffer.concat(chunks).toString()) as {
          operation: string;
          objects: { oid: string; size: number }[];
        };
        answer.writeHead(200, { 'Content-Type': 'application/vnd.git-lfs+json' });
        answer.end(
          JSON.stringify({
            transfer: 'basic',
            objects: objects.map(({ oid, size }) => ({
              oid,
              size,
              authenticated: true,
              actions: { [operation]: { href: `${nginxUrl}/${oid}`, header: OCTETS } },
            })),
          }),
        );
      });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const OCTETS = { 'Content-Type': 'application/octet-stream' };

interface File {
  readonly oid: string;
  readonly bytes: Buffer;
}

/** Files that no round before had, without filling the memory: one content, and a number in front. */
function newFiles(): readonly File[] {
  const shared = randomBytes(FILE_BYTES);
  return Array.from({ length: FILES }, () => {
    const bytes = Buffer.from(shared);
    randomBytes(16).copy(bytes);
    return { bytes, oid: createHash('sha256').update(bytes).digest('hex') };
  });
}

async function batch(
  url: string,
  token: string,
  operation: 'upload' | 'download',
  files: readonly File[],
): Promise<readonly Transfer[]> {
  const answer = await fetch(`${url}/ada/lfs.git/info/lfs/objects/batch`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/vnd.git-lfs+json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ operation, objects: files.map(({ oid, bytes }) => ({ oid, size: bytes.length })) }),
  });
  const { objects } = (await answer.json()) as {
    objects: { actions: Record<string, { href: string; header: Record<string, string> }> }[];
  };
  return objects.map(({ actions }) => ({ url: actions[operation]!.href, headers: actions[operation]!.header }));
}

async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [i, item] of queue) await work(item, i);
    }),
  );
}

async function put(agent: Agent, { url, headers }: Transfer, bytes: Buffer): Promise<void> {
  const outgoing = request(url, { method: 'PUT', agent, headers: { ...headers, 'Content-Length': bytes.length } });
  outgoing.end(bytes);
  const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if ((answer.statusCode ?? 500) > 299) throw new Error(`PUT answered ${answer.statusCode}`);
}

async function get(agent: Agent, { url, headers }: Transfer): Promise<void> {
  const outgoing = request(url, { agent, headers });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await once(answer, 'end');
  if (answer.statusCode !== 200 || bytes !== FILE_BYTES) throw new Error(`GET answered ${answer.statusCode}`);
}

async function startNginx(folder: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const root = await mkdtemp(join(folder, 'dav-'));
  for (const temp of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'])
    await mkdir(join(folder, temp), { recursive: true });
  const port = await freePort();
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; worker_processes 1; user root;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0; sendfile on;
  client_body_temp_path ${root}/.body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; root ${root}; location / { dav_methods PUT; } }
}
`,
  );
  const nginx = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(url).then(Boolean, () => false))) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    url,
    stop: async () => {
      nginx.kill();
      await once(nginx, 'exit');
    },
  };
}
