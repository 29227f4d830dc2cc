/**
 * Rulesets: what a repository, or an organization for its repositories, demands of moves of branches and tags, in
 * GitHub's form: which refs, which rules, and who is let past.
 *
 * For one person a ruleset is a protection like those of `ref-protections.ts`, judged in the same place: each of its
 * rules leaves an act to nobody, unless the person is let past, for whom the whole ruleset is as if it were not there.
 * Invariant: a ruleset only ever refuses, so that adding one opens nothing.
 */
import type { RepositoryRole } from '../../catalogue/roles.ts';
import { fnmatches } from './fnmatch.ts';
import type { RefProtection, RulesetPlace } from './ref-rules.ts';

/** Rules of GitHub's that are enforced here. */
export const RULE_TYPES = ['creation', 'update', 'deletion', 'non_fast_forward'] as const;
export type RuleType = (typeof RULE_TYPES)[number];

type RulesetTarget = 'branch' | 'tag';

/** Who is let past: everybody with this role in the repository, an organization's owners, deploy keys that write. */
export const BYPASSES = ['write', 'maintain', 'admin', 'organization_owner', 'deploy_key'] as const;
export type Bypass = (typeof BYPASSES)[number];

/** Patterns of `fnmatch.ts`, and `~ALL`; of refs also `~DEFAULT_BRANCH`. What is excluded stays out. */
export interface NameCondition {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

export interface Ruleset {
  /** Random, up to 2^40. */
  readonly id: number;
  readonly name: string;
  readonly target: RulesetTarget;
  readonly enforcement: 'active' | 'disabled';
  /** Full names of refs. */
  readonly refs: NameCondition;
  /** Of an organization's: for which repositories it holds. Null = that of its own repository. */
  readonly repositories: NameCondition | { readonly ids: readonly number[] } | null;
  readonly rules: readonly RuleType[];
  readonly bypass: readonly Bypass[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Who moves a ref, as far as rulesets look at it. */
export interface Mover {
  /** In the repository. */
  readonly role: RepositoryRole | null;
  readonly ownsOrganization: boolean;
  /** True for a deploy key of the repository. */
  readonly isDeployKey: boolean;
}

/** One repository, with all rulesets that name it. */
export interface RuledRepository {
  readonly id: number;
  readonly name: string;
  readonly fullName: string;
  readonly ownerLogin: string;
  readonly own: readonly Ruleset[];
  readonly ofOwner: readonly Ruleset[];
}

/** What holds for the repository's refs, of its own and of its owner: a ruleset that is switched off does not. */
export function rulesetsFor(repository: RuledRepository): readonly PlacedRuleset[] {
  const { own, ofOwner, fullName, ownerLogin } = repository;
  return [
    ...own.map((ruleset) => ({ ruleset, source: fullName, isOwners: false })),
    ...ofOwner
      .filter(({ repositories }) => namesRepository(repositories, repository))
      .map((ruleset) => ({ ruleset, source: ownerLogin, isOwners: true })),
  ].filter(({ ruleset }) => ruleset.enforcement === 'active');
}

export interface PlacedRuleset {
  readonly ruleset: Ruleset;
  /** `OWNER/NAME`, or the organization's login. */
  readonly source: string;
  readonly isOwners: boolean;
}

/** True when an organization's ruleset is about this repository. */
function namesRepository(
  condition: Ruleset['repositories'],
  { id, name }: { readonly id: number; readonly name: string },
): boolean {
  if (condition === null) return true;
  if ('ids' in condition) return condition.ids.includes(id);
  // Names of repositories are compared without case, and so are patterns of them.
  const key = name.toLowerCase();
  const named = (pattern: string): boolean => pattern === '~ALL' || fnmatches(pattern.toLowerCase(), key);
  return condition.include.some(named) && !condition.exclude.some(named);
}

/** True when the ruleset is about this ref, given by its full name. */
export function namesRef(
  { target, refs }: { readonly target: RulesetTarget; readonly refs: NameCondition },
  ref: string,
  isDefault: boolean,
): boolean {
  if (!ref.startsWith(target === 'branch' ? 'refs/heads/' : 'refs/tags/')) return false;
  const named = (pattern: string): boolean =>
    pattern === '~ALL' || (pattern === '~DEFAULT_BRANCH' ? isDefault : fnmatches(pattern, ref));
  return refs.include.some(named) && !refs.exclude.some(named);
}

/** True when somebody is let past a ruleset. */
function isLetPast({ bypass }: Ruleset, { role, ownsOrganization, isDeployKey }: Mover): boolean {
  return bypass.some((who) => {
    if (who === 'organization_owner') return ownsOrganization;
    if (who === 'deploy_key') return isDeployKey;
    return !isDeployKey && role !== null && LEVEL[role] >= LEVEL[who];
  });
}

const LEVEL: Readonly<Record<RepositoryRole, number>> = { read: 0, triage: 1, write: 2, maintain: 3, admin: 4 };

/** The rulesets as protections, for somebody whom they bind. */
export function asProtections(placed: readonly PlacedRuleset[], mover: Mover): RefProtection[] {
  return placed
    .filter(({ ruleset }) => !isLetPast(ruleset, mover))
    .map(({ ruleset, source }) => {
      const { id, name, target, refs, rules } = ruleset;
      const closed = (type: RuleType): 'nobody' | 'write' => (rules.includes(type) ? 'nobody' : 'write');
      const place: RulesetPlace = { id, name, source, target, refs };
      return {
        pattern: `ruleset ${name}`,
        ruleset: place,
        create: closed('creation'),
        update: closed('update'),
        force: rules.includes('update') ? 'nobody' : closed('non_fast_forward'),
        delete: closed('deletion'),
      };
    });
}

const SAID: Readonly<Record<RuleType, string>> = {
  creation: 'create them',
  update: 'push to them',
  deletion: 'delete them',
  non_fast_forward: 'force-push to them',
};

/** A ruleset in words: "Nobody may force-push to them or delete them." */
export function rulesetSummary({ rules }: Pick<Ruleset, 'rules'>): string {
  const told = RULE_TYPES.filter((type) => rules.includes(type)).map((type) => SAID[type]);
  if (told.length === 0) return 'It forbids nothing.';
  const list = told.length === 1 ? told[0] : `${told.slice(0, -1).join(', ')} or ${told.at(-1)}`;
  return `Nobody may ${list}.`;
}
