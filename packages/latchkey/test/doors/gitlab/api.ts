/**
 * Both API doors without a socket, in a small world: Ada owns Acme, Bob is a member, Cy an outsider, Root an
 * administrator of the instance.
 */
import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { PREFIX as GITHUB, githubDoor } from '../../../src/doors/github/door.ts';
import { GRAPHQL_PATH, graphqlDoor } from '../../../src/doors/github/graphql/door.ts';
import { PREFIX as GITLAB, gitlabDoor } from '../../../src/doors/gitlab/door.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import type { Engine } from '../../../src/store/db.ts';
import type { TestContext } from '../../actions/context.ts';
import { type Answer, answerOf, smallWorld, type WorldFlags } from '../small-world.ts';

interface Asking {
  /** Sent as `PRIVATE-TOKEN`. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The caller's address; 127.0.0.1 by default. */
  readonly from?: string;
}

export interface MadeToken {
  readonly secret: string;
  readonly id: number;
}

export interface GitlabWorld {
  readonly ctx: TestContext;
  /** Asks `/api/v4`: `ask('GET /user', { token })`. */
  ask(operation: string, asking?: Asking): Promise<Answer>;
  /** Asks `/api/v3` with the same. */
  askGithub(operation: string, asking?: Asking): Promise<Answer>;
  /** Asks GraphQL with the same. */
  askGraphql(query: string, asking?: Omit<Asking, 'body'>): Promise<Answer>;
  /** Makes a scoped token for somebody, as an operator would; without an end by default. */
  token(login: string, scopes: readonly string[], given?: Partial<TokenDraft>): Promise<MadeToken>;
}

/** The doors on their own context. */
export async function gitlabWorld(engine: Engine = 'sqlite', flags: WorldFlags = {}): Promise<GitlabWorld> {
  const ctx = await smallWorld(engine, flags);
  await addRepository(ctx, operatorPermit(), { owner: 'Ada', name: 'handbook', visibility: 'internal' });
  const fastify = Fastify({ logger: false });
  await fastify.register(githubDoor(ctx), { prefix: GITHUB });
  await fastify.register(graphqlDoor(ctx), { prefix: GRAPHQL_PATH });
  await fastify.register(gitlabDoor(ctx), { prefix: GITLAB });
  onTestFinished(() => fastify.close());
  const asker =
    (prefix: string) =>
    (operation: string, asking: Asking = {}) =>
      ask(fastify, prefix, operation, asking);
  return {
    ctx,
    ask: asker(GITLAB),
    askGithub: asker(GITHUB),
    askGraphql: (query, asking) => ask(fastify, GRAPHQL_PATH, 'POST ', { ...asking, body: { query } }),
    token: (login, scopes, given) => token(ctx, login, scopes, given),
  };
}

async function ask(
  fastify: ReturnType<typeof Fastify>,
  prefix: string,
  operation: string,
  { token = null, body, headers = {}, from = '127.0.0.1' }: Asking,
): Promise<Answer> {
  const [method, path] = operation.split(' ') as [string, string];
  const spelled =
    token === null ? {} : prefix === GITLAB ? { 'private-token': token } : { authorization: `Bearer ${token}` };
  const response = await fastify.inject({
    method: method as 'GET',
    url: prefix + path,
    remoteAddress: from,
    headers: {
      ...(body !== undefined && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}),
      ...spelled,
      ...headers,
    },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return answerOf(response);
}

async function token(
  ctx: TestContext,
  userLogin: string,
  scopes: readonly string[],
  given: Partial<TokenDraft> = {},
): Promise<MadeToken> {
  const created = await createToken(ctx, operatorPermit(), {
    userLogin,
    kind: 'scoped',
    name: 'one',
    description: '',
    scopes,
    grants: [],
    ...(given.expiresAt === undefined ? { expiresInDays: null } : {}),
    ...given,
  });
  return { secret: created.secret.reveal(), id: created.token.id };
}
