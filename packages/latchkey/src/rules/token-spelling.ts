/**
 * Tells what went wrong between a token and the credential that arrived: something surrounds the token, or a variable
 * was never replaced by it. Both are mistakes in a script or a form, and the token is still alive.
 *
 * Judged by form alone: a correct checksum is enough to say "that is a token".
 * Never: the text itself in the answer, because it may be a password after all.
 */
import { parseTokenText, tokensWithin } from './token-text.ts';

export interface Misspelling {
  readonly kind: 'wrapped' | 'placeholder';
  /**
   * In words. `wrapped` continues "a token came …": `in double quotes`; `placeholder` continues "what came is …": `the
   * name of a variable`.
   */
  readonly how: string;
}

const INVISIBLE = /[\p{Cf}\p{Cc}]/gu;

/** What surrounds a token, judged by the text before and after it. The first match is reported. */
const AROUND: readonly (readonly [before: RegExp, behind: RegExp, how: string])[] = [
  [/^["“”„]+$/, /^["“”]+$/, 'in double quotes'],
  [/^['‘’]+$/, /^['‘’]+$/, 'in single quotes'],
  [/^`+$/, /^`+$/, 'in backticks'],
  [/^<$/, /^>$/, 'in angle brackets'],
  [/^\[$/, /^\]$/, 'in brackets'],
  [/^bearer\s+$/i, /^$/, 'behind the word Bearer'],
  [/^token\s+$/i, /^$/, 'behind the word token'],
  [/^basic\s+$/i, /^$/, 'behind the word Basic'],
  [/^(?:authorization|private-token)\s*:\s*(?:\w+\s+)?$/i, /^$/, 'behind the name of a header'],
  [/^(?:(?:export|set|env)\s+)?[\w.-]+\s*=\s*["']?$/i, /^["']?;?$/, 'behind the name of a variable'],
  [/^[\w.-]+:\s+["']?$/, /^["']?$/, 'behind a name and a colon'],
  [/^[^\s:/]+:$/, /^$/, 'behind a username and a colon'],
  [/^https?:\/\//i, /^@/, 'in an address'],
];

const HIDDEN = 'asterisks, which stand for a hidden value';

/** What a script or an example puts in the place of a token. */
const PLACEHOLDERS: readonly (readonly [form: RegExp, how: string])[] = [
  [/^(?:""|'')$/, 'a pair of quotes with nothing in it'],
  [/^\$(?:env:)?[A-Za-z_]\w*$/, 'the name of a variable'],
  [/^\$\{[^{}]*\}$|^\$?\{\{[^{}]*\}\}$|^\$\([^()]*\)$|^%[A-Za-z_]\w*%$/, 'the name of a variable'],
  [/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:TOKEN|PAT|SECRET|PASSWORD)$/, 'the name of a variable'],
  [/^<[\w .-]+>$/, 'the placeholder of an example'],
  [/^(?:the|my|your|an?)?[ _-]?(?:[a-z]+[ _-]){0,2}(?:token|pat)(?:[ _-]here)?$/i, 'the placeholder of an example'],
  [/^(?:lk[fcsdp]_)?(?:\.{3}|…|x{4,}|X{4,})$/, 'the placeholder of an example'],
  [/^(?:[*•●·]+|\[?(?:redacted|masked|filtered|hidden|secret)\]?|<(?:redacted|masked|hidden)>)$/i, HIDDEN],
  [/^(?:undefined|null|nil|none|nan|false|\[object \w+\])$/i, 'the word for a value that is not there'],
];

/** What is wrong with a text that should be just a token; null when it is one, or nothing like one. */
export function misspellingOf(text: string): Misspelling | null {
  if (parseTokenText(text).form === 'valid') return null;
  const how = wrapping(text);
  if (how !== null) return { kind: 'wrapped', how };
  const placeholder = text.length > MAX_PLACEHOLDER_LENGTH ? undefined : PLACEHOLDERS.find(([form]) => form.test(text));
  return placeholder === undefined ? null : { kind: 'placeholder', how: placeholder[1] };
}

const MAX_PLACEHOLDER_LENGTH = 100;

function wrapping(text: string): string | null {
  const plain = decodedPercents(text);
  const found = around(plain);
  if (found !== null) return found;
  if (isAlone(plain.replace(/\s+/g, ''))) return 'with white space in it';
  const visible = plain.replace(INVISIBLE, '');
  if (visible !== plain && (isAlone(visible) || around(visible) !== null)) return 'with invisible characters';
  return isBase64OfToken(plain) ? 'encoded as base64' : null;
}

function isAlone(text: string): boolean {
  return parseTokenText(text).form === 'valid';
}

/**
 * What surrounds a whole token in the text. If it can be read in two ways, the longer one counts: the one with its
 * prefix.
 */
function around(text: string): string | null {
  const found = [...tokensWithin(text)];
  const [first] = found;
  if (first === undefined) return null;
  const token = found.filter(({ at, text: one }) => at + one.length === first.at + first.text.length).at(-1) ?? first;
  if (found.some(({ at }) => at >= token.at + token.text.length)) return 'twice';
  const before = text.slice(0, token.at);
  const behind = text.slice(token.at + token.text.length);
  if (before.replace(INVISIBLE, '') === '' && behind.replace(INVISIBLE, '') === '') return 'with invisible characters';
  const known = AROUND.find(([start, end]) => start.test(before) && end.test(behind));
  return known?.[2] ?? 'with other characters around it';
}

function isBase64OfToken(text: string): boolean {
  if (!/^[\w+/\s-]+={0,2}$/.test(text)) return false;
  return !tokensWithin(Buffer.from(text, 'base64').toString('utf8')).next().done;
}

/** The text with its percent escapes decoded, or unchanged where they don't encode anything. */
function decodedPercents(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
