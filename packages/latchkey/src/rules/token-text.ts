/**
 * The text of a token: `[instance prefix _] kind prefix + 30 random base62 characters + 6 characters of checksum`.
 *
 * The checksum is the CRC-32 (IEEE) of everything before it, in base62 (`0-9A-Za-z`, left-padded with `0`). It tells
 * a typo from an unknown token without a look-up, and lets a scanner find real tokens only. GitHub's classic tokens
 * do the same.
 *
 * Invariant: only `[A-Za-z0-9_]`, so a double click selects all of it and no shell or URL needs quoting.
 * NEVER change a prefix: that revokes every token which has it.
 */
import { crc32 } from 'node:zlib';
import type { TokenKind } from './model.ts';

const TOKEN_PREFIXES: Readonly<Record<TokenKind, string>> = {
  'fine-grained': 'lkf_',
  classic: 'lkc_',
  scoped: 'lks_',
};
/** Of a token that was derived from another, whatever its kind. */
const DERIVED_PREFIX = 'lkd_';
/** Of a directory's, which provisions people and opens nothing else. */
const PROVISIONING_PREFIX = 'lkp_';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The longest text that is considered at all: 16 characters of instance prefix, `_`, 4 of kind, 36 of body. */
export const MAX_TOKEN_LENGTH = 16 + 1 + 4 + RANDOM_LENGTH + CHECKSUM_LENGTH;

const FORM = /^(?:[A-Za-z0-9]{1,16}_)?(lkf|lkc|lks|lkd|lkp)_[A-Za-z0-9]{36}$/;
const NEARLY = /^(?:[A-Za-z0-9]{1,16}_)?(?:lkf|lkc|lks|lkd|lkp)_/;
const KIND_OF: Readonly<Record<string, TextKind>> = {
  lkf: 'fine-grained',
  lkc: 'classic',
  lks: 'scoped',
  lkd: 'derived',
  lkp: 'provisioning',
};

/** What the prefix tells. */
type TextKind = TokenKind | 'derived' | 'provisioning';

/** Six base62 characters that encode the CRC-32 of a text. */
export function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * Makes the text of a new token (178 bits of randomness).
 * @param randomBytes a source of random bytes: `crypto.randomBytes`, except in tests
 * @param instancePrefix 1–16 characters `[A-Za-z0-9]`, or null for none
 */
export function mintTokenText(
  kind: TextKind,
  randomBytes: (size: number) => Uint8Array,
  instancePrefix: string | null,
): string {
  const prefix = instancePrefix === null ? '' : `${instancePrefix}_`;
  const ofKind = { ...TOKEN_PREFIXES, derived: DERIVED_PREFIX, provisioning: PROVISIONING_PREFIX }[kind];
  const head = `${prefix}${ofKind}${randomBase62(RANDOM_LENGTH, randomBytes)}`;
  return head + checksumOf(head);
}

/** Uniform base62 characters. Bytes of 248 and above are dropped, since 248 = 4 × 62. */
function randomBase62(length: number, randomBytes: (size: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62];
    }
  }
  return text;
}

/**
 * `valid`: well-formed with the right checksum. `mistyped`: clearly meant to be one of ours, but damaged.
 * `unrecognised`: something else.
 */
export type TokenText =
  | { readonly form: 'valid'; readonly kind: TextKind }
  | { readonly form: 'mistyped' }
  | { readonly form: 'unrecognised' };

const MISTYPED: TokenText = { form: 'mistyped' };
const UNRECOGNISED: TokenText = { form: 'unrecognised' };

/** Reads a text as a token. To its sender, surrounding white space is a typo, so callers trim it first. */
export function parseTokenText(text: string): TokenText {
  if (text.length > MAX_TOKEN_LENGTH) return NEARLY.test(text) ? MISTYPED : UNRECOGNISED;
  const match = FORM.exec(text);
  if (match === null) return NEARLY.test(text) ? MISTYPED : UNRECOGNISED;
  const kind = KIND_OF[match[1] ?? ''];
  const split = text.length - CHECKSUM_LENGTH;
  return kind !== undefined && checksumOf(text.slice(0, split)) === text.slice(split)
    ? { form: 'valid', kind }
    : MISTYPED;
}

/** A token inside another text. */
export interface TokenWithin {
  readonly text: string;
  /** The offset of its first character. */
  readonly at: number;
}

/** A token may begin inside what looked like another, so a match consumes only the prefix. */
const WITHIN = /lk[fcsdp]_(?=([A-Za-z0-9]{36}))/g;
const MAX_PREFIX_LENGTH = 16;

/** The tokens in a text, whatever surrounds them. Only those with the right checksum. */
export function* tokensWithin(text: string): Generator<TokenWithin> {
  for (const { 0: kind, 1: rest = '', index } of text.matchAll(WITHIN)) {
    const bare = kind + rest;
    const prefix = prefixBefore(text, index);
    for (const whole of prefix === '' ? [bare] : [bare, prefix + bare]) {
      if (parseTokenText(whole).form === 'valid') yield { text: whole, at: index - (whole.length - bare.length) };
    }
  }
}

/** A possible instance prefix of the token that begins there, with its `_`: all letters and digits before it. */
function prefixBefore(text: string, at: number): string {
  if (text[at - 1] !== '_') return '';
  let from = at - 1;
  while (from > 0 && isBase62(text.charCodeAt(from - 1))) if (at - 1 - --from > MAX_PREFIX_LENGTH) return '';
  return from === at - 1 ? '' : text.slice(from, at);
}

function isBase62(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
}

/** The text with every token in it cut down to its last eight characters. */
export function withoutTokens(text: string): string {
  let safe = text;
  for (const { text: token } of tokensWithin(text)) safe = safe.replaceAll(token, `…${lastEightOf(token)}`);
  return safe;
}

/** The last eight characters: lists show them, and people recognise a token by them. */
export function lastEightOf(text: string): string {
  return text.slice(-8);
}
