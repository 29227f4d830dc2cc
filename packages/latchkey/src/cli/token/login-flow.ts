/**
 * Signing in without copying a token: through the browser on this machine, or with a code typed on another one.
 *
 * Sources: RFC 8252 (native apps: loopback redirect), RFC 7636 (PKCE), RFC 8628 (device flow), RFC 8414 (where the
 * endpoints are).
 * Invariant: each sign-in has its own listener, state and verifier, so two at once don't interfere; it ends within
 * `LOGIN_TIMEOUT_MS`.
 * Never: a token, a code or a verifier in the output, or in the address it prints.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '../../base/secret.ts';
import { systemClock, type UnixSeconds } from '../../base/time.ts';
import { openBrowser } from '../browser.ts';
import { ServerClient, ServerRefusal } from '../server-client.ts';
import type { Terminal } from '../terminal.ts';
import { noLatchkey, sentElsewhere } from '../unreachable.ts';

const CLIENT_ID = 'latchkey-cli';
const LOGIN_TIMEOUT_MS = 5 * 60_000;
/**
 * Requested by default: enough to clone, push, and renew the token before its end. The person may narrow it on the
 * page.
 */
const DEFAULT_PERMISSIONS: readonly string[] = ['contents:write', 'personal_access_tokens:write'];
const DEFAULT_EXPIRES_IN_DAYS = 90;

/** What a sign-in requests. */
export interface LoginOptions {
  /** `contents:write`, … */
  readonly permissions?: readonly string[];
  /** Resource owners; none = the person and all their organizations. */
  readonly owners?: readonly string[];
  readonly expiresInDays?: number;
  /** The token's name, such as the name of this machine. */
  readonly name?: string;
  /** What it may push to, as lines. */
  readonly refRules?: readonly string[];
}

export interface LoginResult {
  /** Of the server: it may be one above what was named. */
  readonly address: string;
  readonly username: string;
  readonly secret: Secret;
  readonly expiresAt: UnixSeconds | null;
  readonly issuedAt: UnixSeconds;
}

/** Where a server names its endpoints (RFC 8414). */
const METADATA_PATH = '/.well-known/oauth-authorization-server';

interface Endpoints {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly device_authorization_endpoint: string;
}

interface TokenGrant {
  readonly access_token?: string;
  readonly username?: string;
  readonly expires_in?: number;
  readonly error?: string;
  readonly error_description?: string;
}

/** True when a person is there to be asked: not in CI, and not where git was told not to prompt. */
export function mayAskPerson({ env, interactive }: Terminal): boolean {
  return (
    interactive === true &&
    env['GIT_TERMINAL_PROMPT'] !== '0' &&
    env['CI'] === undefined &&
    env['LATCHKEY_TOKEN'] === undefined
  );
}

/** A server that one can sign in to. */
interface Found {
  readonly client: ServerClient;
  readonly endpoints: Endpoints;
}

/**
 * The server at an address, or at one above it: people name a repository, too, and a server may be below a path. The
 * longest is asked first, since another server may have the host itself.
 * @throws Fault when there is no Latchkey server, or it can't be reached
 */
async function serverAt(named: string): Promise<Found> {
  let client = new ServerClient(named, null);
  for (;;) {
    const { status, body, headers } = await client.ask(METADATA_PATH);
    const endpoints = status === 200 ? endpointsIn(client.address, body as Partial<Endpoints> | null) : null;
    if (endpoints !== null) return { client, endpoints };
    const above = client.address.replace(/(?<=[^/])\/[^/]+$/, '');
    if (above !== client.address) client = new ServerClient(above, null);
    else if (status >= 300 && status < 400) throw sentElsewhere(client.address, headers.get('location'));
    else throw noLatchkey(named);
  }
}

/** Null for those of another server, or of none. */
function endpointsIn(address: string, found: Partial<Endpoints> | null): Endpoints | null {
  const urls = [found?.authorization_endpoint, found?.token_endpoint, found?.device_authorization_endpoint];
  return urls.every((url) => typeof url === 'string' && url.startsWith(`${address}/`)) ? (found as Endpoints) : null;
}

function requestFields({
  permissions = DEFAULT_PERMISSIONS,
  owners = [],
  expiresInDays = DEFAULT_EXPIRES_IN_DAYS,
  name,
  refRules = [],
}: LoginOptions): Record<string, string> {
  return {
    client_id: CLIENT_ID,
    scope: permissions.join(' '),
    expires_in_days: String(expiresInDays),
    ...(owners.length === 0 ? {} : { resource_owner: owners.join(' ') }),
    ...(name === undefined ? {} : { token_name: name }),
    ...(refRules.length === 0 ? {} : { ref_rules: refRules.join(';') }),
  };
}

/**
 * Signs in through a browser on this machine.
 * @throws ServerRefusal when nobody signs in, or somebody refuses; Fault when the server can't be reached
 */
export async function browserLogin(named: string, options: LoginOptions, terminal: Terminal): Promise<LoginResult> {
  const { client, endpoints } = await serverAt(named);
  const verifier = new Secret(randomBytes(32).toString('base64url'));
  const state = randomBytes(16).toString('base64url');
  const listener = await listenForCode(state, client.address, terminal.loginWaitMs ?? LOGIN_TIMEOUT_MS);
  try {
    const challenge = createHash('sha256').update(verifier.reveal()).digest('base64url');
    const fields = {
      response_type: 'code',
      redirect_uri: listener.redirectUri,
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...requestFields(options),
    };
    const page = `${endpoints.authorization_endpoint}?${new URLSearchParams(fields)}`;
    terminal.say(`Sign in with your browser: ${page}`);
    openBrowser(page, terminal.env);
    const code = await listener.code;
    const form = {
      grant_type: 'authorization_code',
      client_id: CLIENT_ID,
      code: code.reveal(),
      redirect_uri: listener.redirectUri,
      code_verifier: verifier.reveal(),
    };
    return resultOf(
      client.address,
      (await client.ask(pathOf(client, endpoints.token_endpoint), { method: 'POST', form })).body as TokenGrant,
    );
  } finally {
    listener.close();
  }
}

/**
 * Signs in with a short code that is typed into any browser.
 * @throws ServerRefusal when nobody signs in, or somebody refuses; Fault when the server can't be reached
 */
export async function deviceLogin(named: string, options: LoginOptions, terminal: Terminal): Promise<LoginResult> {
  const { client, endpoints } = await serverAt(named);
  const { body } = await client.ask(pathOf(client, endpoints.device_authorization_endpoint), {
    method: 'POST',
    form: requestFields(options),
  });
  const begun = body as {
    device_code?: string;
    user_code?: string;
    verification_uri?: string;
    expires_in?: number;
    interval?: number;
    error?: string;
    error_description?: string;
  };
  if (begun.device_code === undefined || begun.user_code === undefined) throw refused(client.address, begun);
  terminal.say(`Open ${begun.verification_uri} on any machine and enter this code: ${begun.user_code}`);
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: CLIENT_ID,
    device_code: begun.device_code,
  };
  const giveUpAt = Date.now() + Math.min((begun.expires_in ?? 600) * 1000, 2 * LOGIN_TIMEOUT_MS);
  let intervalMs = (begun.interval ?? 5) * 1000;
  while (Date.now() < giveUpAt) {
    await sleep(intervalMs);
    const grant = (await client.ask(pathOf(client, endpoints.token_endpoint), { method: 'POST', form }))
      .body as TokenGrant;
    if (grant.error === 'slow_down') intervalMs += 5_000;
    else if (grant.error !== 'authorization_pending') return resultOf(client.address, grant);
  }
  throw unsigned(
    'nobody entered the code in time, so nobody is signed in',
    `begin again: latchkey login ${client.address} --device`,
  );
}

function resultOf(address: string, grant: TokenGrant): LoginResult {
  if (typeof grant?.access_token !== 'string' || typeof grant.username !== 'string') throw refused(address, grant);
  const issuedAt = systemClock.now();
  return {
    address,
    username: grant.username,
    secret: new Secret(grant.access_token),
    issuedAt,
    expiresAt: grant.expires_in === undefined ? null : issuedAt + grant.expires_in,
  };
}

function refused(address: string, said: { error?: string; error_description?: string } | null): ServerRefusal {
  const words =
    said?.error === 'access_denied'
      ? 'the sign-in was refused in the browser'
      : (said?.error_description ?? `${address} gave no token`);
  return unsigned(words, `begin again: latchkey login ${address}`);
}

/** There is no token, and nothing on the machine failed: the exit code is that of a refusal. */
function unsigned(words: string, remedy: string): ServerRefusal {
  return new ServerRefusal(401, words, null, remedy);
}

/** Below the server's address. */
function pathOf({ address }: ServerClient, url: string): string {
  return url.slice(address.length);
}

/** A listener on loopback, where the browser returns (RFC 8252 section 7.3). */
async function listenForCode(
  state: string,
  origin: string,
  waitMs: number,
): Promise<{ redirectUri: string; code: Promise<Secret>; close(): void }> {
  const { promise, resolve, reject } = Promise.withResolvers<Secret>();
  const server: Server = createServer((request, response) => {
    const outcome = receive(request, state);
    say(response, outcome);
    if ('code' in outcome) resolve(outcome.code);
    else if (outcome.isFinal) reject(unsigned(outcome.words, `begin again: latchkey login ${origin}`));
  });
  await new Promise<void>((listening, failed) => server.once('error', failed).listen(0, '127.0.0.1', listening));
  const late = (): void =>
    reject(
      unsigned(
        'nobody came back from the browser in time, so nobody is signed in',
        `begin again, or without a browser on this machine: latchkey login ${origin} --device`,
      ),
    );
  const timer = setTimeout(late, waitMs);
  promise.catch(() => {});
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`,
    code: promise,
    close: () => {
      clearTimeout(timer);
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
    },
  };
}

type Received = { readonly code: Secret } | { readonly words: string; readonly isFinal: boolean };

/**
 * The browser's request. It is ours only with the right state; anything else is ignored, so that no page can end the
 * sign-in.
 */
function receive(request: IncomingMessage, state: string): Received {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const given = Buffer.from(url.searchParams.get('state') ?? '');
  const isOurs =
    url.pathname === '/callback' && given.length === state.length && timingSafeEqual(given, Buffer.from(state));
  if (!isOurs) return { words: 'There is nothing here.', isFinal: false };
  const code = url.searchParams.get('code');
  return code === null
    ? { words: 'The sign-in was refused in the browser.', isFinal: true }
    : { code: new Secret(code) };
}

function say(response: ServerResponse, outcome: Received): void {
  const words = 'code' in outcome ? 'You are signed in. This page can be closed.' : outcome.words;
  response.writeHead('code' in outcome ? 200 : outcome.isFinal ? 200 : 404, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(`${words}\n`);
}
