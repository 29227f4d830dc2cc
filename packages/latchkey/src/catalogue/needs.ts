/**
 * What an operation requires, as data. Routes declare it; `decide` weighs it.
 *
 * Never: computed from what the caller claims.
 */
import { atLeast, type Level, type PermissionName, type PermissionSet, wholeOf } from './permissions.ts';

/**
 * What one operation requires, declared as data on its route. `sets` are alternatives: every permission of at least one
 * set is needed. An empty list means that any live token will do.
 */
export interface Need {
  readonly sets: readonly PermissionSet[];
  /** True when anybody may read public resources without any of it. */
  readonly publicRead: boolean;
  /**
   * Classic scopes, any one of which allows the operation, where GitHub names them. If absent, the permissions that a
   * classic token's scopes stand for decide, as for any other token.
   */
  readonly scopes?: readonly string[];
  /** Classic scopes that are all required, in addition to one of `scopes`. */
  readonly alsoScopes?: readonly string[];
  /** True when `scopes` are required for private resources only. */
  readonly scopesOnlyIfPrivate?: boolean;
  /**
   * GitLab's scopes, one of which is required in addition to the permissions; an empty list = any will do. If absent
   * and no permission is required: `read_api`, or `api` for a change. So a scope without an API (`write_repository`)
   * doesn't allow what "any live token" may do.
   */
  readonly gitlabScopes?: readonly string[];
  /** True when the operation changes a repository. An archived one refuses it. */
  readonly writes: boolean;
}

/** What each of git's services requires. `git` is the part of `contents` that clones, fetches and pushes. */
export const GIT_NEEDS: Readonly<Record<'upload-pack' | 'receive-pack', Need>> = {
  'upload-pack': { sets: [{ git: 'read' }], publicRead: true, writes: false },
  'receive-pack': { sets: [{ git: 'write' }], publicRead: false, writes: true },
};

/** A whole tree in one file: for whoever may clone, or read all files over REST. */
export const ARCHIVE_NEED: Need = {
  sets: [{ git: 'read' }, { contents_rest: 'read' }],
  publicRead: true,
  writes: false,
};

/** True when no permission is required: any live token will do, unless the scopes of its dialect hold it back. */
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
 * GitLab's scopes, one of which is required in addition to the permissions; empty when none is. Source: GitLab docs,
 * "Access token scopes".
 */
export function gitlabScopesOf(need: Need): readonly string[] {
  if (need.gitlabScopes !== undefined) return need.gitlabScopes;
  return !demandsNoPermission(need) ? NONE : need.writes ? WRITING : READING;
}

const NONE: readonly string[] = [];
const READING: readonly string[] = ['read_api'];
const WRITING: readonly string[] = ['api'];

/**
 * The value of GitHub's `X-Accepted-GitHub-Permissions` for a need: `contents=read`, the permissions of a set joined by
 * commas, alternatives by `; `. A part is given as the permission that it belongs to.
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

/** The permissions of a set under the names that people see, each once at its highest level. */
function wholes(set: PermissionSet): [string, Level][] {
  const merged = new Map<string, Level>();
  for (const [name, level] of Object.entries(set) as [PermissionName, Level][]) {
    const whole = wholeOf(name);
    if (!atLeast(merged.get(whole), level)) merged.set(whole, level);
  }
  return [...merged];
}

/** The `scope` of RFC 6750 for a need: the permissions of its first set, as in `contents:write metadata:read`. */
export function acceptedScopes(need: Need): string {
  const [first] = need.sets;
  return first === undefined
    ? ''
    : wholes(first)
        .map(([name, level]) => `${name}:${level}`)
        .join(' ');
}
