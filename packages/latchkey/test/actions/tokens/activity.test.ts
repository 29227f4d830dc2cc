/** Use is counted by day, permission and repository; narrowing only takes away what was not used. */
import { describe, expect, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { type AccessRequest, authorize, operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { credentialOf } from '../../../src/actions/decision/credential.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { tokenRows } from '../../../src/actions/tokens/own-tokens.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { ACTIVITY_DAYS, readActivity, widened } from '../../../src/actions/tokens/use/activity.ts';
import { narrowed, narrowToken, undoableNarrowing, undoNarrowing } from '../../../src/actions/tokens/use/narrowing.ts';
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
  const use = (level: 'read' | 'write'): Promise<void> => useAny([{ git: level }], level === 'write');
  const useAny = async (sets: AccessRequest['need']['sets'], writes = false): Promise<void> => {
    const request: AccessRequest = {
      credential: credentialOf(`Bearer ${secret.reveal()}`),
      need: { sets, publicRead: false, writes },
      target: { kind: 'repository', owner: 'ada', name: 'notes' },
      address: '192.0.2.7',
      userAgent: null,
      purpose: 'test',
    };
    expect((await authorize(ctx, request)).allowed).toBe(true);
  };
  const row = async () => (await tokenRows(ctx, [token]))[0]!;
  return { ctx, permit, id: token.id, use, useAny, row };
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
    expect(seen.byRepository).toMatchObject([{ name: 'ada/notes', times: 4 }]);
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
    const [notes] = (await readActivity(ctx, permit, id)).byRepository;
    expect(narrower?.grants.map(({ after }) => after)).toEqual([
      { selection: 'selected', repositoryIds: [notes?.id], permissions: { contents: 'read', metadata: 'read' } },
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

  test('before enough was seen, only a person who wants it hears what is unused so far', async () => {
    const { ctx, permit, id, use, row } = await world(engine);
    await use('read');
    const soFar = async () => narrowed(await row(), await readActivity(ctx, permit, id), ctx.clock.now(), 'so-far');
    expect((await soFar())?.dropped).toContain('issues: read');
    const permissions = { contents: 'write', issues: 'read', statuses: 'read' };
    const grant = { owner: 'ada', selection: 'all' as const, repositories: [], permissions, justification: null };
    ctx.clock.advance(ACTIVITY_DAYS * DAY_SEC - 60);
    await editToken(ctx, permit, id, { grants: [grant] });
    ctx.clock.advance(60);
    await use('read');
    expect(narrowed(await row(), await readActivity(ctx, permit, id), ctx.clock.now())).toBeNull();
    // The same once more begins nothing anew.
    ctx.clock.advance(ACTIVITY_DAYS * DAY_SEC - 60);
    await editToken(ctx, permit, id, { grants: [grant], name: 'renamed' });
    await use('read');
    expect(narrowed(await row(), await readActivity(ctx, permit, id), ctx.clock.now())?.dropped).toEqual([
      'all repositories of ada except ada/notes',
      'contents: write, of which read was used',
      'issues: read',
      'statuses: read',
    ]);
  });

  test('of alternatives only the one that the token has counts as used', async () => {
    const { ctx, permit, id, useAny } = await world(engine);
    await useAny([{ administration: 'read' }, { issues: 'read' }, { contents: 'read' }]);
    expect((await readActivity(ctx, permit, id)).byPermission).toEqual([
      { permission: 'issues', level: 'read', times: 1 },
    ]);
  });

  test('what was narrowed is given back for a week, and never over a change made since', async () => {
    const { ctx, permit, id, use, row } = await world(engine);
    await use('read');
    const before = (await row()).grants[0]!;
    const narrow = async (shown?: readonly string[]) => {
      const token = await row();
      const gone = narrowed(token, await readActivity(ctx, permit, id), ctx.clock.now(), 'so-far')!.dropped;
      return narrowToken(ctx, permit, token, { observation: 'so-far', shown: shown ?? gone });
    };
    await expect(narrow(['contents: write'])).rejects.toThrow('Look again at what would go.');
    const reach = async () => {
      const { selection, repositoryIds, permissions } = (await row()).grants[0]!;
      return { selection, repositoryIds, permissions };
    };
    expect(await narrow()).toHaveLength(3);
    expect(await reach()).toMatchObject({ permissions: { contents: 'read', metadata: 'read' } });
    expect(await undoableNarrowing(ctx, id)).toEqual({ at: ctx.clock.now(), until: ctx.clock.now() + 7 * DAY_SEC });
    ctx.clock.advance(7 * DAY_SEC - 1);
    await undoNarrowing(ctx, permit, id);
    expect(await reach()).toEqual({
      selection: before.selection,
      repositoryIds: before.repositoryIds,
      permissions: before.permissions,
    });
    await expect(undoNarrowing(ctx, permit, id)).rejects.toThrow('which are over');
    await narrow();
    ctx.clock.advance(7 * DAY_SEC);
    expect(await undoableNarrowing(ctx, id)).toBeNull();
    await expect(undoNarrowing(ctx, permit, id)).rejects.toThrow('which are over');
  });

  test('a grant that was taken back, or edited, since it was narrowed is not widened again', async () => {
    const { ctx, permit, id, use, row } = await world(engine);
    await use('read');
    const token = await row();
    const shown = narrowed(token, await readActivity(ctx, permit, id), ctx.clock.now(), 'so-far')!.dropped;
    await narrowToken(ctx, permit, token, { observation: 'so-far', shown });
    await ctx.store.db.updateTable('grants').set({ state: 'revoked' }).execute();
    await expect(undoNarrowing(ctx, permit, id)).rejects.toThrow('has been changed since');
    await ctx.store.db.updateTable('grants').set({ state: 'active' }).execute();
    const grants = [
      { owner: 'ada', selection: 'public' as const, repositories: [], permissions: {}, justification: null },
    ];
    await editToken(ctx, permit, id, { grants });
    await expect(undoNarrowing(ctx, permit, id)).rejects.toThrow('has been changed since');
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
