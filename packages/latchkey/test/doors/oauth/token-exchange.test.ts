/** RFC 8693: a job changes its token for a narrower one, at the address that OAuth clients know. */
import { expect, test } from 'vitest';
import { causesWorld, type World } from '../../causes/world.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:access_token';

type Fields = Record<string, string> | [string, string][];

async function exchange(world: World, fields: Fields, path = '/oauth/token') {
  const answer = await fetch(world.url + path, {
    method: 'POST',
    body: new URLSearchParams([['grant_type', GRANT], ...(Array.isArray(fields) ? fields : Object.entries(fields))]),
  });
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}

test('a token is exchanged for a narrower one that pushes, is its own subject, and dies with it', async () => {
  const site = await causesWorld();
  const { url } = site;
  const { secret } = await site.token();
  const subject = { subject_token: secret, subject_token_type: TYPE };
  const metadata = (await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()) as {
    grant_types_supported: string[];
  };
  expect(metadata.grant_types_supported).toContain(GRANT);
  for (const path of ['/oauth/token', '/login/oauth/access_token']) {
    const { status, body } = await exchange(
      site,
      { ...subject, scope: 'contents:write', resource: `${url}/acme/site.git`, expires_in: '600', agent: 'bot/1' },
      path,
    );
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^lkd_/),
        issued_token_type: TYPE,
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        scope: 'contents:write',
      },
    ]);
    const attempt = { username: 'bob', secret: body['access_token']!, repository: 'acme/site' };
    expect(await site.git({ ...attempt, operation: 'push' })).toMatchObject({ ok: true });
    const again = await exchange(site, { subject_token: body['access_token']!, subject_token_type: TYPE });
    expect([again.status, again.body['scope']]).toEqual([200, 'contents:write metadata:read']);
  }
});

const REFUSED: readonly [string, Fields, string, string][] = [
  ['no subject', { subject_token_type: TYPE }, 'invalid_request', 'subject_token is needed.'],
  [
    'a type of subject that is not known',
    { subject_token: 'x', subject_token_type: 'constructor' },
    'invalid_request',
    'subject_token_type must be',
  ],
  [
    'a subject that opens nothing',
    { subject_token: 'lkf_nothing', subject_token_type: TYPE },
    'invalid_request',
    'subject_token: ',
  ],
  [
    'a refresh token',
    {
      subject_token: 'SECRET',
      subject_token_type: TYPE,
      requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
    },
    'invalid_request',
    'requested_token_type',
  ],
  [
    'an actor',
    { subject_token: 'SECRET', subject_token_type: TYPE, actor_token: 'x', actor_token_type: TYPE },
    'invalid_request',
    'Actor tokens',
  ],
  [
    'a permission that it lacks',
    { subject_token: 'SECRET', subject_token_type: TYPE, scope: 'secrets:write' },
    'invalid_scope',
    'does not have secrets: write',
  ],
  [
    'a scope that is none',
    { subject_token: 'SECRET', subject_token_type: TYPE, scope: 'repo' },
    'invalid_scope',
    'There is no permission repo',
  ],
  [
    'another server',
    { subject_token: 'SECRET', subject_token_type: TYPE, resource: 'https://elsewhere.example/acme/site' },
    'invalid_target',
    'resource can only be',
  ],
  [
    'another audience',
    { subject_token: 'SECRET', subject_token_type: TYPE, audience: 'elsewhere' },
    'invalid_target',
    'audience can only be',
  ],
  [
    'a repository that it does not reach',
    { subject_token: 'SECRET', subject_token_type: TYPE, resource: 'URL/acme/secret' },
    'invalid_target',
    'reaches no repository acme/secret',
  ],
  [
    'a life without end',
    { subject_token: 'SECRET', subject_token_type: TYPE, expires_in: 'never' },
    'invalid_request',
    'number of seconds',
  ],
  [
    'a parameter twice',
    [
      ['subject_token', 'a'],
      ['subject_token', 'SECRET'],
      ['subject_token_type', TYPE],
    ],
    'invalid_request',
    'more than once',
  ],
];

test('whatever is wrong or too much is refused in words, and nothing is issued', async () => {
  const world = await causesWorld();
  const { secret } = await world.token();
  for (const [name, fields, error, words] of REFUSED) {
    const filled = (Array.isArray(fields) ? fields : Object.entries(fields)).map(([field, value]): [string, string] => [
      field,
      value.replace('SECRET', secret).replace('URL', world.url),
    ]);
    const { status, body } = await exchange(world, filled);
    expect([name, status, body['error'], body['error_description']]).toEqual([
      name,
      400,
      error,
      expect.stringContaining(words),
    ]);
    expect(JSON.stringify(body)).not.toContain(secret);
  }
  expect(await world.server.context.store.db.selectFrom('derived_tokens').selectAll().execute()).toEqual([]);
});
