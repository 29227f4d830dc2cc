/**
 * A server was killed while it moved a branch, its disk refuses writes, a pack is damaged: git's own messages to people
 * who push or clone contain the path on the disk. Somebody collects such paths.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, readdirSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { startServer } from '../../../src/app.ts';
import { OUTAGES } from '../../../src/base/machine/outage.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { until } from '../../waits.ts';
import { type Answer, basic, call, makeWorld, type Ran, type World } from './server.ts';

let world: World;
let path: string;

beforeAll(async () => {
  world = await makeWorld();
  path = world.server.context.git.path('ada', 'closed');
  await world.ok(['init', '-q', 'work']);
  await commit('first');
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
});
afterAll(() => world.close());

async function commit(name: string): Promise<void> {
  await writeFile(join(world.folder, 'work', name), name);
  await world.ok(['add', '.'], { in: 'work' });
  await world.ok(['commit', '-qm', name], { in: 'work' });
}

const push = (): Promise<Ran> => world.git(['push', world.remote('ada/closed', world.full), 'main'], { in: 'work' });

function writeOverRest(name: string): Promise<Answer> {
  return call(world.url, `/api/v3/repos/ada/closed/contents/${name}`, {
    method: 'PUT',
    headers: { ...basic(world.full), 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: name, content: Buffer.from(name).toString('base64') }),
  });
}

/** Nothing about where the server keeps its data. */
function expectNoPath(text: string): void {
  expect(text).not.toContain(dirname(world.server.context.git.root));
  expect(text).not.toContain('.git/');
  expect(text).not.toMatch(/(?:^|[\s'"])\/(?:tmp|usr|srv|home|var)\//m);
}

/** Works for root, too, which permissions don't stop from writing. */
function readOnly(folder: string): () => void {
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o555);
    return () => chmodSync(folder, 0o755);
  }
  execFileSync('mount', ['--bind', folder, folder]);
  execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
  return () => void execFileSync('umount', [folder]);
}

describe('a lock that a killed push left behind', () => {
  const lock = (): string => join(path, 'refs/heads/main.lock');

  it('refuses a push over git with what to do, and no place on the disk', async () => {
    writeFileSync(lock(), '');
    await commit('second');
    const { code, stderr } = await push();
    expect(code).toBe(1);
    expect(stderr).toContain("Unable to create 'refs/heads/main.lock': File exists");
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(OUTAGES.ref_locked.sentence);
    expect(stderr).not.toContain('remove the file manually');
    expectNoPath(stderr);
  });

  it('refuses a file over REST with the same, and when to come again', async () => {
    const { status, headers, body } = await writeOverRest('rest.txt');
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('60');
    expect(body).toContain(OUTAGES.ref_locked.sentence);
    expectNoPath(body);
  });

  it('is removed by upkeep when it is old, and the push goes through', async () => {
    const anHourAgo = Date.now() / 1000 - 3_600;
    utimesSync(lock(), anHourAgo, anHourAgo);
    await JOB_HANDLERS['clear-leftovers'](world.server.context, null, new AbortController().signal);
    expect(await push()).toMatchObject({ code: 0 });
    expect((await writeOverRest('rest.txt')).status).toBe(201);
  });

  it('is removed when the server starts, before anybody waits for upkeep', async () => {
    const base = dirname(world.folder);
    await world.server.close();
    writeFileSync(lock(), '');
    const anHourAgo = Date.now() / 1000 - 3_600;
    utimesSync(lock(), anHourAgo, anHourAgo);
    const flags = { data: join(base, 'data'), port: 0, logLevel: 'silent' };
    const server = await startServer(loadSettings({ flags, env: {} }));
    try {
      await until(() => statSync(lock(), { throwIfNoEntry: false }) === undefined, 'the lock is removed');
    } finally {
      await server.close();
      await world.close();
      world = await makeWorld();
      path = world.server.context.git.path('ada', 'closed');
      await world.ok(['init', '-q', 'work']);
      await commit('first');
      await world.ok(['push', '-q', world.remote('ada/closed', world.full), 'main'], { in: 'work' });
    }
  });
});

describe('a folder of objects that takes nothing', () => {
  it('is reported over git and REST without its path', async () => {
    await commit('third');
    const restore = readOnly(join(path, 'objects'));
    try {
      const pushed = await push();
      expect(pushed.code).not.toBe(0);
      expectNoPath(pushed.stderr);
      const written = await writeOverRest('no-room.txt');
      expect(written.status).toBeGreaterThanOrEqual(500);
      expectNoPath(written.body);
    } finally {
      restore();
    }
  });

  it('in one of its parts, too', async () => {
    await world.ok(['fetch', '-q', world.remote('ada/closed', world.full)], { in: 'work' });
    const ids = (await world.ok(['rev-list', '--objects', 'main', '^FETCH_HEAD'], { in: 'work' })).trim().split('\n');
    const blocked = ids.map((line) => join(path, 'objects', line.slice(0, 2)));
    const made = blocked.filter((folder) => statSync(folder, { throwIfNoEntry: false }) === undefined);
    for (const folder of made) writeFileSync(folder, '');
    const { stderr, code } = await push();
    for (const folder of made) await rm(folder, { force: true });
    expect(code).not.toBe(0);
    expectNoPath(stderr);
  });
});

describe('a pack that is damaged', () => {
  it('is reported to a cloning client without its path', async () => {
    await push();
    await world.ok(['-C', path, '-c', 'repack.writeBitmaps=false', 'repack', '-adq']);
    const folder = join(path, 'objects/pack');
    const pack = join(folder, readdirSync(folder).find((name) => name.endsWith('.pack')) ?? '');
    chmodSync(pack, 0o644);
    // Its last object, before the checksum: git has begun to send when it gets there. Without a bitmap it checks first.
    const file = openSync(pack, 'r+');
    writeSync(file, Buffer.alloc(8, 0xff), 0, 8, statSync(pack).size - 20 - 8);
    closeSync(file);
    const { code, stderr } = await world.git(['clone', world.remote('ada/closed', world.full), 'broken']);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/objects\/pack\/pack-[0-9a-f]+\.pack/);
    expectNoPath(stderr);
  });
});
