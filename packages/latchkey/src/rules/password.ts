/**
 * What a new password must be: long enough, not one that everybody tries first, and more than names that everybody
 * knows.
 *
 * Source: NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5.0, 6.2. No rule about kinds of characters: those make passwords
 * worse.
 */

/** Shortest and longest password in characters (NIST asks for at least 8 and room for 64). */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 256;
/** A shorter name is part of too many good words. */
const MIN_NAME_LENGTH = 3;

/** What a password is checked against. */
export interface PasswordFacts {
  /** In lower case. */
  readonly common: ReadonlySet<string>;
  /** Names of the person, their addresses and organizations, and of the service. */
  readonly names: readonly string[];
}

/** What is wrong with a new password, as a sentence; null when nothing is. */
export function passwordProblem(password: string, { common, names }: PasswordFacts): string | null {
  const { length } = [...password];
  if (length < MIN_PASSWORD_LENGTH) return `A password has at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (length > MAX_PASSWORD_LENGTH) return `A password has at most ${MAX_PASSWORD_LENGTH} characters.`;
  const lower = password.toLowerCase();
  if (common.has(lower) || new Set(lower).size < 3)
    return (
      'This password is among those that are tried first. ' +
      'A few words that nobody else would put together are best.'
    );
  const { rest, found } = withoutNames(lower, names);
  if (found.length === 0 || rest.length >= MIN_PASSWORD_LENGTH) return null;
  return `Names are tried first: beside ${listOf(found)} a password has at least ${MIN_PASSWORD_LENGTH} characters.`;
}

/** The password without the names in it. The longest is removed first, so that no name hides in another. */
function withoutNames(lower: string, names: readonly string[]): { rest: string; found: string[] } {
  const found: string[] = [];
  let rest = lower;
  for (const name of wordsOf(names)) {
    if (!rest.includes(name)) continue;
    found.push(name);
    rest = rest.replaceAll(name, '');
  }
  return { rest: rest.replace(/[^\p{L}\p{N}]/gu, '') === '' ? '' : rest, found };
}

function wordsOf(names: readonly string[]): string[] {
  const words = names.flatMap((name) => [name, ...name.split(/[^\p{L}\p{N}]+/u)]).map((word) => word.toLowerCase());
  return [...new Set(words)].filter((word) => word.length >= MIN_NAME_LENGTH).sort((a, b) => b.length - a.length);
}

function listOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
