/** What a provider says of groups at a sign-in, and where it puts people. */
import { expect, it } from 'vitest';
import { addOrganization, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { describedBy } from '../../../src/actions/identity/admission.ts';
import { onOrganization } from '../../../src/actions/organizations/organizations.ts';
import { createTeam } from '../../../src/actions/organizations/teams/tree.ts';
import { addGroupRule } from '../../../src/actions/provisioning/group-rules.ts';
import { type ProviderWorld, providerWorlds } from './provider-world.ts';

const world = providerWorlds();
const operator = operatorPermit();
const ADA = { email: 'ada@example.org', email_verified: true, preferred_username: 'ada' };
const RULE = { source: 'provider/work', role: 'member', team: null, teamRole: 'member' } as const;

/** Acme, owned by root, with a team and two rules; and Ada, of whom the provider says groups. */
async function rules(
  ...lines: readonly string[]
): Promise<ProviderWorld & { say(groups: unknown, more?: object): void }> {
  const here = await world('create-accounts: true', ...lines);
  const { ctx } = here;
  await here.addPerson('root', { admin: true });
  await addOrganization(ctx, operator, { name: 'acme', owner: 'root' });
  const acme = await onOrganization(ctx, operator, 'acme');
  await createTeam(ctx, acme, { organization: 'acme', name: 'core', description: '', isSecret: false, parent: null });
  await addGroupRule(ctx, acme, { ...RULE, group: '/staff', team: 'core', teamRole: 'maintainer' });
  await addGroupRule(ctx, acme, { ...RULE, group: '/admins', role: 'owner' });
  return { ...here, say: (groups, more = {}) => void here.provider.people.set('u-1', { ...ADA, groups, ...more }) };
}

async function places({ ctx: { store } }: ProviderWorld): Promise<string[]> {
  const rows = await store.db
    .selectFrom('memberships')
    .innerJoin('accounts', 'accounts.id', 'memberships.user_id')
    .leftJoin('team_members', 'team_members.user_id', 'memberships.user_id')
    .select(['login', 'memberships.role', 'team_members.role as team'])
    .where('login', '<>', 'root')
    .execute();
  return rows.map(({ login, role, team }) => `${login} ${role} ${team ?? '-'}`);
}

it('each sign-in puts somebody where their groups say, and takes them away from where they don’t', async () => {
  const here = await rules();
  here.say(['/staff', '/everybody']);
  await here.enter('u-1');
  expect(await places(here), 'the first sign-in, which makes the account').toEqual(['ada member maintainer']);
  here.say(['/staff', '/admins']);
  await here.enter('u-1');
  expect(await places(here)).toEqual(['ada owner maintainer']);
  here.say(['/admins']);
  await here.enter('u-1');
  expect(await places(here)).toEqual(['ada owner -']);
  here.say(['/Staff', '/staff/x', 'staff']);
  await here.enter('u-1');
  expect(await places(here), 'to the letter').toEqual([]);
  expect(await here.audited('org.update_member')).toMatchObject([{ permission: 'owner', old_permission: 'member' }]);
  const entries = await here.ctx.store.db
    .selectFrom('audit')
    .select(['actor_login', 'action'])
    .where('action', 'in', ['org.add_member', 'org.remove_member', 'team.add_member'])
    .orderBy('id')
    .execute();
  expect(new Set(entries.map(({ actor_login }) => actor_login))).toEqual(new Set(['sso/work']));
});

it('two thousand groups are read; too many to be said, or none said, change nothing and are told', async () => {
  const here = await rules();
  const many = Array.from({ length: 2000 }, (_, i) => `/groups/of/a/large/company/number-${i}`);
  here.say([...many, '/staff']);
  await here.enter('u-1');
  expect(await places(here)).toEqual(['ada member maintainer']);
  here.say(undefined, { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://x' } } });
  const { visitor } = await here.enter('u-1');
  here.say(undefined);
  await here.enter('u-1');
  expect(await places(here)).toEqual(['ada member maintainer']);
  expect(await here.audited('external_group.unknown')).toEqual([
    { provider: 'work', reason: 'too many to say' },
    { provider: 'work', reason: 'not said' },
  ]);
  const said = describedBy({ hasgroups: 'true' }, { issuer: '', groupsClaim: ['groups'], trustsAddresses: false });
  expect([said.groups, said.groupsOverflow]).toEqual([null, true]);
  expect((await visitor.get('/settings/security-log')).text).toContain('didn’t say which groups');
});

it('groups that only UserInfo says are read, and whom an owner added by hand stays', async () => {
  const here = await rules();
  here.provider.thin = true;
  here.say(['/everybody']);
  await here.enter('u-1');
  await setMember(here.ctx, operator, { organization: 'acme', login: 'ada', role: 'member' });
  here.say(['/admins']);
  await here.enter('u-1');
  expect(await places(here), 'a member by hand becomes no owner').toEqual(['ada member -']);
  here.say([]);
  await here.enter('u-1');
  expect(await places(here)).toEqual(['ada member -']);
});

it('owners give groups places on a page, which asks before a rule goes', async () => {
  const here = await rules();
  const root = here.visitor();
  await root.signIn('root');
  const path = '/organizations/acme/settings/groups';
  expect((await root.get(path)).text).toContain('/admins');
  const form = { source: 'provider/work', group: '/guests', role: 'member', team: 'nobody', team_role: 'member' };
  expect((await root.send(path, 'add', form)).text).toContain('acme has no team nobody.');
  expect((await root.send(path, 'add', { ...form, team: 'core' })).location).toBe(path);
  expect((await root.send(path, 'add', { ...form, team: 'core' })).text).toContain('There is a rule for this group');
  expect((await root.get(path)).text).toContain('/guests');
  here.say(['/guests']);
  const ada = await here.enter('u-1');
  expect((await ada.visitor.get(path)).status, 'a member').not.toBe(200);
});
