/**
 * Reads the `Authorization` header (RFC 9110 section 11.6.2, RFC 7617 Basic, RFC 6750 Bearer, and GitHub's `token`).
 *
 * Invariant: never throws, whatever arrives; an unreadable header is `malformed`, with the reason in words.
 * Never: a secret outside a `Secret`.
 */
import { latestPer } from '../../base/once.ts';
import { onceHeaderOf } from '../../base/requests/raw-headers.ts';
import { Secret } from '../../base/secret.ts';
import { misspellingOf } from '../../rules/token-spelling.ts';
import { parseTokenText, tokensWithin } from '../../rules/token-text.ts';

export type Credential =
  | { readonly form: 'none' }
  | { readonly form: 'malformed'; readonly problem: string }
  /** `username` is the part before the colon. The decision ignores it, but there must be one. */
  | { readonly form: 'basic'; readonly username: string; readonly secret: Secret }
  | { readonly form: 'bearer'; readonly secret: Secret }
  | FollowUp;

/**
 * What an allowed request left for the requests that follow from it, such as the transfer of a file: which secret it
 * came with. No header is read as one; whoever makes it has verified its own signature.
 */
export interface FollowUp {
  readonly form: 'follow-up';
  /** As `Secret.digestKey` has it. */
  readonly digestKey: string;
  readonly isDerived: boolean;
}

/** Longer headers are refused without being read. */
export const MAX_AUTHORIZATION_LENGTH = 4096;

const NO_CREDENTIAL: Credential = { form: 'none' };
const malformed = (problem: string): Credential => ({ form: 'malformed', problem });

/** Every `Authorization` header of a request, from Node's raw list: Node itself silently keeps only the first. */
export function authorizationOf(rawHeaders: readonly string[]): string | readonly string[] | undefined {
  return onceHeaderOf(rawHeaders, 'authorization');
}

/**
 * A client sends the same credential with every request. Reading it and computing its digest takes 7 µs; this takes
 * 0.1.
 */
const latestOn = latestPer((authorization: string) => credentialOf(authorization));

/**
 * The same as `credentialOf`, read once for all requests of a connection that send the same. Kept no longer than the
 * connection.
 */
export function credentialOn(connection: object, authorization: string | readonly string[] | undefined): Credential {
  return typeof authorization === 'string' ? latestOn(connection, authorization) : credentialOf(authorization);
}

/**
 * The credential in a request's `Authorization` header. Several headers contradict each other, so they are malformed.
 */
export function credentialOf(authorization: string | readonly string[] | undefined): Credential {
  if (authorization === undefined) return NO_CREDENTIAL;
  if (typeof authorization !== 'string') return malformed('more than one Authorization header was sent');
  if (authorization.length > MAX_AUTHORIZATION_LENGTH)
    return malformed(`the Authorization header is longer than ${MAX_AUTHORIZATION_LENGTH} characters`);
  const space = authorization.indexOf(' ');
  if (space <= 0) return malformed(withoutScheme(authorization.trim()));
  const value = authorization.slice(space + 1).trim();
  if (value === '') return malformed(NO_VALUE);
  switch (authorization.slice(0, space).toLowerCase()) {
    case 'basic':
      return basic(value);
    case 'bearer':
    case 'token':
      return { form: 'bearer', secret: new Secret(value) };
    default:
      return malformed(
        misspellingOf(authorization)?.kind === 'wrapped'
          ? 'the Authorization header holds a token, but does not begin with Bearer'
          : 'the Authorization header uses a scheme other than Basic, Bearer or token',
      );
  }
}

const NO_VALUE = 'the Authorization header has no token: the variable that should hold it may not be set';

/** What is wrong with a header of one word. */
function withoutScheme(word: string): string {
  if (/^(?:basic|bearer|token)?$/i.test(word)) return NO_VALUE;
  return parseTokenText(word).form === 'valid'
    ? 'the Authorization header holds a token without the word Bearer before it'
    : 'the Authorization header names no scheme and value';
}

function basic(encoded: string): Credential {
  const bytes = Buffer.from(encoded, 'base64');
  const digits = encoded.length - (encoded.endsWith('==') ? 2 : encoded.endsWith('=') ? 1 : 0);
  // Node skips what isn't base64; then there are fewer bytes than the length implies. A single digit makes no byte.
  if (digits % 4 === 1 || bytes.length !== (digits * 3) >> 2) return notBasic(encoded, 'are not base64');
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return notBasic(encoded, 'have no colon between username and password');
  return { form: 'basic', username: text.slice(0, colon).trim(), secret: new Secret(text.slice(colon + 1).trim()) };
}

function notBasic(encoded: string, problem: string): Credential {
  return malformed(
    tokensWithin(encoded).next().done
      ? `the Basic credentials ${problem}`
      : 'the Basic credentials are not base64, but a token as it is: for that, the word is Bearer',
  );
}
