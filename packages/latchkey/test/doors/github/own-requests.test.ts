/** People who wait for an organization see who can approve, and can remind them once a day. */
import { expect, test } from 'vitest';
import { removeMember, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
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
