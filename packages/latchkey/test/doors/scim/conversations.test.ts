/** What Entra and Okta say to a SCIM server, step by step, as they document it; and what it means for tokens. */
import { expect, test } from 'vitest';
import { restoreUser, suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { lockUser, unlockUser } from '../../../src/actions/accounts/locks.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { liftProviderFlag } from '../../../src/actions/identity/provider-flag.ts';
import { machineOwner, makeMachine } from '../../../src/actions/organizations/machines.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import { directory, ERROR, USER } from './directory.ts';

const LIST = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

test('Entra: tries with a random name, makes, changes, disables, enables and deletes a person', async () => {
  const { ctx, ask, patch, token, rest, log } = await directory();
  const nobody = await ask('GET /Users?filter=userName+eq+%22non-existent-user%22');
  expect([nobody.status, nobody.headers['content-type']]).toEqual([200, 'application/scim+json; charset=utf-8']);
  expect(nobody.body).toEqual({ schemas: [LIST], totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });

  const made = await ask('POST /Users', {
    schemas: [USER, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    userName: 'Ada.Lovelace@example.org',
    active: true,
    displayName: 'Ada Lovelace',
    emails: [{ primary: true, type: 'work', value: 'ada.lovelace@example.org' }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Ada Lovelace', familyName: 'Lovelace', givenName: 'Ada' },
    roles: [],
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Engines' },
  });
  const { id } = made.body as { id: string };
  const location = `http://localhost:7070/scim/v2/Users/${id}`;
  expect([made.status, made.headers['location']]).toEqual([201, location]);
  expect(made.body).toMatchObject({
    schemas: [USER],
    externalId: '0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef',
    userName: 'Ada.Lovelace@example.org',
    displayName: 'Ada Lovelace',
    name: { formatted: 'Ada Lovelace', familyName: 'Lovelace', givenName: 'Ada' },
    emails: [{ value: 'ada.lovelace@example.org', type: 'work', primary: true }],
    active: true,
    meta: { resourceType: 'User', location },
  });

  for (const filter of [
    'userName eq "ADA.LOVELACE@example.org"',
    'externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"',
    'emails[type eq "work"].value eq "ada.lovelace@example.org"',
    `id eq "${id}" and userName eq "ada.lovelace@example.org"`,
  ]) {
    const found = await ask(`GET /Users?filter=${encodeURIComponent(filter)}`);
    expect([filter, found.body.totalResults, found.body.Resources[0]?.id]).toEqual([filter, 1, id]);
  }
  expect((await ask(`GET /Users/${id}`)).body).toEqual(made.body);

  const changed = await patch(
    id,
    { op: 'Replace', path: 'emails[type eq "work"].value', value: 'ada.king@example.org' },
    { op: 'Replace', path: 'name.familyName', value: 'King' },
    { op: 'Add', path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', value: 'Poetry' },
    { op: 'Add', path: 'title', value: 'Countess' },
    { op: 'Replace', path: 'displayName', value: 'Ada King' },
  );
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({
    displayName: 'Ada King',
    name: { familyName: 'King', givenName: 'Ada' },
    emails: [{ value: 'ada.king@example.org', type: 'work', primary: true }],
  });
  expect(changed.body).not.toHaveProperty('title');

  const secret = await token('Ada-Lovelace');
  expect((await rest(secret)).body).toMatchObject({ login: 'Ada-Lovelace', name: 'Ada King' });
  const disabled = await patch(id, { op: 'Replace', path: 'active', value: 'False' });
  expect([disabled.status, disabled.body.active]).toEqual([200, false]);
  expect((await rest(secret)).body).toMatchObject({
    message: 'Sorry. Your account was suspended.',
    reason: 'owner_disabled_by_provider',
  });
  const stillThere = await ask('GET /Users?filter=userName eq "ada.lovelace@example.org"'.replaceAll(' eq ', '+eq+'));
  expect(stillThere.body.Resources[0].active).toBe(false);

  expect((await patch(id, { op: 'Replace', path: 'active', value: 'True' })).body.active).toBe(true);
  expect((await rest(secret)).status).toBe(200);

  expect((await ask(`DELETE /Users/${id}`)).status).toBe(204);
  expect((await rest(secret)).body.reason).toBe('owner_disabled_by_provider');
  await liftProviderFlag(ctx, operatorPermit(), 'ada-lovelace');
  expect((await rest(secret)).status, 'its tokens are revoked for good').toBe(401);
  const gone = await ask(`GET /Users/${id}`);
  expect([gone.status, gone.body.schemas, gone.body.status]).toEqual([404, [ERROR], '404']);
  expect((await ask(`DELETE /Users/${id}`)).status).toBe(404);
  expect((await log()).map(({ action, by }) => `${action} by ${by}`)).toEqual([
    'external_identity.provision by scim/entra',
    'external_identity.update by scim/entra',
    'external_identity.deprovision by scim/entra',
    'external_identity.reprovision by scim/entra',
    'external_identity.deprovision by scim/entra',
    'external_identity.release by scim/entra',
    'external_identity.reprovision by operator',
  ]);
});

test('Okta: probes, makes, changes by PUT, disables without a path, and never deletes', async () => {
  const { ask, patch, token, rest } = await directory();
  expect((await ask('GET /Users?count=1&startIndex=1')).body).toMatchObject({ totalResults: 0, itemsPerPage: 0 });
  const body = {
    schemas: [USER],
    userName: 'grace@example.org',
    name: { givenName: 'Grace', familyName: 'Hopper' },
    emails: [{ primary: true, value: 'grace@example.org', type: 'work' }],
    displayName: 'Grace Hopper',
    locale: 'en-US',
    externalId: '00ujl29u0le5T6Aj10h7',
    groups: [],
    password: '1mz050nq',
    active: true,
  };
  const made = await ask('POST /Users', body);
  expect(made.status).toBe(201);
  expect(JSON.stringify(made.body)).not.toContain('1mz050nq');
  const { id } = made.body as { id: string };
  expect(
    (await ask('GET /Users?filter=userName%20eq%20%22grace%40example.org%22&startIndex=1&count=100')).body,
  ).toMatchObject({ totalResults: 1, startIndex: 1, itemsPerPage: 1 });
  const put = await ask(`PUT /Users/${id}`, {
    ...made.body,
    name: { givenName: 'Grace', familyName: 'Murray Hopper' },
    displayName: null,
    externalId: undefined,
    active: undefined,
  });
  expect(put.status).toBe(200);
  expect(put.body).toMatchObject({ name: { familyName: 'Murray Hopper' }, active: true });
  expect(put.body).not.toHaveProperty('displayName');
  expect(put.body).not.toHaveProperty('externalId');

  const secret = await token('grace');
  expect((await rest(secret)).body.name).toBe('Grace Murray Hopper');
  expect((await patch(id, { op: 'replace', value: { active: false } })).body.active).toBe(false);
  expect((await rest(secret)).body.reason).toBe('owner_disabled_by_provider');
  expect((await ask(`PUT /Users/${id}`, { ...body, active: true })).body.active).toBe(true);
  expect((await rest(secret)).status).toBe(200);
  expect((await ask(`PUT /Users/${id}`, { ...body, active: false })).body.active).toBe(false);
  expect((await rest(secret)).status).toBe(403);
  expect((await patch(id, { op: 'replace', value: { 'name.givenName': 'G.', active: true } })).body).toMatchObject({
    name: { givenName: 'G.', familyName: 'Hopper' },
    active: true,
  });
});

test('what closes a person’s account closes their machines with it, and nobody else’s', async () => {
  const { ctx, made, patch, rest } = await directory();
  const permit = operatorPermit();
  const id = await made('ada@example.org');
  const tokenOf = async (login: string, owner: string): Promise<string> => {
    await makeMachine(ctx, permit, await machineOwner(ctx, permit, owner), { login, purpose: 'deploys' });
    const draft = { name: 'deploys', description: '', kind: 'fine-grained', scopes: [], userLogin: login } as const;
    const reach = { selection: 'all', repositories: [], permissions: { contents: 'read' } } as const;
    const grants = [{ owner, justification: null, ...reach }];
    return (await createToken(ctx, permit, { ...draft, grants })).secret.reveal();
  };
  const [hers, his] = [await tokenOf('ada-bot', 'ada'), await tokenOf('root-bot', 'root')];
  const told = async (): Promise<unknown[]> => {
    const listed = (await listTokens(ctx, permit, 'ada-bot')).map(({ state }) => state);
    return [(await rest(hers)).body.reason ?? 'open', ...listed, (await rest(his)).body.reason ?? 'open'];
  };
  const open = ['open', 'active', 'open'];
  const closed = (reason: string): string[] => [reason, reason, 'open'];
  expect(await told()).toEqual(open);
  await patch(id, { op: 'Replace', path: 'active', value: 'False' });
  expect(await told()).toEqual(closed('owner_disabled_by_provider'));
  await suspendUser(ctx, permit, 'ada');
  await patch(id, { op: 'Replace', path: 'active', value: 'True' });
  expect(await told()).toEqual(closed('owner_suspended'));
  await suspendUser(ctx, permit, 'ada-bot');
  await restoreUser(ctx, permit, 'ada');
  expect(await told(), 'a machine that was suspended on its own stays so').toEqual(closed('owner_suspended'));
  await restoreUser(ctx, permit, 'ada-bot');
  expect(await told()).toEqual(open);
  await lockUser(ctx, permit, 'ada');
  expect(await told(), 'whoever took the account over may have made the machine').toEqual(closed('account_locked'));
  await unlockUser(ctx, permit, 'ada');
  expect(await told()).toEqual(open);
});

test('what a directory enables stays suspended by the administrator, and the other way round', async () => {
  const { ctx, made, patch, token, rest } = await directory();
  const id = await made('ada@example.org');
  const secret = await token('ada');
  await suspendUser(ctx, operatorPermit(), 'ada');
  await patch(id, { op: 'Replace', path: 'active', value: 'False' });
  expect((await patch(id, { op: 'Replace', path: 'active', value: 'True' })).body.active).toBe(true);
  expect((await rest(secret)).body.reason).toBe('owner_suspended');
  await patch(id, { op: 'Replace', path: 'active', value: 'False' });
  await restoreUser(ctx, operatorPermit(), 'ada');
  expect((await rest(secret)).body.reason).toBe('owner_disabled_by_provider');
});

test.each([
  [
    'one more',
    [{ op: 'Add', path: 'emails', value: [{ value: 'b@example.org', type: 'home' }] }],
    ['a work *', 'b home'],
  ],
  [
    'another in its place',
    [{ op: 'replace', path: 'emails', value: [{ value: 'b@example.org', type: 'work' }] }],
    ['b work'],
  ],
  [
    'one of a type that is not there',
    [{ op: 'Add', path: 'emails[type eq "other"].value', value: 'c@example.org' }],
    ['a work *', 'c other'],
  ],
  [
    'another primary one',
    [{ op: 'add', path: 'emails', value: { value: 'b@example.org', primary: 'True' } }],
    ['a work', 'b *'],
  ],
  ['none of a type', [{ op: 'Remove', path: 'emails[type eq "work"]' }], []],
  ['none of a value', [{ op: 'remove', path: 'emails', value: [{ value: 'A@example.org' }] }], []],
  ['none at all', [{ op: 'Remove', path: 'emails' }], []],
  ['the type of one', [{ op: 'replace', path: 'emails[value eq "a@example.org"].type', value: 'home' }], ['a home *']],
])('PATCH of addresses: %s', async (_what, operations, expected) => {
  const { made, patch } = await directory();
  const answer = await patch(await made('a@example.org'), ...operations);
  const said = (answer.body.emails as { value: string; type?: string; primary: boolean }[]).map(
    ({ value, type = '', primary }) => `${value.split('@')[0]}${type && ` ${type}`}${primary ? ' *' : ''}`,
  );
  expect([answer.status, said]).toEqual([200, expected]);
});
