/**
 * One token of each kind at every door: git, `/api/v3`, `/api/v4`, with one decision behind them. Real server, real
 * git.
 */
import { expect, it } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { revokeToken } from '../../src/actions/tokens/tokens.ts';
import type { TokenDraft } from '../../src/rules/draft.ts';
import { causesWorld, type World } from '../causes/world.ts';

type Given = Partial<Omit<TokenDraft, 'grants'>>;

/** What a token may do: reading and writing a private repository, through every door. */
interface Doors {
  readonly clone: boolean;
  readonly push: boolean;
  /** Statuses. */
  readonly v3Read: number;
  readonly v3Write: number;
  readonly v4Read: number;
  readonly v4Write: number;
}

const KINDS: readonly [name: string, given: Given, permissions: Readonly<Record<string, string>>, doors: Doors][] = [
  [
    'fine-grained, contents: write',
    {},
    { contents: 'write' },
    { clone: true, push: true, v3Read: 200, v3Write: 201, v4Read: 200, v4Write: 201 },
  ],
  [
    'fine-grained, contents: read',
    {},
    { contents: 'read' },
    { clone: true, push: false, v3Read: 200, v3Write: 403, v4Read: 200, v4Write: 403 },
  ],
  [
    'classic, repo',
    { kind: 'classic', scopes: ['repo'] },
    {},
    { clone: true, push: true, v3Read: 200, v3Write: 201, v4Read: 200, v4Write: 201 },
  ],
  [
    'classic, no scope',
    { kind: 'classic', scopes: [] },
    {},
    { clone: false, push: false, v3Read: 404, v3Write: 404, v4Read: 404, v4Write: 404 },
  ],
  [
    'scoped, api',
    { kind: 'scoped', scopes: ['api'] },
    {},
    { clone: true, push: true, v3Read: 200, v3Write: 201, v4Read: 200, v4Write: 201 },
  ],
  [
    'scoped, write_repository',
    { kind: 'scoped', scopes: ['write_repository'] },
    {},
    { clone: true, push: true, v3Read: 403, v3Write: 403, v4Read: 403, v4Write: 403 },
  ],
  [
    'scoped, read_api',
    { kind: 'scoped', scopes: ['read_api'] },
    {},
    { clone: false, push: false, v3Read: 200, v3Write: 403, v4Read: 200, v4Write: 403 },
  ],
];

async function rest(
  world: World,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<number> {
  const json =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
  const answer = await fetch(`${world.url}${path}`, { method, headers, ...json });
  await answer.arrayBuffer();
  return answer.status;
}

async function tried(world: World, secret: string, place: string): Promise<Doors> {
  const bearer = { authorization: `Bearer ${secret}` };
  const privateToken = { 'private-token': secret };
  const attempt = { username: 'bob', secret, repository: 'acme/site' } as const;
  const [clone, push] = [
    await world.git({ ...attempt, operation: 'clone' }),
    await world.git({ ...attempt, operation: 'push' }),
  ];
  const content = Buffer.from(place).toString('base64');
  return {
    clone: clone.ok,
    push: push.ok,
    v3Read: await rest(world, 'GET', '/api/v3/repos/acme/site/branches', bearer),
    v3Write: await rest(world, 'PUT', `/api/v3/repos/acme/site/contents/v3-${place}.txt`, bearer, {
      message: 'Try',
      content,
      branch: 'main',
    }),
    v4Read: await rest(world, 'GET', '/api/v4/projects/acme%2Fsite/repository/branches', privateToken),
    v4Write: await rest(world, 'POST', `/api/v4/projects/acme%2Fsite/repository/files/v4-${place}.txt`, privateToken, {
      commit_message: 'Try',
      content: place,
      branch: 'main',
    }),
  };
}

/** A repository's first branch becomes its default one: here `main`, before anybody tries a push. */
async function beginMain(world: World): Promise<void> {
  const { secret } = await world.token({ kind: 'classic', scopes: ['repo'], name: 'first commit' });
  const file = { message: 'Begin', content: Buffer.from('first').toString('base64') };
  const bearer = { authorization: `Bearer ${secret}` };
  expect(await rest(world, 'PUT', '/api/v3/repos/acme/site/contents/first.txt', bearer, file)).toBe(201);
}

it('each kind of token opens the same operations at every door', async () => {
  const world = await causesWorld();
  await beginMain(world);
  for (const [i, [name, given, permissions, doors]] of KINDS.entries()) {
    const { secret } = await world.token({
      ...given,
      name: `kind ${i}`,
      ...(given.kind === undefined ? { grants: [{ permissions }] } : {}),
    });
    expect(await tried(world, secret, String(i)), name).toEqual(doors);
  }
}, 240_000);

it('a revoked token is dead at every door', async () => {
  const world = await causesWorld();
  const { secret, id } = await world.token({ kind: 'scoped', scopes: ['api'] });
  await revokeToken(world.server.context, operatorPermit(), id);
  expect(await tried(world, secret, 'gone')).toEqual({
    clone: false,
    push: false,
    v3Read: 401,
    v3Write: 401,
    v4Read: 401,
    v4Write: 401,
  });
}, 60_000);
