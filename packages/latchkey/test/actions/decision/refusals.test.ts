/** Refusals of tokens are counted for their owners, within limits. */
import { describe, expect, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { type AccessRequest, authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { credentialOf } from '../../../src/actions/decision/credential.ts';
import { MAX_NOTED, REFUSALS_KEPT_SEC } from '../../../src/actions/decision/refusals.ts';
import { refusalsOf } from '../../../src/actions/decision/token-refusals.ts';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, HOUR_SEC } from '../../../src/base/time.ts';
import { MAX_ROWS_PER_TOKEN } from '../../../src/store/refusals.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

/** Ada, her private repository, and a token that may read it. */
async function world(engine: (typeof ENGINES)[number]) {
  const ctx = await contextWith({}, engine);
  const permit = operatorPermit();
  await addUser(ctx, permit, { login: 'ada', email: 'ada@example.org', verified: true, admin: false, password: null });
  await addRepository(ctx, permit, { owner: 'ada', name: 'notes', visibility: 'private' });
  const grants = [
    {
      owner: 'ada',
      selection: 'all' as const,
      repositories: [],
      permissions: { contents: 'read' },
      justification: null,
    },
  ];
  const { secret, token } = await createToken(ctx, permit, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'ci',
    description: '',
    scopes: [],
    grants,
  });
  return { ctx, id: token.id, push: (name = 'notes') => push(ctx, secret.reveal(), name) };
}

async function push(ctx: TestContext, secret: string, name: string): Promise<string> {
  const request: AccessRequest = {
    credential: credentialOf(`Bearer ${secret}`),
    need: { sets: [{ git: 'write' }], publicRead: false, writes: true },
    target: { kind: 'repository', owner: 'ada', name },
    address: '192.0.2.7',
    userAgent: null,
    purpose: `push ada/${name}`,
  };
  const verdict = await authorize(ctx, request);
  return verdict.allowed ? 'allowed' : verdict.explanation.reason;
}

describe.each(ENGINES)('refusals of a token [%s]', (engine) => {
  test('are counted by day, with the link that mends them', async () => {
    const { ctx, id, push } = await world(engine);
    for (let i = 0; i < 3; i++) expect(await push()).toBe('permission_missing');
    await ctx.refusals.flush();
    await push();
    expect(await refusalsOf(ctx, id)).toEqual([
      {
        tokenId: id,
        dayAt: Math.floor(ctx.clock.now() / DAY_SEC) * DAY_SEC,
        reason: 'permission_missing',
        purpose: 'push ada/notes',
        times: 4,
        lastAt: ctx.clock.now(),
        lastAddress: '192.0.2.7',
        words: {
          sentence: 'The token "ci" lacks contents: write on ada/notes.',
          wayOut: 'Add what is missing:',
          url:
            `${ctx.settings.publicUrl}/settings/personal-access-tokens/${id}` +
            '?target_name=ada&repositories=notes&contents=write',
          command: null,
          missing: [{ permission: 'contents', level: 'write' }],
          missingScopes: [],
        },
      },
    ]);
    ctx.clock.advance(DAY_SEC);
    await push();
    expect((await refusalsOf(ctx, id)).map(({ times }) => times)).toEqual([1, 4]);
  });

  test('are kept for a dead token, too', async () => {
    const { ctx, id, push } = await world(engine);
    await revokeToken(ctx, operatorPermit(), id, 'ada');
    expect(await push()).toBe('token_revoked');
    expect((await refusalsOf(ctx, id)).map(({ reason }) => reason)).toEqual(['token_revoked']);
  });

  test('stay within the limit of rows, the newest', async () => {
    const { ctx, id, push } = await world(engine);
    for (let i = 0; i < MAX_ROWS_PER_TOKEN + 10; i++) {
      ctx.clock.advance(1);
      await push(`no-${i}`);
    }
    const kept = await refusalsOf(ctx, id);
    expect(kept).toHaveLength(MAX_ROWS_PER_TOKEN);
    expect(kept[0]!.purpose).toBe(`push ada/no-${MAX_ROWS_PER_TOKEN + 9}`);
  });

  test('are forgotten after 90 days', async () => {
    const { ctx, id, push } = await world(engine);
    await push();
    // What can't be undone waits until the clock has run without a step for an hour.
    ctx.clock.advance(REFUSALS_KEPT_SEC - HOUR_SEC);
    await ctx.steadyTime.look();
    ctx.clock.advance(HOUR_SEC);
    const clear = () => JOB_HANDLERS['clear-refusals'](ctx, null, new AbortController().signal);
    await ctx.refusals.flush();
    await clear();
    expect(await refusalsOf(ctx, id)).toHaveLength(1);
    ctx.clock.advance(1);
    await clear();
    expect(await refusalsOf(ctx, id)).toEqual([]);
  });

  test('of a token that is gone stop nobody', async () => {
    const { ctx, id, push } = await world(engine);
    await push();
    await ctx.store.transaction((tx) => tx.deleteFrom('tokens').where('id', '=', id).execute());
    expect(await refusalsOf(ctx, id)).toEqual([]);
  });
});

test('refusals that wait in memory to be written are bounded', async () => {
  const { ctx, id, push } = await world('sqlite');
  await push();
  const { explanation } = (await authorize(ctx, {
    credential: { form: 'none' },
    need: { sets: [{ git: 'read' }], publicRead: true, writes: false },
    target: { kind: 'repository', owner: 'ada', name: 'notes' },
    address: '192.0.2.7',
    userAgent: null,
    purpose: 'fetch ada/notes',
  })) as { allowed: false; explanation: Parameters<typeof ctx.refusals.note>[4] };
  for (let i = 0; i < MAX_NOTED + 100; i++)
    ctx.refusals.note(1_000_000 + i, ctx.clock.now(), '192.0.2.7', 'push x/y', explanation);
  ctx.refusals.note(id, ctx.clock.now(), '192.0.2.7', 'one too many', explanation);
  expect((await refusalsOf(ctx, id)).map(({ purpose }) => purpose)).toEqual(['push ada/notes']);
});
