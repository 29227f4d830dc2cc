/** Groups as Entra and Okta send them, and what they give in organizations and teams. */
import { beforeEach, expect, it, test } from 'vitest';
import { addOrganization, addUser, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit, type Permit } from '../../../src/actions/decision/authorize.ts';
import { onOrganization } from '../../../src/actions/organizations/organizations.ts';
import { createTeam } from '../../../src/actions/organizations/teams/tree.ts';
import { removeClient } from '../../../src/actions/provisioning/clients.ts';
import { addGroupRule, readGroupRules, removeGroupRule } from '../../../src/actions/provisioning/group-rules.ts';
import { type Directory, directory, ERROR } from './directory.ts';

const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const operator = operatorPermit();
const RULE = { source: 'directory/entra', role: 'member', team: null, teamRole: 'member' } as const;

let here: Directory;
let acme: Permit;
beforeEach(async () => {
  here = await directory();
  await addOrganization(here.ctx, operator, { name: 'acme', owner: 'root' });
  acme = await onOrganization(here.ctx, operator, 'acme');
  await createTeam(here.ctx, acme, {
    organization: 'acme',
    name: 'core',
    description: '',
    isSecret: false,
    parent: null,
  });
});

/** Who is in acme, and in its team, with their roles. */
async function places(): Promise<string[]> {
  const { db } = here.ctx.store;
  const members = await db
    .selectFrom('memberships')
    .innerJoin('accounts', 'accounts.id', 'memberships.user_id')
    .select(['login', 'role'])
    .orderBy('login')
    .execute();
  const team = await db
    .selectFrom('team_members')
    .innerJoin('accounts', 'accounts.id', 'team_members.user_id')
    .select(['login', 'role'])
    .orderBy('login')
    .execute();
  return [...members.map((row) => `${row.login} ${row.role}`), ...team.map((row) => `core: ${row.login} ${row.role}`)];
}

const patch = (id: string, ...operations: readonly object[]) =>
  here.ask(`PATCH /Groups/${id}`, { schemas: [PATCH_OP], Operations: operations });

test('Entra: looks for a group, makes it, adds and removes members, renames and deletes it', async () => {
  const [ada, bob] = [await here.made('ada@example.org'), await here.made('bob@example.org')];
  await addGroupRule(here.ctx, acme, { ...RULE, group: 'Engineers', team: 'core' });
  const look = `GET /Groups?excludedAttributes=members&filter=${encodeURIComponent('displayName eq "engineers"')}`;
  expect((await here.ask(look)).body).toMatchObject({ totalResults: 0, Resources: [] });
  const made = await here.ask('POST /Groups', {
    schemas: [GROUP, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
    externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159',
    displayName: 'Engineers',
    meta: { resourceType: 'Group' },
  });
  const { id } = made.body as { id: string };
  expect([made.status, made.headers['location']]).toEqual([201, `http://localhost:7070/scim/v2/Groups/${id}`]);
  expect(made.body).toMatchObject({ schemas: [GROUP], displayName: 'Engineers', members: [] });
  expect((await here.ask(look)).body.Resources).toEqual([
    expect.objectContaining({ id, displayName: 'Engineers', externalId: '8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159' }),
  ]);
  expect((await here.ask(look)).body.Resources[0].members).toBeUndefined();
  expect(await places()).toEqual(['root owner']);

  const added = await patch(id, { op: 'Add', path: 'members', value: [{ $ref: null, value: ada }, { value: bob }] });
  expect([added.status, added.body.members.map(({ value }: { value: string }) => value)]).toEqual([200, [ada, bob]]);
  const both = ['core: ada member', 'core: bob member'];
  expect(await places()).toEqual(['ada member', 'bob member', 'root owner', ...both]);
  expect((await patch(id, { op: 'Add', path: 'members', value: [{ value: ada }] })).status, 'twice').toBe(200);
  await patch(id, { op: 'Remove', path: 'members', value: [{ $ref: null, value: bob }] });
  expect(await places()).toEqual(['ada member', 'root owner', 'core: ada member']);

  await patch(id, { op: 'Replace', path: 'displayName', value: 'Builders' });
  expect(await places(), 'another name is another group').toEqual(['root owner']);
  await patch(id, { op: 'replace', value: { displayName: 'Engineers', 'urn:x:y:Group:costCentre': '7' } });
  expect(await places()).toEqual(['ada member', 'root owner', 'core: ada member']);
  expect([(await here.ask(`DELETE /Groups/${id}`)).status, (await here.ask(`GET /Groups/${id}`)).status]).toEqual([
    204, 404,
  ]);
  expect(await places()).toEqual(['root owner']);
});

test('Okta: pushes a group with its members, replaces all of them, removes one by a filter', async () => {
  const [ada, bob, cy] = [
    await here.made('ada@example.org'),
    await here.made('bob@example.org'),
    await here.made('cy@example.org'),
  ];
  await addGroupRule(here.ctx, acme, { ...RULE, group: 'Everyone' });
  const made = await here.ask('POST /Groups', {
    schemas: [GROUP],
    displayName: 'Everyone',
    members: [
      { value: ada, display: 'ada@example.org' },
      { value: bob, display: 'bob@example.org' },
    ],
  });
  const { id } = made.body as { id: string };
  expect(await places()).toEqual(['ada member', 'bob member', 'root owner']);
  await patch(
    id,
    { op: 'remove', path: `members[value eq "${ada}"]` },
    { op: 'add', path: 'members', value: [{ value: cy }] },
  );
  expect(await places()).toEqual(['bob member', 'cy member', 'root owner']);
  await patch(id, { op: 'replace', value: { id, displayName: 'Everyone' } });
  expect(await places(), 'its name again').toEqual(['bob member', 'cy member', 'root owner']);
  await patch(id, { op: 'replace', path: 'members', value: [{ value: ada, display: 'ada' }] });
  expect(await places()).toEqual(['ada member', 'root owner']);
  await here.ask(`PUT /Groups/${id}`, { schemas: [GROUP], id, displayName: 'Everyone', members: [{ value: bob }] });
  expect(await places()).toEqual(['bob member', 'root owner']);
  await here.patch(bob, { op: 'replace', value: { active: false } });
  expect(await places(), 'disabled, and still in the group').toEqual(['bob member', 'root owner']);
  await here.ask(`DELETE /Users/${bob}`);
  expect(await places(), 'let go').toEqual(['root owner']);
});

test('members are added and removed by the thousand, in one call', async () => {
  const { ctx } = here;
  await addGroupRule(ctx, acme, { ...RULE, group: 'Everyone', team: 'core' });
  const { id: clientId } = await ctx.store.db.selectFrom('provisioning_clients').select('id').executeTakeFirstOrThrow();
  const count = 2_000;
  const ids = await ctx.store.transaction(async (tx) => {
    const rows = Array.from({ length: count }, (_, i) => i);
    for (const i of rows)
      await tx
        .insertInto('accounts')
        .values({ kind: 'user', login: `p${i}`, login_key: `p${i}`, name: '', created_at: 1 })
        .execute();
    const made = await tx.selectFrom('accounts').select('id').where('login', 'like', 'p%').execute();
    for (const { id } of made)
      await tx
        .insertInto('provisioned_users')
        .values({
          user_id: id,
          client_id: clientId,
          external_id: null,
          user_name: `p${id}`,
          user_name_key: `p${id}`,
          address_key: null,
          person_json: '{}',
          created_at: 1,
          updated_at: 1,
        })
        .execute();
    return made.map((row) => String(row.id));
  });
  const made = await here.ask('POST /Groups', { schemas: [GROUP], displayName: 'Everyone' });
  const members = ids.map((value) => ({ $ref: `http://localhost:7070/scim/v2/Users/${value}`, value }));
  const added = await patch(made.body.id, { op: 'Add', path: 'members', value: members });
  expect([added.status, added.body.members.length, (await places()).length]).toEqual([200, count, 2 * count + 1]);
  await patch(made.body.id, { op: 'Remove', path: 'members' });
  expect(await places()).toEqual(['root owner']);
});

it('whom somebody added by hand is neither changed nor removed; what is changed by hand is theirs', async () => {
  const [ada, bob] = [await here.made('ada@example.org'), await here.made('bob@example.org')];
  await setMember(here.ctx, operator, { organization: 'acme', login: 'ada', role: 'member' });
  const group = (await here.ask('POST /Groups', { schemas: [GROUP], displayName: 'Admins' })).body.id as string;
  const { rule } = await addGroupRule(here.ctx, acme, { ...RULE, group: 'Admins', role: 'owner', team: 'core' });
  await patch(group, { op: 'Add', path: 'members', value: [{ value: ada }, { value: bob }] });
  const both = ['core: ada member', 'core: bob member'];
  expect(await places()).toEqual(['ada member', 'bob owner', 'root owner', ...both]);
  await setMember(here.ctx, operator, { organization: 'acme', login: 'bob', role: 'member' });
  await patch(group, { op: 'Add', path: 'externalId', value: 'g-1' });
  expect(await places(), 'made a member by hand').toEqual(['ada member', 'bob member', 'root owner', ...both]);
  await removeGroupRule(here.ctx, acme, rule.id);
  expect(await places()).toEqual(['ada member', 'bob member', 'root owner']);
});

it('the last owner stays, two groups count together, and people stay when the directory goes', async () => {
  const [ada, bob] = [await here.made('ada@example.org'), await here.made('bob@example.org')];
  const make = async (displayName: string): Promise<string> =>
    (await here.ask('POST /Groups', { schemas: [GROUP], displayName, members: [{ value: ada }] })).body.id as string;
  const [admins, staff] = [await make('Admins'), await make('Staff')];
  await addGroupRule(here.ctx, acme, { ...RULE, group: 'Admins', role: 'owner' });
  const { rule } = await addGroupRule(here.ctx, acme, { ...RULE, group: 'Staff' });
  expect(await places()).toEqual(['ada owner', 'root owner']);
  await patch(admins, { op: 'Remove', path: 'members', value: [{ value: ada }] });
  expect(await places()).toEqual(['ada member', 'root owner']);
  await patch(admins, { op: 'Add', path: 'members', value: [{ value: ada }] });
  const { ctx } = here;
  await ctx.store.transaction(async (tx) => {
    await tx.deleteFrom('memberships').where('user_id', '<>', Number(ada)).execute();
  });
  await patch(staff, { op: 'Add', path: 'members', value: [{ value: bob }] });
  for (const id of [admins, staff]) await patch(id, { op: 'Remove', path: 'members', value: [{ value: ada }] });
  expect(await places(), 'the last owner').toEqual(['ada owner', 'bob member']);
  expect((await readGroupRules(ctx, acme)).people.get('directory/entra')).toBe(2);
  await removeClient(ctx, operator, 'entra');
  expect(await places()).toEqual(['ada owner', 'bob member']);
  await expect(removeGroupRule(ctx, acme, rule.id)).rejects.toThrow('There is no such rule.');
});

it('refuses strangers, groups in groups, names twice, and unknown forms, and changes nothing', async () => {
  const ada = await here.made('ada@example.org');
  const other = await here.another({ name: 'okta' });
  const { id } = (await here.ask('POST /Groups', { schemas: [GROUP], displayName: 'Engineers' })).body;
  const { id: root } = (await here.ctx.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', 'root')
    .executeTakeFirst())!;
  const cases: readonly (readonly [object, number, string])[] = [
    [
      { op: 'Add', path: 'members', value: [{ value: ada }, { value: String(root) }] },
      400,
      `no person ${root} of this`,
    ],
    [{ op: 'Add', path: 'members', value: [{ value: '1', type: 'Group' }] }, 400, 'Groups in groups are not taken'],
    [{ op: 'Add', path: 'members', value: [{ value: 'ada' }] }, 400, 'the id of a person'],
    [{ op: 'Remove', path: 'members[display eq "ada"]' }, 400, 'members[value eq "ID"]'],
    [{ op: 'Replace', path: 'displayName', value: '' }, 400, 'needs a displayName'],
    [{ op: 'Remove', path: 'displayName' }, 400, 'always needed'],
    [{ op: 'Replace', path: 'displayName', value: `a\u202e` }, 400, 'U+202E'],
    [{ op: 'Replace', path: 'displayName', value: 'x'.repeat(257) }, 400, 'at most 256'],
  ];
  for (const [operation, status, words] of cases) {
    const { status: got, body } = await patch(id, { op: 'Add', path: 'members', value: [{ value: ada }] }, operation);
    expect([got, body.detail]).toEqual([status, expect.stringContaining(words)]);
  }
  const twice = await here.ask('POST /Groups', { schemas: [GROUP], displayName: 'ENGINEERS' });
  expect([twice.status, twice.body]).toEqual([
    409,
    expect.objectContaining({ schemas: [ERROR], scimType: 'uniqueness' }),
  ]);
  expect((await here.ask(`GET /Groups/${id}`, undefined, other)).status, 'another directory’s').toBe(404);
  expect((await here.ask(`GET /Groups/${id}`)).body.members).toEqual([]);
  const odd = await here.ask('GET /Groups?filter=meta.lastModified+eq+%22x%22');
  expect([odd.status, odd.body.scimType]).toEqual([400, 'invalidFilter']);
  const draft = { login: 'eve', email: 'eve@example.org', verified: true, admin: false, password: null };
  await addUser(here.ctx, operator, draft);
  await expect(addGroupRule(here.ctx, acme, { ...RULE, group: 'x', source: 'directory/none' })).rejects.toThrow(
    'no source',
  );
  await expect(addGroupRule(here.ctx, acme, { ...RULE, group: 'x', team: 'none' })).rejects.toThrow('has no team none');
});
