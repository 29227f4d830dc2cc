/** What one scope is, in either dialect: a name that stands for permissions. */
import { type Level, PERMISSIONS, type Permission, type PermissionGroup, type PermissionSet } from '../permissions.ts';

/** `classic`: GitHub's scopes. `scoped`: GitLab's. */
export type ScopeDialect = 'classic' | 'scoped';

/** One scope as in its dialect's table. */
export interface ScopeRow {
  readonly name: string;
  /** The scope under which the form shows it; null = at the top. */
  readonly parent: string | null;
  readonly description: string;
  /** What it lets a token do, as an action inside a sentence. Left out: the description says it. */
  readonly deed?: string;
  /** Scopes that this one gives in addition to its children in the tree. */
  readonly includes?: readonly string[];
  /**
   * The permissions that this scope adds to those of the scopes it includes. Empty: it only allows operations that
   * require it by name.
   */
  readonly gives: PermissionSet;
  /** `public`: its repository permissions apply to public repositories only. */
  readonly selection?: 'public';
  /** It only gives something together with this scope. */
  readonly onlyWith?: string;
  /** The source of the meaning. */
  readonly source: string;
}

/** Every permission of a group, at its highest level, except for some. */
export function everythingIn(group: PermissionGroup, except: readonly string[] = []): PermissionSet {
  return collect(group, except, (permission) => permission.levels.at(-1) ?? null);
}

/** Every readable permission of a group, at `read`, except for some. */
export function readingIn(group: PermissionGroup, except: readonly string[] = []): PermissionSet {
  return collect(group, except, (permission) => (permission.levels.includes('read') ? 'read' : null));
}

function collect(
  group: PermissionGroup,
  except: readonly string[],
  levelOf: (permission: Permission) => Level | null,
): PermissionSet {
  const set: Record<string, Level> = {};
  for (const permission of PERMISSIONS) {
    const level = permission.group === group && !except.includes(permission.name) ? levelOf(permission) : null;
    if (level !== null) set[permission.name] = level;
  }
  return set;
}
