/**
 * No ref moves without an entry, on either engine: the database is really full, git really dies.
 *
 * The story: somebody who may push waits for the disk to fill, then pushes, and no log ever shows it.
 */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type PluginTransformQueryArgs, type PluginTransformResultArgs, sql } from 'kysely';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { settlePushes } from '../../../src/actions/repositories/push-log.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { listAudit } from '../../../src/store/audit.ts';
import { insertPushIntent, listPushIntents } from '../../../src/store/push-intents.ts';
import { repositoryByName } from '../../../src/store/repositories.ts';
import { makeWorld, type World } from './server.ts';

const GO = new AbortController().signal;
const NONE = '0'.repeat(40);
let world: World;
afterEach(() => world.close());

const db = () => world.server.context.store.db;
const entries = () => listAudit(db(), { action: 'git.push' }, { beforeId: null, limit: 50 });
/** A process on a machine that can't be asked. */
const FILLER = 'filler 1 x';
const notes = async () => (await listPushIntents(db(), 0, 5_000)).filter(({ run }) => run !== FILLER);
const rest = (method: string, path: string, body: object, token = world.full) =>
  fetch(`${world.url}/api/v3/repos/ada/closed${path}`, {
    method,
    headers: { Authorization: `Bearer ${token.reveal()}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });

/** May also change the repository's settings. */
async function ownersToken(): Promise<Secret> {
  const draft = {
    userLogin: 'ada',
    kind: 'classic',
    name: 'owner',
    description: '',
    scopes: ['repo'],
    grants: [],
  } as const;
  return (await createToken(world.server.context, operatorPermit(), draft)).secret;
}

async function commit(message: string): Promise<string> {
  await world.ok(['commit', '-q', '--allow-empty', '-m', message], { in: 'work' });
  return (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
}

/** Stops SQLite's file from growing, and uses up the remaining space for records. */
async function fillDatabase(): Promise<void> {
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db());
  await sql`pragma max_page_count = ${sql.lit(rows[0]?.page_count ?? 1)}`.execute(db());
  const filler = { repositoryId: 0, run: FILLER, at: world.server.context.clock.now(), actor: {} };
  for (const size of [3000, 300, 30, 3])
    for (let full = false; !full; )
      await insertPushIntent(db(), { ...filler, refs: [{ filler: 'x'.repeat(size) }] }).catch(() => (full = true));
}

async function makeRoom(): Promise<void> {
  await sql`pragma max_page_count = 1000000`.execute(db());
}

async function begin(flags: Readonly<Record<string, unknown>> = {}): Promise<string> {
  world = await makeWorld(flags);
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['remote', 'add', 'origin', world.remote('ada/closed', world.full)], { in: 'work' });
  const first = await commit('first');
  await world.ok(['push', '-q', 'origin', 'main'], { in: 'work' });
  return first;
}

describe('an entry of a push', () => {
  it('names the refs that moved with what they held before and after, and none that did not', async () => {
    const first = await begin();
    const second = await commit('second');
    const other = await world.ok(['commit-tree', '-m', 'other', 'HEAD^{tree}'], { in: 'work' });
    await world.ok(['push', '-q', 'origin', 'main', 'main:x/é', 'main:gone'], { in: 'work' });
    const mixed = await world.git(['push', 'origin', ':gone', `${other.trim()}:main`, 'main:refs/tags/v1'], {
      in: 'work',
    });
    expect(mixed.code).toBe(1);
    expect((await entries()).map(({ data }) => data)).toEqual(
      [
        {
          repo: 'ada/closed',
          refs: expect.toSatisfy((refs: { ref: string }[]) => refs.every(({ ref }) => ref !== 'refs/heads/main')),
        },
        {
          repo: 'ada/closed',
          refs: [
            { ref: 'refs/heads/main', before: first, after: second },
            { ref: 'refs/heads/gone', before: null, after: second },
            { ref: 'refs/heads/x/é', before: null, after: second },
          ].toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
        },
        { repo: 'ada/closed', refs: [{ ref: 'refs/heads/main', before: null, after: first }] },
      ].map((data) => ({ ...data, refs: Array.isArray(data.refs) ? expect.arrayContaining(data.refs) : data.refs })),
    );
    expect(await notes()).toEqual([]);
  });

  it('names them for files and refs that are written over REST, in both dialects', async () => {
    const first = await begin();
    const put = await rest('PUT', '/contents/a', { message: 'a', content: 'YQ==' });
    const { commit: made } = (await put.json()) as { commit: { sha: string } };
    expect((await rest('POST', '/git/refs', { ref: 'refs/heads/x', sha: first })).status).toBe(201);
    expect((await rest('PATCH', '/git/refs/heads/x', { sha: made.sha })).status).toBe(200);
    expect((await rest('DELETE', '/git/refs/heads/x', {})).status).toBe(204);
    expect((await rest('POST', '/git/refs', { ref: 'refs/heads/main', sha: first })).status).toBe(422);
    expect((await entries()).slice(0, 4).map(({ data }) => (data.refs as object[])[0])).toEqual([
      { ref: 'refs/heads/x', before: made.sha, after: null },
      { ref: 'refs/heads/x', before: first, after: made.sha },
      { ref: 'refs/heads/x', before: null, after: first },
      { ref: 'refs/heads/main', before: first, after: made.sha },
    ]);
    expect(await notes()).toEqual([]);
  });
});

describe('where the database takes no writes', () => {
  it('a push is refused with a sentence before any ref moves, a delete and a large one, too', async () => {
    const first = await begin();
    await world.ok(['push', '-q', 'origin', 'main:x'], { in: 'work' });
    const manager = await ownersToken();
    expect((await rest('PATCH', '', { default_branch: 'main' }, manager)).status).toBe(200);
    expect(await notes()).toEqual([]);
    await fillDatabase();
    await commit('second');
    await writeFile(join(world.folder, 'work/large'), Buffer.alloc(3_000_000, 'ab\ncdefg'));
    for (const args of [['main'], [':x'], ['main:y', ':x']]) {
      const ran = await world.git(['push', 'origin', ...args], { in: 'work' });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain("remote: Nothing was pushed, since the server can't note it.");
      expect(ran.stderr).toContain('remote rejected');
    }
    expect((await rest('PUT', '/contents/a', { message: 'a', content: 'YQ==' })).status).toBe(503);
    expect((await rest('DELETE', '/git/refs/heads/x', {})).status).toBe(503);
    expect((await rest('PATCH', '', { default_branch: 'x' }, manager)).status).toBe(503);
    expect(await world.ok(['ls-remote', '--symref', 'origin', 'HEAD'], { in: 'work' })).toContain('refs/heads/main');
    const refs = await world.ok(['ls-remote', 'origin', 'refs/heads/*'], { in: 'work' });
    expect(refs).toBe(`${first}\trefs/heads/main\n${first}\trefs/heads/x\n`);
    await makeRoom();
    await world.ok(['push', '-q', 'origin', 'main'], { in: 'work' });
    expect(await notes()).toEqual([]);
  });

  it('a client without side-band, or without a report, is told as well', async () => {
    const first = await begin();
    await fillDatabase();
    const body = (capabilities: string): string => {
      const line = `${first} ${NONE} refs/heads/main\0${capabilities}`;
      return `${(line.length + 4).toString(16).padStart(4, '0')}${line}0000`;
    };
    const post = (capabilities: string) =>
      fetch(`${world.url}/ada/closed.git/git-receive-pack`, {
        method: 'POST',
        headers: {
          Authorization: `Basic ${Buffer.from(`ada:${world.full.reveal()}`).toString('base64')}`,
          'Content-Type': 'application/x-git-receive-pack-request',
        },
        body: body(capabilities),
      });
    const reported = await post('report-status');
    expect(await reported.text()).toContain("ng refs/heads/main the server can't note it now");
    const silent = await post('');
    expect([silent.status, silent.headers.get('retry-after')]).toEqual([503, '60']);
    await makeRoom();
  });
});

/** Records of ada's pushes to ada/closed. No process has the id of `gone`: the largest on Linux is 4194304. */
async function recordsOfAda() {
  const { pushes, clock, git } = world.server.context;
  const ada = (await accountByLogin(db(), 'ada'))!;
  const { repository } = (await repositoryByName(db(), ada.id, 'closed'))!;
  const actor = { userId: ada.id, login: 'ada', tokenId: null, address: '192.0.2.7', userAgent: 'git/2' };
  const gone = pushes.run.replace(/ \d+ /, ' 4999999 ');
  const about = { repositoryId: repository.id, actor };
  return {
    note: (refs: readonly object[], { ageSec = 0, run = gone } = {}) =>
      insertPushIntent(db(), { ...about, run, at: clock.now() - ageSec, refs }),
    /** As git does when nobody is left to write an entry. */
    move: (ref: string, to: string) => world.ok(['-C', git.path('ada', 'closed'), 'update-ref', ref, to]),
  };
}

const lateEntries = async () =>
  (await entries())
    .filter(({ data }) => data.recorded_late)
    .map(({ data, address }) => ({ refs: data.refs, address }))
    .reverse();

describe('a push that was cut off', () => {
  it('gets its entry from what the refs hold, when the process that served it is gone', async () => {
    const first = await begin();
    const second = await commit('second');
    await world.ok(['push', '-q', 'origin', 'main:second'], { in: 'work' });
    const { note, move } = await recordsOfAda();
    await move('refs/heads/main', second);
    await move('refs/heads/y', second);
    const old = { ageSec: 3_601 };
    const moved = { ref: 'refs/heads/main', beforeId: first, afterId: second };
    await note([moved, { ref: 'refs/heads/z', beforeId: null, afterId: second }], old);
    await note([{ ref: 'refs/heads/z', beforeId: null, afterId: second }], old);
    await note([{ ref: 'refs/heads/y', beforeId: null, afterId: first }]);
    await note([{ ref: 'HEAD', beforeId: 'refs/heads/y', afterId: 'refs/heads/main' }]);
    await note([{ ref: 'HEAD', beforeId: 'refs/heads/main', afterId: 'refs/heads/y' }], old);
    const elsewhere = await note([moved], { run: 'elsewhere 1 x' });
    await settlePushes(world.server.context, null, GO);
    await settlePushes(world.server.context, null, GO);
    const head = { ref: 'HEAD', before: 'refs/heads/y', after: 'refs/heads/main' };
    const address = '192.0.2.7';
    expect(await lateEntries()).toEqual([
      { refs: [{ ref: 'refs/heads/main', before: first, after: second }], address },
      { refs: [{ ref: 'refs/heads/y', before: null, after: first, now: second }], address },
      { refs: [head], address },
    ]);
    // Its process may still be running, on the named machine.
    expect((await notes()).map(({ id }) => id)).toEqual([elsewhere]);
  });

  it('gets its entry when git outlives the server, and moves refs after the next start looked', async () => {
    const first = await begin();
    const second = await commit('second');
    await world.ok(['push', '-q', 'origin', 'main:second'], { in: 'work' });
    const { note, move } = await recordsOfAda();
    const main = { ref: 'refs/heads/main', beforeId: first, afterId: second };
    const x = { ref: 'refs/heads/x', beforeId: null, afterId: second };
    await note([main, x]);
    const settle = () => settlePushes(world.server.context, null, GO);
    await settle();
    await move('refs/heads/main', second);
    await settle();
    expect(await lateEntries()).toEqual([]);
    await move('refs/heads/x', second);
    await settle();
    expect(await lateEntries()).toMatchObject([
      { refs: [{ ref: 'refs/heads/main' }, { ref: 'refs/heads/x', before: null, after: second }] },
    ]);
    expect(await notes()).toEqual([]);
  });

  it('is not taken for the push that did what it had begun, and is forgotten after an hour', async () => {
    const first = await begin();
    const { note } = await recordsOfAda();
    const settle = () => settlePushes(world.server.context, null, GO);
    const second = await commit('second');
    await note([{ ref: 'refs/heads/main', beforeId: first, afterId: second }]);
    await note([{ ref: 'refs/heads/x', beforeId: null, afterId: second }]);
    await note([{ ref: 'refs/heads/y', beforeId: null, afterId: second }], { ageSec: 3_601 });
    await settle();
    expect((await notes()).map(({ refs }) => refs)).toMatchObject([
      [{ ref: 'refs/heads/main' }],
      [{ ref: 'refs/heads/x' }],
    ]);
    await world.ok(['push', '-q', 'origin', 'main'], { in: 'work' });
    const third = await commit('third');
    await world.ok(['push', '-q', 'origin', 'main', 'main:x'], { in: 'work' });
    await settle();
    expect([await lateEntries(), await notes()]).toEqual([[], []]);
    // It did move, and others moved it back and on.
    const { move } = await recordsOfAda();
    await move('refs/heads/main', second);
    for (const sha of [third, first])
      expect((await rest('PATCH', '/git/refs/heads/main', { sha, force: true })).status).toBe(200);
    await note([{ ref: 'refs/heads/main', beforeId: third, afterId: second }]);
    await settle();
    expect(await lateEntries()).toMatchObject([{ refs: [{ before: third, after: second, now: first }] }]);
  });

  it('is not one that has just begun: its record is there before the process knows its number', async () => {
    const first = await begin();
    const { store } = world.server.context;
    const plain = store.db;
    const answered = Promise.withResolvers<void>();
    const lateAnswers = {
      transformQuery: ({ node }: PluginTransformQueryArgs) => node,
      transformResult: async ({ result }: PluginTransformResultArgs) => {
        if ('id' in (result.rows[0] ?? {}) && Object.keys(result.rows[0] ?? {}).length === 1) await answered.promise;
        return result;
      },
    };
    Object.defineProperty(store, 'db', { value: plain.withPlugin(lateAnswers), configurable: true });
    const second = await commit('second');
    const pushing = world.ok(['push', '-q', 'origin', 'main'], { in: 'work' });
    const begun = () => listPushIntents(plain, 0, 10);
    await vi.waitFor(async () => expect(await begun()).toHaveLength(1), { timeout: 20_000 });
    Object.defineProperty(store, 'db', { value: plain, configurable: true });
    await settlePushes(world.server.context, null, GO);
    answered.resolve();
    await pushing;
    expect((await entries())[0]?.data).toEqual({
      repo: 'ada/closed',
      refs: [{ ref: 'refs/heads/main', before: first, after: second }],
    });
  });

  it('gets its entry when git is killed after the refs moved, and before it could say so', async () => {
    const first = await begin({ allowRepositoryHooks: true });
    const { git } = world.server.context;
    const hook = join(git.path('ada', 'closed'), 'hooks/post-receive');
    await mkdir(dirname(hook), { recursive: true });
    await writeFile(hook, '#!/bin/sh\nkill -9 $PPID\n');
    await chmod(hook, 0o755);
    const second = await commit('second');
    await world.git(['push', 'origin', 'main'], { in: 'work' });
    await vi.waitFor(
      async () => {
        const [newest] = await entries();
        expect(newest?.data).toMatchObject({ refs: [{ ref: 'refs/heads/main', before: first, after: second }] });
      },
      { timeout: 20_000 },
    );
    expect(await notes()).toEqual([]);
  });

  it('revokes what it made public, over REST as well, where that could not be done at once', async () => {
    await begin();
    const { context } = world.server;
    const draft = { userLogin: 'ada', kind: 'classic', description: '', scopes: ['repo'], grants: [] } as const;
    const tokenOf = (name: string) => createToken(context, operatorPermit(), { ...draft, name });
    const owner = (await tokenOf('owner')).secret;
    const [pushed, written, tagged] = [await tokenOf('pushed'), await tokenOf('written'), await tokenOf('tagged')];
    const open = (method: string, path: string, body: object) =>
      fetch(`${world.url}${path}`, {
        method,
        headers: { Authorization: `Bearer ${owner.reveal()}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    await sql`create trigger unwilling before update of revoked_at on tokens
      begin select raise(abort, 'no'); end`.execute(db());
    await writeFile(join(world.folder, 'work/notes.txt'), pushed.secret.reveal());
    await world.ok(['add', '-A'], { in: 'work' });
    await world.ok(['commit', '-q', '-m', 'Notes'], { in: 'work' });
    await world.git(['push', world.remote('ada/open', world.full), 'main'], { in: 'work' });
    const content = Buffer.from(written.secret.reveal()).toString('base64');
    await open('PUT', '/api/v3/repos/ada/open/contents/a', { message: 'a', content });
    const tag = { tag_name: 'v1', ref: 'main', message: tagged.secret.reveal() };
    await open('POST', `/api/v4/projects/${encodeURIComponent('ada/open')}/repository/tags`, tag);
    const ids = [pushed, written, tagged].map(({ token }) => token.id);
    const ended = () =>
      db().selectFrom('tokens').select('id').where('id', 'in', ids).where('revoked_at', 'is not', null).execute();
    expect(await ended()).toEqual([]);
    await sql`drop trigger unwilling`.execute(db());
    await settlePushes(context, null, GO);
    expect((await ended()).map(({ id }) => id)).toEqual(ids);
    expect(await notes()).toEqual([]);
  });
});
