/**
 * The API door without a socket, in a small world: Ada owns Acme, Bob is a member, Cy an outsider, Root an
 * administrator of the instance.
 */
import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { type CreatedToken, createToken } from '../../../src/actions/tokens/tokens.ts';
import { githubDoor, PREFIX } from '../../../src/doors/github/door.ts';
import { GRAPHQL_PATH, graphqlDoor } from '../../../src/doors/github/graphql/door.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import type { GrantDraft } from '../../../src/rules/grant-draft.ts';
import type { Engine } from '../../../src/store/db.ts';
import type { TestContext } from '../../actions/context.ts';
import { type Answer, answerOf, smallWorld, type WorldFlags } from '../small-world.ts';

interface Asking {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
}

export interface ApiWorld {
  readonly ctx: TestContext;
  /** Asks the door: `ask('GET /user', { token })`. */
  ask(operation: string, asking?: Asking): Promise<Answer>;
  /** Asks the GraphQL door. */
  graphql(query: string, asking?: Asking & { readonly variables?: object }): Promise<Answer>;
  /** Makes a token for somebody, as an operator would. */
  token(login: string, given?: Partial<TokenDraft>): Promise<{ secret: string; id: number; created: CreatedToken }>;
}

/** The door on its own context. */
export async function apiWorld(engine: Engine = 'sqlite', flags: WorldFlags = {}): Promise<ApiWorld> {
  const ctx = await smallWorld(engine, flags);
  const fastify = Fastify({ logger: false });
  await fastify.register(githubDoor(ctx), { prefix: PREFIX });
  await fastify.register(graphqlDoor(ctx), { prefix: GRAPHQL_PATH });
  onTestFinished(() => fastify.close());
  return {
    ctx,
    ask: (operation, asking) => ask(fastify, operation, asking),
    graphql: (query, { variables, ...asking } = {}) =>
      ask(fastify, `POST ${GRAPHQL_PATH}`, { ...asking, body: { query, variables } }),
    token: (login, given) => token(ctx, login, given),
  };
}

async function ask(
  fastify: ReturnType<typeof Fastify>,
  operation: string,
  { token = null, body, headers = {}, from = '127.0.0.1' }: Asking = {},
): Promise<Answer> {
  const [method, path] = operation.split(' ') as [string, string];
  const response = await fastify.inject({
    method: method as 'GET',
    url: path.startsWith('/api/') ? path : PREFIX + path,
    remoteAddress: from,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return answerOf(response);
}

async function token(
  ctx: TestContext,
  userLogin: string,
  given: Partial<TokenDraft> = {},
): Promise<{ secret: string; id: number; created: CreatedToken }> {
  const created = await createToken(ctx, operatorPermit(), {
    userLogin,
    kind: 'fine-grained',
    name: `token ${Math.random()}`,
    description: '',
    scopes: [],
    grants: given.kind === undefined || given.kind === 'fine-grained' ? [grant()] : [],
    ...given,
  });
  return { secret: created.secret.reveal(), id: created.token.id, created };
}

/** A grant for oneself without permissions; anything can be changed. */
export function grant(given: Partial<GrantDraft> = {}): GrantDraft {
  return { owner: '', selection: 'public', repositories: [], permissions: {}, justification: null, ...given };
}
