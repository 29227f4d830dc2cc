/**
 * The server is killed (SIGKILL, no time for anything) at many moments of a busy time. Whatever was acknowledged before
 * is there afterwards: people, tokens, audit entries, refs; and no repository is damaged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { accountByLogin } from '../../src/store/accounts.ts';
import { listAudit } from '../../src/store/audit.ts';
import { ENGINES, freshDatabase, openAgain } from '../engines/engines.ts';
import { dataOptions, latchkey, runProgram, serveUntilReady } from './latchkey-process.ts';

const ROUNDS = 8;

test.each(ENGINES)('kill -9 at %s loses nothing that was acknowledged', { timeout: 240_000 }, async (engine) => {
  const database = await freshDatabase(engine);
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const home = await mkdtemp(join(tmpdir(), 'latchkey-kill-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const admin = (line: string): ReturnType<typeof latchkey> => latchkey(['admin', ...line.split(' '), ...options]);
  const git = (args: readonly string[], cwd = home): ReturnType<typeof runProgram> =>
    runProgram('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd,
      env: { HOME: home },
    });
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const token = (await admin('token add ada --name pusher --classic --scope repo --scope workflow')).stdout.trim();
  await git(['init', '-q', '-b', 'main', 'work']);
  const work = join(home, 'work');

  const pushed = new Map<string, string>();
  const people: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await serveUntilReady(options);
    let alive = true;
    const remote = `${server.url.replace('://', `://ada:${token}@`)}/ada/notes.git`;
    const pushing = (async () => {
      for (let i = 0; alive; i++) {
        const branch = `round-${round}-push-${i}`;
        await git(['commit', '-q', '--allow-empty', '-m', branch], work);
        const head = (await git(['rev-parse', 'HEAD'], work)).stdout.trim();
        if ((await git(['push', '-q', remote, `HEAD:refs/heads/${branch}`], work)).code === 0) pushed.set(branch, head);
      }
    })();
    const adding = (async () => {
      for (let i = 0; alive; i++) {
        const login = `person-${round}-${i}`;
        if ((await admin(`user add ${login} --email ${login}@example.org`)).code === 0) people.push(login);
      }
    })();
    // Each round ends at another moment, counted from the first push that went in, so that kills fall into every part
    // of a push.
    const before = pushed.size;
    while (pushed.size === before) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 23 * round));
    await server.stop('SIGKILL');
    alive = false;
    await Promise.all([pushing, adding]);
  }

  const store = await openAgain(database);
  const repository = join(database.dataDir, 'repositories/ada/notes.git');
  const refs = new Map(
    (await git(['for-each-ref', '--format=%(refname:lstrip=2) %(objectname)'], repository)).stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  for (const [branch, head] of pushed) expect(refs.get(branch), branch).toBe(head);
  expect((await git(['fsck', '--full', '--strict'], repository)).code).toBe(0);
  for (const login of people) expect(await accountByLogin(store.db, login), login).not.toBeNull();
  const audit = await listAudit(store.db, {}, { beforeId: null, limit: 10_000 });
  expect(audit.filter((entry) => entry.action === 'git.push').length).toBeGreaterThanOrEqual(pushed.size);
  expect(audit.filter((entry) => entry.action === 'user.create').length).toBeGreaterThanOrEqual(people.length + 1);
  const server = await serveUntilReady(options);
  // What was cut off between the ref and its entry gets one now.
  const named = async (): Promise<Set<unknown>> =>
    new Set(
      (await listAudit(store.db, { action: 'git.push' }, { beforeId: null, limit: 10_000 }))
        .flatMap(({ data }) => data.refs as { ref: string; after: string }[])
        .map(({ ref, after }) => `${ref} ${after}`),
    );
  const there = [...refs].map(([branch, head]) => `refs/heads/${branch} ${head}`);
  await vi.waitFor(async () => expect((await named()).isSupersetOf(new Set(there))).toBe(true), { timeout: 20_000 });
  expect((await git(['ls-remote', `${server.url.replace('://', `://ada:${token}@`)}/ada/notes.git`])).code).toBe(0);
  expect(pushed.size).toBeGreaterThanOrEqual(ROUNDS);
});
