/**
 * Protected branches and tags: what a repository demands of everybody who moves one of its refs, whatever the token.
 *
 * A protection is a pattern and, for each thing that can happen to a ref, the lowest role that may do it. All that
 * match count, and the strictest decides, so that adding one never opens anything (as GitHub's rulesets do).
 * Invariant: patterns match as in ref rules (`ref-rules.ts`): byte for byte, `*` stops at slashes, `**` doesn't.
 */
import { REPOSITORY_ROLES, type RepositoryRole } from '../../catalogue/roles.ts';
import { isBranch, matches, type ProtectionRole, REF_ACTS, type RefAct, type RefProtection } from './ref-rules.ts';
import { namesRef } from './rulesets.ts';

export type { ProtectionRole, RefProtection };

/** From many to few. */
export const PROTECTION_ROLES: readonly ProtectionRole[] = ['write', 'maintain', 'admin', 'nobody'];

/** What a protection demands where nothing else is said: changes by everybody who writes, nothing lost by anybody. */
export const DEFAULT_PROTECTION: Readonly<Record<RefAct, ProtectionRole>> = {
  create: 'write',
  update: 'write',
  force: 'nobody',
  delete: 'nobody',
};

/** The protection that keeps somebody with this role from a move, the strictest of them; null when none does. */
export function protectionAgainst(
  protections: readonly RefProtection[],
  role: RepositoryRole | null,
  ref: string,
  act: RefAct,
  isDefault = false,
): RefProtection | null {
  let strictest: RefProtection | null = null;
  for (const protection of protections) {
    if (holdsRole(role, protection[act]) || !covers(protection, ref, isDefault)) continue;
    if (strictest === null || rank(protection[act]) > rank(strictest[act])) strictest = protection;
  }
  return strictest;
}

/** True when it is about this ref. @param isDefault true for the default branch */
function covers({ pattern, ruleset }: RefProtection, ref: string, isDefault: boolean): boolean {
  return ruleset === undefined ? matches(pattern, ref) : namesRef(ruleset, ref, isDefault);
}

/** True when it has to be known which branch is the default one. */
export function asksForDefault(protections: readonly RefProtection[]): boolean {
  return protections.some(({ ruleset }) =>
    [...(ruleset?.refs.include ?? []), ...(ruleset?.refs.exclude ?? [])].includes('~DEFAULT_BRANCH'),
  );
}

/** The same for all of them at once: what stands for a ref, each act by its strictest; null when none matches. */
export function protectionFor(
  protections: readonly RefProtection[],
  ref: string,
  isDefault = false,
): Readonly<Record<RefAct, ProtectionRole>> | null {
  const matching = protections.filter((each) => covers(each, ref, isDefault));
  if (matching.length === 0) return null;
  const strictest = (act: RefAct): ProtectionRole =>
    matching.reduce<ProtectionRole>((most, each) => stricter(most, each[act]), 'write');
  return {
    create: strictest('create'),
    update: strictest('update'),
    force: strictest('force'),
    delete: strictest('delete'),
  };
}

/** True when somebody with this role may do what is left to `needed`. */
export function holdsRole(role: RepositoryRole | null, needed: ProtectionRole): boolean {
  return role !== null && needed !== 'nobody' && REPOSITORY_ROLES.indexOf(role) >= REPOSITORY_ROLES.indexOf(needed);
}

/** Whichever of the two lets fewer people. */
export function stricter(a: ProtectionRole, b: ProtectionRole): ProtectionRole {
  return rank(a) > rank(b) ? a : b;
}

function rank(role: ProtectionRole): number {
  return PROTECTION_ROLES.indexOf(role);
}

const PEOPLE: Readonly<Record<ProtectionRole, string>> = {
  write: 'only people who may write',
  maintain: 'only maintainers and administrators',
  admin: 'only administrators',
  nobody: 'nobody',
};

/** Why a protected ref may not move so: "only administrators may push to it". */
export function protectionWords(protection: RefProtection, ref: string, act: RefAct): string {
  const branch = { create: 'create it', update: 'push to it', force: 'force-push to it', delete: 'delete it' };
  const other = { ...branch, update: 'move it', force: 'move it' };
  const words = `${PEOPLE[protection[act]]} may ${(isBranch(ref) ? branch : other)[act]}`;
  return protection.ruleset === undefined
    ? words
    : `${words} (ruleset ${protection.ruleset.name} of ${protection.ruleset.source})`;
}

/** A protection in words: "only maintainers and administrators may push to it, nobody may delete it". */
export function protectionSummary(protection: RefProtection): string {
  // Every move of what isn't a branch counts as one by force.
  const acts = isBranch(protection.pattern) ? REF_ACTS : REF_ACTS.filter((act) => act !== 'update');
  const told = acts.filter((act) => protection[act] !== 'write');
  if (told.length === 0) return 'Everybody who may write may do anything to it.';
  const words = told.map((act) => protectionWords(protection, protection.pattern, act)).join('; ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}
