/**
 * The forward door without a socket, in a small world: Ada owns Acme and administers the instance, Bob is a member of
 * Acme, Cy an outsider.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { addOrganization, addUser, setMember } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { makeForwardDoor } from '../../../src/doors/forward/routes.ts';
import type { TokenDraft } from '../../../src/rules/draft.ts';
import { contextWith, type TestContext } from '../../actions/context.ts';

interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ForwardWorld {
  readonly ctx: TestContext;
  readonly ada: number;
  /** Asks as a proxy does: headers as pairs, in the given order. */
  ask(
    url: string,
    headers: readonly (readonly [string, string])[],
    how?: { method?: string; from?: string; body?: readonly (string | Uint8Array)[] },
  ): Promise<Answer>;
  /** Asks as nginx does about `GET /path`. */
  nginx(operation: string, token?: string | null, more?: readonly (readonly [string, string])[]): Promise<Answer>;
  token(login: string, draft?: Partial<TokenDraft>): Promise<string>;
}

export async function forwardWorld(flags: Parameters<typeof contextWith>[0] = {}): Promise<ForwardWorld> {
  const ctx = await contextWith(flags);
  const permit = operatorPermit();
  for (const [login, name] of [
    ['ada', 'Ada Lovelace'],
    ['bob', 'Böb'],
    ['cy', ''],
  ] as const) {
    await addUser(ctx, permit, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: login === 'ada',
      password: null,
    });
    await ctx.store.db.updateTable('accounts').set({ name }).where('login', '=', login).execute();
  }
  await addOrganization(ctx, permit, { name: 'acme', owner: 'ada' });
  await setMember(ctx, permit, { organization: 'acme', login: 'bob', role: 'member' });
  for (const [owner, name, visibility] of [
    ['acme', 'site', 'private'],
    ['acme', 'docs', 'public'],
    ['bob', 'notes', 'private'],
  ] as const) {
    await addRepository(ctx, permit, { owner, name, visibility });
  }
  const door = makeForwardDoor(ctx);
  const ask: ForwardWorld['ask'] = (url, headers, { method = 'GET', from = '127.0.0.1', body = [] } = {}) =>
    askDoor(door, { method, url, rawHeaders: headers.flat(), body }, from);
  return {
    ctx,
    ada: 1,
    ask,
    nginx: (operation, token = null, more = []) => {
      const [method = '', uri = ''] = operation.split(' ');
      return ask('/forward-auth', [
        ['X-Original-Method', method],
        ['X-Original-URI', uri],
        ...(token === null ? [] : [['Authorization', `Bearer ${token}`] as const]),
        ...more,
      ]);
    },
    token: async (login, draft = {}) => {
      const made = await createToken(ctx, permit, {
        userLogin: login,
        kind: 'classic',
        name: `t${Math.random()}`,
        description: '',
        scopes: ['repo'],
        grants: [],
        ...draft,
      });
      return made.secret.reveal();
    },
  };
}

/** Node's own request and response on a stream in memory, read back as the proxy would. */
export async function askDoor(
  door: ReturnType<typeof makeForwardDoor>,
  {
    method,
    url,
    rawHeaders,
    body,
  }: { method: string; url: string; rawHeaders: string[]; body: readonly (string | Uint8Array)[] },
  from: string,
): Promise<Answer> {
  const wire = Object.assign(new PassThrough(), { remoteAddress: from, cork: () => {}, uncork: () => {} });
  // Reading the body would also read the answer, if both had one stream.
  const sender = Object.assign(new PassThrough(), { remoteAddress: from });
  const request = Object.assign(new IncomingMessage(sender as unknown as Socket), { method, url, complete: true });
  request.rawHeaders.push(...rawHeaders);
  for (const chunk of body) request.push(chunk);
  request.push(null);
  const response = new ServerResponse(request);
  response.assignSocket(wire as unknown as Socket);
  const done = new Promise<void>((resolve) => response.once('finish', resolve));
  if (!door(request, response)) throw new Error(`the door leaves ${url} alone`);
  await done;
  const [head = '', ...rest] = String(wire.read() ?? '').split('\r\n\r\n');
  const [start = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(start.split(' ')[1]), headers, text: rest.join('\r\n\r\n') };
}
