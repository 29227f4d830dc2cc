/** What a directory can't do, and is told: other people's accounts, the last administrator, what can't be read. */
import { describe, expect, test } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { consumeRateLimit } from '../../../src/actions/ground/rate-limit.ts';
import { removeClient, rotateClient } from '../../../src/actions/provisioning/clients.ts';
import { linkPerson, unlinkPerson } from '../../../src/actions/provisioning/links.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { ENGINES } from '../../engines/engines.ts';
import { directory, ERROR, USER } from './directory.ts';

const OFF = { op: 'Replace', path: 'active', value: 'False' };

test('nothing is answered without a directory’s token, which opens nothing else and ends at once', async () => {
  const { ctx, ask, rest, secret, token } = await directory();
  expect(secret).toMatch(/^lkp_[A-Za-z0-9]{36}$/);
  const adas = await token('root');
  for (const wrong of [null, adas, `${secret.slice(0, -1)}!`, 'lkp_x'])
    for (const path of ['/Users', '/ServiceProviderConfig', '/Devices', '/']) {
      const answer = await ask(`GET ${path}`, undefined, wrong);
      expect([answer.status, answer.body.schemas, answer.headers['www-authenticate']]).toEqual([
        401,
        [ERROR],
        'Bearer realm="Latchkey"',
      ]);
    }
  expect((await rest(secret)).status).toBe(401);
  const { db } = ctx.store;
  const rows = JSON.stringify(await db.selectFrom('provisioning_clients').selectAll().execute());
  expect(rows).not.toContain(secret);
  const next = (await rotateClient(ctx, operatorPermit(), 'entra')).secret.reveal();
  expect((await ask('GET /Users')).status).toBe(401);
  expect((await ask('GET /Users', undefined, next)).status).toBe(200);
  await removeClient(ctx, operatorPermit(), 'entra');
  expect((await ask('GET /Users', undefined, next)).status).toBe(401);
});

test('guesses and calls are limited, and the answer says when to go on', async () => {
  const { ctx, ask, secret } = await directory('sqlite', { failedCredentialLimit: '3' });
  const guesses = [];
  for (let i = 0; i < 4; i += 1) guesses.push((await ask('GET /Users', undefined, 'lkp_guess')).status);
  expect(guesses).toEqual([401, 401, 401, 429]);
  expect((await ask('GET /Users')).status).toBe(200);
  const { id } = await ctx.store.db.selectFrom('provisioning_clients').select('id').executeTakeFirstOrThrow();
  let left = await consumeRateLimit(ctx, 'provisioning', id);
  while (left!.remaining > 1) left = await consumeRateLimit(ctx, 'provisioning', id);
  expect((await ask('GET /Users', undefined, secret)).status).toBe(200);
  const answer = await ask('GET /Users');
  expect([answer.status, answer.body.status]).toEqual([429, '429']);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
});

test('a directory sees its own people alone, and makes none of another’s name', async () => {
  const { ask, made, another, patch } = await directory();
  const id = await made('ada@example.org');
  const okta = await another({ name: 'okta' });
  expect((await ask('GET /Users', undefined, okta)).body.totalResults).toBe(0);
  for (const operation of ['GET', 'PUT', 'PATCH', 'DELETE'])
    expect(
      (await ask(`${operation} /Users/${id}`, { userName: 'ada@example.org', Operations: [OFF] }, okta)).status,
    ).toBe(404);
  const twice = await ask('POST /Users', { userName: 'ADA@example.org', emails: [{ value: 'x@example.org' }] });
  expect(twice).toMatchObject({
    status: 409,
    body: { schemas: [ERROR], status: '409', scimType: 'uniqueness' },
  });
  expect(twice.body.detail).toBe('This directory has somebody with the user name ADA@example.org already.');
  expect((await ask('POST /Users', { userName: 'ada@example.net' }, okta)).status).toBe(409);
  const grace = await made('grace@example.org');
  const renamed = await patch(grace, { op: 'Replace', path: 'userName', value: 'ada@example.org' });
  expect([renamed.status, renamed.body.scimType]).toEqual([409, 'uniqueness']);
  expect((await ask(`GET /Users/${grace}`)).body.userName).toBe('grace@example.org');
});

test('an account that was here before is never taken by its name or address; an administrator links it', async () => {
  const { ctx, ask, patch, token, rest, log } = await directory();
  const ada = { login: 'ada', email: 'countess@example.org', verified: true, admin: false, password: null };
  await addUser(ctx, operatorPermit(), ada);
  const byName = await ask('POST /Users', { userName: 'ada@example.org' });
  expect([byName.status, byName.body.detail]).toEqual([
    409,
    'There is an account ada already, which this directory didn’t make. If it is the same person, an administrator ' +
      'links it: latchkey admin scim link ada --client entra --user-name ada@example.org',
  ]);
  const byAddress = await ask('POST /Users', { userName: 'lovelace', emails: [{ value: 'Countess@example.org' }] });
  expect([byAddress.status, byAddress.body.scimType]).toEqual([409, 'uniqueness']);
  expect(byAddress.body.detail).toContain('Accounts are never linked by an address');
  expect(await accountByLogin(ctx.store.db, 'lovelace')).toBeNull();

  await linkPerson(ctx, operatorPermit(), {
    login: 'ada',
    client: 'entra',
    userName: 'ada@example.org',
    externalId: '4711',
  });
  const found = await ask('GET /Users?filter=externalId%20eq%20%224711%22');
  const secret = await token('ada');
  await patch(found.body.Resources[0].id, OFF);
  expect((await rest(secret)).body.reason).toBe('owner_disabled_by_provider');
  await unlinkPerson(ctx, operatorPermit(), 'ada');
  expect((await ask('GET /Users')).body.totalResults).toBe(0);
  expect((await rest(secret)).body.reason).toBe('owner_disabled_by_provider');
  expect((await log()).map(({ action, by }) => `${action} by ${by}`)).toEqual([
    'external_identity.provision_link by operator',
    'external_identity.deprovision by scim/entra',
    'external_identity.provision_unlink by operator',
  ]);
});

describe.each(ENGINES)('the last administrator [%s]', (engine) => {
  test('stays, also when two are disabled at the same moment', async () => {
    const { ctx, patch, ask } = await directory(engine);
    const ada = { login: 'ada', email: 'ada@example.org', verified: true, admin: true, password: null };
    await addUser(ctx, operatorPermit(), ada);
    for (const login of ['ada', 'root'])
      await linkPerson(ctx, operatorPermit(), {
        login,
        client: 'entra',
        userName: `${login}@example.org`,
        externalId: null,
      });
    const ids = ((await ask('GET /Users')).body.Resources as { id: string }[]).map(({ id }) => id);
    const answers = await Promise.all(ids.map((id) => patch(id, OFF)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403]);
    const refused = answers.find(({ status }) => status === 403);
    expect(refused?.body.detail).toMatch(/^(ada|root) is the only administrator of this server, and stays\./);
    const left = answers.findIndex(({ status }) => status === 403);
    expect((await ask(`DELETE /Users/${ids[left]}`)).status).toBe(403);
    expect((await ask(`GET /Users/${ids[left]}`)).body.active).toBe(true);
  });
});

test.each([
  ['a body that is no JSON', 'POST /Users', '{', 400, 'invalidSyntax'],
  ['a body that is a list', 'POST /Users', [], 400, 'invalidSyntax'],
  ['no user name', 'POST /Users', { emails: [{ value: 'a@example.org' }] }, 400, 'invalidValue'],
  ['a user name that is a number', 'POST /Users', { userName: 7 }, 400, 'invalidValue'],
  ['a user name of no letters', 'POST /Users', { userName: '…@example.org' }, 400, 'invalidValue'],
  ['a name that the server keeps', 'POST /Users', { userName: 'scim@example.org' }, 400, 'invalidValue'],
  ['no address', 'POST /Users', { userName: 'ada' }, 400, 'invalidValue'],
  ['an address that is none', 'POST /Users', { userName: 'ada', emails: [{ value: 'ada' }] }, 400, 'invalidValue'],
  [
    'a name with what nobody sees',
    'POST /Users',
    { userName: 'ada@example.org', displayName: 'a\u202eb' },
    400,
    'invalidValue',
  ],
  ['a long name', 'POST /Users', { userName: 'ada@example.org', displayName: 'a'.repeat(256) }, 400, 'invalidValue'],
  ['active as a number', 'POST /Users', { userName: 'ada@example.org', active: 1 }, 400, 'invalidValue'],
  ['no operation', 'PATCH /Users/ID', { Operations: [] }, 400, 'invalidSyntax'],
  ['an unknown operation', 'PATCH /Users/ID', { Operations: [{ op: 'move', path: 'a' }] }, 400, 'invalidSyntax'],
  [
    'a path that is none',
    'PATCH /Users/ID',
    { Operations: [{ op: 'add', path: 'a b', value: 1 }] },
    400,
    'invalidPath',
  ],
  ['a removal of everything', 'PATCH /Users/ID', { Operations: [{ op: 'remove' }] }, 400, 'invalidPath'],
  ['a removal of active', 'PATCH /Users/ID', { Operations: [{ op: 'remove', path: 'active' }] }, 400, 'mutability'],
  [
    'a removal of the user name',
    'PATCH /Users/ID',
    { Operations: [{ op: 'remove', path: 'userName' }] },
    400,
    'mutability',
  ],
  [
    'active as nonsense',
    'PATCH /Users/ID',
    { Operations: [{ op: 'replace', path: 'active', value: 'no' }] },
    400,
    'invalidValue',
  ],
  ['one bad operation after a good one', 'PATCH /Users/ID', { Operations: [OFF, { op: 'x' }] }, 400, 'invalidSyntax'],
  ['a filter with another operator', 'GET /Users?filter=userName%20sw%20%22a%22', undefined, 400, 'invalidFilter'],
  ['a filter by what is not kept', 'GET /Users?filter=title%20eq%20%22a%22', undefined, 400, 'invalidFilter'],
  ['a filter that ends early', 'GET /Users?filter=userName%20eq', undefined, 400, 'invalidFilter'],
  ['a count that is none', 'GET /Users?count=ten', undefined, 400, 'invalidValue'],
  ['a person of no number', 'GET /Users/ada', undefined, 404, undefined],
  ['devices', 'GET /Devices', undefined, 404, undefined],
])('%s is refused in SCIM’s form, and nothing is changed', async (_what, operation, body, status, scimType) => {
  const { ask, made } = await directory();
  const id = await made('grace@example.org');
  const before = (await ask('GET /Users')).body;
  const answer = await ask(operation.replace('ID', id), body as object);
  expect([answer.status, answer.body.scimType, answer.body.status]).toEqual([status, scimType, String(status)]);
  expect(answer.body.schemas).toEqual([ERROR]);
  expect(answer.body.detail).toMatch(/\.$/);
  expect((await ask('GET /Users')).body).toEqual(before);
});

test('people are listed page by page, with the attributes that are asked for', async () => {
  const { ask, made } = await directory();
  const ids: string[] = [];
  for (const name of ['a1', 'b2', 'c3']) ids.push(await made(`${name}@example.org`));
  const page = async (query: string) => {
    const { body } = await ask(`GET /Users?${query}`);
    return [body.totalResults, body.startIndex, body.itemsPerPage, body.Resources.map((one: { id: string }) => one.id)];
  };
  expect(await page('startIndex=2&count=1')).toEqual([3, 2, 1, [ids[1]]]);
  expect(await page('startIndex=-4&count=2')).toEqual([3, 1, 2, ids.slice(0, 2)]);
  expect(await page('count=0')).toEqual([3, 1, 0, []]);
  expect(await page('count=-1')).toEqual([3, 1, 0, []]);
  expect(await page('startIndex=4&count=10')).toEqual([3, 4, 0, []]);
  const narrow = await ask(`GET /Users/${ids[0]}?attributes=userName,name.givenName`);
  expect(narrow.body).toEqual({ schemas: [USER], id: ids[0], userName: 'a1@example.org' });
  expect((await ask(`GET /Users/${ids[0]}?excludedAttributes=emails,meta`)).body).not.toHaveProperty('emails');
});

test('the server says what it can: people, groups, filters and PATCH', async () => {
  const { ask } = await directory();
  expect((await ask('GET /ServiceProviderConfig')).body).toMatchObject({
    patch: { supported: true },
    bulk: { supported: false },
    filter: { supported: true, maxResults: 200 },
    etag: { supported: false },
  });
  const types = await ask('GET /ResourceTypes');
  expect(types.body.Resources.map(({ id }: { id: string }) => id)).toEqual(['User', 'Group']);
  expect((await ask('GET /ResourceTypes/User')).body.schema).toBe(USER);
  const schema = await ask(`GET /Schemas/${USER}`);
  expect(schema.body.attributes.map(({ name }: { name: string }) => name)).toEqual([
    'userName',
    'externalId',
    'displayName',
    'name',
    'emails',
    'active',
  ]);
  expect((await ask('GET /Schemas/nothing')).status).toBe(404);
});

test('without an identity provider a new person is mailed a link for a password; a disabled one isn’t', async () => {
  const { ctx, ask, another } = await directory();
  const okta = await another({ name: 'okta', trustsAddresses: false });
  await ask('POST /Users', { userName: 'ada@example.org' }, okta);
  await ask('POST /Users', { userName: 'grace@example.org', active: 'False' }, okta);
  const mails = await ctx.store.db.selectFrom('outbox').select(['address', 'template']).execute();
  expect(mails).toEqual([{ address: 'ada@example.org', template: 'welcome' }]);
  const addresses = await ctx.store.db
    .selectFrom('emails')
    .select(['address', 'verified_at'])
    .where('address', 'like', '%@example.org')
    .where('address', '!=', 'root@example.org')
    .execute();
  expect(addresses.map(({ verified_at }) => verified_at)).toEqual([null, null]);
});
