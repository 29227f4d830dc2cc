/** A command signs in where an organization caps the life of tokens: it gets fewer days, and the page says why. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { redeemDevice } from '../../../src/actions/tokens/code-redemption.ts';
import { beginDeviceAuthorization } from '../../../src/actions/tokens/device-authorization.ts';
import { listTokens } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { formIn, type Visitor, type WebWorld, webWorld } from './visitor.ts';

const PERMIT = operatorPermit();
const QUERY = new URLSearchParams({
  client_id: 'latchkey-cli',
  redirect_uri: 'http://127.0.0.1:4000/callback',
  response_type: 'code',
  code_challenge_method: 'S256',
  code_challenge: 'a'.repeat(43),
  scope: 'contents:write',
  token_name: 'laptop',
});
const PAGE = `/login/oauth/authorize?${QUERY}`;

/** Ada is a member of Octo, which caps tokens at 7 days, and of Free, which doesn't. */
async function ada(): Promise<{ world: WebWorld; visitor: Visitor }> {
  const world = await webWorld();
  for (const login of ['ada', 'grace']) await world.addPerson(login);
  for (const name of ['octo', 'free']) {
    await addOrganization(world.ctx, PERMIT, { name, owner: 'grace' });
    await setMember(world.ctx, PERMIT, { organization: name, login: 'ada', role: 'member' });
    await changePolicy(world.ctx, PERMIT, name, { requiresApproval: false });
  }
  await changePolicy(world.ctx, PERMIT, 'octo', { maxLifetimeDays: { 'fine-grained': 7 } });
  const visitor = world.visitor();
  await visitor.signIn('ada');
  return { world, visitor };
}

const daysOf = async (world: WebWorld): Promise<number[]> =>
  (await listTokens(world.ctx, PERMIT, 'ada')).map(({ expiresAt }) =>
    Math.round((expiresAt! - world.ctx.clock.now()) / DAY_SEC),
  );

test('an owner with a cap is not preselected, and the page says whose cap it is', async () => {
  const { visitor } = await ada();
  const { text } = await visitor.get(PAGE);
  const { values } = formIn(text, 'approve');
  expect([values.getAll('owner'), values.get('days')]).toEqual([['ada', 'free'], '90']);
  expect(text).toContain('A policy of octo lets the token live at most 7 days.');
});

test('who was named is chosen, with the days that they allow', async () => {
  const { visitor } = await ada();
  const { values } = formIn((await visitor.get(`${PAGE}&resource_owner=octo`)).text, 'approve');
  expect([values.getAll('owner'), values.get('days')]).toEqual([['octo'], '7']);
});

test('choosing the owner with the cap lowers the days by itself', async () => {
  const { visitor } = await ada();
  const { values } = formIn((await visitor.get(PAGE)).text, 'approve');
  values.append('owner', 'octo');
  const sent = await visitor.post(PAGE, values);
  expect([sent.status, sent.location]).toEqual([303, expect.stringContaining('127.0.0.1:4000/callback?code=')]);
});

test('a device gets the token with the lowered days, and the page says how many', async () => {
  const { world, visitor } = await ada();
  const request = {
    permissions: [{ permission: 'contents', level: 'write' as const }],
    owners: null,
    expiresInDays: 90,
    name: 'box',
  };
  const begun = await beginDeviceAuthorization(world.ctx, request, '192.0.2.1');
  const page = `/login/device?user_code=${begun!.userCode}`;
  const { values } = formIn((await visitor.get(page)).text, 'approve');
  values.append('owner', 'octo');
  expect((await visitor.post(page, values)).text).toContain('Its token works for 7 days.');
  expect(await redeemDevice(world.ctx, begun!.deviceCode, { address: '192.0.2.1', userAgent: null })).toHaveProperty(
    'secret',
  );
  expect(await daysOf(world)).toEqual([7]);
});
