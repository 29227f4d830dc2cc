/** Applications, a person with a browser, and the doors that both go through, without a socket. */
import { createHash } from 'node:crypto';
import Fastify, { type InjectOptions } from 'fastify';
import { onTestFinished } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { resourceServerApi } from '../../../src/doors/forward/resource-server-api.ts';
import { githubDoor, PREFIX } from '../../../src/doors/github/door.ts';
import { oauthDoor } from '../../../src/doors/oauth/door.ts';
import { formIn, type Seen, type Visitor, type WebWorld, webWorld } from '../web/visitor.ts';

export const VERIFIER = 'v'.repeat(64);
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const CALLBACK = 'https://app.example.org/callback';
export const LOOPBACK = 'http://127.0.0.1:5555/callback';

interface Answered {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever comes back
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface ApplicationWorld extends WebWorld {
  readonly ada: Visitor;
  /** Registers one on ada's page; returns what a developer copies from there. */
  register(typed?: Readonly<Record<string, string>>): Promise<{ clientId: string; secret: string; page: string }>;
  /** The address with which an application sends people here. */
  wish(clientId: string, given?: Readonly<Record<string, string>>): string;
  /** Sends a form to an OAuth endpoint. */
  call(
    path: string,
    form: Readonly<Record<string, string>> | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answered>;
  /** Ada's yes, and the tokens that come of it. */
  signIn(clientId: string, given?: Readonly<Record<string, string>>): Promise<Answered>;
  /** What the address of an answer says. */
  answerIn(seen: Seen): URLSearchParams;
  /** What is at an address of the server. */
  read(path: string): Promise<Answered>;
  /** What an HTTP client gets of the doors. */
  fetch(request: Request): Promise<Response>;
  /** A form as ada sees it. */
  formOn(path: string, form: string): Promise<ReturnType<typeof formIn>>;
  /** A call of the REST API. */
  api(path: string, token: string): Promise<Answered>;
}

/** Ada owns acme with its private acme/site. */
export async function applicationWorld(
  flags: Parameters<typeof webWorld>[0] = {},
  engine: Parameters<typeof webWorld>[1] = 'sqlite',
): Promise<ApplicationWorld> {
  const world = await webWorld(flags, engine);
  const { ctx } = world;
  await world.addPerson('ada', { admin: true });
  await addOrganization(ctx, operatorPermit(), { name: 'acme', owner: 'ada' });
  await addRepository(ctx, operatorPermit(), { owner: 'acme', name: 'site', visibility: 'private' });
  const fastify = Fastify({ logger: false });
  await fastify.register(oauthDoor(ctx));
  await fastify.register(resourceServerApi(ctx, new AbortController().signal));
  await fastify.register(githubDoor(ctx), { prefix: PREFIX });
  onTestFinished(() => fastify.close());
  const ada = world.visitor();
  await ada.signIn('ada');
  const send = async (options: InjectOptions): Promise<Answered> => {
    const { statusCode: status, payload, headers } = await fastify.inject(options);
    return { status, headers, body: payload === '' ? null : (JSON.parse(payload) as unknown) };
  };
  const call: ApplicationWorld['call'] = (url, form, headers = {}) =>
    send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    });
  const wish: ApplicationWorld['wish'] = (client_id, given = {}) =>
    `/login/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id,
      redirect_uri: LOOPBACK,
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
      scope: 'contents:read metadata:read',
      state: 's&1',
      ...given,
    })}`;
  const answerIn = (seen: Seen): URLSearchParams => {
    const to = seen.location ?? String(seen.headers['refresh'] ?? '').replace('0; url=', '');
    return new URL(to).searchParams;
  };
  return {
    ...world,
    ada,
    call,
    wish,
    answerIn,
    async register(typed = {}) {
      const made = await ada.send('/settings/applications', 'add', {
        name: 'Charts',
        homepage: 'https://app.example.org/',
        redirect_uris: `${CALLBACK}\r\nhttp://127.0.0.1/callback`,
        ...typed,
      });
      const page = made.location ?? '';
      const { text } = await ada.get(page);
      return {
        page,
        clientId: /id="client-id"[^>]*value="([^"]+)"/.exec(text)?.[1] ?? '',
        secret: /<code id="new-secret">([^<]+)</.exec(text)?.[1] ?? '',
      };
    },
    async signIn(clientId, given = {}) {
      const { client_secret, ...asked } = given;
      const answer = answerIn(await ada.send(wish(clientId, asked), 'approve'));
      return call('/login/oauth/access_token', {
        grant_type: 'authorization_code',
        client_id: clientId,
        code: answer.get('code') ?? '',
        redirect_uri: asked['redirect_uri'] ?? LOOPBACK,
        code_verifier: VERIFIER,
        ...(client_secret === undefined ? {} : { client_secret }),
      });
    },
    read: (url) => send({ method: 'GET', url }),
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const { statusCode, headers, payload } = await fastify.inject({
        method: request.method as 'GET',
        url: pathname + search,
        headers: Object.fromEntries(request.headers),
        payload: await request.text(),
      });
      return new Response(payload, { status: statusCode, headers: headers as Record<string, string> });
    },
    formOn: async (path, form) => formIn((await ada.get(path)).text, form),
    api: (path, token) =>
      send({ method: 'GET', url: `${PREFIX}${path}`, headers: { authorization: `Bearer ${token}` } }),
  };
}
