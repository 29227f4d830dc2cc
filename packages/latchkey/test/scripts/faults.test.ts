/**
 * Disks that are full or refuse writes, against the built server: nothing changes without an entry in the audit log,
 * and what can be done is done.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SQLITE_FILE_NAME } from '../../src/store/db.ts';
import { latchkey, runProgram, serveUntilReady } from './latchkey-process.ts';
import { canMount, fill, serveOn } from './small-disks.ts';

/** Debian's `libfaketime`. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

/** A data folder with ada, her repository ada/notes and one of her tokens; and a folder for a clone. */
async function prepare() {
  const home = await mkdtemp(join(tmpdir(), 'latchkey-disk-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const data = join(home, 'data');
  const repositories = join(home, 'repositories');
  await mkdir(repositories);
  const options = ['--data', data, '--repositories', repositories];
  const admin = (line: string) => latchkey(['admin', ...line.split(' '), ...options]);
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const token = (await admin('token add ada --name pusher --classic --scope repo')).stdout.trim();
  const git = (args: readonly string[], cwd = join(home, 'work')) =>
    runProgram('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd,
      env: { HOME: home },
    });
  await git(['init', '-q', '-b', 'main', 'work'], home);
  await git(['commit', '-q', '--allow-empty', '-m', 'first']);
  const rest = (url: string, method: string, path: string, body?: object) =>
    fetch(`${url}/api/v3/repos/ada/notes${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const revoke = (url: string) =>
    fetch(`${url}/api/v4/personal_access_tokens/self`, { method: 'DELETE', headers: { 'Private-Token': token } });
  return {
    data,
    repositories,
    options,
    git,
    rest,
    revoke,
    remote: (url: string) => `${url.replace('://', `://ada:${token}@`)}/ada/notes.git`,
  };
}

const ready = async (url: string): Promise<unknown> => (await fetch(`${url}/readyz`)).json();

if (canMount())
  describe('on a disk that is full', () => {
    it('no ref moves where the database lies there, each is refused in words, and all goes on when there is room', {
      timeout: 180_000,
    }, async () => {
      const { data, options, git, rest, remote } = await prepare();
      const server = await serveOn([{ folder: data, mib: 8 }], options);
      const origin = remote(server.url);
      expect((await git(['push', '-q', origin, 'main', 'main:x'])).code).toBe(0);
      const refs = async () => (await git(['ls-remote', origin])).stdout;
      const filler = await fill(server, data);
      await git(['commit', '-q', '--allow-empty', '-m', 'second']);
      // The space that SQLite has left in its files is used up by records of pushes, whether they are refused for it or
      // succeed.
      let pushed = await git(['push', origin, 'main:refs/heads/room']);
      for (let i = 0; i < 400 && pushed.code === 0; i++)
        pushed = await git(['push', origin, `main:refs/heads/room-${i}`]);
      expect(pushed.stderr).toContain("remote: Nothing was pushed, since the server can't note it.");
      const full = await refs();
      const written = await rest(server.url, 'PUT', '/contents/a', { message: 'a', content: 'YQ==' });
      expect([written.status, written.headers.get('retry-after')]).toEqual([503, '60']);
      expect((await rest(server.url, 'PATCH', '', { default_branch: 'x' })).status).toBe(503);
      expect(await refs()).toBe(full);
      expect((await rest(server.url, 'GET', '')).status).toBe(200);
      await vi.waitFor(async () => expect(await ready(server.url)).toMatchObject({ check: true, write: false }), {
        timeout: 20_000,
      });
      expect((await fetch(`${server.url}/readyz?for=write`)).status).toBe(503);
      await rm(filler);
      expect((await git(['push', '-q', origin, 'main'])).code).toBe(0);
      expect((await server.stop('SIGTERM')).code).toBe(0);
    });

    it.each([
      ['takes nothing', { readOnly: true }, 'disk_unavailable'],
      ['is full', { full: true }, 'disk_unavailable'],
    ])(
      'a server whose repositories lie on a disk that %s starts, checks, and revokes, and says what it cannot do',
      {
        timeout: 180_000,
      },
      async (_how, disk, reason) => {
        const { repositories, options, git, rest, revoke, remote } = await prepare();
        await rm(join(repositories, '.latchkey'), { recursive: true });
        const server = await serveOn([{ folder: repositories, mib: 4, ...disk }], [...options, '--min-free-mib', '0']);
        expect(await ready(server.url)).toMatchObject({
          status: 'ready to check',
          check: true,
          write: false,
          parts: { database_writes: { ok: true }, repositories_disk: { ok: false, reason } },
        });
        expect(server.output().stderr).toContain('parts of the server do not work');
        expect((await rest(server.url, 'PATCH', '', { description: 'changed' })).status).toBe(200);
        expect((await git(['ls-remote', remote(server.url)])).code).toBe(0);
        expect((await git(['push', remote(server.url), 'main'])).code).toBe(128);
        const written = await rest(server.url, 'PUT', '/contents/a', { message: 'a', content: 'YQ==' });
        expect([written.status, written.headers.get('retry-after')]).toEqual([503, '60']);
        // A stolen token must be ended on such a day, too.
        expect((await revoke(server.url)).status).toBe(204);
        expect((await rest(server.url, 'GET', '')).status).toBe(401);
        expect((await git(['ls-remote', remote(server.url)])).code).toBe(128);
        expect((await server.stop('SIGTERM')).code).toBe(0);
      },
    );
  });
else
  it('no disk was filled here, since this machine allows no process mounts of its own', () => {
    expect(canMount()).toBe(false);
  });

// The rest of this story, with test clocks, is in actions/instance/wrong-clock.test.ts. This one needs libfaketime.
if (process.env.LATCHKEY_TEST_FAULTS === 'all')
  it('a clock that is a year ahead for some seconds ends no token', { timeout: 240_000 }, async () => {
    const { data, options, rest } = await prepare();
    const clock = join(data, 'clock');
    await writeFile(clock, '+0d\n');
    const server = await serveUntilReady(options, undefined, [
      'env',
      `LD_PRELOAD=${FAKETIME}`,
      `FAKETIME_TIMESTAMP_FILE=${clock}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ]);
    expect((await rest(server.url, 'GET', '')).status).toBe(200);
    const seenAt = (): number => {
      const db = new DatabaseSync(join(data, SQLITE_FILE_NAME), { readOnly: true });
      const row = db.prepare('select seen_at from clock_mark').get() as { seen_at: number } | undefined;
      db.close();
      return row?.seen_at ?? 0;
    };
    const yearAhead = Date.now() / 1000 + 366 * 86_400;
    await writeFile(clock, '+367d\n');
    // The jobs that could end something have looked at the clock, and had a moment more.
    await vi.waitFor(() => expect(seenAt()).toBeGreaterThan(yearAhead), { timeout: 120_000, interval: 200 });
    await writeFile(clock, '+0d\n');
    await vi.waitFor(async () => expect((await rest(server.url, 'GET', '')).status).toBe(200), { timeout: 30_000 });
    expect((await server.stop('SIGTERM')).code).toBe(0);
  });
