/** The door of directories without a socket, beside that of tokens: what one says, and what the other then may. */
import Fastify, { type FastifyInstance } from 'fastify';
import { onTestFinished } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import type { Context } from '../../../src/actions/ground/context.ts';
import { addClient, type ClientDraft } from '../../../src/actions/provisioning/clients.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { PREFIX as GITHUB, githubDoor } from '../../../src/doors/github/door.ts';
import { PREFIX, scimDoor } from '../../../src/doors/scim/door.ts';
import type { Engine } from '../../../src/store/db.ts';
import { contextWith, type TestContext } from '../../actions/context.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export interface Heard {
  readonly status: number;
  // A body is whatever the test says it is.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Directory {
  readonly ctx: TestContext;
  readonly secret: string;
  /** `GET /Users?count=1`, with the directory's token unless another is given; null = none. */
  ask(operation: string, body?: object, token?: string | null): Promise<Heard>;
  /** A PATCH with these operations. */
  patch(id: string, ...operations: readonly object[]): Promise<Heard>;
  /** Makes a person as Entra does; their id. */
  made(userName: string, given?: object): Promise<string>;
  /** Somebody's token, made by the operator. */
  token(login: string): Promise<string>;
  /** What a token is told at `GET /user`. */
  rest(token: string): Promise<Heard>;
  /** Another directory's token. */
  another(draft: Partial<ClientDraft> & { readonly name: string }): Promise<string>;
  /** Actions in the log about identities, with who did them, the first first. */
  log(): Promise<{ readonly action: string; readonly by: string; readonly login: unknown }[]>;
}

export async function doorsOf(ctx: Context): Promise<FastifyInstance> {
  const doors = Fastify({ logger: false });
  await doors.register(scimDoor(ctx), { prefix: PREFIX });
  await doors.register(githubDoor(ctx), { prefix: GITHUB });
  onTestFinished(() => doors.close());
  return doors;
}

export async function heard(
  doors: FastifyInstance,
  operation: string,
  token: string | null,
  body?: object | string,
): Promise<Heard> {
  const [method = '', url = ''] = operation.split(/ (.*)/s);
  const response = await doors.inject({
    method: method as 'GET',
    url,
    remoteAddress: '192.0.2.7',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
    },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const isJson = /json/.test(String(response.headers['content-type']));
  return {
    status: response.statusCode,
    body: isJson && response.body !== '' ? JSON.parse(response.body) : null,
    headers: response.headers,
  };
}

export async function directory(
  engine: Engine = 'sqlite',
  flags: Parameters<typeof contextWith>[0] = {},
): Promise<Directory> {
  const ctx = await contextWith({ publicUrl: 'http://localhost:7070', ...flags }, engine);
  const permit = operatorPermit();
  const root = { login: 'root', email: 'root@example.org', verified: true, admin: true, password: null };
  await addUser(ctx, permit, root);
  const doors = await doorsOf(ctx);
  const another: Directory['another'] = async (draft) =>
    (await addClient(ctx, permit, { provider: '', trustsAddresses: true, ...draft })).secret.reveal();
  const secret = await another({ name: 'entra' });
  const ask: Directory['ask'] = (operation, body, token = secret) =>
    heard(doors, operation.replace(' ', ` ${PREFIX}`), token, body);
  return {
    ctx,
    secret,
    another,
    ask,
    patch: (id, ...operations) => ask(`PATCH /Users/${id}`, { schemas: [PATCH_OP], Operations: operations }),
    made: async (userName, given = {}) => {
      const made = await ask('POST /Users', {
        schemas: [USER],
        userName,
        emails: [{ primary: true, type: 'work', value: userName }],
        active: true,
        ...given,
      });
      if (made.status !== 201) throw new Error(`${made.status} ${JSON.stringify(made.body)}`);
      return made.body.id as string;
    },
    token: async (login) => {
      const made = await createToken(ctx, permit, {
        userLogin: login,
        kind: 'classic',
        name: `of ${login}`,
        description: '',
        scopes: ['repo', 'read:user'],
        grants: [],
      });
      return made.secret.reveal();
    },
    rest: (token) => heard(doors, `GET ${GITHUB}/user`, token),
    log: async () => {
      const rows = await ctx.store.db
        .selectFrom('audit')
        .select(['action', 'actor_login', 'data_json'])
        .where('action', 'like', 'external_identity.%')
        .orderBy('id')
        .execute();
      return rows.map(({ action, actor_login, data_json }) => ({
        action,
        by: actor_login ?? '',
        login: (JSON.parse(data_json) as { login?: unknown }).login,
      }));
    },
  };
}
