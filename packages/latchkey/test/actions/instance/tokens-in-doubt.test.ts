/**
 * A backup was put back, and nobody knows of some tokens whether they had been ended since: they are dead until an
 * administrator says which of them live again.
 */
import { describe, expect, it } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { beginAnew } from '../../../src/actions/instance/restoration.ts';
import { readRestoration, resolveTokens } from '../../../src/actions/instance/tokens-in-doubt.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { restorableTokens, restoreToken } from '../../../src/actions/tokens/upkeep.ts';
import type { LostEntry } from '../../../src/catalogue/lost-time.ts';
import { run } from '../../../src/cli/program.ts';
import { newestAuditId } from '../../../src/store/audit.ts';
import { grantsOf } from '../../../src/store/grants.ts';
import { tokenById } from '../../../src/store/tokens.ts';
import { recordingTerminal } from '../../cli/recording-terminal.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();

async function withTokens(engine: (typeof ENGINES)[number], names: readonly string[]) {
  const ctx = await contextWith({}, engine);
  await addUser(ctx, OPERATOR, {
    login: 'bob',
    email: 'bob@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  const ids = [];
  for (const name of names) ids.push(await make(ctx, name));
  return { ctx, ids };
}

async function make(ctx: TestContext, name: string): Promise<number> {
  const grant = { owner: '', selection: 'all', repositories: [], permissions: { contents: 'read' } } as const;
  const { token } = await createToken(ctx, OPERATOR, {
    userLogin: 'bob',
    kind: 'fine-grained',
    name,
    description: '',
    scopes: [],
    grants: [{ ...grant, justification: null }],
  });
  return token.id;
}

const lives = async (ctx: TestContext, ids: readonly number[]): Promise<boolean[]> =>
  Promise.all(ids.map(async (id) => (await tokenById(ctx.store.db, id))?.revokedAt === null));

const mailsTo = async (ctx: TestContext): Promise<string[]> =>
  (await ctx.store.db.selectFrom('outbox').select('subject').orderBy('id').execute())
    .map(({ subject }) => subject)
    .filter((subject) => subject.includes('works again'));

describe.each(ENGINES)('after a restore (%s)', (engine) => {
  it('a token that was changed in the lost time may be brought back, and one that was ended may not', async () => {
    const { ctx, ids } = await withTokens(engine, ['changed', 'ended', 'changed and ended', 'untouched']);
    const [changed = 0, ended = 0, both = 0, untouched = 0] = ids;
    const newest = await newestAuditId(ctx.store.db);
    const lost = (
      [
        ['personal_access_token.update', changed],
        ['personal_access_token.destroy', ended],
        ['personal_access_token.credential_revoked', both],
        ['personal_access_token.update', both],
        ['org.remove_member', 0],
      ] as const
    ).map(
      ([action, tokenId], n): LostEntry => ({
        id: newest + n + 1,
        action,
        userId: 1,
        tokenId,
        previousTokenId: null,
      }),
    );
    const before = (await grantsOf(ctx.store.db, [changed])).get(changed);
    const done = await beginAnew(ctx, OPERATOR, { how: 'tail', entries: lost });
    expect(done).toMatchObject({ endedTokens: 3, inDoubt: 1, lostEntries: 5 });
    expect(await lives(ctx, [changed, ended, both, untouched])).toEqual([false, false, false, true]);
    expect(await readRestoration(ctx, OPERATOR)).toMatchObject({
      inDoubt: 1,
      last: { epoch: 2, known: 'tail', lostEntries: 5, endedTokens: 3, byHand: { 'org.remove_member': 1 } },
    });

    await expect(resolveTokens(ctx, OPERATOR, 'restore', [changed, ended])).rejects.toThrow(
      `Nothing was changed, since there is no doubt about ${ended}.`,
    );
    await expect(restoreToken(ctx, OPERATOR, ended)).rejects.toThrow('revoked on purpose stays so');
    expect(await lives(ctx, [changed])).toEqual([false]);
    expect(await restorableTokens(ctx, OPERATOR)).toEqual([]);
    expect(await resolveTokens(ctx, OPERATOR, 'restore', [changed])).toEqual({ resolved: 1, failed: [], left: 0 });
    expect(await lives(ctx, [changed, ended, both])).toEqual([true, false, false]);
    expect((await grantsOf(ctx.store.db, [changed])).get(changed)).toEqual(before);
    expect(await mailsTo(ctx)).toEqual(['Your personal access token changed works again']);
  });

  it('all tokens are dead where nothing is known, until each is brought back or confirmed', async () => {
    const { ctx, ids } = await withTokens(engine, ['a', 'b', 'c', 'd']);
    const [a = 0, b = 0, c = 0, d = 0] = ids;
    expect(await beginAnew(ctx, OPERATOR, { how: 'end-all-tokens' })).toMatchObject({ endedTokens: 4, inDoubt: 4 });
    expect(await lives(ctx, ids)).toEqual([false, false, false, false]);
    expect(await resolveTokens(ctx, OPERATOR, 'keep', [b])).toEqual({ resolved: 1, failed: [], left: 3 });
    await expect(restoreToken(ctx, OPERATOR, b)).rejects.toThrow('in no doubt');
    // Its owner helped themselves meanwhile.
    const again = await make(ctx, 'c');
    expect(await resolveTokens(ctx, OPERATOR, 'restore', 'all')).toEqual({
      resolved: 2,
      failed: [{ id: c, name: 'c', message: expect.stringContaining('another token of that name') }],
      left: 1,
    });
    expect(await lives(ctx, [a, b, c, d, again])).toEqual([true, false, false, true, true]);
    expect(await resolveTokens(ctx, OPERATOR, 'keep', 'all')).toEqual({ resolved: 1, failed: [], left: 0 });
    const confirmed = await ctx.store.db
      .selectFrom('audit')
      .select(['action', 'token_id'])
      .where('action', '=', 'instance.confirm_end')
      .orderBy('id')
      .execute();
    expect(confirmed.map((entry) => entry.token_id)).toEqual([b, c]);
  });
});

it('the operator brings back every token in doubt by one command, and none that was ended for disuse', async () => {
  const { ctx, ids } = await withTokens('sqlite', ['a', 'b']);
  await beginAnew(ctx, OPERATOR, { how: 'end-all-tokens' });
  const terminal = recordingTerminal();
  const restore = (...args: string[]): Promise<number> =>
    run(['admin', 'token', 'restore', ...args, '--data', ctx.settings.data], terminal);
  expect(await restore('--all')).toBe(0);
  expect(await lives(ctx, ids)).toEqual([false, false]);
  expect(await restore('--all', '--in-doubt')).toBe(2);
  expect(await restore('--in-doubt')).toBe(0);
  expect(terminal.said.join('\n')).toContain('brought back 2 tokens');
  expect(await lives(ctx, ids)).toEqual([true, true]);
});
