/**
 * What an operation requires, as data. Routes declare it; `decide` weighs it.
 *
 * Never: computed from what the caller claims.
 */
import { atLeast, type Level, type PermissionName, type PermissionSet, wholeOf } from './permissions.ts';

/**
 * What one operation requires, declared on its route as data. `sets` are alternatives: every permission of at least one
 * set is needed; an empty list means that any live token will do.
 */
export interface Need {
  readonly sets: readonly PermissionSet[];
  /** True when public resources may be read without any of it. */
  readonly publicRead: boolean;
  /**
   * Classic scopes of which one opens the operation, where GitHub names them. Absent: the permissions that a classic
   * token's scopes stand for decide, as for any other token.
   */
  readonly scopes?: readonly string[];
  /** Classic scopes that are all demanded, beside one of `scopes`. */
  readonly alsoScopes?: readonly string[];
  /** True when `scopes` are demanded for private resources only. */
  readonly scopesOnlyIfPrivate?: boolean;
  /**
   * GitLab's scopes of which one is demanded beside the permissions; none named = any will do. Absent where no
   * permission is demanded: `read_api`, or `api` where something is changed. So a scope that gives no API
   * (`write_repository`) doesn't open what "any live token" may do.
   */
  readonly gitlabScopes?: readonly string[];
  /** True when the operation changes a repository, so that an archived one refuses it. */
  readonly writes: boolean;
}

/** True when no permission is demanded: any live token that the scopes of its dialect don't hold back will do. */
export function demandsNoPermission({ sets }: Need): boolean {
  return (
    sets.length === 0 ||
    sets.some((set) => {
      for (const _ in set) return false;
      return true;
    })
  );
}

/**
 * GitLab's scopes of which one is demanded beside the permissions; empty when none is. Source: GitLab docs, "Access
 * token scopes".
 */
export function gitlabScopesOf(need: Need): readonly string[] {
  if (need.gitlabScopes !== undefined) return need.gitlabScopes;
  return !demandsNoPermission(need) ? NONE : need.writes ? WRITING : READING;
}

const NONE: readonly string[] = [];
const READING: readonly string[] = ['read_api'];
const WRITING: readonly string[] = ['api'];

/**
 * The value of GitHub's `X-Accepted-GitHub-Permissions` for a need: `contents=read`, all of a set joined by commas,
 * alternatives by `; `. Parts are told as the permission that they belong to.
 */
export function acceptedPermissions(need: Need): string {
  if (need.sets.length === 0) return 'allows_permissionless_access=true';
  return need.sets
    .map((set) =>
      wholes(set)
        .map(([name, level]) => `${name}=${level}`)
        .join(','),
    )
    .join('; ');
}

/** The permissions of a set under the names that people are told, each once at its highest level. */
function wholes(set: PermissionSet): [string, Level][] {
  const merged = new Map<string, Level>();
  for (const [name, level] of Object.entries(set) as [PermissionName, Level][]) {
    const whole = wholeOf(name);
    if (!atLeast(merged.get(whole), level)) merged.set(whole, level);
  }
  return [...merged];
}

/** The `scope` of RFC 6750 for a need: the permissions of its first set as `contents:write metadata:read`. */
export function acceptedScopes(need: Need): string {
  const [first] = need.sets;
  return first === undefined
    ? ''
    : wholes(first)
        .map(([name, level]) => `${name}:${level}`)
        .join(' ');
}
