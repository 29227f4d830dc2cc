/**
 * A real identity provider on loopback (`oidc-provider`), a browser that signs in there, and lies about what it
 * answered.
 */
import { createHmac, createSign, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Provider, { type Configuration } from 'oidc-provider';

export const CLIENT_SECRET = 'a secret that two servers share';
const CLIENT_ID = 'latchkey';

export type Claims = Record<string, unknown>;

/** What is done to the ID token before it is sent. */
export interface Lie {
  readonly claims?: (claims: Claims) => Claims;
  readonly header?: Claims;
  /** Said at UserInfo. */
  readonly userInfo?: Claims;
  /** Signed by somebody else's key, with the secret of the client, or not at all. */
  readonly signer?: 'stranger' | 'secret' | 'nobody';
}

type Cookies = Map<string, string>;
type Delivery = (body: string) => Promise<number>;

export interface TestProvider {
  readonly issuer: string;
  /** What its users are called: subject → claims. */
  readonly people: Map<string, Claims>;
  /** For the next ID tokens. */
  lie: Lie | null;
  /** What every endpoint answers instead, with this status. */
  failing: number | null;
  /** Changes the keys, as providers do from time to time. */
  rotate(): void;
  /** Says what it knows of people at UserInfo, and no more than the subject in the ID token. */
  thin: boolean;
  /** Takes the logout tokens that it sends, and says with which status. */
  deliver: Delivery;
  /** Requests so far, by path. */
  readonly asked: string[];
  /** A token that says that somebody signed out there. */
  logoutToken(claims: Claims, lie?: Lie): string;
  /** Signs in there, and returns the address that the browser is sent back to. */
  signIn(address: string, subject: string, cookies?: Cookies): Promise<URL>;
  /** Says yes to the question there whether to sign out, and returns the address that the browser is sent back to. */
  signOut(address: string, cookies: Cookies): Promise<URL>;
  close(): Promise<void>;
}

const newKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const STRANGER = newKey();

export async function identityProvider(redirectUris: readonly string[]): Promise<TestProvider> {
  let key = newKey();
  let kid = 1;
  let handler: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Claims>();
  let next = '';
  const self: TestProvider = {
    issuer,
    people,
    lie: null,
    failing: null,
    thin: false,
    deliver: async () => 404,
    asked: [],
    rotate: () => {
      key = newKey();
      kid += 1;
      build();
    },
    logoutToken: (claims, { claims: bent = (same: Claims) => same, header = {}, signer }: Lie = {}) => {
      const iat = Math.floor(Date.now() / 1000);
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const told = { iss: issuer, aud: CLIENT_ID, iat, exp: iat + 120, jti: randomUUID(), events, ...claims };
      return signed({ alg: 'RS256', typ: 'logout+jwt', kid: `key-${kid}`, ...header }, bent(told), signer);
    },
    signIn: (address, subject, cookies = new Map()) => {
      next = subject;
      return follow(new URL(address), issuer, cookies);
    },
    signOut: (address, cookies) => confirm(new URL(address), issuer, cookies),
    close: () => closed(server),
  };
  const signed = (header: Claims, claims: Claims, signer: Lie['signer']): string => {
    const text = `${base64url(header)}.${base64url(claims)}`;
    if (signer === 'nobody') return `${text}.`;
    if (signer === 'secret') return `${text}.${createHmac('sha256', CLIENT_SECRET).update(text).digest('base64url')}`;
    const by = signer === 'stranger' ? STRANGER : key;
    return `${text}.${createSign('sha256').update(text).sign(by).toString('base64url')}`;
  };
  function build(): void {
    const provider = new Provider(
      issuer,
      configurationOf(
        redirectUris,
        { key, kid },
        people,
        () => self.thin,
        (body) => self.deliver(body),
      ),
    );
    const serve = provider.callback();
    handler = (request, response) => {
      const path = new URL(request.url ?? '', issuer).pathname;
      self.asked.push(path);
      if (self.failing !== null) return void response.writeHead(self.failing).end('no');
      if (path.startsWith('/interaction/'))
        return void provider.interactionFinished(request, response, { login: { accountId: next } });
      if (path === '/token' && self.lie !== null) rewrite(response, self.lie, signed);
      if (path === '/me' && self.lie?.userInfo !== undefined)
        return void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify(self.lie.userInfo));
      return void serve(request, response);
    };
  }
  build();
  return self;
}

function configurationOf(
  redirectUris: readonly string[],
  { key, kid }: { key: KeyObject; kid: number },
  people: ReadonlyMap<string, Claims>,
  isThin: () => boolean,
  deliver: Delivery,
): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [...redirectUris],
        post_logout_redirect_uris: ['http://localhost:7070/login'],
        backchannel_logout_uri: 'http://localhost:7070/login/sso/work/backchannel-logout',
        backchannel_logout_session_required: true,
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    jwks: { keys: [{ ...key.export({ format: 'jwk' }), kid: `key-${kid}`, alg: 'RS256', use: 'sig' } as never] },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    cookies: { keys: ['only for tests'] },
    conformIdTokenClaims: false,
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username', 'groups', 'hd'],
    },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // Its own client refuses loopback.
    fetch: async (_url, options) => new Response(null, { status: await deliver(String(options?.body)) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: (use) => ({ sub, ...(use === 'id_token' && isThin() ? {} : people.get(sub)) }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  };
}

/** Changes the answer of the token endpoint on its way out. */
function rewrite(
  response: ServerResponse,
  { claims = (same) => same, header = {}, signer }: Lie,
  signed: (header: Claims, claims: Claims, signer: Lie['signer']) => string,
): void {
  const end = response.end.bind(response);
  response.end = ((body: string | Buffer) => {
    const answer = JSON.parse(String(body)) as { id_token?: string };
    const [head = '', payload = ''] = (answer.id_token ?? '').split('.');
    const read = (part: string): Claims => JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims;
    const text = JSON.stringify({
      ...answer,
      id_token: signed({ ...read(head), ...header }, claims(read(payload)), signer),
    });
    response.setHeader('content-length', Buffer.byteLength(text));
    return end(text);
  }) as ServerResponse['end'];
}

async function ask(at: URL, cookies: Cookies, form?: URLSearchParams): Promise<Response> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await fetch(at, {
    redirect: 'manual',
    headers: { cookie },
    ...(form === undefined ? {} : { method: 'POST', body: form }),
  });
  for (const each of answer.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
    cookies.set(name, value);
  }
  return answer;
}

async function confirm(at: URL, issuer: string, cookies: Cookies): Promise<URL> {
  const page = await (await ask(at, cookies)).text();
  const [action, xsrf] = [/action="([^"]+)"/.exec(page)?.[1], /name="xsrf" value="([^"]+)"/.exec(page)?.[1]];
  if (action === undefined || xsrf === undefined) throw new Error(`no question: ${page.slice(0, 400)}`);
  const answer = await ask(new URL(action, issuer), cookies, new URLSearchParams({ xsrf, logout: 'yes' }));
  return follow(new URL(answer.headers.get('location') ?? '', issuer), issuer, cookies);
}

/** A browser, until it is sent to somewhere else. */
async function follow(from: URL, issuer: string, cookies: Cookies): Promise<URL> {
  let at = from;
  for (let hops = 0; hops < 10 && at.origin === new URL(issuer).origin; hops += 1) {
    const answer = await ask(at, cookies);
    const location = answer.headers.get('location');
    if (location === null) throw new Error(`the provider shows a page: ${(await answer.text()).slice(0, 400)}`);
    at = new URL(location, at);
  }
  return at;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

/** The operator's files, in a folder of their own: the providers, and the secret beside them. */
export function providerFiles(yaml: string): { readonly path: string; write(yaml: string): void; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-providers-'));
  writeFileSync(join(folder, 'work.secret'), `${CLIENT_SECRET}\n`);
  const path = join(folder, 'providers.yaml');
  const write = (text: string): void => writeFileSync(path, text);
  write(yaml);
  return { path, write, remove: () => rmSync(folder, { recursive: true }) };
}
