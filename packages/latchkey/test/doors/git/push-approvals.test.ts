/**
 * An agent that may push to `agent/**`, and to main after its owner looked. The attacks: another commit than the one
 * that was approved, the same one twice, two pushes at once, another token, an approval by the agent itself, and what
 * was refused fetched all the same.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import {
  approvePush,
  denyPush,
  type PushApproval,
  readApproval,
} from '../../../src/actions/repositories/approvals/approvals.ts';
import { MAX_WAITING } from '../../../src/actions/repositories/approvals/asking.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { MAX_SHOWN_PACK_BYTES } from '../../../src/git/push/push-look.ts';
import { refRuleDrafts } from '../../../src/rules/refs/ref-rule-text.ts';
import { deriveFrom } from '../../actions/derive.ts';
import { sessionPermit } from '../../actions/session.ts';
import { makeWorld, type Ran, type World } from './server.ts';

let world: World;
let path: string;
const ids: Record<'first' | 'second' | 'other', string> = { first: '', second: '', other: '' };
let agent: Secret;

const ref = async (name: string): Promise<string> =>
  (await world.git(['--git-dir', path, 'rev-parse', '-q', '--verify', name])).stdout.trim();
const full = (what: string): string => (what.startsWith('-') ? what : what.replace(/:(?!refs\/)/, ':refs/heads/'));
const push = (what: readonly string[], token: Secret = agent): Promise<Ran> =>
  world.git(['push', world.remote('ada/closed', token), ...what.map(full)], { in: 'work' });
const set = (name: string, id: string | null): Promise<string> =>
  world.ok(['--git-dir', path, 'update-ref', ...(id === null ? ['-d', name] : [name, id])]);
const commit = async (message: string): Promise<string> => {
  await world.ok(['commit', '-qm', message, '--allow-empty'], { in: 'work' });
  return (await world.ok(['rev-parse', 'HEAD'], { in: 'work' })).trim();
};

let made = 0;
async function tokenWith(...rules: string[]): Promise<Secret> {
  const permissions = { contents: 'write', workflows: 'write' };
  const { secret } = await createToken(world.server.context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: `agent ${++made}`,
    description: '',
    scopes: [],
    grants: [{ owner: 'ada', selection: 'all', repositories: [], permissions, justification: null }],
    refRules: refRuleDrafts(rules),
  });
  return secret;
}

/** The request that a refused push names. */
function asked({ stderr }: Ran): number {
  const [, id] = /needs approval: \S+\/settings\/push-approvals\/(\d+)/.exec(stderr) ?? [];
  if (id === undefined) throw new Error(`no request in: ${stderr}`);
  return Number(id);
}
const approve = async (id: number): Promise<PushApproval> =>
  approvePush(world.server.context, await sessionPermit(world.server.context, 'ada'), id);
const read = async (id: number): Promise<PushApproval> =>
  readApproval(world.server.context, await sessionPermit(world.server.context, 'ada'), id);

beforeAll(async () => {
  world = await makeWorld();
  path = world.server.context.git.path('ada', 'closed');
  await world.ok(['init', '-q', '-b', 'main', 'work']);
  await world.ok(['init', '-q', 'other']);
  ids.first = await commit('first');
  writeFileSync(join(world.folder, 'work', 'read me.txt'), 'one\ntwo\n');
  await world.ok(['add', '.'], { in: 'work' });
  ids.second = await commit('second\n\nmore');
  await world.ok(['checkout', '-q', '-b', 'other', ids.first], { in: 'work' });
  ids.other = await commit('other');
  await world.ok(['push', '-q', world.remote('ada/closed', world.full), `${ids.first}:refs/heads/main`], {
    in: 'work',
  });
});

beforeEach(async () => {
  const there = (await world.ok(['--git-dir', path, 'for-each-ref', '--format=%(refname)'])).split('\n');
  for (const name of there) if (name !== '' && name !== 'refs/heads/main') await set(name, null);
  await set('refs/heads/main', ids.first);
  agent = await tokenWith('agent/**', 'main: ask', 'refs/tags/v*: ask', 'old/**: ask');
});
afterAll(() => world.close());

describe('a push to a ref whose rule asks', () => {
  it('is refused with a link, shows its owner what it would do, and passes once they approve', async () => {
    const refused = await push([`${ids.second}:main`, `${ids.first}:agent/a`]);
    expect(refused.code).toBe(1);
    const id = asked(refused);
    expect(refused.stderr).toMatch(
      /! \[remote rejected\] .*main \(needs approval: http:\S+\/settings\/push-approvals\/\d+\)/,
    );
    expect(refused.stderr).toContain(`its owner has to approve just this first (request ${id})`);
    expect([await ref('main'), await ref('agent/a')]).toEqual([ids.first, ids.first]);

    const seen = await read(id);
    expect(seen).toMatchObject({
      state: 'waiting',
      holder: 'ada',
      repository: 'ada/closed',
      ref: 'refs/heads/main',
      oldId: ids.first,
      newId: ids.second,
      agent: null,
      look: {
        kind: 'forward',
        commits: [{ id: ids.second, subject: 'second', author: 'Ada' }],
        commitCount: 1,
        lostCount: 0,
        files: [{ path: 'read me.txt', added: 2, removed: 0 }],
        fileCount: 1,
        added: 2,
        removed: 0,
      },
    });
    expect(asked(await push([`${ids.second}:main`]))).toBe(id);
    await approve(id);
    expect(await push([`${ids.second}:main`])).toMatchObject({ code: 0 });
    expect(await ref('main')).toBe(ids.second);
    expect((await read(id)).state).toBe('used');
  });

  it('leaves nothing behind that could be fetched, nor a file of the push', async () => {
    await world.ok(['checkout', '-q', '-B', 'unseen', ids.first], { in: 'work' });
    const unseen = await commit('unseen');
    const id = asked(await push([`${unseen}:main`]));
    expect((await world.git(['--git-dir', path, 'cat-file', '-e', unseen])).code).not.toBe(0);
    const fetched = await world.git(['fetch', world.remote('ada/closed', world.full), unseen], { in: 'other' });
    expect([fetched.code, fetched.stderr]).toEqual([128, expect.stringContaining('not our ref')]);
    expect(readdirSync(join(path, 'objects')).filter((name) => name.startsWith('tmp_'))).toEqual([]);
    expect((await read(id)).state).toBe('waiting');
  });

  it('passes with no other commit than the approved one, and from no other place', async () => {
    await approve(asked(await push([`${ids.second}:main`])));
    const other = await push(['-f', `${ids.other}:main`]);
    expect([other.code, await ref('main')]).toEqual([1, ids.first]);
    await world.ok(['push', '-q', world.remote('ada/closed', world.full), `${ids.other}:refs/heads/main`], {
      in: 'work',
    });
    const moved = await push(['-f', `${ids.second}:main`]);
    expect([moved.code, await ref('main')]).toEqual([1, ids.other]);
    expect((await read(asked(moved))).look).toMatchObject({ kind: 'force', lostCount: 1 });
  });

  it('passes once: the same move a second time is asked about anew', async () => {
    const id = asked(await push([`${ids.second}:main`]));
    await approve(id);
    expect((await push([`${ids.second}:main`])).code).toBe(0);
    await set('refs/heads/main', ids.first);
    const again = await push([`${ids.second}:main`]);
    expect([again.code, asked(again) > id]).toEqual([1, true]);
  });

  it('passes once of two that come at the same time', async () => {
    await approve(asked(await push([`${ids.second}:main`])));
    const both = await Promise.all([push([`${ids.second}:main`]), push([`${ids.second}:main`])]);
    const spent = await world.server.context.store.db
      .selectFrom('audit')
      .select('id')
      .where('action', '=', 'git.approval_used')
      .where('data_json', 'like', `%"name":"agent ${made}"%`)
      .execute();
    // The slower one may find the branch where it wanted it, and has nothing to do.
    expect([spent.length, both.some(({ code }) => code === 0), await ref('main')]).toEqual([1, true, ids.second]);
  });

  it('is not let through by the approval of another token, nor of the one that it is derived from', async () => {
    const id = asked(await push([`${ids.second}:main`]));
    const child = (await deriveFrom(world.server.context, agent, { agent: 'bot/1', session: 's-1' })).secret;
    const byChild = asked(await push([`${ids.second}:main`], child));
    expect(byChild).not.toBe(id);
    expect(await read(byChild)).toMatchObject({ name: 'bot/1', agent: 'bot/1', session: 's-1' });
    await approve(id);
    for (const token of [child, await tokenWith('main: ask')])
      expect(await push([`${ids.second}:main`], token)).toMatchObject({ code: 1 });
    expect((await push([`${ids.second}:main`])).code).toBe(0);
  });

  it('is approved by no token, whatever it may do', async () => {
    const { context } = world.server;
    const id = asked(await push([`${ids.second}:main`]));
    const verdict = await authorize(context, {
      credential: { form: 'bearer', secret: world.full },
      need: { sets: [], publicRead: false, writes: true, gitlabScopes: [] },
      target: { kind: 'account', login: null },
      address: '127.0.0.1',
      userAgent: null,
      purpose: 'approve',
    });
    if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
    await expect(approvePush(context, verdict.permit, id)).rejects.toThrow('Only a person who is signed in');
    expect((await read(id)).state).toBe('waiting');
  });

  it('that was denied is not asked about again', async () => {
    const { context } = world.server;
    const id = asked(await push([`${ids.second}:main`]));
    await denyPush(context, await sessionPermit(context, 'ada'), id);
    const again = await push([`${ids.second}:main`]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`its owner denied it (request ${id})`)]);
    await expect(approve(id)).rejects.toThrow('waits no longer: ada denied it');
  });

  it('that comes with another commit takes the place of the one before', async () => {
    const id = asked(await push([`${ids.second}:main`]));
    const next = asked(await push(['-f', `${ids.other}:main`]));
    expect([(await read(id)).state, (await read(id)).look, (await read(next)).state]).toEqual([
      'replaced',
      null,
      'waiting',
    ]);
    await expect(approve(id)).rejects.toThrow('asked for something else on the same ref since');
  });

  it('keeps its approval where git did not move the ref', async () => {
    await set('refs/heads/agent/old', ids.first);
    await world.ok(['push', '-q', world.remote('ada/closed', world.full), `${ids.second}:refs/heads/main`], {
      in: 'work',
    });
    // Beside a branch that may only move forward, git refuses every force.
    const force = asked(await push(['-f', `${ids.other}:main`]));
    await approve(force);
    const mixed = await push(['-f', `${ids.other}:main`, `${ids.second}:agent/old`]);
    expect([mixed.code, mixed.stderr]).toEqual([1, expect.stringContaining('push it by itself')]);
    expect((await read(force)).state).toBe('approved');
    expect((await push(['-f', `${ids.other}:main`])).code).toBe(0);
  });

  it('brings nothing when it is atomic, and spends no approval then', async () => {
    const id = asked(await push([`${ids.second}:main`]));
    await approve(id);
    const ran = await push(['--atomic', `${ids.second}:main`, `${ids.second}:forbidden`]);
    expect([ran.code, await ref('main'), (await read(id)).state]).toEqual([1, ids.first, 'approved']);
  });

  it('may make, move and delete tags and branches, each as it is', async () => {
    await world.ok(['tag', '-f', '-a', '-m', 'one', 'v1', ids.first], { in: 'work' });
    const tag = await push(['v1:refs/tags/v1']);
    expect((await read(asked(tag))).look).toMatchObject({ kind: 'create', commitCount: 0 });
    await approve(asked(tag));
    expect((await push(['v1:refs/tags/v1'])).code).toBe(0);
    const gone = await push([':refs/tags/v1']);
    expect((await read(asked(gone))).look).toMatchObject({ kind: 'delete', lostCount: 0 });
    await approve(asked(gone));
    expect([(await push([':refs/tags/v1'])).code, await ref('refs/tags/v1')]).toEqual([0, '']);
    await world.ok(['tag', '-f', 'v2', `${ids.second}^{tree}`], { in: 'work' });
    expect(await push(['v2:refs/tags/v2'])).toMatchObject({ stderr: expect.stringContaining("can't be shown") });
  });

  it('is shown when it comes in pieces, too, and not when it has more than 8 MiB', async () => {
    await world.ok(['checkout', '-q', '-B', 'large', ids.first], { in: 'work' });
    const large = async (bytes: number): Promise<string> => {
      writeFileSync(join(world.folder, 'work', 'large.bin'), randomBytes(bytes));
      await world.ok(['add', '.'], { in: 'work' });
      return commit('large');
    };
    // In pieces, since it is more than git sends at once; the other branch of the push gets it all the same.
    const fits = await large(2 * 1024 * 1024);
    const ran = await push([`${fits}:main`, `${fits}:agent/fits`]);
    expect((await read(asked(ran))).look?.files).toEqual([{ path: 'large.bin', added: null, removed: null }]);
    expect([await ref('main'), await ref('agent/fits')]).toEqual([ids.first, fits]);
    const unseen = await push([`${await large(MAX_SHOWN_PACK_BYTES)}:main`]);
    expect([unseen.code, unseen.stderr]).toEqual([1, expect.stringContaining("can't be shown")]);
  });

  it(`waits with ${MAX_WAITING} others of its token at most`, async () => {
    const names = Array.from({ length: MAX_WAITING }, (_, i) => `${ids.second}:old/${i}`);
    const ran = await push(names);
    expect(ran.stderr.match(/needs approval/g)).toHaveLength(MAX_WAITING);
    const more = await push([`${ids.second}:main`]);
    expect([more.code, more.stderr]).toEqual([1, expect.stringContaining('too many requests of it wait already')]);
  });
});

it('the owner hears of it by mail, the log has each step, and the token’s page the refusal', async () => {
  const { context } = world.server;
  const id = asked(await push([`${ids.second}:main`]));
  await approve(id);
  await push([`${ids.second}:main`]);
  const mail = await context.store.db
    .selectFrom('outbox')
    .select(['subject', 'template'])
    .where('template', '=', 'push_waiting')
    .orderBy('id', 'desc')
    .executeTakeFirstOrThrow();
  expect(mail.subject).toBe(`"agent ${made}" asks for your approval: push to main in ada/closed`);
  const rows = await context.store.db
    .selectFrom('audit')
    .select(['action', 'data_json'])
    .where('action', 'like', 'git.approval%')
    .where('data_json', 'like', `%"approval":${id},%`)
    .orderBy('id')
    .execute();
  expect(rows.map(({ action }) => action)).toEqual([
    'git.approval_requested',
    'git.approval_granted',
    'git.approval_used',
  ]);
  expect(JSON.parse(rows[1]?.data_json ?? '')).toEqual({
    approval: id,
    repo: 'ada/closed',
    ref: 'refs/heads/main',
    before: ids.first,
    after: ids.second,
    name: `agent ${made}`,
  });
  const token = await context.store.db
    .selectFrom('tokens')
    .select('id')
    .where('name', '=', `agent ${made}`)
    .executeTakeFirstOrThrow();
  expect((await refusalsOf(context, token.id)).map(({ reason }) => reason)).toEqual(['ref_needs_approval']);
});
