/**
 * Patterns as GitHub's rulesets have them: Ruby's `File.fnmatch` with `FNM_PATHNAME`.
 *
 * `*` and `?` stop at slashes, a `**` that is a whole segment before a slash is any number of segments, `[a-z]` and
 * `[!a-z]` are one character, a backslash takes the next character for itself.
 * Source: GitHub docs "Creating rulesets for a repository", "Using fnmatch syntax"; Ruby's documentation of
 * File.fnmatch.
 * Differs: what begins with a dot is matched by wildcards, too, so that `**` + `/*` covers `.github/workflows`.
 * Invariant: a comparison takes at most the product of both lengths, whatever stands in pattern or name.
 */

type Step =
  | { readonly kind: 'letter'; readonly letter: string }
  /** `?`, or a set of characters; never a slash. */
  | { readonly kind: 'one'; readonly has: (letter: string) => boolean }
  | { readonly kind: 'star' }
  /** Any number of whole segments, each with its slash. */
  | { readonly kind: 'segments' };

/** True when the pattern matches the whole name. */
export function fnmatches(pattern: string, name: string): boolean {
  return /[*?[\\]/.test(pattern) ? run(stepsOf([...pattern]), name) : name === pattern;
}

/** What is wrong with a pattern; null when nothing is. */
export function fnmatchProblem(pattern: string): string | null {
  if (pattern === '') return 'is empty';
  if (/[\x00-\x1f\x7f]/.test(pattern)) return 'has a control character';
  if (pattern.replaceAll(/\\./gs, '').endsWith('\\')) return 'ends in a backslash';
  if (pattern.includes('{') || pattern.includes('}')) return 'has braces, which fnmatch knows nothing of';
  const open = pattern.replaceAll(/\\./gs, 'x').replaceAll(/\[[!^]?\]?[^\]]*\]/g, 'x');
  return open.includes('[') ? 'has a [ without a ]' : null;
}

function letterAt(pattern: readonly string[], i: number): string {
  return pattern[i] ?? '';
}

/** @param pattern its characters, of which some take two units of UTF-16 */
function stepsOf(pattern: readonly string[]): Step[] {
  const steps: Step[] = [];
  for (let i = 0; i < pattern.length; ) {
    const letter = letterAt(pattern, i);
    const startsSegment = i === 0 || letterAt(pattern, i - 1) === '/';
    const set = letter === '[' ? setAt(pattern, i) : null;
    if (startsSegment && pattern.slice(i, i + 3).join('') === '**/') {
      steps.push({ kind: 'segments' });
      i += 3;
    } else if (letter === '*') {
      if (steps.at(-1)?.kind !== 'star') steps.push({ kind: 'star' });
      i++;
    } else if (letter === '?') {
      steps.push({ kind: 'one', has: () => true });
      i++;
    } else if (set !== null) {
      steps.push({ kind: 'one', has: set.has });
      i = set.end;
    } else if (letter === '\\' && i + 1 < pattern.length) {
      steps.push({ kind: 'letter', letter: letterAt(pattern, i + 1) });
      i += 2;
    } else {
      steps.push({ kind: 'letter', letter });
      i++;
    }
  }
  return steps;
}

/** A set in brackets that begins at `start`; null when it never ends. */
function setAt(
  pattern: readonly string[],
  start: number,
): { readonly has: (letter: string) => boolean; end: number } | null {
  const isNot = /[!^]/.test(letterAt(pattern, start + 1));
  const from = start + (isNot ? 2 : 1);
  const end = pattern.indexOf(']', from + 1);
  if (end < 0) return null;
  const ranges: (readonly [low: string, high: string])[] = [];
  for (let i = from; i < end; i++) {
    if (letterAt(pattern, i) === '\\' && i + 1 < end) i++;
    const low = letterAt(pattern, i);
    const isRange = letterAt(pattern, i + 1) === '-' && i + 2 < end;
    ranges.push([low, isRange ? letterAt(pattern, i + 2) : low]);
    if (isRange) i += 2;
  }
  const has = (letter: string): boolean => ranges.some(([low, high]) => low <= letter && letter <= high) !== isNot;
  return { has, end: end + 1 };
}

/** Walks all ways at once. A half place stands within a segment that `**` takes. */
function run(steps: readonly Step[], name: string): boolean {
  let places = closed(steps, new Set([0]));
  for (const letter of name) {
    const next = new Set<number>();
    for (const at of places) {
      const step = steps[at];
      if (!Number.isInteger(at)) next.add(letter === '/' ? at - HALF : at);
      else if (step?.kind === 'letter' && step.letter === letter) next.add(at + 1);
      else if (step?.kind === 'one' && letter !== '/' && step.has(letter)) next.add(at + 1);
      else if (step?.kind === 'star' && letter !== '/') next.add(at);
      else if (step?.kind === 'segments' && letter !== '/') next.add(at + HALF);
    }
    places = closed(steps, next);
    if (places.size === 0) return false;
  }
  return places.has(steps.length);
}

const HALF = 0.5;

/** With what can be passed over without a letter: `*` may be nothing, `**` + `/` no segment at all. */
function closed(steps: readonly Step[], places: Set<number>): Set<number> {
  for (const from of places) {
    let at = from;
    while (steps[at]?.kind === 'star' || steps[at]?.kind === 'segments') places.add(++at);
  }
  return places;
}
