/**
 * What a grant reaches, compared: what an edit removes, what it adds, and whether one token stays within another.
 *
 * Invariant: what two reaches have in common, joined with what the second adds, is the second. So an edit can be
 * split into the part that needs nobody's consent and the part that waits for it, without losing anything.
 */
import { includesBlock } from '../base/address.ts';
import type { Complaint } from '../base/errors.ts';
import type { UnixSeconds } from '../base/time.ts';
import { atLeast, type Level, levelIn, type PermissionName, type PermissionSet } from '../catalogue/permissions.ts';
import { scopesInclude } from '../catalogue/scopes/scopes.ts';
import { ANY_OWNER, type Grant, type RepositorySelection, type TokenKind, type TokenRecord } from './model.ts';
import { rulesWithin } from './refs/ref-inclusion.ts';
import type { RefRule } from './refs/ref-rules.ts';

/** Repositories and permissions towards one owner. */
export interface Reach {
  readonly selection: RepositorySelection;
  /** Given when `selection` is `selected`. */
  readonly repositoryIds: Iterable<number>;
  readonly permissions: PermissionSet;
}

const SELECTIONS: readonly RepositorySelection[] = ['public', 'selected', 'all'];
const rank = (selection: RepositorySelection): number => SELECTIONS.indexOf(selection);

/** What both reach: the smaller selection, and the repositories and permissions that are in both. */
export function commonReach(a: Reach, b: Reach): Reach {
  const selection = rank(a.selection) <= rank(b.selection) ? a.selection : b.selection;
  const permissions = permissionsWhere(a.permissions, (name, level) => lesser(level, b.permissions[name]));
  if (selection !== 'selected') return { selection, repositoryIds: [], permissions };
  const inBoth =
    a.selection === b.selection
      ? new Set(a.repositoryIds).intersection(new Set(b.repositoryIds))
      : (a.selection === 'selected' ? a : b).repositoryIds;
  return { selection, repositoryIds: [...inBoth], permissions };
}

/** What `wanted` reaches beyond `held`; null when nothing. A new repository counts with all its permissions. */
export function addedReach(held: Reach, wanted: Reach): Reach | null {
  const heldIds = new Set(held.repositoryIds);
  const isMore =
    wanted.selection === 'selected' &&
    held.selection === 'selected' &&
    [...wanted.repositoryIds].some((id) => !heldIds.has(id));
  if (isMore || rank(wanted.selection) > rank(held.selection))
    return { selection: wanted.selection, repositoryIds: [...wanted.repositoryIds], permissions: wanted.permissions };
  const permissions = permissionsWhere(wanted.permissions, (name, level) =>
    atLeast(held.permissions[name], level) ? null : level,
  );
  for (const _ in permissions)
    return { selection: wanted.selection, repositoryIds: [...wanted.repositoryIds], permissions };
  return null;
}

/** What either reaches: the larger selection, all repositories, the higher of two levels. */
export function joinedReach(a: Reach, b: Reach): Reach {
  const selection = rank(a.selection) >= rank(b.selection) ? a.selection : b.selection;
  const permissions = {
    ...a.permissions,
    ...permissionsWhere(b.permissions, (name, level) => {
      const other = a.permissions[name];
      return other !== undefined && atLeast(other, level) ? other : level;
    }),
  };
  return {
    selection,
    repositoryIds: selection === 'selected' ? [...new Set([...a.repositoryIds, ...b.repositoryIds])] : [],
    permissions,
  };
}

function permissionsWhere(
  set: PermissionSet,
  choose: (name: PermissionName, level: Level) => Level | null,
): PermissionSet {
  const chosen: Partial<Record<PermissionName, Level>> = {};
  for (const [name, level] of Object.entries(set) as [PermissionName, Level][]) {
    const kept = choose(name, level);
    if (kept !== null) chosen[name] = kept;
  }
  return chosen;
}

function lesser(a: Level, b: Level | undefined): Level | null {
  return b === undefined ? null : atLeast(a, b) ? b : a;
}

/** The wanted token, as far as the limits of its maker apply to it. */
export interface Bounded {
  readonly kind: TokenKind;
  readonly scopes: readonly string[];
  readonly grants: readonly (Reach & { readonly ownerId: number })[];
  readonly expiresAt: UnixSeconds | null;
  readonly allowedAddresses: readonly string[] | null;
  readonly refRules: readonly RefRule[] | null;
}

/**
 * What keeps a token from making `wanted`, or from changing another token into it: it can't give a right, target, life,
 * address or use that it doesn't have. Empty when nothing does. Metadata comes with every repository and isn't checked.
 */
export function beyondMaker(maker: TokenRecord, wanted: Bounded): Complaint[] {
  const complaints: Complaint[] = [];
  const add = (field: string, message: string): void => void complaints.push({ field, code: 'unprocessable', message });
  if (wanted.kind !== maker.kind) add('kind', `A ${maker.kind} token makes ${maker.kind} tokens only.`);
  const scopes = wanted.scopes.filter(
    (scope) => !scopesInclude(maker.kind === 'scoped' ? 'scoped' : 'classic', maker.scopes, scope),
  );
  if (scopes.length > 0) add('scopes', `A token can't give scopes that it does not have: ${scopes.join(', ')}.`);
  if (wanted.grants.some((grant) => !isWithin(maker.grants, grant)))
    add('grants', "A token can't give permissions or repositories that it does not have itself.");
  if (maker.expiresAt !== null && (wanted.expiresAt === null || wanted.expiresAt > maker.expiresAt))
    add('expires_in', "A token can't give a longer life than its own.");
  if (maker.usesLeft !== null)
    add('uses_left', "A token with a use limit can't make others: each would have uses of its own.");
  if (!addressesWithin(maker.allowedAddresses, wanted.allowedAddresses))
    add('allowed_addresses', "A token can't be used from more addresses than the one that made it.");
  if (!rulesWithin(wanted.refRules, maker.refRules))
    add('ref_rules', "A token can't push to more refs, or in more ways, than the one that made it.");
  return complaints;
}

function isWithin(held: readonly Grant[], wanted: Reach & { readonly ownerId: number }): boolean {
  const towards = held.filter(
    (grant) => grant.state === 'active' && (grant.ownerId === wanted.ownerId || grant.ownerId === ANY_OWNER),
  );
  return (
    (Object.entries(wanted.permissions) as [PermissionName, Level][]).every(([name, level]) => {
      const holders = towards.filter((grant) => atLeast(levelIn(grant.permissions, name), level));
      return name === 'metadata' ? reachesAll(towards, wanted) : reachesAll(holders, wanted);
    }) &&
    (wanted.selection === 'public' || reachesAll(towards, wanted))
  );
}

/** True when the grants together reach every wanted repository. */
function reachesAll(grants: readonly Grant[], wanted: Reach): boolean {
  if (grants.length === 0) return false;
  if (wanted.selection !== 'selected') return grants.some((grant) => rank(grant.selection) >= rank(wanted.selection));
  return [...wanted.repositoryIds].every((id) =>
    grants.some(
      (grant) => grant.selection === 'all' || (grant.selection === 'selected' && grant.repositoryIds.has(id)),
    ),
  );
}

/** True when every block of the wanted list lies within the held one; null = from anywhere. */
export function addressesWithin(held: readonly string[] | null, wanted: readonly string[] | null): boolean {
  return held === null || (wanted !== null && wanted.every((block) => includesBlock(held, block)));
}
