/**
 * The text of a token: `[instance prefix _] kind prefix + 30 random base62 characters + 6 characters of checksum`.
 *
 * The checksum is the CRC-32 (IEEE) of everything before it, in base62 (`0-9A-Za-z`, left-padded with `0`), so that a typo is told
 * from an unknown token without a look-up, and a scanner finds real tokens only. GitHub's classic tokens do the same.
 *
 * Invariant: only `[A-Za-z0-9_]`, so that a double click selects the whole and no shell or URL needs quoting.
 * NEVER change a prefix: that revokes every token which has it.
 */
import { crc32 } from 'node:zlib';
import type { TokenKind } from './model.ts';

export const TOKEN_PREFIXES: Readonly<Record<TokenKind, string>> = {
  'fine-grained': 'lkf_',
  classic: 'lkc_',
  scoped: 'lks_',
};

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
/** The longest text that is looked at at all: 16 characters of instance prefix, `_`, 4 of kind, 36 of body. */
export const MAX_TOKEN_LENGTH = 16 + 1 + 4 + RANDOM_LENGTH + CHECKSUM_LENGTH;

const FORM = /^(?:[A-Za-z0-9]{1,16}_)?(lkf|lkc|lks)_[A-Za-z0-9]{36}$/;
const NEARLY = /^(?:[A-Za-z0-9]{1,16}_)?(?:lkf|lkc|lks)_/;
const KIND_OF: Readonly<Record<string, TokenKind>> = { lkf: 'fine-grained', lkc: 'classic', lks: 'scoped' };

/** Six base62 characters that stand for the CRC-32 of a text. */
export function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = BASE62[rest % 62]! + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/**
 * Makes the text of a new token (178 bits of randomness).
 * @param randomBytes a source of random bytes, `crypto.randomBytes` outside of tests
 * @param instancePrefix 1–16 characters `[A-Za-z0-9]`, or null for none
 */
export function mintTokenText(kind: TokenKind, randomBytes: (size: number) => Uint8Array, instancePrefix: string | null): string {
  const head = `${instancePrefix === null ? '' : `${instancePrefix}_`}${TOKEN_PREFIXES[kind]}${randomBase62(RANDOM_LENGTH, randomBytes)}`;
  return head + checksumOf(head);
}

/** Uniform base62 characters: bytes of 248 and above are thrown away, since 248 = 4 × 62. */
function randomBase62(length: number, randomBytes: (size: number) => Uint8Array): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62];
    }
  }
  return text;
}

/** `valid`: well-formed with the right checksum. `mistyped`: plainly meant as one of ours, but damaged. `foreign`: something else. */
export type TokenText = { readonly form: 'valid'; readonly kind: TokenKind } | { readonly form: 'mistyped' } | { readonly form: 'foreign' };

const MISTYPED: TokenText = { form: 'mistyped' };
const FOREIGN: TokenText = { form: 'foreign' };

/** Reads a text as a token. White space around it is a typo to its sender, so callers trim it first. */
export function parseTokenText(text: string): TokenText {
  if (text.length > MAX_TOKEN_LENGTH) return NEARLY.test(text) ? MISTYPED : FOREIGN;
  const match = FORM.exec(text);
  if (match === null) return NEARLY.test(text) ? MISTYPED : FOREIGN;
  const split = text.length - CHECKSUM_LENGTH;
  return checksumOf(text.slice(0, split)) === text.slice(split) ? { form: 'valid', kind: KIND_OF[match[1]!]! } : MISTYPED;
}

/** A token that stands in another text. */
export interface TokenWithin {
  readonly text: string;
  /** Where it begins, in characters. */
  readonly at: number;
}

const WITHIN = /lk[fcs]_[A-Za-z0-9]{36}/g;
/** What may be an instance prefix, at the end of what stands before the kind. */
const PREFIX_BEFORE = /[A-Za-z0-9]+(?=_$)/;
const MAX_PREFIX_LENGTH = 16;

/** Every token that stands in a text, whatever stands around it. Only those whose checksum is right. */
export function tokensWithin(text: string): TokenWithin[] {
  const found: TokenWithin[] = [];
  for (const { 0: bare, index } of text.matchAll(WITHIN)) {
    const before = PREFIX_BEFORE.exec(text.slice(Math.max(0, index - MAX_PREFIX_LENGTH - 1), index))?.[0] ?? '';
    // Letters may stand right before the prefix, so each beginning is tried: the checksum tells which one it is.
    for (let length = 0; length <= before.length; length++) {
      const whole = length === 0 ? bare : `${before.slice(-length)}_${bare}`;
      if (parseTokenText(whole).form === 'valid') found.push({ text: whole, at: index - (whole.length - bare.length) });
    }
  }
  return found;
}

/**
 * Characters in a row that may be a piece of a token whose other pieces are elsewhere, as where only the changes of a text are known. Of the 36 behind
 * the prefix a few at either end may be missing.
 */
const PIECE = /[A-Za-z0-9]{24}/;

/** False when no token can lie across the ends of this piece of a text, or within it. */
export function mayHoldPieceOfToken(piece: string): boolean {
  return PIECE.test(piece);
}

/** The last eight characters: what lists show and people recognise a token by. */
export function lastEightOf(text: string): string {
  return text.slice(-8);
}
