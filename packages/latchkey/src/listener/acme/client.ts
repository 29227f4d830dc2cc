/**
 * A client of ACME: it asks a certificate authority for a certificate, and proves the names.
 *
 * Source: RFC 8555; the thumbprint of a key: RFC 7638.
 * Invariant: one order from its beginning to its end; nothing is kept between two.
 * Never: a private key in a request, an error or the log.
 */
import type { KeyObject } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from 'jose';
import { Fault } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';

/** How the control of a name is proved. */
type ChallengeType = 'http-01' | 'tls-alpn-01';

/** What proves the control of a name: shown at its address until the authority has looked. */
export interface Challenge {
  readonly type: ChallengeType;
  readonly domain: string;
  readonly token: string;
  /** `TOKEN.THUMBPRINT` */
  readonly keyAuthorization: string;
}

/** An account that somebody has at the authority, and the key that it gave them for it. */
export interface ExternalAccount {
  readonly kid: string;
  /** In base64url. */
  readonly hmacKey: Secret;
}

/** A certificate that is wanted. */
export interface Order {
  /** The authority's directory. */
  readonly directory: string;
  /** P-256. */
  readonly accountKey: KeyObject;
  /** Where the authority may write to; null = nowhere. */
  readonly email: string | null;
  /** The account elsewhere that this one is bound to (section 7.3.4); null = none. */
  readonly externalAccount: ExternalAccount | null;
  /** The certificate that this one replaces, by its identifier of RFC 9773; null = none, or nobody asked. */
  readonly replaces: string | null;
  /** The certificate's names; the first one is asked for first. */
  readonly domains: readonly string[];
  readonly challengeType: ChallengeType;
  /** The request for the certificate (PKCS#10, DER). */
  readonly csr: Uint8Array;
  /** Shows these challenges; called once, with all that are open. */
  show(challenges: readonly Challenge[]): Promise<void>;
}

/** How long the authority may take for each step. */
const STEP_LIMIT_MS = 2 * MINUTE_SEC * 1000;
const REQUEST_LIMIT_MS = 30_000;
/** Between two looks at a step, unless the authority names a time. */
const LOOK_AGAIN_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** A used nonce is refused and another comes along (section 6.5). */
const NONCE_TRIES = 10;

export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** Where it says when to renew (RFC 9773). */
  readonly renewalInfo?: string;
  readonly meta?: { readonly externalAccountRequired?: boolean };
}

interface OrderState {
  readonly status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
  readonly error?: AcmeError;
}

interface Authorization {
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  readonly identifier: { readonly value: string };
  readonly challenges: readonly {
    readonly type: string;
    readonly url: string;
    readonly token: string;
    readonly error?: AcmeError;
  }[];
}

/** An error document (RFC 7807). */
interface AcmeError {
  readonly type?: string;
  readonly detail?: string;
}

/**
 * The chain of a new certificate, as PEM.
 * @throws Fault with the authority's own words when it gives none
 */
export async function orderCertificate(order: Order): Promise<string> {
  const account = await Account.open(order);
  const identifiers = order.domains.map((value) => ({ type: 'dns', value }));
  const { newOrder, renewalInfo } = account.directory;
  const replaces = renewalInfo === undefined || order.replaces === null ? {} : { replaces: order.replaces };
  const { location, body } = await account
    .post<OrderState>(newOrder, { identifiers, ...replaces })
    // Whatever it has against that: the certificate is wanted, and without it, it is an order like the first.
    .catch((error) => {
      if (order.replaces === null) throw error;
      return account.post<OrderState>(newOrder, { identifiers });
    });
  if (location === null) throw new Fault('the certificate authority names no order', HINT);
  await prove(account, order, body.authorizations);
  await account.until<OrderState>(location, ({ status }) => status !== 'pending', 'the order');
  await account.post(body.finalize, { csr: Buffer.from(order.csr).toString('base64url') });
  const done = await account.until<OrderState>(
    location,
    ({ status }) => status === 'valid' || status === 'invalid',
    'the certificate',
  );
  if (done.status === 'invalid' || done.certificate === undefined) throw refused(done.error, 'gave no certificate');
  return account.text(done.certificate);
}

async function prove(account: Account, order: Order, authorizations: readonly string[]): Promise<void> {
  const open: { readonly url: string; readonly at: string; readonly challenge: Challenge }[] = [];
  for (const url of authorizations) {
    const { body } = await account.post<Authorization>(url, null);
    if (body.status === 'valid') continue;
    const offered = body.challenges.find(({ type }) => type === order.challengeType);
    const domain = body.identifier.value;
    if (offered === undefined)
      throw new Fault(`the certificate authority does not offer ${order.challengeType} for ${domain}`, HINT);
    const keyAuthorization = `${offered.token}.${account.thumbprint}`;
    const challenge = { type: order.challengeType, domain, token: offered.token, keyAuthorization };
    open.push({ url, at: offered.url, challenge });
  }
  if (open.length === 0) return;
  await order.show(open.map(({ challenge }) => challenge));
  for (const { url, at, challenge } of open) {
    await account.post(at, {});
    const seen = await account.until<Authorization>(url, ({ status }) => status !== 'pending', challenge.domain);
    if (seen.status === 'valid') continue;
    const failed = seen.challenges.find(({ error }) => error !== undefined);
    throw refused(failed?.error, `did not find ${challenge.domain} to be ours`);
  }
}

const HINT = { hint: 'check --acme-directory' };

const LEADS_HERE = {
  hint: 'check that the names of --acme-domain lead to this server, and that the port it is asked at is open',
};

function refused(error: AcmeError | undefined, what: string, hint: { readonly hint: string } = LEADS_HERE): Fault {
  const words = error?.detail ?? error?.type ?? 'it gave no reason';
  return new Fault(`the certificate authority ${what}: ${words.slice(0, 500)}`, hint);
}

/** The account at the authority, made when it isn't there; signs every request. */
class Account {
  readonly directory: Directory;
  readonly thumbprint: string;
  readonly #key: KeyObject;
  readonly #jwk: JWK;
  #id: string | null = null;
  #nonce: string | null = null;

  private constructor(directory: Directory, key: KeyObject, jwk: JWK, thumbprint: string) {
    this.directory = directory;
    this.#key = key;
    this.#jwk = jwk;
    this.thumbprint = thumbprint;
  }

  static async open({ directory, accountKey, email, externalAccount }: Order): Promise<Account> {
    const { kty, crv, x, y } = await exportJWK(accountKey);
    const jwk = { kty, crv, x, y } as JWK;
    const found = await directoryAt(directory);
    if (found.meta?.externalAccountRequired === true && externalAccount === null)
      throw new Fault('the certificate authority wants an external account (EAB)', {
        hint: 'name the one that it gave you: --acme-eab-kid and --acme-eab-hmac-key',
      });
    const account = new Account(found, accountKey, jwk, await calculateJwkThumbprint(jwk));
    const contact = email === null ? {} : { contact: [`mailto:${email}`] };
    const binding =
      externalAccount === null
        ? {}
        : { externalAccountBinding: await bindingOf(externalAccount, found.newAccount, jwk) };
    const { location } = await account.post(found.newAccount, { termsOfServiceAgreed: true, ...contact, ...binding });
    if (location === null) throw new Fault('the certificate authority names no account', HINT);
    account.#id = location;
    return account;
  }

  /** Posts; `null` reads (section 6.3). @throws Fault when it is refused */
  async post<T>(url: string, payload: object | null): Promise<{ body: T; location: string | null; headers: Headers }> {
    const response = await this.#send(url, payload);
    const body = (await response.json().catch(() => ({}))) as T;
    return { body, location: response.headers.get('location'), headers: response.headers };
  }

  async text(url: string): Promise<string> {
    return (await this.#send(url, null)).text();
  }

  /** Reads until it is as wanted. @throws Fault when that takes too long */
  async until<T>(url: string, isDone: (state: T) => boolean, what: string): Promise<T> {
    const endsAt = performance.now() + STEP_LIMIT_MS;
    for (;;) {
      const { body, headers } = await this.post<T>(url, null);
      if (isDone(body)) return body;
      if (performance.now() > endsAt) throw new Fault(`the certificate authority does not finish with ${what}`, HINT);
      const named = Number(headers.get('retry-after')) * 1000;
      await pause(Math.min(named > 0 ? named : LOOK_AGAIN_MS, LONGEST_PAUSE_MS));
    }
  }

  async #send(url: string, payload: object | null): Promise<Response> {
    for (let tries = 1; ; tries++) {
      const nonce = this.#nonce ?? (await this.#freshNonce());
      this.#nonce = null;
      const who = this.#id === null ? { jwk: this.#jwk } : { kid: this.#id };
      const signed = await new FlattenedSign(Buffer.from(payload === null ? '' : JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'ES256', nonce, url, ...who })
        .sign(this.#key);
      const response = await ask(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/jose+json' },
        body: JSON.stringify(signed),
      });
      this.#nonce = response.headers.get('replay-nonce');
      if (response.ok) return response;
      const error = (await response.json().catch(() => ({}))) as AcmeError;
      if (error.type !== 'urn:ietf:params:acme:error:badNonce' || tries === NONCE_TRIES)
        throw refused(error, 'refuses', HINT);
    }
  }

  async #freshNonce(): Promise<string> {
    const nonce = (await ask(this.directory.newNonce, { method: 'HEAD' })).headers.get('replay-nonce');
    if (nonce === null) throw new Fault('the certificate authority gives no nonce', HINT);
    return nonce;
  }
}

/** The key of our account, signed with that of the external one (section 7.3.4). */
async function bindingOf({ kid, hmacKey }: ExternalAccount, url: string, jwk: JWK): Promise<object> {
  return new FlattenedSign(Buffer.from(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'HS256', kid, url })
    .sign(Buffer.from(hmacKey.reveal(), 'base64url'));
}

/** @throws Fault when there is none */
export async function directoryAt(url: string): Promise<Directory> {
  const response = await ask(url);
  if (!response.ok) throw new Fault(`the certificate authority answers ${response.status}`, HINT);
  return (await response.json()) as Directory;
}

export async function ask(url: string, options: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, {
      ...options,
      headers: { 'User-Agent': 'latchkey', ...options.headers },
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
  } catch (error) {
    const cause = (error as Error).cause;
    const detail = cause instanceof Error ? cause.message : String(error);
    throw new Fault("the certificate authority can't be reached", { ...HINT, detail, cause: error });
  }
}
