/**
 * Public keys of issuers: pasted by an administrator, or fetched by way of the discovery document (OpenID Connect
 * Discovery 1.0, RFC 7517).
 *
 * Invariant: a fetched set replaces the one before completely, so a key that was taken out is out. One that can't be
 * read anew is used for `KEPT_SEC` at most.
 * Invariant: an issuer is asked at most once in `RETRY_SEC` for a key that isn't there, and only once at a time.
 * Never: a redirect followed, an address that isn't public and that the operator hasn't allowed, a symmetric or private
 * key.
 */
import type { createLocalJWKSet, JSONWebKeySet } from 'jose';
import { isLoopback } from '../../base/settings/values.ts';
import { DAY_SEC, MINUTE_SEC } from '../../base/time.ts';
import type { WorkloadIssuer } from '../../store/workload-issuers.ts';
import { type Answer, freshSecOf, get, MAX_FRESH_SEC } from '../ground/outgoing.ts';

/** How long a set is used that can't be read anew. */
const KEPT_SEC = DAY_SEC;
/** How soon it is asked again, after a failure or for a key that isn't there. */
const RETRY_SEC = MINUTE_SEC;
/** For each of the two answers. */
const ANSWER_SEC = 5;
const MAX_ANSWER_BYTES = 100 * 1024;
const MAX_KEYS = 100;

/** Finds the key of a JWS; rejects when there is none. */
type KeyFinder = ReturnType<typeof createLocalJWKSet>;

/** The keys can't be had now: a sentence for whoever looks after the issuer. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeySet {
  /** Finds the key of a JWS. */
  readonly find: KeyFinder;
  /** Their names, for a look at the set; '' = a key without one. */
  readonly ids: readonly string[];
}

interface Kept {
  readonly set: KeySet;
  /** By the stopwatch. */
  readonly readAt: number;
  freshUntil: number;
}

/** What is known of one issuer. */
interface Known {
  /** The issuer and what the administrator pasted: another text is another set. */
  readonly of: string;
  kept: Kept | null;
  asking: Promise<KeySet> | null;
  /** When it was last asked, by the stopwatch. */
  askedAt: number;
  /** Why the last try failed. */
  failure: string;
}

/** Seconds on a stopwatch, and the networks that the operator allows. */
interface Surroundings {
  readonly passed: () => number;
  readonly networks: readonly string[];
}

export class KeySets {
  readonly #around: Surroundings;
  readonly #known = new Map<number, Known>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** The keys of an issuer, from memory where they are fresh. @throws KeysUnavailable */
  async of(issuer: WorkloadIssuer): Promise<KeySet> {
    const known = this.#knownOf(issuer);
    const now = this.#around.passed();
    if (known.kept !== null && now < known.kept.freshUntil) return known.kept.set;
    if (known.kept === null && known.asking === null && now - known.askedAt < RETRY_SEC)
      throw new KeysUnavailable(known.failure);
    return this.#ask(issuer, known);
  }

  /** As `of`, for a key that wasn't there: asks the issuer anew unless that was done a moment ago. */
  async anew(issuer: WorkloadIssuer): Promise<KeySet> {
    const known = this.#knownOf(issuer);
    if (issuer.jwks !== null || (known.asking === null && this.#around.passed() - known.askedAt < RETRY_SEC))
      return this.of(issuer);
    return this.#ask(issuer, known);
  }

  #knownOf({ id, issuer, jwks, ca }: WorkloadIssuer): Known {
    const of = JSON.stringify([issuer, jwks, ca]);
    let known = this.#known.get(id);
    if (known?.of !== of)
      this.#known.set(id, (known = { of, kept: null, asking: null, askedAt: -Infinity, failure: '' }));
    return known;
  }

  #ask(issuer: WorkloadIssuer, known: Known): Promise<KeySet> {
    known.asking ??= this.#read(issuer, known).finally(() => {
      known.asking = null;
    });
    return known.asking;
  }

  async #read(issuer: WorkloadIssuer, known: Known): Promise<KeySet> {
    const readAt = this.#around.passed();
    known.askedAt = readAt;
    try {
      const { set, freshSec } = await readKeys(issuer, this.#around.networks);
      known.kept = { set, readAt, freshUntil: readAt + freshSec };
      return set;
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error;
      known.failure = error.message;
      const { kept } = known;
      if (kept === null || readAt - kept.readAt > KEPT_SEC) {
        known.kept = null;
        throw error;
      }
      kept.freshUntil = readAt + RETRY_SEC;
      return kept.set;
    }
  }
}

/**
 * The keys of an issuer, read now, and for how long they are fresh.
 * @param networks that may be reached although they are not public
 * @param answerSec for each of the two answers
 * @throws KeysUnavailable
 */
export async function readKeys(
  issuer: Pick<WorkloadIssuer, 'issuer' | 'jwks' | 'ca'>,
  networks: readonly string[],
  answerSec = ANSWER_SEC,
): Promise<{ readonly set: KeySet; readonly freshSec: number }> {
  if (issuer.jwks !== null) return { set: await keySetIn(issuer.jwks, 'the pasted key set'), freshSec: MAX_FRESH_SEC };
  const base = new URL(issuer.issuer);
  const limits = { sec: answerSec, bytes: MAX_ANSWER_BYTES };
  const asking = {
    headers: { Accept: 'application/json' },
    insecureSsl: false,
    allowedNetworks: networks,
    ...(issuer.ca === null ? {} : { ca: Buffer.from(issuer.ca) }),
  };
  const url = new URL(`${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  const { body } = bodyOf(url, await get({ ...asking, url }, limits));
  const document = jsonIn(body, 'the discovery document');
  if (document['issuer'] !== issuer.issuer)
    throw new KeysUnavailable(
      `the discovery document names the issuer ${String(document['issuer']).slice(0, 200)}, not ${issuer.issuer}`,
    );
  const keysAt = URL.parse(String(document['jwks_uri']));
  if (keysAt === null || (keysAt.protocol !== 'https:' && !(isPlainLoopback(keysAt) && isPlainLoopback(base))))
    throw new KeysUnavailable('the discovery document names no jwks_uri with https://');
  const answer = await get({ ...asking, url: keysAt }, limits);
  const set = await keySetIn(bodyOf(keysAt, answer).body, 'the key set');
  return { set, freshSec: freshSecOf(answer) };
}

/** True for `http://` on this machine: nobody listens in between. */
export function isPlainLoopback({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function bodyOf(url: URL, { statusCode, status, body, isCut }: Answer): { readonly body: string } {
  const where = `${url.origin}${url.pathname}`.slice(0, 200);
  if (statusCode === 0) throw new KeysUnavailable(`${where} did not answer: ${status}`);
  if (statusCode >= 300 && statusCode < 400)
    throw new KeysUnavailable(`${where} leads elsewhere (${statusCode}): redirects are not followed`);
  if (statusCode !== 200) throw new KeysUnavailable(`${where} answered ${statusCode}`);
  if (isCut) throw new KeysUnavailable(`${where} answered with more than ${MAX_ANSWER_BYTES} bytes`);
  return { body };
}

function jsonIn(text: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new KeysUnavailable(`${what} is not a JSON object`);
}

/** Members of a private or symmetric JWK (RFC 7518 section 6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const KEY_TYPES: readonly unknown[] = ['RSA', 'EC', 'OKP'];

/** RFC 7518 section 3.3. */
const MIN_RSA_BYTES = 256;

/**
 * False for what signs no better than nothing: a short modulus, or an exponent that isn't an odd number above 1. With
 * an exponent of 1 a signature is its own padding, which anybody can write, and libraries take it.
 */
function isSoundRsa({ n, e }: Readonly<Record<string, unknown>>): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false;
  const [modulus, exponent] = [Buffer.from(n, 'base64url'), Buffer.from(e, 'base64url')];
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1;
  const isAboveOne = exponent.subarray(0, -1).some((byte) => byte !== 0) || (exponent.at(-1) ?? 0) > 1;
  return modulus.length - modulus.findIndex((byte) => byte !== 0) >= MIN_RSA_BYTES && isOdd && isAboveOne;
}

/**
 * The keys in a JWK set that sign.
 * @param what names it in the words of a failure
 * @throws KeysUnavailable when it has none, or one that must not be in it
 */
export async function keySetIn(text: string, what: string): Promise<KeySet> {
  const { createLocalJWKSet } = await import('jose');
  const { keys } = jsonIn(text, what);
  if (!Array.isArray(keys) || keys.length > MAX_KEYS)
    throw new KeysUnavailable(`${what} has no list "keys" of at most ${MAX_KEYS} keys`);
  const objects = keys.filter((key): key is Record<string, unknown> => typeof key === 'object' && key !== null);
  if (objects.some((key) => SECRET_MEMBERS.some((member) => Object.hasOwn(key, member))))
    throw new KeysUnavailable(`${what} contains a private or a shared key: only public ones belong there`);
  const usable = objects.filter(
    (key) =>
      KEY_TYPES.includes(key['kty']) &&
      (key['kty'] !== 'RSA' || isSoundRsa(key)) &&
      // SPIFFE's bundles say what they are for by a word of their own.
      (key['use'] === undefined || key['use'] === 'sig' || key['use'] === 'jwt-svid'),
  );
  if (usable.length === 0) throw new KeysUnavailable(`${what} contains no public key that signs`);
  const set = { keys: usable.map((key) => ({ ...key, use: 'sig' })) } as unknown as JSONWebKeySet;
  try {
    return { find: createLocalJWKSet(set), ids: usable.map(({ kid }) => (typeof kid === 'string' ? kid : '')) };
  } catch (error) {
    throw new KeysUnavailable(`${what} could not be used: ${error instanceof Error ? error.message : ''}`);
  }
}
