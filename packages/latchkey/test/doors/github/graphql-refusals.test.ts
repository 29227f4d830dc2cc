/** GraphQL: refusals in GitHub's form, and limits. */
import { describe, expect, it } from 'vitest';
import { MAX_BODY_BYTES } from '../../../src/doors/github/graphql/door.ts';
import {
  MAX_ALIASES,
  MAX_DEPTH,
  MAX_FIELDS,
  MAX_NODES,
  MAX_QUERY_BYTES,
} from '../../../src/doors/github/graphql/limits.ts';
import { grant } from './api.ts';
import { fill, graphqlWorld } from './graphql-world.ts';

const PATH = 'POST /api/graphql';

describe('GraphQL refuses', () => {
  it('who shows no credential, or a dead one, as REST does', async () => {
    const made = await graphqlWorld();
    const none = await made.graphql('{viewer{login}}');
    expect([none.status, none.body]).toMatchObject([401, { reason: 'credentials_missing', status: '401' }]);
    const bad = await made.graphql('{viewer{login}}', { token: 'ghp_000000000000000000000000000000000000' });
    expect([bad.status, bad.body.message]).toEqual([401, 'Bad credentials']);
    const get = await made.ask('GET /api/graphql?query={viewer{login}}', { token: made.ada });
    expect([get.status, get.headers['allow']]).toEqual([404, 'POST, OPTIONS']);
    expect(get.text).toContain('/api/v3');
    const preflight = await made.ask('OPTIONS /api/graphql');
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*']);
  });

  it('what is no query, with a sentence', async () => {
    const made = await graphqlWorld();
    const send = async (body: unknown) => {
      const { status, body: said } = await made.ask(PATH, { token: made.ada, body });
      return [status, said.message];
    };
    expect(await send({})).toEqual([400, 'A query attribute must be specified and must be a string.']);
    expect(await send([{ query: '{viewer{login}}' }])).toMatchObject([400, expect.stringContaining('one query')]);
    expect(await send('{')).toEqual([400, 'Problems parsing JSON']);
    expect(await send({ query: '{viewer{login}}', variables: [1] })).toEqual([400, 'Variables are a JSON object.']);
    expect(await send({ query: `{viewer{login}}${' '.repeat(MAX_QUERY_BYTES)}` })).toMatchObject([413, /at most/]);
    expect(await send({ query: '{viewer{login}}', variables: { x: ' '.repeat(MAX_BODY_BYTES) } })).toMatchObject([
      413,
      expect.stringContaining('at most'),
    ]);
  });

  it('an unknown field and broken syntax with 200 and errors, in GitHub’s words', async () => {
    const made = await graphqlWorld();
    const unknown = await made.graphql('query UserCurrent{viewer{login x}}', { token: made.ada });
    expect([unknown.status, unknown.body]).toMatchObject([
      200,
      {
        errors: [
          {
            path: ['query UserCurrent', 'viewer', 'x'],
            extensions: { code: 'undefinedField', typeName: 'User', fieldName: 'x' },
            message: "Field 'x' doesn't exist on type 'User'",
          },
        ],
      },
    ]);
    const broken = await made.graphql('{viewer{', { token: made.ada });
    expect([broken.status, broken.body.errors[0].message]).toEqual([200, expect.stringMatching(/^Parse error/)]);
    const two = await made.graphql('query A{viewer{login}} query B{viewer{id}}', { token: made.ada });
    expect(two.body.errors[0].message).toBe('An operation name is required');
  });

  it('a repository that one may not see like one that isn’t there; the rest of the answer stands', async () => {
    const made = await graphqlWorld();
    const { secret: token } = await made.token('Cy', { kind: 'classic', scopes: ['repo'] });
    const { body } = await made.graphql(
      '{a: repository(owner:"Acme",name:"site"){id} b: repository(owner:"Acme",name:"nope"){id} viewer{login}}',
      { token },
    );
    expect(body.data).toEqual({ a: null, b: null, viewer: { login: 'Cy' } });
    const said = (name: string) => `Could not resolve to a Repository with the name 'Acme/${name}'.`;
    expect(body.errors).toMatchObject([
      { type: 'NOT_FOUND', path: ['a'], message: said('site') },
      { type: 'NOT_FOUND', path: ['b'], message: said('nope') },
    ]);
    const [a, b] = body.errors;
    expect(JSON.stringify(a.extensions).replaceAll('site', 'nope')).toBe(JSON.stringify(b.extensions));
    // By number as by name.
    const { repository } = await made.data('{repository(owner:"Acme",name:"site"){id}}');
    const ask = (id: string) => made.graphql('query($id:ID!){node(id:$id){id}}', { token, variables: { id } });
    const none = Buffer.from('010:Repository999').toString('base64');
    const [hidden, absent] = [await ask(repository.id), await ask(none)];
    const words = (text: string, id: string): string =>
      text.replaceAll(id, 'ID').replace(/"detail":"\d+ /, '"detail":"N ');
    expect(words(hidden.text, repository.id)).toBe(words(absent.text, none));
    expect(hidden.body.errors[0]).toMatchObject({ type: 'NOT_FOUND', path: ['node'] });
  });

  it('contents to a token for metadata alone, but tells it the default branch, as REST does', async () => {
    const made = await graphqlWorld();
    fill(made, 'Acme', 'site');
    const { secret: token } = await made.token('Ada', {
      grants: [grant({ owner: 'Acme', selection: 'all', permissions: { metadata: 'read' } })],
    });
    const { body } = await made.graphql(
      `{repository(owner:"Acme",name:"site"){name defaultBranchRef{name target{oid}} object(expression:"main"){oid}
        refs(first:1,refPrefix:"refs/heads/"){totalCount}}}`,
      { token },
    );
    expect(body.data.repository).toEqual({
      name: 'site',
      defaultBranchRef: { name: 'main', target: null },
      object: null,
      refs: null,
    });
    expect(body.errors.map((error: { path: unknown }) => error.path)).toEqual(
      expect.arrayContaining([
        ['repository', 'object'],
        ['repository', 'refs'],
        ['repository', 'defaultBranchRef', 'target'],
      ]),
    );
    expect(body.errors[0]).toMatchObject({
      type: 'FORBIDDEN',
      message: 'Resource not accessible by personal access token',
      extensions: { saml_failure: false, reason: 'permission_missing', missing: { contents: 'read' } },
    });
  });

  it('a classic token without the scope, naming the field, the scopes and where to change them', async () => {
    const made = await graphqlWorld();
    const { secret: token } = await made.token('Ada', { kind: 'classic', scopes: ['gist'] });
    const { body } = await made.graphql('{viewer{organizations(first:1){totalCount}}}', { token });
    expect(body.errors).toMatchObject([
      {
        type: 'INSUFFICIENT_SCOPES',
        message: expect.stringMatching(
          /^Your token has not been granted .* 'organizations' field .* \['gist'\] scopes/,
        ),
      },
    ]);
  });

  it('a change that REST refuses, and then nothing has changed', async () => {
    const made = await graphqlWorld();
    const { repository } = await made.data('{repository(owner:"Acme",name:"docs"){id}}');
    const { secret: token } = await made.token('Cy', { kind: 'classic', scopes: ['repo'] });
    const change = async (mutation: string, variables: object) =>
      (await made.graphql(mutation, { token, variables })).body;
    const refused = await change('mutation($id:ID!){archiveRepository(input:{repositoryId:$id}){repository{id}}}', {
      id: repository.id,
    });
    expect(refused).toMatchObject({
      data: { archiveRepository: null },
      errors: [{ type: 'FORBIDDEN', path: ['archiveRepository'] }],
    });
    const { body: org } = await made.ask('GET /orgs/Acme', { token });
    const inOrg = await change('mutation($i:CreateRepositoryInput!){createRepository(input:$i){repository{id}}}', {
      i: { name: 'x', visibility: 'PUBLIC', ownerId: org.node_id },
    });
    expect(inOrg.errors).toMatchObject([{ type: 'FORBIDDEN' }]);
    expect((await made.data('{repository(owner:"Acme",name:"docs"){isArchived}}')).repository.isArchived).toBe(false);
  });
});

describe('GraphQL has a limit', () => {
  it('of fields, depth, aliases, nodes and bounds of lists, and says which', async () => {
    const made = await graphqlWorld();
    const typeOf = async (query: string): Promise<string | undefined> =>
      (await made.graphql(query, { token: made.ada })).body.errors?.[0].type;
    const aliases = (count: number): string =>
      `{viewer{${Array.from({ length: count }, (_, i) => `a${i}:login`).join(' ')}}}`;
    expect([await typeOf(aliases(MAX_ALIASES)), await typeOf(aliases(MAX_ALIASES + 1))]).toEqual([
      undefined,
      'RESOURCE_LIMITS_EXCEEDED',
    ]);
    const fields = (count: number): string => `{${'viewer{login}'.repeat(count / 2)}}`;
    expect([await typeOf(fields(MAX_FIELDS)), await typeOf(fields(MAX_FIELDS + 2))]).toEqual([
      undefined,
      'RESOURCE_LIMITS_EXCEEDED',
    ]);
    const deep = (depth: number): string =>
      `{repository(owner:"Acme",name:"site"){${'defaultBranchRef{repository{'.repeat(depth / 2 - 1)}name${'}}'.repeat(
        depth / 2 - 1,
      )}}}`;
    expect([await typeOf(deep(MAX_DEPTH - 1)), await typeOf(deep(MAX_DEPTH + 1))]).toEqual([
      undefined,
      'RESOURCE_LIMITS_EXCEEDED',
    ]);
    const nodes = (each: number): string =>
      `{viewer{repositories(first:50){nodes{refs(first:${each},refPrefix:"refs/heads/"){nodes{name}}}}}}`;
    expect([await typeOf(nodes(MAX_NODES / 50 - 1)), await typeOf(nodes(MAX_NODES / 50))]).toEqual([
      undefined,
      'MAX_NODE_LIMIT_EXCEEDED',
    ]);
    expect(await typeOf('{viewer{repositories{nodes{name}}}}')).toBe('MISSING_PAGINATION_BOUNDARIES');
    expect(await typeOf('{viewer{repositories{totalCount}}}')).toBeUndefined();
    expect(await typeOf('{viewer{repositories(first:101){nodes{name}}}}')).toBe('EXCESSIVE_PAGINATION');
    // Fragments count where they are used: twenty that each use the next one twice would be a million fields.
    const fragments = Array.from({ length: 20 }, (_, i) => `fragment f${i} on User{...f${i + 1} ...f${i + 1}}`);
    expect(await typeOf(`{viewer{...f0}}${fragments.join('')}fragment f20 on User{login}`)).toBe(
      'RESOURCE_LIMITS_EXCEEDED',
    );
    expect(await typeOf('{viewer{...a}} fragment a on User{...b} fragment b on User{...a}')).toBe(
      'RESOURCE_LIMITS_EXCEEDED',
    );
  });

  it('of contents in one answer', async () => {
    const made = await graphqlWorld();
    const content = Buffer.alloc(600 * 1024, 'x').toString('base64');
    const body = { message: 'big', content };
    await made.ask('PUT /repos/Acme/docs/contents/big.txt', { token: made.ada, body });
    const ask = async (times: number) => {
      const texts = Array.from(
        { length: times },
        (_, i) => `a${i}:object(expression:"HEAD:big.txt"){...on Blob{text}}`,
      );
      return (await made.graphql(`{repository(owner:"Acme",name:"docs"){${texts.join(' ')}}}`, { token: made.ada }))
        .body;
    };
    expect((await ask(15)).errors).toBeUndefined();
    expect((await ask(17)).errors).toContainEqual(
      expect.objectContaining({ type: 'RESOURCE_LIMITS_EXCEEDED', message: expect.stringContaining('8388608 bytes') }),
    );
  });

  it('of uses: a token for one use changes one thing, however many a query asks for', async () => {
    const made = await graphqlWorld();
    const { secret: token } = await made.token('Ada', { kind: 'classic', scopes: ['repo'], usesLeft: 1 });
    const { body, headers } = await made.graphql(
      `mutation{a:createRepository(input:{name:"a",visibility:PUBLIC}){repository{name}}
        b:createRepository(input:{name:"b",visibility:PUBLIC}){repository{name}}}`,
      { token },
    );
    expect(body.data).toEqual({ a: { repository: { name: 'a' } }, b: null });
    expect(body.errors).toMatchObject([{ path: ['b'], extensions: { reason: 'token_used_up' } }]);
    expect(headers['x-ratelimit-used']).toBe('2');
  });

  it('of points an hour, apart from REST’s, in GitHub’s headers and as a field', async () => {
    const made = await graphqlWorld();
    const { headers } = await made.graphql('{viewer{login}}', { token: made.ada });
    expect(headers).toMatchObject({ 'x-ratelimit-resource': 'graphql', 'x-ratelimit-used': '1' });
    const wide = '{viewer{repositories(first:100){nodes{refs(first:2,refPrefix:"refs/heads/"){nodes{name}}}}}';
    const asked = await made.graphql(`${wide} rateLimit{cost nodeCount used}}`, { token: made.ada });
    expect(asked.body.data.rateLimit).toEqual({ cost: 3, nodeCount: 300, used: 4 });
    expect((await made.ask('GET /user', { token: made.ada })).headers['x-ratelimit-used']).toBe('1');
  });
});
