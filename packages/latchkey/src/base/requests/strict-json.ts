/**
 * JSON that every reader takes for the same, or none.
 *
 * Programs differ in what they make of a name that comes twice, of text that isn't UTF-8, and of anything beyond the
 * grammar (RFC 8259 sections 4 and 8.1; RFC 7493). Whoever decides by a body must not be one of two readers that see
 * different things.
 * Never: a value from a text that another reader could take for a different one.
 */

export type JsonFault = 'body_not_json' | 'body_ambiguous' | 'body_too_deep';

/** Objects and lists within each other. */
export const MAX_JSON_DEPTH = 64;

/** The value, or what is wrong with the text. */
export function strictJson(bytes: Uint8Array): { readonly value: unknown } | JsonFault {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (depthOf(text) > MAX_JSON_DEPTH) return 'body_too_deep';
    value = JSON.parse(text);
  } catch {
    return 'body_not_json';
  }
  // Each member has one colon outside of texts. Of two with the same name, the parser keeps one.
  return colonsOf(text) === membersOf(value) ? { value } : 'body_ambiguous';
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** Calls back for each character outside of texts. */
function outsideTexts(text: string, see: (code: number) => void): void {
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInText) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInText = false;
    } else if (code === QUOTE) isInText = true;
    else see(code);
  }
}

function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  outsideTexts(text, (code) => {
    if (OPENING.has(code)) deepest = Math.max(deepest, ++depth);
    else if (CLOSING.has(code)) depth--;
  });
  return deepest;
}

function colonsOf(text: string): number {
  let colons = 0;
  outsideTexts(text, (code) => {
    if (code === COLON) colons++;
  });
  return colons;
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children: readonly unknown[] = Object.values(value);
  let members = Array.isArray(value) ? 0 : children.length;
  for (const child of children) members += membersOf(child);
  return members;
}
