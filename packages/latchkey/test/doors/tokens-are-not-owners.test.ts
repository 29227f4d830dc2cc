/**
 * No token of any kind, at any door, changes how a person signs in. Every operation of every door is called with an
 * administrator's most powerful tokens, with valid bodies. Afterwards passwords, factors, sessions, primary and
 * verified addresses, and the links that lead to them are unchanged.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { handPasswordLink } from '../../src/actions/accounts/new-password.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { type Level, PERMISSIONS } from '../../src/catalogue/permissions.ts';
import { CLASSIC_SCOPES } from '../../src/catalogue/scopes/classic.ts';
import { GITLAB_SCOPES } from '../../src/catalogue/scopes/gitlab.ts';
import { ENDPOINTS as GITHUB } from '../../src/doors/github/endpoints.ts';
import { ENDPOINTS as GITLAB } from '../../src/doors/gitlab/endpoints.ts';
import { PAGES } from '../../src/doors/web/pages.ts';
import { insertEmail } from '../../src/store/emails.ts';
import { grant } from './github/api.ts';
import { type Running, startWorld } from './github/running.ts';

const TARGET = 'ada';
/** Values for path parameters and body fields, by name: what an attacker would write there. */
const VALUES: Readonly<Record<string, unknown>> = {
  owner: TARGET,
  repo: 'site',
  username: TARGET,
  login: TARGET,
  org: 'octo',
  email: 'eve@example.org',
  emails: ['eve@example.org'],
  password: 'a password of eve',
  verified: true,
  admin: true,
  name: 'something',
  user_id: 1,
  path: 'a',
  ref: 'heads/main',
  branch: 'main',
};

type Schema = Readonly<Record<string, unknown>>;

/** A body that the schema accepts, as hostile as possible. */
function bodyFor(schema: Schema | null, name = ''): unknown {
  if (schema === null) return undefined;
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (Array.isArray(schema['anyOf'])) return bodyFor(schema['anyOf'][0] as Schema, name);
  if (name in VALUES && typeof VALUES[name] === schema['type']) return VALUES[name];
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(
        Object.entries((schema['properties'] ?? {}) as Record<string, Schema>).map(([key, each]) => [
          key,
          bodyFor(each, key),
        ]),
      );
    case 'array':
      return name in VALUES && Array.isArray(VALUES[name]) ? VALUES[name] : [bodyFor(schema['items'] as Schema, name)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return 1;
    default:
      return VALUES[name] ?? 'x';
  }
}

/** How many people were requested: each gets a different name, so that none is refused for another's. */
let asked = 0;

/**
 * The whole body, which may be refused for one thing in it; then only the required fields, and these with each other
 * field separately.
 */
function bodiesFor(schema: Schema | null, path: string): unknown[] {
  const whole = bodyFor(schema);
  if (schema?.['type'] !== 'object') return [whole];
  const required = (schema['required'] ?? []) as readonly string[];
  const fields = whole as Readonly<Record<string, unknown>>;
  const least = Object.fromEntries(required.map((name) => [name, fields[name]]));
  const others = Object.keys(fields).filter((name) => !required.includes(name));
  const bodies = [whole, least, ...others.map((name) => ({ ...least, [name]: fields[name] }))];
  if (path !== '/enterprise/users') return bodies;
  return bodies.map((body) => {
    const login = `newcomer-${++asked}`;
    return { ...(body as object), login, email: `${login}@example.org` };
  });
}

/** Somebody else is suspended, so that the tokens live on. */
const filled = (path: string): string =>
  path
    .replace('/enterprise/users/{username}', '/enterprise/users/bob')
    .replace('/projects/{id}', `/projects/${TARGET}%2Fsite`)
    .replace(/\{(\w+)\}|:(\w+)/g, (_, a?: string, b?: string) => String(VALUES[a ?? b ?? ''] ?? 1));

let world: Running;
beforeAll(async () => {
  world = await startWorld();
  await world.person(TARGET, true);
  await world.person('bob');
  const { context } = world.server;
  const { id } = await context.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', TARGET)
    .executeTakeFirstOrThrow();
  for (const [address, verifiedAt] of [
    ['second@example.org', 1],
    ['unverified@example.org', null],
  ] as const)
    await insertEmail(context.store.db, { userId: id, address, verifiedAt, primary: false, at: 1 });
  await handPasswordLink(context, operatorPermit(), TARGET);
}, 60_000);
afterAll(() => world.close());

/** A token of each kind with everything it can have, and a repository to use it on. */
async function mightyTokens(): Promise<string[]> {
  // A test before may have deleted it, and its name is kept from everybody then.
  await world.server.context.store.db.deleteFrom('reserved_names').execute();
  await world.organization('octo', TARGET).catch(() => {});
  await world.repository(`${TARGET}/site`, 'private').catch(() => {});
  const highest = (levels: readonly Level[]): Level => levels.at(-1)!;
  const all = (groups: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      PERMISSIONS.filter(({ group }) => groups.includes(group)).map(({ name, levels }) => [name, highest(levels)]),
    );
  const made = [
    await world.token(TARGET, { kind: 'classic', scopes: CLASSIC_SCOPES.map(({ name }) => name) }),
    await world.token(TARGET, { kind: 'scoped', scopes: GITLAB_SCOPES.map(({ name }) => name) }),
    await world.token(TARGET, {
      grants: [grant({ owner: '', selection: 'all', permissions: all(['account', 'repository']) })],
    }),
    await world.token(TARGET, {
      grants: [grant({ owner: 'octo', selection: 'all', permissions: all(['organization', 'repository']) })],
    }),
  ];
  return made.map(({ secret }) => secret);
}

/** Everything that signs existing people in. */
async function whatSignsIn(): Promise<unknown> {
  const { db } = world.server.context.store;
  const [newcomers, accounts, emails, links] = await Promise.all([
    db
      .selectFrom('accounts')
      .leftJoin('emails', 'emails.user_id', 'accounts.id')
      .where('accounts.id', '>', 2)
      .select(['accounts.id', 'accounts.password_digest', 'accounts.admin', 'emails.verified_at'])
      .execute(),
    db.selectFrom('accounts').selectAll().where('id', '<=', 2).orderBy('id').execute(),
    db.selectFrom('emails').selectAll().where('user_id', '<=', 2).orderBy('id').execute(),
    db.selectFrom('one_time_links').selectAll().orderBy('digest').execute(),
  ]);
  return {
    accounts: accounts.map((row) => [
      row.id,
      row.login,
      row.password_digest,
      row.two_factor_at,
      row.admin,
      row.locked_at,
      row.recovered_at,
    ]),
    primary: emails.filter((row) => row.is_primary === 1).map((row) => [row.address, row.verified_at]),
    newcomers: newcomers.filter((row) => row.password_digest !== null || row.admin === 1 || row.verified_at !== null),
    unverified: emails.filter((row) => row.verified_at === null && row.created_at === 1).map((row) => row.address),
    verifiedLater: emails.filter((row) => (row.verified_at ?? 0) > 1 && row.is_primary === 0),
    // What is mailed to a newcomer is useless for anybody else.
    links: links.filter(
      ({ purpose, user_id }) =>
        !['verification', 'alarm'].includes(purpose) && !newcomers.some(({ id }) => id === user_id),
    ),
    rest: await Promise.all(
      (['second_factors', 'recovery_codes', 'sessions', 'devices'] as const).map((table) =>
        db.selectFrom(table).selectAll().execute(),
      ),
    ),
  };
}

interface Ask {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

async function askAll(asks: readonly Ask[], header: (token: string) => Record<string, string>): Promise<number[]> {
  const tokens = await mightyTokens();
  const statuses: number[] = [];
  for (const { method, url, body } of asks)
    for (const token of tokens) {
      const isForm = body instanceof URLSearchParams;
      const response = await fetch(world.server.url + url, {
        method,
        redirect: 'manual',
        headers: { ...header(token), ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
  return statuses;
}

/** Puts last what takes away things that others need: the tokens themselves, and deletions. */
function last(asks: readonly Ask[]): Ask[] {
  const rank = ({ method, url }: Ask): number =>
    Number(method !== 'GET' && /token|credentials/.test(url)) * 2 + Number(method === 'DELETE');
  return asks.toSorted((a, b) => rank(a) - rank(b));
}

/** An administrator's token may end an account, which lets nobody in: see `delete-person.test.ts`. */
const ENDS_AN_ACCOUNT = 'DELETE /enterprise/users/{username}';

it('GitHub’s API changes nothing that signs a person in', async () => {
  const before = await whatSignsIn();
  const asks = last(
    GITHUB.flatMap(({ method, path, body }): Ask[] => {
      if (`${method} ${path}` === ENDS_AN_ACCOUNT) return [];
      const url = `/api/v3${filled(path)}`;
      return method === 'GET'
        ? [{ method, url }]
        : bodiesFor(body as Schema | null, path).map((each) => ({ method, url, body: each }));
    }),
  );
  expect(asks.length).toBeGreaterThan(80);
  const statuses = await askAll(asks, (token) => ({ authorization: `Bearer ${token}` }));
  expect(statuses.filter((status) => status < 300).length, 'some of it is done').toBeGreaterThan(60);
  expect(await whatSignsIn()).toEqual(before);
});

it('GitLab’s API changes nothing that signs a person in', async () => {
  const before = await whatSignsIn();
  const asks = last(
    GITLAB.map(({ method, path, params }) => ({
      method,
      url: `/api/v4${filled(path)}`,
      ...(method === 'GET'
        ? {}
        : {
            body: Object.fromEntries(
              Object.entries(params).map(([name, { type, values }]) => [
                name,
                values?.[0] ?? VALUES[name] ?? (type === 'strings' ? ['x'] : type === 'boolean' ? true : 'x'),
              ]),
            ),
          }),
    })),
  );
  expect(asks.length).toBeGreaterThan(20);
  const statuses = await askAll(asks, (token) => ({ 'private-token': token }));
  expect(statuses.filter((status) => status < 300).length, 'some of it is done').toBeGreaterThan(5);
  expect(await whatSignsIn()).toEqual(before);
});

it('pages, and what leads to tokens, take no token for a session', async () => {
  const before = await whatSignsIn();
  const form = (fields: Readonly<Record<string, string>>): URLSearchParams =>
    new URLSearchParams({ ...fields, token: 'x', nonce: 'n' });
  const asks: Ask[] = [
    ...PAGES.map(({ path }) => ({ method: 'GET', url: filled(path) })),
    ...PAGES.flatMap(({ path, forms = {} }) =>
      Object.keys(forms).map((id) => ({
        method: 'POST',
        url: filled(path),
        body: form({ form: id, login: TARGET, email: 'eve@example.org', new_password: 'a password of eve' }),
      })),
    ),
    ...['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'].map((grantType) => ({
      method: 'POST',
      url: '/login/oauth/access_token',
      body: form({ client_id: 'latchkey-cli', grant_type: grantType, code: 'x', device_code: 'x' }),
    })),
  ];
  for (const header of [
    (token: string) => ({ authorization: `Bearer ${token}` }),
    (token: string) => ({ authorization: `Basic ${Buffer.from(`${TARGET}:${token}`).toString('base64')}` }),
    (token: string) => ({ 'private-token': token, cookie: `latchkey_session=${token}` }),
  ])
    await askAll(asks, header);
  const after = (await whatSignsIn()) as { rest: readonly unknown[] };
  expect(after).toEqual(before);
});

it('forward authorization and git change nothing that signs a person in', async () => {
  const before = await whatSignsIn();
  const asks: Ask[] = [
    '/forward-auth',
    '/api/forward/check',
    `/${TARGET}/site.git/info/refs?service=git-receive-pack`,
  ].map((url) => ({ method: 'GET', url }));
  await askAll(asks, (token) => ({ authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }));
  expect(await whatSignsIn()).toEqual(before);
});
