/**
 * Ref rules: which branches, tags and other refs a token may move, and how.
 *
 * An ordered list of a pattern and what it allows. The first pattern that matches a ref decides about it; a ref that
 * none matches is refused. A rule gives nothing by itself: permission and role are needed as without rules.
 * Invariant: names are compared byte for byte, as git does: `Main` is another branch than `main`. What git or this
 * server keeps for itself, and HEAD, is refused whatever a rule says.
 * Invariant: a comparison takes at most the product of both lengths, whatever stands in pattern or name.
 */

/** What can happen to a ref. `force`: it loses what it held; for anything but a branch that is every move. */
export type RefAct = 'create' | 'update' | 'force' | 'delete';
export const REF_ACTS: readonly RefAct[] = ['create', 'update', 'force', 'delete'];
/** What a rule may say: what it allows, or `ask` alone: whoever owns the token approves each move (decision 0550). */
export type RefWord = RefAct | 'ask';
export const REF_WORDS: readonly RefWord[] = [...REF_ACTS, 'ask'];

/** One rule as it is kept: `pattern` in full (`refs/heads/agent/**`), `allow` in the order of `REF_WORDS`. */
export interface RefRule {
  readonly pattern: string;
  /** Empty refuses what the pattern matches. `force` includes `update`. */
  readonly allow: readonly RefWord[];
}

/** Who may do something to a protected ref, from many to few: everybody with this role or a higher one, or nobody. */
export type ProtectionRole = 'write' | 'maintain' | 'admin' | 'nobody';

/** One protection as it is kept. `pattern` in full: `refs/heads/release/*`. `force` is never below `update`. */
export interface RefProtection extends Readonly<Record<RefAct, ProtectionRole>> {
  readonly pattern: string;
  /** Set when a ruleset demands it: that one says which refs are meant, and `pattern` names it for people. */
  readonly ruleset?: RulesetPlace;
}

/** What is known of a ruleset where its demands are judged. */
export interface RulesetPlace {
  readonly id: number;
  readonly name: string;
  /** `OWNER/NAME`, or an organization's login. */
  readonly source: string;
  readonly target: 'branch' | 'tag';
  readonly refs: { readonly include: readonly string[]; readonly exclude: readonly string[] };
}

/** No rule says yes to a longer name; git takes none on most file systems either. */
const MAX_JUDGED_REF_LENGTH = 1024;
export const BRANCHES = 'refs/heads/';
/** Folders of refs that nobody with rules moves: they change what other refs mean, or belong to this server. */
const RESERVED = ['refs/replace/', 'refs/latchkey/', 'refs/pull/', 'refs/merge-requests/'];

/** Why a ref may not be moved: no rule matches (`rule` null), or the first that does allows other things. */
export interface RefObjection {
  readonly ref: string;
  readonly act: RefAct;
  readonly rule: RefRule | null;
  /** True for a name that stands for another ref: what is pushed to it moves that one. */
  readonly isSymbolic?: true;
  /** What the repository demands of everybody, where that is what speaks against it, and not a token's rule. */
  readonly protection?: RefProtection;
}

/** The first rule that matches a ref by its full name; null when none does. */
export function firstRule(rules: readonly RefRule[], ref: string): RefRule | null {
  if (isReservedRef(ref) || ref.length > MAX_JUDGED_REF_LENGTH) return null;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i];
    if (rule !== undefined && matches(rule.pattern, ref)) return rule;
  }
  return null;
}

/** True for a ref that no rule opens: HEAD and the like, and folders that are not for people. */
export function isReservedRef(ref: string): boolean {
  if (isBranch(ref)) return ref.length === BRANCHES.length;
  return !/^refs\/[^/]+\/./.test(ref) || RESERVED.some((folder) => ref.startsWith(folder));
}

/** True when the rule lets this happen. */
export function allowsAct({ allow }: RefRule, act: RefAct): boolean {
  return allow.includes(act) || (act === 'update' && allow.includes('force'));
}

/** True when each move of what the pattern matches is up to the owner of the token. */
export function asksOwner({ allow }: RefRule): boolean {
  return allow.includes('ask');
}

/** What speaks against a move; null when nothing does. @param rules null = any ref may be moved */
export function refObjection(rules: readonly RefRule[] | null, ref: string, act: RefAct): RefObjection | null {
  if (rules === null) return null;
  const rule = firstRule(rules, ref);
  return rule !== null && allowsAct(rule, act) ? null : { ref, act, rule };
}

/** True for a branch, by its full name. Only these can move without losing what they held. */
export function isBranch(ref: string): boolean {
  return ref.startsWith(BRANCHES);
}

/** True when the pattern matches the whole name. `*` stops at slashes; `**` is any number of whole segments. */
export function matches(pattern: string, ref: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === ref;
  // Backwards, since all begin alike: most rules end at the first look.
  for (let i = star - 1; i >= 0; i--) if (pattern.charCodeAt(i) !== ref.charCodeAt(i)) return false;
  if (star === pattern.length - 2 && pattern.charCodeAt(star + 1) === STAR) return ref.length > star;
  return matchesSegments(pattern.split('/'), ref.split('/'));
}

const STAR = '*'.charCodeAt(0);

/** Walks both lists; where it goes wrong behind a `**`, that one takes a segment more. */
function matchesSegments(patterns: readonly string[], segments: readonly string[]): boolean {
  let p = 0;
  let s = 0;
  let open: { readonly p: number; s: number } | null = null;
  while (s < segments.length) {
    const pattern = patterns[p];
    if (pattern === '**') {
      // At the end it stands for what lies in the folder, which is not the folder itself.
      if (p === patterns.length - 1) return true;
      open = { p: ++p, s };
    } else if (pattern !== undefined && matchesSegment(pattern, segments[s] ?? '')) {
      p++;
      s++;
    } else if (open === null) return false;
    else {
      p = open.p;
      s = ++open.s;
    }
  }
  return p === patterns.length;
}

/** The same within a segment: where it goes wrong behind a `*`, that one takes a character more. */
function matchesSegment(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let open: { readonly p: number; t: number } | null = null;
  while (t < text.length) {
    if (pattern.charCodeAt(p) === STAR) open = { p: ++p, t };
    else if (pattern.charCodeAt(p) === text.charCodeAt(t)) {
      p++;
      t++;
    } else if (open === null) return false;
    else {
      p = open.p;
      t = ++open.t;
    }
  }
  while (pattern.charCodeAt(p) === STAR) p++;
  return p === pattern.length;
}
