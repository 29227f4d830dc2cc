/** An owner saves a policy: one that lets nobody in any more, and one that the instance has overridden meanwhile. */
import { expect, test } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { readPolicy } from '../../../src/actions/organizations/policies.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { apiWorld, grant } from '../github/api.ts';
import { webWorld } from './visitor.ts';

const POLICY = '/organizations/octo/settings/personal-access-token-policy';
const ELSEWHERE = { allowed_addresses: '198.51.100.0/24' };

async function world() {
  const made = await webWorld();
  await made.addPerson('ada');
  await made.addPerson('root', { admin: true });
  await addOrganization(made.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  const chosen = async () => (await readPolicy(made.ctx, operatorPermit(), 'octo')).chosen.allowedAddresses;
  return { ...made, chosen };
}

test('a list without the owner’s own address is refused with that address, and saved once confirmed', async () => {
  const { visitor, chosen } = await world();
  const ada = visitor('192.0.2.1');
  await ada.signIn('ada');
  const refused = await ada.send(POLICY, 'policy', ELSEWHERE);
  expect([refused.status, await chosen()]).toEqual([422, null]);
  expect(refused.text).toContain('This would shut you out: your own address, 192.0.2.1, is not in the list');
  expect(refused.text).toContain('name="confirm_lock_out"');
  await ada.send(POLICY, 'policy', { allowed_addresses: '192.0.2.0/28' });
  expect(await chosen()).toEqual(['192.0.2.0/28']);
  expect((await ada.send(POLICY, 'policy', { ...ELSEWHERE, confirm_lock_out: 'on' })).location).toContain(POLICY);
  expect(await chosen()).toEqual(['198.51.100.0/24']);
  expect((await ada.get(POLICY)).status).toBe(403);
});

test('an administrator of the instance undoes it from anywhere; private things stay behind the list', async () => {
  const { ctx, visitor, chosen } = await world();
  await changePolicy(ctx, operatorPermit(), 'octo', { allowedAddresses: ['198.51.100.0/24'] });
  const root = visitor('192.0.2.9');
  await root.signIn('root');
  expect((await root.get('/organizations/octo/settings/personal-access-tokens')).status).not.toBe(200);
  expect((await root.send(POLICY, 'policy', { allowed_addresses: '' })).location).toContain(POLICY);
  expect(await chosen()).toBeNull();
});

test('over REST a token hears of each way in which it would lock itself out, and nothing changes', async () => {
  const made = await apiWorld();
  const { secret } = await made.token('Ada', {
    name: 'owner',
    grants: [grant({ owner: 'Acme', permissions: { organization_administration: 'write' } })],
  });
  const patch = (body: Record<string, unknown>) =>
    made.ask('PATCH /orgs/Acme/personal-access-token-policy', { token: secret, body });
  const both = { allowed: { 'fine-grained': false }, max_lifetime_days: { 'fine-grained': 1 } };
  for (const [body, words] of [
    [{ allowed_addresses: ['198.51.100.0/24'] }, 'is not in the list'],
    [both, 'you use a fine-grained token; the token that you use lives longer than that'],
  ] as const) {
    const refused = await patch(body);
    expect(refused.status).toBe(422);
    expect(JSON.stringify(refused.body)).toContain(words);
    expect(JSON.stringify(refused.body)).toContain('confirm_lock_out');
  }
  expect((await readPolicy(made.ctx, operatorPermit(), 'Acme')).chosen).toMatchObject({ allowedAddresses: null });
  expect((await patch({ allowed: { classic: false } })).status, 'of another kind than the token').toBe(200);
  expect((await patch({ ...both, confirm_lock_out: true })).status).toBe(200);
  expect((await patch({ allowed: { 'fine-grained': true } })).status).toBe(403);
});

test('a policy is saved although the instance overrides a choice, which is kept and shown as decided', async () => {
  const { ctx, visitor } = await world();
  const stored = { allowed: { classic: true }, maxLifetimeDays: { classic: 300 }, requiresApproval: false };
  await changePolicy(ctx, operatorPermit(), 'octo', stored);
  const ofInstance = { allowed: { classic: false }, maxLifetimeDays: { classic: 90 }, requiresApproval: true };
  await changePolicy(ctx, operatorPermit(), null, ofInstance);
  const ada = visitor();
  await ada.signIn('ada');
  const { text } = await ada.get(POLICY);
  expect(text.match(/decided above, by the instance/g)).toHaveLength(2);
  expect(text).toContain('counts once the instance lets organizations decide: Allow.');
  expect((await ada.send(POLICY, 'policy', { 'max_lifetime_days.scoped': '30' })).location).toContain(POLICY);
  expect((await readPolicy(ctx, operatorPermit(), 'octo')).chosen).toMatchObject({
    ...stored,
    maxLifetimeDays: { classic: 300, scoped: 30 },
  });
  const forged = await ada.send(POLICY, 'policy', { 'allowed.classic': 'yes', 'max_lifetime_days.classic': '299' });
  expect(forged.text).toContain('The instance allows 90 days');
});
