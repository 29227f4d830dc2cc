/** Use is counted by day, permission and repository; narrowing only takes away what was not used. */
import { describe, expect, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { type AccessRequest, authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { credentialOf } from '../../../src/actions/decision/credential.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { ACTIVITY_DAYS, narrowed, readActivity, widened } from '../../../src/actions/tokens/activity.ts';
import { tokenRows } from '../../../src/actions/tokens/own-tokens.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith } from '../context.ts';

async function world(engine: (typeof ENGINES)[number]) {
  const ctx = await contextWith({}, engine);
  const permit = operatorPermit();
  await addUser(ctx, permit, { login: 'ada', email: 'ada@example.org', verified: true, admin: false, password: null });
  for (const name of ['notes', 'clock'])
    await addRepository(ctx, permit, { owner: 'ada', name, visibility: 'private' });
  const grants = [
    {
      owner: 'ada',
      selection: 'selected' as const,
      repositories: ['notes', 'clock'],
      permissions: { contents: 'write', issues: 'read' },
      justification: null,
    },
  ];
  const { secret, token } = await createToken(ctx, permit, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'ci',
    expiresInDays: 365,
    description: '',
    scopes: [],
    grants,
  });
  const use = async (level: 'read' | 'write'): Promise<void> => {
    const request: AccessRequest = {
      credential: credentialOf(`Bearer ${secret.reveal()}`),
      need: { sets: [{ git: level }], publicRead: false, writes: level === 'write' },
      target: { kind: 'repository', owner: 'ada', name: 'notes' },
      address: '192.0.2.7',
      userAgent: null,
      purpose: 'test',
    };
    expect((await authorize(ctx, request)).allowed).toBe(true);
  };
  const row = async () => (await tokenRows(ctx, [token]))[0]!;
  return { ctx, permit, id: token.id, use, row };
}

describe.each(ENGINES)('activity of a token [%s]', (engine) => {
  test('is counted under the names that people know, and leaves the plot after 90 days', async () => {
    const { ctx, permit, id, use } = await world(engine);
    for (let i = 0; i < 3; i++) await use('read');
    ctx.clock.advance(DAY_SEC);
    await use('read');
    const seen = await readActivity(ctx, permit, id);
    expect([seen.total, seen.perDay.length, seen.perDay.slice(-3)]).toEqual([4, ACTIVITY_DAYS, [0, 3, 1]]);
    expect(seen.byPermission).toEqual([{ permission: 'contents', level: 'read', times: 4 }]);
    expect(seen.byRepository).toEqual([{ name: 'ada/notes', times: 4 }]);
    ctx.clock.advance(ACTIVITY_DAYS * DAY_SEC);
    expect((await readActivity(ctx, permit, id)).total).toBe(0);
  });

  test('narrows a token to what it used, and never one that was not used at all', async () => {
    const { ctx, permit, id, use, row } = await world(engine);
    const narrowedNow = async () => narrowed(await row(), await readActivity(ctx, permit, id), ctx.clock.now());
    expect(await narrowedNow()).toBeNull();
    ctx.clock.advance(ACTIVITY_DAYS * DAY_SEC - 1);
    await use('read');
    expect(await narrowedNow()).toBeNull();
    ctx.clock.advance(1);
    const narrower = await narrowedNow();
    expect(narrower?.dropped).toEqual([
      'the repository ada/clock',
      'contents: write, of which read was used',
      'issues: read',
    ]);
    expect(narrower?.grants).toEqual([
      {
        owner: '',
        selection: 'selected',
        repositories: ['notes'],
        permissions: { contents: 'read', metadata: 'read' },
        justification: null,
      },
    ]);
    await use('write');
    expect((await narrowedNow())?.dropped).toEqual(['the repository ada/clock', 'issues: read']);
  });

  test.each<[string, object, boolean]>([
    ['a grant that an organization approved within 90 days', { decidedAt: -1 }, true],
    ['a grant that waits', { state: 'pending' }, true],
    ['a request for more that waits', { request: {} }, true],
    ['neither', {}, false],
  ])('what may be used soon is not called unused: %s', async (_what, changed, isNull) => {
    const { ctx, permit, id, use, row } = await world(engine);
    ctx.clock.advance(ACTIVITY_DAYS * DAY_SEC);
    await use('read');
    const at = ctx.clock.now();
    const seen = await row();
    const decided = 'decidedAt' in changed ? { decidedAt: at - 1 } : changed;
    const token = { ...seen, grants: seen.grants.map((grant) => ({ ...grant, ...decided }) as typeof grant) };
    expect(narrowed(token, await readActivity(ctx, permit, id), at) === null).toBe(isNull);
  });

  test('what a refusal missed is added, and nothing is lost', async () => {
    const { row } = await world(engine);
    const [grant] = widened(await row(), {
      owner: '',
      repositories: ['notes'],
      permissions: { contents: 'read', statuses: 'write' },
    });
    expect(grant).toMatchObject({
      repositories: ['clock', 'notes'],
      permissions: { contents: 'write', issues: 'read', statuses: 'write' },
    });
    expect(widened(await row(), { owner: 'octo', repositories: [], permissions: { contents: 'read' } })).toHaveLength(
      2,
    );
  });
});
