/** An organization, or the instance, requires a second factor. Bob has none. */
import { expect, test } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { readPolicy } from '../../../src/actions/organizations/policies.ts';
import { changePolicy } from '../../../src/actions/organizations/policy-change.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { DAY_SEC, spokenInstant } from '../../../src/base/time.ts';
import { setTwoFactor } from '../../../src/store/accounts.ts';
import { ENGINES } from '../../engines/engines.ts';
import { apiWorld, grant } from '../github/api.ts';
import { TWO_FACTOR, webWorld, withTwoFactor } from './visitor.ts';

const POLICY = '/organizations/octo/settings/personal-access-token-policy';
const OPERATOR = operatorPermit();

async function world() {
  const made = await webWorld();
  await made.addPerson('ada');
  const bob = await made.addPerson('bob');
  await addOrganization(made.ctx, OPERATOR, { name: 'octo', owner: 'ada' });
  await setMember(made.ctx, OPERATOR, { organization: 'octo', login: 'bob', role: 'member' });
  for (const visibility of ['private', 'public'] as const)
    await addRepository(made.ctx, OPERATOR, { owner: 'octo', name: visibility, visibility });
  return { ...made, bob };
}

test('somebody without one hears of it on every page from then on, and keeps public access', async () => {
  const { ctx, visitor, bob } = await world();
  const browser = visitor();
  await browser.signIn('bob');
  await changePolicy(ctx, OPERATOR, 'octo', { twoFactorFrom: ctx.clock.now() + 60 });
  expect((await browser.get('/octo/private')).status).toBe(200);
  expect((await browser.get('/settings/security')).text).toContain('octo requires it from');
  ctx.clock.advance(60);
  const refused = await browser.get('/octo/private');
  expect(refused.status).toBe(403);
  expect(refused.text).toContain('octo requires two-factor authentication, and bob has none.');
  expect(refused.text).toContain('/settings/security/two-factor');
  expect((await browser.get('/octo/public')).status).toBe(200);
  expect((await browser.get('/settings/security')).status).toBe(200);
  await ctx.store.transaction((tx) => setTwoFactor(tx, bob.id, ctx.clock.now()));
  expect((await browser.get('/octo/private')).status).toBe(200);
});

test('an owner without one cannot require it of others today, but from a later day', async () => {
  const { ctx, visitor } = await world();
  const ada = visitor();
  await ada.signIn('ada');
  const day = (at: number): string => new Date(at * 1000).toISOString().slice(0, 10);
  const today = await ada.send(POLICY, 'policy', { two_factor_from: day(ctx.clock.now()) });
  expect(today.text).toContain('This would shut you out: you have no two-factor authentication yourself');
  expect((await ada.send(POLICY, 'policy', { two_factor_from: 'tomorrow' })).text).toContain('That is no date');
  await ada.send(POLICY, 'policy', { two_factor_from: day(ctx.clock.now() + 7 * DAY_SEC) });
  const { chosen } = await readPolicy(ctx, OPERATOR, 'octo');
  expect((chosen.twoFactorFrom ?? 0) % DAY_SEC).toBe(0);
  expect((await ada.get(POLICY)).text).toContain(`>${spokenInstant(chosen.twoFactorFrom ?? 0)}</time>`);
});

test('somebody who is required to have one cannot turn it off, and is told who requires it', async () => {
  const made = await world();
  const browser = made.visitor();
  await browser.signIn('bob');
  await withTwoFactor(made, browser);
  await changePolicy(made.ctx, OPERATOR, 'octo', { twoFactorFrom: made.ctx.clock.now() + DAY_SEC });
  const refused = await browser.sendSurely(TWO_FACTOR, 'disable');
  expect(refused.text).toMatch(
    /octo requires two-factor authentication from <time [^>]*>[^<]+ UTC<\/time> on: leave it on, or leave octo first/,
  );
  await changePolicy(made.ctx, OPERATOR, 'octo', { twoFactorFrom: null });
  expect((await browser.sendSurely(TWO_FACTOR, 'disable')).status).toBe(303);
});

test.each(ENGINES)(
  'a token of somebody without one reads what is public alone, whoever requires it [%s]',
  async (engine) => {
    const made = await apiWorld(engine);
    const { ctx } = made;
    await changePolicy(ctx, OPERATOR, 'Acme', { requiresApproval: false });
    const { secret } = await made.token('Bob', {
      name: 'ci',
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { contents: 'read', metadata: 'read' } })],
    });
    const site = () => made.ask('GET /repos/Acme/site', { token: secret });
    const before = (await site()).status;
    for (const organization of ['Acme', null]) {
      await changePolicy(ctx, OPERATOR, organization, { twoFactorFrom: ctx.clock.now() });
      const refused = await site();
      expect(refused.status).toBe(403);
      expect(refused.body).toMatchObject({ reason: 'two_factor_required' });
      expect(JSON.stringify(refused.body)).toContain('/settings/security/two-factor');
      expect((await made.ask('GET /user', { token: secret })).status).toBe(200);
      await changePolicy(ctx, OPERATOR, organization, { twoFactorFrom: null });
      expect((await site()).status).toBe(before);
    }
  },
);
