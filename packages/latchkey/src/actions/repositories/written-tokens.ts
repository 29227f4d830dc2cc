/**
 * Tokens in a text as other programs write them: UTF-16 (Windows), base64 (`Authorization: Basic`, `_auth` of `.npmrc`,
 * `auth` of Docker's `config.json`), percent-encoded (an address in an address).
 *
 * Each writing turns the four characters of the prefix, `lkf_`, into one of few texts. Those are looked for; only
 * around them something is decoded, and the checksum tells what it is.
 * Invariant: the work for one place has a bound, whatever the text.
 */
import { MAX_TOKEN_LENGTH, type TokenWithin, tokensWithin } from '../../rules/token-text.ts';

/** The longest way to write a token: every character as `%6C`. */
export const MAX_WRITTEN_LENGTH = 3 * MAX_TOKEN_LENGTH;

/** A token, and its length in the text. */
export interface WrittenToken extends TokenWithin {
  readonly length: number;
}

/** In base64, a byte begins at one of three places in a group of four characters. */
const IN_BASE64 = /bGt[mjzk]X|xr(?:Z[lF]|Y1|c1)[89]|s(?:a2[ZNR]|a3N)f/g;
const IN_PERCENT = /lk[fcsdp]%5[Ff]|%6[Cc]%6[Bb]%(?:66|63|73|64|70)%5[Ff]/g;
const IN_UTF16 = /l\0k\0[fcsdp]\0_/g;

/** The tokens in a text whose bytes are characters, plain or in one of these encodings. */
export function* tokensWrittenIn(text: string): Generator<WrittenToken> {
  for (const { text: token, at } of tokensWithin(text)) yield { text: token, at, length: token.length };
  for (const { 0: beginning, index } of beginningsIn(text)) {
    const [decoded, length] = decodedAround(text, index, beginning);
    for (const { text: token } of tokensWithin(decoded)) yield { text: token, at: index, length };
  }
}

/**
 * Places where decoding is worthwhile. Checks that quickly rule out an encoding come first: most texts have none of
 * them.
 */
function* beginningsIn(text: string): Generator<RegExpExecArray> {
  if (text.includes('\0')) yield* text.matchAll(IN_UTF16);
  if (text.includes('%5F') || text.includes('%5f')) yield* text.matchAll(IN_PERCENT);
  yield* text.matchAll(IN_BASE64);
}

/** The decoded text around a place, and how much of the original was used for it. */
function decodedAround(text: string, at: number, beginning: string): [string, number] {
  if (beginning.includes('\0')) return [everyOther(text, at), 2 * MAX_TOKEN_LENGTH];
  if (beginning.includes('%')) return [unescaped(text, at), MAX_WRITTEN_LENGTH];
  const group = at - (beginning.startsWith('b') ? 0 : beginning.startsWith('x') ? 2 : 3);
  return [fromBase64(text, group), 2 * MAX_TOKEN_LENGTH];
}

function everyOther(text: string, at: number): string {
  let decoded = '';
  for (let i = Math.max(at % 2, at - 2 * MAX_TOKEN_LENGTH); i < at + 2 * MAX_TOKEN_LENGTH; i += 2)
    decoded += text.charAt(i);
  return decoded;
}

function unescaped(text: string, at: number): string {
  return text
    .slice(Math.max(0, at - MAX_WRITTEN_LENGTH), at + MAX_WRITTEN_LENGTH)
    .replace(/%([0-7][0-9A-Fa-f])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const GROUP = 4;
const IS_GROUP = /^[A-Za-z0-9+/_-]{4}$/;

/** Starts a few groups earlier, to include an instance prefix; broken lines are joined. */
function fromBase64(text: string, at: number): string {
  let from = at;
  while (from >= GROUP && at - from < MAX_TOKEN_LENGTH && IS_GROUP.test(text.slice(from - GROUP, from))) from -= GROUP;
  const joined = text.slice(Math.max(0, from), at + 2 * MAX_TOKEN_LENGTH).replace(/\r?\n[ \t]*/g, '');
  return Buffer.from(/^[A-Za-z0-9+/_-]*/.exec(joined)?.[0] ?? '', 'base64').toString('latin1');
}

/** Texts have no character up to this code. */
const BACKSPACE = 8;
const PERCENT = 37;
/** At either end, a few of the 36 characters after the prefix may be missing. */
const RUN_LENGTH = 24;

/**
 * False when no token can be within this piece of a text or across its ends, if only the text's changes are known.
 * Anything that isn't text, such as UTF-16 and archives, can't be judged; of a folder, names are text, and hashes are
 * too short to hold one. Digests in hexadecimal, of which source code is full, are no piece of a token: 24 of its
 * characters are all among those sixteen once in 10 ^ 14.
 */
export function mayHoldPieceOfToken(piece: string, isOfFolder = false): boolean {
  let inARow = 0;
  let isDigest = true;
  for (let at = 0; at < piece.length; at++) {
    const code = piece.charCodeAt(at);
    if (code <= BACKSPACE && !isOfFolder) return true;
    if (code === PERCENT) {
      isDigest = false;
      continue;
    }
    inARow = isBase62(code) ? inARow + 1 : 0;
    isDigest = inARow === 0 || (isDigest && isHexadecimal(code));
    if (inARow >= RUN_LENGTH && !isDigest) return true;
  }
  return false;
}

function isBase62(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90);
}

/** In small letters, as digests are written. */
function isHexadecimal(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
}
