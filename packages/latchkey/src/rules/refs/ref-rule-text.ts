/**
 * Ref rules as people write and read them: `agent/**`, `release/*: create, update`, `main: ask`, `old/**: none`.
 *
 * Invariant: what is read back from the words of a rule is that rule.
 */
import { protectionWords } from './ref-protections.ts';
import {
  asksOwner,
  BRANCHES,
  isReservedRef,
  REF_ACTS,
  REF_WORDS,
  type RefAct,
  type RefObjection,
  type RefRule,
  type RefWord,
} from './ref-rules.ts';

export const MAX_REF_RULES = 20;
/** Longest pattern, in characters. */
const MAX_REF_PATTERN_LENGTH = 200;
/** Most wildcards of one pattern. */
const MAX_REF_WILDCARDS = 8;
/** What is allowed where a rule only names a pattern: to make a branch, and to go on with it. */
const DEFAULT_ALLOW: readonly RefAct[] = ['create', 'update'];
/** What no ref has in its name, wildcards apart (git-check-ref-format), or what reads as an option or as HEAD. */
const NOT_IN_A_REF =
  /[\x00-\x20\x7f~^:?[\\\ufffd]|\.\.|@\{|\/$|\/\/|\/\.|\.lock(?:\/|$)|\.$|^refs\/(?:heads|tags|remotes)\/(?:-|HEAD$)/;

/** A rule as it was asked for, before it is checked. */
export interface RefRuleDraft {
  readonly pattern: string;
  readonly allow?: readonly string[] | undefined;
}

/** What stands for `{token}` and `{login}`. */
export interface RefPlaceholders {
  readonly token: string;
  readonly login: string;
}

export type CheckedRules =
  | { readonly ok: true; readonly rules: readonly RefRule[] | null }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The drafts in lines of a form, a flag or a link; empty lines are left out. */
export function refRuleDrafts(lines: readonly string[]): RefRuleDraft[] {
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      if (colon < 0) return { pattern: line };
      const words = line
        .slice(colon + 1)
        .split(/[,\s]+/)
        .filter((word) => word !== '')
        .map((word) => word.toLowerCase());
      return { pattern: line.slice(0, colon).trim(), allow: expanded(words) };
    });
}

function expanded(words: readonly string[]): readonly string[] {
  if (words.length === 1 && words[0] === 'none') return [];
  return words.length === 1 && words[0] === 'all' ? REF_ACTS : words;
}

/**
 * The rules that drafts stand for, with placeholders filled in once and for all: a token that is renamed later keeps
 * its rules. Null or an empty list is no rule at all: any ref.
 */
export function checkRefRules(drafts: readonly RefRuleDraft[] | null, placeholders: RefPlaceholders): CheckedRules {
  if (drafts === null || drafts.length === 0) return { ok: true, rules: null };
  if (drafts.length > MAX_REF_RULES)
    return { ok: false, problems: [`A token has at most ${MAX_REF_RULES} ref rules; these are ${drafts.length}.`] };
  const problems: string[] = [];
  const rules: RefRule[] = [];
  for (const draft of drafts) {
    const pattern = fullPattern(draft.pattern.trim(), placeholders);
    const wrong =
      placeholderProblem(draft.pattern, placeholders) ??
      patternProblem(draft.pattern.trim(), pattern) ??
      allowProblem(draft);
    if (wrong !== null) problems.push(wrong);
    else if (rules.some((rule) => rule.pattern === pattern))
      problems.push(`The pattern ${shownText(draft.pattern)} stands there twice: the second would never count.`);
    else rules.push({ pattern, allow: REF_WORDS.filter((word) => (draft.allow ?? DEFAULT_ALLOW).includes(word)) });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, rules };
}

function fullPattern(pattern: string, { token, login }: RefPlaceholders): string {
  const filled = pattern.replaceAll('{token}', segmentOf(token)).replaceAll('{login}', segmentOf(login));
  return filled.startsWith('refs/') ? filled : `${BRANCHES}${filled}`;
}

/**
 * A pattern without placeholders, in full: `release/*` is `refs/heads/release/*`.
 * @returns what is wrong with it instead, as `problem`
 */
export function refPattern(written: string): { readonly pattern: string } | { readonly problem: string } {
  const text = written.trim();
  const pattern = text.startsWith('refs/') ? text : `${BRANCHES}${text}`;
  if (/[{}]/.test(text))
    return { problem: `The pattern ${shownText(text)} has a placeholder: these belong to tokens.` };
  const problem = patternProblem(text, pattern);
  return problem === null ? { pattern } : { problem };
}

/** A name as one segment of a ref, with nothing in it that could be a wildcard or a slash. */
function segmentOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replaceAll(/^[.-]+|(?:\.lock)+$|[.-]+$/g, '')
    .replaceAll(/(?:\.lock)+$/g, '');
}

/** A placeholder that stands for nothing would leave a wider pattern than was meant. */
function placeholderProblem(pattern: string, placeholders: RefPlaceholders): string | null {
  const empty = (['token', 'login'] as const).find(
    (name) => pattern.includes(`{${name}}`) && segmentOf(placeholders[name]) === '',
  );
  return empty === undefined
    ? null
    : `{${empty}} has no letter or digit that could stand in a ref: write the name out.`;
}

function patternProblem(written: string, pattern: string): string | null {
  const said = `The pattern ${shownText(written)}`;
  if (written === '') return 'A ref rule needs a pattern, such as agent/**.';
  if (pattern.length > MAX_REF_PATTERN_LENGTH) return `${said} has more than ${MAX_REF_PATTERN_LENGTH} characters.`;
  if (/[{}]/.test(pattern)) return `${said} has a placeholder that is none: there are {token} and {login}.`;
  if (written !== written.normalize('NFC') || /[\p{C}\p{M}\p{Z}]/u.test(pattern))
    return `${said} has characters that can't be seen or told apart; write the name as git prints it.`;
  if (pattern.split('/').some((segment) => segment.includes('**') && segment !== '**'))
    return `${said} has ** beside something else: ** stands for whole segments, as in agent/**.`;
  if ((pattern.match(/\*\*|\*/g) ?? []).length > MAX_REF_WILDCARDS)
    return `${said} has more than ${MAX_REF_WILDCARDS} wildcards.`;
  if (pattern.includes('**/**')) return `${said} has ** twice in a row: once says the same.`;
  const [, folder = ''] = pattern.split('/');
  if (pattern.startsWith('refs/') && folder.includes('*'))
    return `${said} must say which kind of ref it means: refs/heads/…, refs/tags/… or another.`;
  const sample = pattern.replaceAll('**', 'x').replaceAll('*', 'x');
  if (isReservedRef(sample)) return `${said} names refs that no rule opens.`;
  return NOT_IN_A_REF.test(sample) ? `${said} is not a well formed name of a ref.` : null;
}

function allowProblem({ pattern, allow = [] }: RefRuleDraft): string | null {
  const unknown = allow.find((word) => !(REF_WORDS as readonly string[]).includes(word));
  if (unknown !== undefined)
    return (
      `The rule for ${shownText(pattern)} can't allow ${shownText(unknown)}: ` +
      `it allows ${REF_ACTS.join(', ')}, or none; or it asks: ask.`
    );
  return allow.includes('ask') && allow.some((word) => word !== 'ask')
    ? `The rule for ${shownText(pattern)} has ask beside something else: ask stands alone, for every move.`
    : null;
}

/** A text of somebody else within a sentence: short, and with every odd character told by its number. */
function shownText(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(
    short.replaceAll(/[^\x20-\x7e…]/gu, (odd) => `U+${(odd.codePointAt(0) ?? 0).toString(16).toUpperCase()}`),
  );
}

/** A ref or pattern as people write it: branches by their short name. */
export function shownRef(ref: string): string {
  return ref.startsWith(BRANCHES) ? ref.slice(BRANCHES.length) : ref;
}

/** Patterns that are named one by one; of more, how many more there are. */
const MAX_NAMED = 3;

/** Why a ref may not move, on one short line: `ref rules allow agent/** only`. */
export function objectionWords(objection: RefObjection, rules: readonly RefRule[] | null): string {
  const { ref, act, rule, isSymbolic, protection } = objection;
  if (protection !== undefined) return `protected: ${protectionWords(protection, ref, act)}`;
  if (rules === null) return 'a symbolic ref does not move beside protected ones';
  if (isSymbolic === true) return 'ref rules open no symbolic ref';
  if (rule !== null && asksOwner(rule)) return `ref rule ${shownRef(rule.pattern)} asks first`;
  if (rule !== null) return `ref rule ${shownRef(rule.pattern)} allows ${listedActs(rule.allow)}`;
  if (isReservedRef(ref)) return 'ref rules never open this one';
  const open = rules.filter(({ allow }) => allow.length > 0).map(({ pattern }) => shownRef(pattern));
  if (open.length === 0) return 'ref rules allow no push';
  return `ref rules allow ${listedNames(open)} only`;
}

function listedActs(acts: readonly RefWord[]): string {
  if (acts.length === 0) return 'nothing';
  return `${acts.length === 1 ? acts[0] : `${acts.slice(0, -1).join(', ')} and ${acts.at(-1)}`} only`;
}

function listedNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A rule as one line, which `refRuleDrafts` reads. */
export function refRuleLine(rule: RefRule): string {
  const { allow } = rule;
  const isDefault = allow.length === DEFAULT_ALLOW.length && DEFAULT_ALLOW.every((act) => allow.includes(act));
  return refRuleDraftLine({ pattern: shownRef(rule.pattern), ...(isDefault ? {} : { allow }) });
}

/** The same of a rule as it was asked for, its placeholders not filled in. */
export function refRuleDraftLine({ pattern, allow }: RefRuleDraft): string {
  return allow === undefined ? pattern : `${pattern}: ${allow.length === 0 ? 'none' : allow.join(', ')}`;
}

/** What rules leave of a token's pushes, in words: "push to agent/** only"; null where there are none. */
export function refRuleWords(rules: readonly RefRule[] | null): string | null {
  if (rules === null) return null;
  const open = rules.filter(({ allow }) => allow.length > 0);
  if (open.length === 0) return 'push nowhere';
  const but = rules.length > open.length ? ', with exceptions' : '';
  return `push only to ${listedNames(open.map(wordsOf))}${but}`;
}

function wordsOf(rule: RefRule): string {
  if (asksOwner(rule)) return `${shownRef(rule.pattern)} (after approval)`;
  const also = rule.allow.filter((act) => act === 'force' || act === 'delete');
  const isWhole = rule.allow.includes('create');
  const parts = [...(isWhole ? [] : ['not new']), ...also.map((act) => (act === 'force' ? 'also by force' : 'delete'))];
  return `${shownRef(rule.pattern)}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}
