/**
 * A workload's token: a JWT (RFC 7519) that an issuer signed (RFC 7515). Its form and signature are checked here; what
 * it says is judged by `rules/workload-claims`.
 *
 * Invariant: keys come from an issuer that an administrator listed, found by `iss` to the letter, and from nowhere
 * else: no key, address or certificate in the token's own header is looked at.
 * Invariant: only algorithms with a public key, so a public key is never taken for a shared one.
 * Source: RFC 8725 (best practices for JWTs).
 */
import type { CompactJWSHeaderParameters } from 'jose';
import { SIGNATURE_ALGORITHMS } from '../../catalogue/signature-algorithms.ts';
import type { Claims } from '../../rules/workload-claims.ts';
import type { WorkloadIssuer } from '../../store/workload-issuers.ts';
import { type KeySet, type KeySets, KeysUnavailable } from './key-sets.ts';

export const MAX_JWT_LENGTH = 16 * 1024;
/** A JWT with another type is no proof of who somebody is: a logout, an event, an access token for somebody else. */
const TYPES: readonly string[] = ['jwt', 'jose'];
/** `iss` of RFC 7519, and no longer than an address can be. */
const MAX_ISSUER_LENGTH = 255;
/** Characters that can't be seen, or turn the text around them. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Why a token proves nothing, as the audit log names it. */
export type JwtFlaw =
  | 'too_long'
  | 'malformed'
  | 'encrypted'
  | 'algorithm'
  | 'type'
  | 'issuer_missing'
  | 'issuer_unknown'
  | 'keys_unavailable'
  | 'key_unknown'
  | 'signature';

/** A token that proves nothing, and why, in a sentence for whoever sent it. */
export class UnprovedJwt extends Error {
  override readonly name = 'UnprovedJwt';
  readonly flaw: JwtFlaw;
  /** As the token says, unproved; null = it says nothing readable. */
  readonly issuer: string | null;

  constructor(flaw: JwtFlaw, words: string, issuer: string | null = null) {
    super(words);
    this.flaw = flaw;
    this.issuer = issuer;
  }
}

/** What a token's issuer signed. */
export interface ProvedJwt<Issuer extends WorkloadIssuer> {
  readonly issuer: Issuer;
  readonly claims: Claims;
}

interface Header extends CompactJWSHeaderParameters {
  readonly alg: string;
}

/**
 * Checks a token's form and signature. Nothing else of it is judged: not whom it is for, not its times.
 * @param issuerOf the issuer whose `iss` it is to the letter; null = none is listed
 * @throws UnprovedJwt
 */
export async function proveJwt<Issuer extends WorkloadIssuer>(
  keys: KeySets,
  text: string,
  issuerOf: (iss: string) => Promise<Issuer | null>,
): Promise<ProvedJwt<Issuer>> {
  const { header, claims } = readJwt(text);
  const { iss } = claims;
  if (typeof iss !== 'string' || iss === '' || iss.length > MAX_ISSUER_LENGTH)
    throw new UnprovedJwt(
      'issuer_missing',
      `The token has no iss, or one of more than ${MAX_ISSUER_LENGTH} characters.`,
    );
  // None that is listed has such; a database may refuse even to look for it.
  const issuer = UNSEEN.test(iss) ? null : await issuerOf(iss);
  if (issuer === null)
    throw new UnprovedJwt(
      'issuer_unknown',
      `This server does not trust the issuer ${seen(iss)}. It is compared to the letter: look for a slash at its end.`,
      seen(iss),
    );
  const set = await keysOf(() => keys.of(issuer), issuer);
  if (await isSigned(text, header, set)) return { issuer, claims };
  // Keys change: the issuer is asked once whether there is a new one.
  const anew = await keysOf(() => keys.anew(issuer), issuer);
  if (anew !== set && (await isSigned(text, header, anew))) return { issuer, claims };
  throw keyFlaw(header, anew, iss);
}

async function keysOf(read: () => Promise<KeySet>, { issuer }: WorkloadIssuer): Promise<KeySet> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    throw new UnprovedJwt(
      'keys_unavailable',
      `The keys of ${seen(issuer)} could not be read: ${error.message}.`,
      issuer,
    );
  }
}

/** False when the key isn't in the set, or the signature isn't its. */
async function isSigned(text: string, header: Header, { find, ids }: KeySet): Promise<boolean> {
  // Among several, the first that happens to fit would be a guess.
  if (header.kid === undefined && ids.length > 1) return false;
  const { compactVerify, errors } = await import('jose');
  try {
    await compactVerify(text, find, { algorithms: [...SIGNATURE_ALGORITHMS] });
    return true;
  } catch (error) {
    // A key that can't be used (RSA below 2048 bits) is a TypeError, one that can't be read a DOMException.
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

function keyFlaw({ alg, kid }: Header, { ids }: KeySet, iss: string): UnprovedJwt {
  if (kid === undefined && ids.length > 1)
    return new UnprovedJwt('key_unknown', `The token names no key (kid), and ${seen(iss)} has several.`, iss);
  if (kid !== undefined && !ids.includes(kid))
    return new UnprovedJwt('key_unknown', `${seen(iss)} has no key ${seen(kid)}.`, iss);
  return new UnprovedJwt('signature', `The signature (${alg}) is not that of a key of ${seen(iss)}.`, iss);
}

/** Reads a token without believing it. @throws UnprovedJwt */
function readJwt(text: string): { readonly header: Header; readonly claims: Claims } {
  if (text.length > MAX_JWT_LENGTH)
    throw new UnprovedJwt('too_long', `The token is longer than ${MAX_JWT_LENGTH} characters.`);
  const parts = text.split('.');
  if (parts.length === 5) throw new UnprovedJwt('encrypted', 'The token is encrypted (JWE): send a signed one (JWS).');
  const header = objectIn(parts[0]);
  const claims = objectIn(parts[1]);
  if (parts.length !== 3 || header === null || claims === null)
    throw new UnprovedJwt('malformed', 'This is not a JWT: three parts in base64url, two of which are JSON objects.');
  const { alg, typ, kid, crit } = header;
  if (typeof alg !== 'string' || !SIGNATURE_ALGORITHMS.includes(alg))
    throw new UnprovedJwt(
      'algorithm',
      `The token's alg is ${seen(alg)}; taken are ${SIGNATURE_ALGORITHMS.join(', ')}.`,
    );
  if (typ !== undefined && !(typeof typ === 'string' && TYPES.includes(typ.toLowerCase())))
    throw new UnprovedJwt('type', `The token's typ is ${seen(typ)}: only JWT says who somebody is.`);
  if (kid !== undefined && typeof kid !== 'string')
    throw new UnprovedJwt('malformed', "The token's kid is not a text.");
  if (crit !== undefined)
    throw new UnprovedJwt('malformed', 'The token demands extensions (crit): none is known here.');
  return { header: header as Header, claims };
}

function objectIn(part: string | undefined): Claims | null {
  if (part === undefined || !/^[\w-]+$/.test(part)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null;
  } catch {
    return null;
  }
}

/** A value of a stranger in a sentence: short, on one line. */
function seen(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'missing');
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '�').slice(0, MAX_ISSUER_LENGTH);
}
