/**
 * Grants: whether one covers a target, and what it lacks for a need.
 *
 * Invariant: only an active grant covers anything.
 */
import { atLeast, type Level, levelIn, type PermissionName, type PermissionSet } from '../catalogue/permissions.ts';
import { type ScopeDialect, scopeReach } from '../catalogue/scopes/scopes.ts';
import { ANY_OWNER, type Grant, INSTANCE_OWNER, type MissingPermission, type Target } from './model.ts';

/** True when the grant is for the owner of the target, whatever its state and selection. */
export function isTowards(grant: Grant, target: Target): boolean {
  if (target.kind === 'instance') return grant.ownerId === INSTANCE_OWNER || grant.ownerId === ANY_OWNER;
  return target.owner !== null && (grant.ownerId === target.owner.id || grant.ownerId === ANY_OWNER);
}

/** True when the grant reaches the target itself: its owner, state and, for a repository, selection all fit. */
export function covers(grant: Grant, target: Target): boolean {
  if (grant.state !== 'active' || !isTowards(grant, target)) return false;
  if (target.kind !== 'repository') return true;
  const { repository } = target;
  if (repository === null) return false;
  if (grant.selection === 'all') return true;
  return grant.selection === 'public' ? repository.visibility === 'public' : grant.repositoryIds.has(repository.id);
}

/** The highest level of a permission that any of the grants gives. */
export function heldLevel(grants: readonly Grant[], permission: PermissionName): Level | undefined {
  let held: Level | undefined;
  for (const grant of grants) {
    const level = levelIn(grant.permissions, permission);
    if (level !== undefined && (held === undefined || atLeast(level, held))) held = level;
  }
  return held;
}

/**
 * What is missing from the set that lacks the least. Empty when some set is held whole, or none is required. `holds`
 * says whether one permission is held at one level.
 */
export function missingFrom(
  sets: readonly PermissionSet[],
  holds: (permission: PermissionName, level: Level) => boolean,
): readonly MissingPermission[] {
  let least: MissingPermission[] | null = null;
  for (const set of sets) {
    const missing: MissingPermission[] = [];
    for (const permission in set) {
      const level = set[permission as PermissionName] as Level;
      if (!holds(permission as PermissionName, level))
        missing.push({ permission: permission as PermissionName, level });
    }
    if (missing.length === 0) return missing;
    if (least === null || missing.length < least.length) least = missing;
  }
  return least ?? [];
}

const NO_IDS: ReadonlySet<number> = new Set();

/** The grants that scopes stand for: with every owner that the token's user reaches. */
export function grantsOfScopes(dialect: ScopeDialect, scopes: readonly string[]): readonly Grant[] {
  return scopeReach(dialect, scopes).map((reach, i) => ({
    id: -1 - i,
    ownerId: ANY_OWNER,
    selection: reach.selection,
    repositoryIds: NO_IDS,
    permissions: reach.permissions,
    state: 'active',
  }));
}
