/** What happens to tokens with time, on both engines. */
import { describe, expect, it } from 'vitest';
import { addOrganization, addUser, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import {
  digestRequests,
  endDisused,
  noticeEnds,
  restorableTokens,
  restoreToken,
} from '../../../src/actions/tokens/upkeep.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { run } from '../../../src/cli/program.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import { listAudit } from '../../../src/store/audit.ts';
import { grantsOf } from '../../../src/store/grants.ts';
import { listMails } from '../../../src/store/outbox.ts';
import { countLiving } from '../../../src/store/token-upkeep.ts';
import { tokenById } from '../../../src/store/tokens.ts';
import { recordingTerminal } from '../../cli/recording-terminal.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();
const GO = new AbortController().signal;

async function person(ctx: TestContext, login: string): Promise<void> {
  await addUser(ctx, OPERATOR, { login, email: `${login}@example.org`, verified: true, admin: false, password: null });
}

async function make(ctx: TestContext, name: string, given: Partial<TokenDraft> = {}): Promise<number> {
  const grants = [{ owner: '', selection: 'public' as const, repositories: [], permissions: {}, justification: null }];
  return (
    await createToken(ctx, OPERATOR, {
      userLogin: 'bob',
      kind: 'fine-grained',
      name,
      description: '',
      scopes: [],
      grants,
      ...given,
    })
  ).token.id;
}

async function subjects(ctx: TestContext): Promise<string[]> {
  return (await listMails(ctx.store.db, { beforeId: null, limit: 50 }))
    .map(({ subject }) => subject)
    .filter((subject) => !subject.startsWith('A personal access token was created'))
    .toReversed();
}

describe.each(ENGINES)('upkeep [%s]', (engine) => {
  it('tells of an end 30, 7 and 1 days before and when it has come, each once', async () => {
    const ctx = await contextWith({}, engine);
    await person(ctx, 'bob');
    await make(ctx, 'ci', { expiresInDays: 90 });
    await make(ctx, 'short', { expiresInDays: 1 });
    for (let day = 0; day <= 100; day++) {
      await noticeEnds(ctx, null, GO);
      await noticeEnds(ctx, null, GO);
      ctx.clock.advance(DAY_SEC);
    }
    expect(await subjects(ctx)).toEqual([
      'Your personal access token short has ended',
      'Your personal access token ci ends in 30 days',
      'Your personal access token ci ends in 7 days',
      'Your personal access token ci ends in 1 day',
      'Your personal access token ci has ended',
    ]);
  });

  it('after a long absence tells only the nearest notice, and not of ends long past', async () => {
    const ctx = await contextWith({}, engine);
    await person(ctx, 'bob');
    await make(ctx, 'past', { expiresInDays: 10 });
    await make(ctx, 'near', { expiresInDays: 60 });
    ctx.clock.advance(59 * DAY_SEC);
    await noticeEnds(ctx, null, GO);
    expect(await subjects(ctx)).toEqual(['Your personal access token near ends in 1 day']);
  });

  it('marks what nobody uses and tells its owner, and revokes it a week later when it is still unused', async () => {
    const ctx = await contextWith({}, engine);
    await person(ctx, 'bob');
    const [idle, used, kept] = [
      await make(ctx, 'idle', { expiresInDays: null }),
      await make(ctx, 'used', { expiresInDays: null }),
      await make(ctx, 'kept', { expiresInDays: null }),
    ];
    const revokedAt = async (id: number) => (await tokenById(ctx.store.db, id))?.revokedAt;
    ctx.clock.advance(20 * DAY_SEC);
    ctx.usage.note(used, ctx.clock.now(), '127.0.0.1', 'git', 'fetch');
    ctx.clock.advance(338 * DAY_SEC - 1);
    await endDisused(ctx, null, GO);
    expect(await subjects(ctx)).toEqual([]);
    ctx.clock.advance(1);
    await endDisused({ ...ctx, settings: { ...ctx.settings, tokenDisuseDays: 0 } }, null, GO);
    expect(await subjects(ctx)).toEqual([]);
    await endDisused(ctx, null, GO);
    await endDisused(ctx, null, GO);
    expect((await subjects(ctx)).toSorted()).toEqual([
      'Your personal access token idle will be removed: nobody uses it',
      'Your personal access token kept will be removed: nobody uses it',
    ]);
    ctx.usage.note(kept, ctx.clock.now() + 1, '127.0.0.1', 'git', 'fetch');
    ctx.clock.advance(7 * DAY_SEC - 1);
    await endDisused(ctx, null, GO);
    expect(await revokedAt(idle)).toBeNull();
    ctx.clock.advance(1);
    await endDisused(ctx, null, GO);
    expect(await tokenById(ctx.store.db, idle)).toMatchObject({
      revokedAt: ctx.clock.now(),
      revokedBy: 'not used for 365 days',
    });
    expect([await revokedAt(used), await revokedAt(kept)]).toEqual([null, null]);
    expect((await listMails(ctx.store.db, { beforeId: null, limit: 50 })).map(({ template }) => template)).toContain(
      'token_disused',
    );
  });

  it('ends a tenth of all tokens in one run at most', async () => {
    const ctx = await contextWith({}, engine);
    await person(ctx, 'bob');
    for (let i = 0; i < 48; i++)
      await make(ctx, `t${i}`, { kind: 'classic', scopes: ['repo'], grants: [], expiresInDays: null });
    ctx.clock.advance(400 * DAY_SEC);
    await endDisused(ctx, null, GO);
    ctx.clock.advance(8 * DAY_SEC);
    expect(await countLiving(ctx.store.db)).toBe(48);
    // A tenth would be less than the 5 that may end in any case.
    await endDisused(ctx, null, GO);
    expect(await countLiving(ctx.store.db)).toBe(43);
    await endDisused(ctx, null, GO);
    expect(await countLiving(ctx.store.db)).toBe(38);
  });

  it('a token that ended for disuse comes back with its access; one that was revoked on purpose does not', async () => {
    const ctx = await contextWith({}, engine);
    await person(ctx, 'bob');
    const [idle, stolen] = [
      await make(ctx, 'idle', { expiresInDays: null }),
      await make(ctx, 'stolen', { expiresInDays: null }),
    ];
    await revokeToken(ctx, OPERATOR, stolen);
    const before = (await grantsOf(ctx.store.db, [idle])).get(idle);
    for (const days of [400, 8]) {
      ctx.clock.advance(days * DAY_SEC);
      await endDisused(ctx, null, GO);
    }
    expect((await grantsOf(ctx.store.db, [idle])).get(idle)).toMatchObject([{ state: 'revoked' }]);
    expect(await restorableTokens(ctx, OPERATOR)).toEqual([idle]);
    await restoreToken(ctx, OPERATOR, idle);
    expect(await tokenById(ctx.store.db, idle)).toMatchObject({ revokedAt: null, revokedBy: null });
    expect((await grantsOf(ctx.store.db, [idle])).get(idle)).toEqual(before);
    await expect(restoreToken(ctx, OPERATOR, stolen)).rejects.toThrow('was not ended for disuse');
    await expect(restoreToken(ctx, OPERATOR, 999)).rejects.toThrow('There is no token 999.');
    expect(await listAudit(ctx.store.db, { tokenId: idle }, { beforeId: null, limit: 1 })).toMatchObject([
      { action: 'personal_access_token.restore', actorLogin: 'operator' },
    ]);
  });

  it('mails owners what waits for them', async () => {
    const ctx = await contextWith({}, engine);
    for (const login of ['ada', 'bob']) await person(ctx, login);
    await addOrganization(ctx, OPERATOR, { name: 'acme', owner: 'ada' });
    await setMember(ctx, OPERATOR, { organization: 'acme', login: 'bob', role: 'member' });
    await digestRequests(ctx, null, GO);
    expect(await subjects(ctx)).toEqual([]);
    await make(ctx, 'ci', {
      grants: [
        { owner: 'acme', selection: 'all', repositories: [], permissions: { contents: 'read' }, justification: null },
      ],
    });
    await digestRequests(ctx, null, GO);
    expect(await subjects(ctx)).toEqual(['1 token waits for approval in acme']);
  });
});

it('the operator brings back all tokens that ended for disuse by one command, and none that was revoked', async () => {
  const ctx = await contextWith({});
  await person(ctx, 'bob');
  const ids: number[] = [];
  for (const name of ['a', 'b', 'stolen']) ids.push(await make(ctx, name, { expiresInDays: null }));
  await revokeToken(ctx, OPERATOR, ids[2]!);
  for (const days of [400, 8]) {
    ctx.clock.advance(days * DAY_SEC);
    await endDisused(ctx, null, GO);
  }
  const living = async (): Promise<boolean[]> =>
    Promise.all(ids.map(async (id) => (await tokenById(ctx.store.db, id))?.revokedAt === null));
  expect(await living()).toEqual([false, false, false]);
  const terminal = recordingTerminal();
  expect(await run(['admin', 'token', 'restore', '--all', '--data', ctx.settings.data], terminal)).toBe(0);
  expect(terminal.said).toEqual([`brought back the token ${ids[0]} (a)`, `brought back the token ${ids[1]} (b)`]);
  expect(await living()).toEqual([true, true, false]);
});
