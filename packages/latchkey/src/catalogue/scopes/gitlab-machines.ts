/**
 * GitLab's scopes of project, group and deploy tokens, as permissions of a machine account's fine-grained token.
 *
 * Source: GitLab docs "Project access tokens", "Deploy tokens", "Service accounts" (scopes).
 * A permission has no parts here, unlike in a scoped token: what may clone may read over the API, and what may push may
 * write over it. It is the same content either way.
 */
import { atLeast, type Level, type PermissionSet } from '../permissions.ts';
import { everythingIn, readingIn } from './row.ts';

const GIVES: Readonly<Record<string, PermissionSet>> = {
  api: everythingIn('repository'),
  read_api: readingIn('repository'),
  read_repository: { contents: 'read' },
  write_repository: { contents: 'write', workflows: 'write' },
};
/** Those of deploy tokens that have a meaning here. */
export const DEPLOY_SCOPES: readonly string[] = ['read_repository'];
export const MACHINE_SCOPES: readonly string[] = Object.keys(GIVES);

/** What scopes give together. Unknown ones give nothing: they were refused before. */
export function permissionsOfScopes(scopes: readonly string[]): Record<string, string> {
  const set: Record<string, Level> = {};
  for (const scope of scopes)
    for (const [name, level] of Object.entries(GIVES[scope] ?? {}) as [string, Level][])
      if (!atLeast(set[name], level)) set[name] = level;
  return set;
}
