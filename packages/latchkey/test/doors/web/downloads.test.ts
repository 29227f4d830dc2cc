/** `/download`: the client as files, for anybody, with correct digests; and nothing else from the folder. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { CLIENT_EXECUTABLES, CLIENT_PACKAGE } from '../../../src/catalogue/client-files.ts';
import { webDoor } from '../../../src/doors/web/plugin.ts';
import { TARGETS } from '../../../tools/executables.ts';
import { webWorld } from './visitor.ts';

const LINUX = 'latchkey-linux-x64';
const CONTENT = '#!/bin/sh\necho the client\n';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A world that offers these files, with a line in `SHA256SUMS` for each. */
async function offering(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-downloads-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const sums = Object.entries(files).map(([name, content]) => `${sha256(content)}  ${name}\n`);
  if (sums.length > 0) await writeFile(join(folder, 'SHA256SUMS'), sums.join(''));
  const world = await webWorld({ downloads: folder });
  const door = Fastify({ logger: false });
  onTestFinished(() => door.close());
  await door.register(webDoor(world.ctx, new AbortController().signal));
  return { folder, visitor: world.visitor(), door };
}

test('the server offers exactly the files that were built', () => {
  expect(CLIENT_EXECUTABLES.map(({ file }) => file).sort()).toEqual(Object.keys(TARGETS).sort());
});

test('the page shows each available file, with its digest and the lines that install it', async () => {
  const { visitor } = await offering({ [LINUX]: CONTENT, [CLIENT_PACKAGE]: 'packed' });
  const { status, text } = await visitor.get('/download');
  expect(status).toBe(200);
  expect(text).toContain(`curl -fsSLo latchkey.new http://localhost:7070/download/${LINUX}`);
  expect(text).toContain(sha256(CONTENT));
  expect(text).toContain(`npm install --global http://localhost:7070/download/${CLIENT_PACKAGE}`);
  expect(text).toContain('latchkey login http://localhost:7070');
  for (const missing of ['latchkey-linux-arm64', 'latchkey-macos', 'latchkey-windows'])
    expect(text).not.toContain(missing);
});

test('where nothing was put, the page says what works instead', async () => {
  const { visitor } = await offering({});
  const { status, text } = await visitor.get('/download');
  expect(status).toBe(200);
  expect(text).toContain('This server offers no file to download.');
  expect(text).toContain('npm ci &amp;&amp; npm run build:cli -- package');
  expect((await visitor.get(`/download/${LINUX}`)).status).toBe(404);
  expect((await visitor.get('/download/SHA256SUMS')).status).toBe(404);
});

test('a file arrives whole, may be cached, and is not sent again to clients that have it', async () => {
  const large = `${CONTENT}${'x'.repeat(600_000)}`;
  const { visitor, door } = await offering({ [LINUX]: large });
  const fetched = await visitor.get(`/download/${LINUX}`);
  expect(sha256(fetched.text)).toBe(sha256(large));
  expect(fetched.headers).toMatchObject({
    'cache-control': 'public, max-age=300',
    'content-length': String(large.length),
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${LINUX}"`,
    'x-content-type-options': 'nosniff',
    etag: `"${sha256(large)}"`,
  });
  expect(fetched.headers['set-cookie']).toBeUndefined();
  const url = `/download/${LINUX}`;
  const again = await door.inject({ url, headers: { 'if-none-match': `"${sha256(large)}"` } });
  expect(again).toMatchObject({ statusCode: 304, payload: '' });
  const head = await door.inject({ method: 'HEAD', url });
  expect(head).toMatchObject({ statusCode: 200, payload: '', headers: { 'content-length': String(large.length) } });
  expect((await visitor.get('/download/SHA256SUMS')).text).toBe(`${sha256(large)}  ${LINUX}\n`);
});

test('nothing else of the folder is offered, by whatever path', async () => {
  const { folder, visitor } = await offering({ [LINUX]: CONTENT, 'secret.key': 'a key', [CLIENT_PACKAGE]: 'packed' });
  await mkdir(join(folder, 'latchkey-macos-x64'));
  await symlink(join(folder, 'nowhere'), join(folder, 'latchkey-macos-arm64'));
  const listed = ['latchkey-macos-x64', 'latchkey-macos-arm64', 'latchkey-windows-x64.exe'];
  await writeFile(
    join(folder, 'SHA256SUMS'),
    [LINUX, 'secret.key', '../secret', ...listed].map((name) => `${sha256(CONTENT)}  ${name}\n`).join(''),
  );
  for (const path of [
    'secret.key',
    '..%2Fsecret',
    '%2e%2e%2flatchkey.db',
    '../latchkey.db',
    `./${LINUX}%00`,
    LINUX.toUpperCase(),
    // A folder, a link to nothing, a missing file, and a file without a digest.
    ...listed,
    CLIENT_PACKAGE,
  ])
    expect((await visitor.get(`/download/${path}`)).status, path).toBe(404);
  expect((await visitor.get('/download/SHA256SUMS')).text).not.toContain('secret');
});

test('the lines for Linux install what has the digest, and nothing that has another', async () => {
  const { folder } = await offering({ [LINUX]: CONTENT });
  const lines = CLIENT_EXECUTABLES.find(({ file }) => file === LINUX)!.install;
  const run = (digest: string) =>
    // A file plays the part of curl, so that no socket is needed.
    promisify(execFile)(
      'sh',
      ['-c', lines('URL', digest).replace('curl -fsSLo latchkey.new URL', 'cp "$FROM" latchkey.new')],
      {
        env: { HOME: folder, FROM: join(folder, LINUX), PATH: process.env['PATH'] },
      },
    );
  await expect(run(sha256('something else'))).rejects.toMatchObject({ code: 1 });
  await expect(stat(join(folder, '.local/bin/latchkey'))).rejects.toMatchObject({ code: 'ENOENT' });
  await run(sha256(CONTENT));
  expect(await readFile(join(folder, '.local/bin/latchkey'), 'utf8')).toBe(CONTENT);
  expect((await stat(join(folder, '.local/bin/latchkey'))).mode & 0o111).not.toBe(0);
});
