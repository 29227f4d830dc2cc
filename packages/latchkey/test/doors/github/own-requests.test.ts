/** People who wait for an organization see who can approve, and can remind them once a day. */
import { expect, test } from 'vitest';
import { removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { reviewRequests } from '../../../src/actions/organizations/approvals.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { editToken } from '../../../src/actions/tokens/edits.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { apiWorld, grant } from './api.ts';

const PERMIT = operatorPermit();
const TOKENS = '/user/personal-access-tokens';
const remind = (id: number): string => `POST /user/personal-access-token-requests/${id}/remind`;
const READS = grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read' } });
const MANAGES = grant({ selection: 'all', permissions: { personal_access_tokens: 'write' } });

/** Bob's token that makes others, and their pending requests in Acme. */
async function waitingWorld() {
  const world = await apiWorld();
  const { ctx, ask } = world;
  const { secret: token } = await world.token('Bob', { name: 'manager', expiresInDays: 30, grants: [MANAGES] });
  const { created } = await world.token('Bob', { name: 'ci', expiresInDays: 30, grants: [READS] });
  const subjects = async (): Promise<string[]> =>
    (
      await ctx.store.db.selectFrom('outbox').select('subject').where('template', '=', 'requests_reminder').execute()
    ).map(({ subject }) => subject);
  const requestId = created.token.grants[0]!.request!.id;
  return { world, ctx, ask, token, ci: created.token.id, requestId, subjects };
}

test('a token that waits says who can approve it, to members alone', async () => {
  const { ctx, ask, token, ci } = await waitingWorld();
  await setMember(ctx, PERMIT, { organization: 'Acme', login: 'Cy', role: 'owner' });
  const pending = async () => (await ask(`GET ${TOKENS}/${ci}`, { token })).body.grants[0].pending_request;
  expect(await pending()).toMatchObject({ approvers: ['Ada', 'Cy'], reminded_at: null });
  await removeMember(ctx, PERMIT, { organization: 'Acme', login: 'Bob' });
  expect((await pending())?.approvers ?? []).toEqual([]);
});

test('owners are reminded by mail once a day, of everything that waits', async () => {
  const { ctx, ask, token, requestId, world, subjects } = await waitingWorld();
  await world.token('Bob', { name: 'second', expiresInDays: 30, grants: [READS] });
  expect(await ask(remind(requestId), { token })).toMatchObject({
    status: 200,
    body: { id: requestId, reminded_at: expect.any(String) },
  });
  expect(await subjects()).toEqual(['Bob asks for your approval in Acme']);
  for (const id of [requestId, requestId + 1])
    expect(await ask(remind(id), { token })).toMatchObject({
      status: 409,
      body: { message: expect.stringMatching(/^The owners were reminded on .* once a day/) },
    });
  expect(await subjects()).toHaveLength(1);
  ctx.clock.advance(DAY_SEC);
  expect((await ask(remind(requestId), { token })).status).toBe(200);
  expect(await subjects()).toHaveLength(2);
});

test('who cancels a request and files it again reminds nobody the sooner', async () => {
  const { world, ask, token, requestId, subjects } = await waitingWorld();
  await ask(remind(requestId), { token });
  await ask(`DELETE /user/personal-access-token-requests/${requestId}`, { token });
  const { created } = await world.token('Bob', { name: 'again', expiresInDays: 30, grants: [READS] });
  expect((await ask(remind(created.token.grants[0]!.request!.id), { token })).status).toBe(409);
  expect(await subjects()).toHaveLength(1);
});

test('nobody reminds for another, nor for what was taken back', async () => {
  const { world, ask, token, requestId, subjects } = await waitingWorld();
  const { secret: other } = await world.token('Cy', { name: 'x', expiresInDays: 30, grants: [MANAGES] });
  expect((await ask(remind(requestId), { token: other })).status).toBe(404);
  await ask(`DELETE /user/personal-access-token-requests/${requestId}`, { token });
  expect((await ask(remind(requestId), { token })).status).toBe(404);
  expect(await subjects()).toEqual([]);
});

/** Bob's token that reads code in Acme, and asks to write issues there, too. */
async function increaseWorld() {
  const made = await waitingWorld();
  const { ctx, world } = made;
  await reviewRequests(ctx, PERMIT, {
    organization: 'Acme',
    requestIds: [made.requestId],
    action: 'approve',
    reason: null,
  });
  const permissions = { contents: 'read', issues: 'write' };
  await editToken(ctx, PERMIT, made.ci, {
    grants: [grant({ owner: 'Acme', selection: 'all', permissions, justification: 'to close what is done' })],
  });
  const { secret: owner } = await world.token('Ada', {
    kind: 'classic',
    name: 'owner',
    scopes: ['admin:org', 'site_admin', 'admin:enterprise'],
    grants: [],
  });
  const waiting = async () => (await made.ask('GET /orgs/Acme/personal-access-token-requests', { token: owner })).body;
  return { ...made, owner, waiting };
}

test('a request for more says what the token has, what it asks for, and what would newly work', async () => {
  const { ask, token, ci, waiting } = await increaseWorld();
  expect((await waiting())[0].summary).toBe(
    'Can read code in all repositories of Acme. Asks to read and write issues in all repositories of Acme. ' +
      'Approved, it could newly read and write issues in all repositories of Acme.',
  );
  expect((await ask(`GET ${TOKENS}/${ci}`, { token })).body).toMatchObject({
    summary:
      'Can read code in all repositories of Acme. Asks Acme for more: to read and write issues in all repositories ' +
      'of Acme.',
    grants: [{ pending_request: { reason: 'to close what is done' } }],
  });
});

test('a cancelled request for more leaves what was granted', async () => {
  const { ask, token, ci, waiting } = await increaseWorld();
  const [{ id }] = await waiting();
  expect((await ask(`DELETE /user/personal-access-token-requests/${id}`, { token })).status).toBe(204);
  expect(await waiting()).toEqual([]);
  expect((await ask(`GET ${TOKENS}/${ci}`, { token })).body.summary).toBe('Can read code in all repositories of Acme.');
});

test.each(['Acme', null])(
  'once no approval is required, what waits is granted, and both sides hear: %s',
  async (of) => {
    const { ctx, ask, token, ci } = await waitingWorld();
    await changePolicy(ctx, PERMIT, 'Acme', { maxLifetimeDays: { classic: 90 } });
    const state = async () => (await ask(`GET ${TOKENS}/${ci}`, { token })).body.state;
    expect(await state()).toBe('pending');
    await changePolicy(ctx, PERMIT, of, { requiresApproval: false });
    expect(await state()).toBe('active');
    const mails = await ctx.store.db
      .selectFrom('outbox')
      .innerJoin('accounts', 'accounts.id', 'outbox.user_id')
      .select(['login', 'subject'])
      .where('template', 'in', ['token_admitted', 'requests_admitted'])
      .orderBy('login')
      .execute();
    expect(mails).toEqual([
      { login: 'Ada', subject: 'Acme no longer requires approval: 1 request was granted' },
      { login: 'Bob', subject: 'Acme no longer requires approval: ci was granted' },
    ]);
  },
);

test('a denial is told with its reason to whoever uses the token, in one line', async () => {
  const { ctx, ask, world, requestId } = await waitingWorld();
  const reason = 'Ask for \u202Eless\nthan everything';
  const review = { organization: 'Acme', requestIds: [requestId], action: 'deny', reason } as const;
  const { secret } = await world.token('Bob', { name: 'denied', expiresInDays: 30, grants: [READS] });
  await reviewRequests(ctx, PERMIT, { ...review, requestIds: [requestId + 1] });
  const { body } = await ask('GET /repos/Acme/site/branches', { token: secret });
  expect(body).toMatchObject({ reason: 'grant_denied' });
  expect(JSON.stringify(body)).toContain('Their reason: \\"Ask for ?less?than everything\\"');
});
