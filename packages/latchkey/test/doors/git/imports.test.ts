/** Repositories copied from bundles and other servers: whole or not at all, and never by way of our own network. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { type ImportDraft, importFromServer } from '../../../src/actions/repositories/creation/imports.ts';
import { importRepository } from '../../../src/actions/repositories/repositories.ts';
import { Secret } from '../../../src/base/secret.ts';
import { latchkeyInside } from '../../scripts/latchkey-process.ts';
import { makeWorld, type World } from './server.ts';

let world: World;
/** Allows nothing but the public internet. */
let closed: World;
beforeAll(async () => {
  world = await makeWorld({ webhookNetworks: ['127.0.0.0/8'], maxRepositoryMib: 1 });
  closed = await makeWorld();
  await world.ok(['init', '-q', '-b', 'trunk', 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['tag', 'v1'], { in: 'work' });
  await world.ok(['branch', 'other'], { in: 'work' });
  await world.ok(['update-ref', 'refs/pull/1/head', 'HEAD'], { in: 'work' });
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'trunk', 'other', 'v1'], { in: 'work' });
});
afterAll(async () => {
  await world.close();
  await closed.close();
});

/** A server that answers as it is told. Returns its address. */
async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let count = 0;
function copy(draft: Partial<ImportDraft> & { url: string }, at = world, signal = new AbortController().signal) {
  const name = `copy-${++count}`;
  const whole = { owner: 'ada', name, visibility: 'private', username: '', secret: null, ...draft } as const;
  let received = 0;
  const done = importFromServer(at.server.context, operatorPermit(), whole, {
    signal,
    onBytes: (bytes) => (received = bytes),
  });
  return { name, done, received: () => received };
}

/** Nothing is registered, lies in its place, or is left on the way. */
async function expectNothing(name: string, at = world): Promise<void> {
  const { git } = at.server.context;
  expect(git.exists('ada', name)).toBe(false);
  expect(readdirSync(join(git.root, '.latchkey/trash'))).toEqual([]);
}

test('a repository is copied from another server with its branches, tags and default branch', async () => {
  const { name, done, received } = copy({ url: `${world.url}/ada/closed.git`, username: 'ada', secret: world.reader });
  expect((await done).refs).toBe(3);
  expect(received()).toBeGreaterThan(100);
  const told = await world.ok(['ls-remote', '--symref', world.remote(`ada/${name}`, world.full)]);
  expect(told).toContain('ref: refs/heads/trunk\tHEAD');
  expect(told.match(/refs\/\S+$/gm)?.toSorted()).toEqual(['refs/heads/other', 'refs/heads/trunk', 'refs/tags/v1']);
});

test('the command reads the credential from a file or standard input, and says what came', async () => {
  const options = ['--data', world.server.context.settings.data, '--webhook-network', '127.0.0.0/8'];
  const url = `${world.url}/ada/closed.git`;
  const file = join(world.folder, 'credential');
  await writeFile(file, `${world.reader.reveal()}\n`);
  const call = (name: string, ...args: string[]) => ['admin', 'repo', 'import', name, url, ...args, ...options];
  const done = await latchkeyInside(call('ada/by-command', '--credential-file', file, '--username', 'ada'));
  expect(done).toMatchObject({ code: 0, stdout: '' });
  expect(done.stderr).toContain('imported 3 branches, tags and notes as the private repository ada/by-command');
  const typed = await latchkeyInside(call('ada/by-input', '--credential-file', '-'), world.reader.reveal());
  expect(typed.code).toBe(0);
  const none = await latchkeyInside(call('ada/none'));
  expect([none.code, none.stderr.includes('asks for a credential')]).toEqual([1, true]);
  expect((await latchkeyInside(call('ada/none', '--credential-file', '/nowhere'))).stderr).toContain("can't be read");
  expect((await latchkeyInside(call('ada/none', '--username', 'ada'))).stderr).toContain('without a credential');
});

test('what the other server refuses is said in words, and nothing stays', async () => {
  const none = copy({ url: `${world.url}/ada/closed.git` });
  await expect(none.done).rejects.toThrow('127.0.0.1 asks for a credential');
  await expectNothing(none.name);
  const wrong = copy({ url: `${world.url}/ada/closed.git`, secret: new Secret('wrong') });
  await expect(wrong.done).rejects.toThrow('doesn’t accept the credential');
  const missing = copy({ url: `${world.url}/ada/nothing.git`, secret: world.reader });
  await expect(missing.done).rejects.toThrow('has no such repository');
  await expectNothing(missing.name);
});

test.each([
  ['file:///etc', 'begins with https://'],
  ['git@example.org:x', 'begins with https://'],
  ['https://ada:secret@example.org/x.git', 'Leave the username and password out'],
  ['https://example.org/x.git?token=1', 'no ? and no #'],
  ['http://example.org/x.git', 'must begin with https://'],
  ['https://127.0.0.1/x.git', 'not public'],
  ['https://[::1]/x.git', 'not public'],
  ['https://169.254.169.254/latest', 'not public'],
  ['https://localhost/x.git', 'not public'],
])('%s is refused', async (url, words) => {
  const { name, done } = copy({ url }, closed);
  await expect(done).rejects.toThrow(words);
  await expectNothing(name, closed);
});

test('without TLS only what the operator allowed is reached, also where other networks are allowed', async () => {
  await expect(copy({ url: 'http://192.0.2.7/x.git' }).done).rejects.toThrow('must begin with https://');
});

test('a redirect is followed to another path, and never takes the credential to another place', async () => {
  const seen: (string | undefined)[] = [];
  const elsewhere = await listening((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  const url = await listening((request, response) =>
    response.writeHead(301, { location: `${elsewhere}/other.git${request.url?.slice('/x.git'.length)}` }).end(),
  );
  const { done } = copy({ url: `${url}/x.git`, secret: new Secret('for-one-alone') });
  await expect(done).rejects.toThrow('has no such repository');
  expect(seen).toEqual([undefined]);
  const moved = await listening((request, response) =>
    response.writeHead(302, { location: `${world.url}/ada/open.git${request.url?.slice('/x.git'.length)}` }).end(),
  );
  await world.ok(['push', '-q', world.remote('ada/open', world.full), 'trunk'], { in: 'work' });
  expect((await copy({ url: `${moved}/x.git` }).done).refs).toBe(1);
});

test.each([
  'http://169.254.169.254/info/refs?service=git-upload-pack',
  'https://localhost/info/refs?service=git-upload-pack',
])('a redirect to %s leads nowhere', async (location) => {
  const url = await listening((_request, response) => response.writeHead(302, { location }).end());
  const { name, done } = copy({ url: `${url}/x.git` });
  await expect(done).rejects.toThrow(/must begin with https|failed to connect|could not be verified|closed/);
  await expectNothing(name);
});

test('the credential stands in no argument and no environment of a process', async () => {
  const secret = 'c0mes-from-a-file';
  const found: string[] = [];
  let authorization = '';
  const url = await listening((request, response) => {
    authorization = request.headers.authorization ?? '';
    for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each)))
      for (const part of ['cmdline', 'environ'])
        try {
          const text = readFileSync(`/proc/${pid}/${part}`, 'latin1');
          if (text.includes(secret) || text.includes(authorization.slice('Basic '.length)))
            found.push(`${pid} ${part}`);
        } catch {
          // It has ended, or is somebody else's.
        }
    response.writeHead(404).end();
  });
  await expect(copy({ url: `${url}/x.git`, username: 'ada', secret: new Secret(secret) }).done).rejects.toThrow();
  expect(Buffer.from(authorization.slice('Basic '.length), 'base64').toString()).toBe(`ada:${secret}`);
  expect(found).toEqual([]);
});

test('more than a repository may hold is cut off, and nothing stays', async () => {
  await world.ok(['init', '-q', '-b', 'main', 'large']);
  await writeFile(join(world.folder, 'large/blob'), randomBytes(2 * 1024 * 1024));
  await world.ok(['add', '.'], { in: 'large' });
  await world.ok(['commit', '-q', '-m', 'large'], { in: 'large' });
  const other = await makeWorld({ maxRepositoryMib: 0 });
  onTestFinished(() => other.close());
  await world.ok(['push', '-q', other.remote('ada/open', other.full), 'main'], { in: 'large' });
  const { name, done } = copy({ url: `${other.url}/ada/open.git` });
  await expect(done).rejects.toThrow('it is larger than 1 MiB');
  await expectNothing(name);
});

test('a copy that is stopped in the middle leaves nothing', async () => {
  const stop = new AbortController();
  const url = await listening(() => stop.abort());
  const { name, done } = copy({ url: `${url}/x.git` }, world, stop.signal);
  await expect(done).rejects.toThrow();
  await expectNothing(name);
});

test.each(['sha1', 'sha256'])('a bundle of %s is imported whole', async (format) => {
  const folder = `bundled-${format}`;
  await world.ok(['init', '-q', '-b', 'trunk', `--object-format=${format}`, folder]);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: folder });
  await world.ok(['tag', 'v1'], { in: folder });
  await world.ok(['bundle', 'create', '-q', 'all.bundle', '--all', 'HEAD'], { in: folder });
  const path = join(world.folder, folder, 'all.bundle');
  const draft = { owner: 'ada', name: folder, visibility: 'private', path } as const;
  const { repository } = await importRepository(world.server.context, operatorPermit(), draft);
  expect(repository.objectFormat).toBe(format);
  const told = await world.ok(['ls-remote', '--symref', world.remote(`ada/${folder}`, world.full)]);
  expect(told).toContain('ref: refs/heads/trunk\tHEAD');
  expect(told).toContain('refs/tags/v1');
});

test('half a bundle, and a file that is none, are refused in words', async () => {
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'two'], { in: 'work' });
  await world.ok(['bundle', 'create', '-q', 'half.bundle', 'trunk^..trunk'], { in: 'work' });
  const draft = { owner: 'ada', name: 'half', visibility: 'private' } as const;
  const take = (path: string) =>
    importRepository(world.server.context, operatorPermit(), { ...draft, path: join(world.folder, path) });
  await expect(take('work/half.bundle')).rejects.toThrow('builds on commits that it doesn');
  await expect(take('.gitconfig')).rejects.toThrow('is neither a repository nor a bundle');
  await expectNothing('half');
});
