/**
 * Scopes of both dialects: which includes which, and the permissions they stand for.
 *
 * Invariant: everything is computed once, when this file loads; later questions look up maps.
 * Never: a right from a scope that the catalogue doesn't know.
 */

import { demandsNoPermission, gitlabScopesOf, type Need } from '../needs.ts';
import {
  atLeast,
  LEVELS,
  type Level,
  levelIn,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../permissions.ts';
import { CLASSIC_SCOPES } from './classic.ts';
import { GITLAB_SCOPES } from './gitlab.ts';
import type { ScopeDialect, ScopeRow } from './row.ts';

export type { ScopeDialect };

/** A scope with everything it includes, directly or not, except itself. */
export interface Scope extends ScopeRow {
  readonly allIncluded: ReadonlySet<string>;
}

/** What scopes stand for with every owner that the token's user reaches. */
export interface ScopeReach {
  readonly selection: 'public' | 'all';
  readonly permissions: PermissionSet;
}

const TABLES: Readonly<Record<ScopeDialect, ReadonlyMap<string, Scope>>> = {
  classic: tableOf(CLASSIC_SCOPES),
  scoped: tableOf(GITLAB_SCOPES),
};

function tableOf(rows: readonly ScopeRow[]): ReadonlyMap<string, Scope> {
  const direct = (name: string): string[] =>
    rows.flatMap((row) => (row.name === name ? (row.includes ?? []) : row.parent === name ? [row.name] : []));
  const below = (name: string): string[] => direct(name).flatMap((child) => [child, ...below(child)]);
  return new Map(rows.map((row) => [row.name, { ...row, allIncluded: new Set(below(row.name)) }]));
}

/** Every scope of a dialect, in the order of its form. */
export function scopesOf(dialect: ScopeDialect): readonly Scope[] {
  return [...TABLES[dialect].values()];
}

/** The scope of that name, or undefined when there is none. */
export function scopeNamed(dialect: ScopeDialect, name: string): Scope | undefined {
  return TABLES[dialect].get(name);
}

/** True when `wanted` is among the held scopes or included in one of them. */
export function scopesInclude(dialect: ScopeDialect, held: readonly string[], wanted: string): boolean {
  const table = TABLES[dialect];
  for (const name of held) if (name === wanted || table.get(name)?.allIncluded.has(wanted) === true) return true;
  return false;
}

/** The held scopes with everything they include. Unknown ones stand for themselves. */
export function expandScopes(dialect: ScopeDialect, held: readonly string[]): ReadonlySet<string> {
  return new Set(held.flatMap((name) => [name, ...(TABLES[dialect].get(name)?.allIncluded ?? [])]));
}

/** The chosen names that the dialect doesn't have, each once, as given. */
export function unknownScopes(dialect: ScopeDialect, chosen: readonly string[]): string[] {
  return [...new Set(chosen)].filter((name) => !TABLES[dialect].has(name));
}

/**
 * The scopes as they are stored: each once, sorted. GitHub drops scopes that another chosen one includes
 * (`user,gist,user:email` becomes `gist,user`; docs "Normalized scopes"). GitLab keeps all that were chosen, and its
 * clients compare them.
 */
export function normaliseScopes(dialect: ScopeDialect, chosen: readonly string[]): string[] {
  const names = [...new Set(chosen)].sort();
  if (dialect === 'scoped') return names;
  return names.filter(
    (name) => !names.some((other) => other !== name && TABLES.classic.get(other)?.allIncluded.has(name) === true),
  );
}

/**
 * The permissions that the scopes stand for, as at most two grants for any owner: `public` first.
 *
 * Account and organization permissions join `all` only when `all` stands for repository permissions anyway. Alone under
 * `all`, they would make private repositories visible to a token whose scopes say nothing about repositories.
 */
export function scopeReach(dialect: ScopeDialect, held: readonly string[]): readonly ScopeReach[] {
  const sets = { public: {}, all: {}, elsewhere: {} } as Record<'public' | 'all' | 'elsewhere', Record<string, Level>>;
  const names = expandScopes(dialect, held);
  for (const name of names) {
    const row = TABLES[dialect].get(name);
    if (row === undefined || (row.onlyWith !== undefined && !names.has(row.onlyWith))) continue;
    for (const [permission, level] of Object.entries(row.gives) as [PermissionName, Level][]) {
      raise(sets[isOnRepositories(permission) ? (row.selection ?? 'all') : 'elsewhere'], permission, level);
    }
  }
  const main = isEmpty(sets.all) ? sets.public : sets.all;
  for (const [permission, level] of Object.entries(sets.elsewhere)) raise(main, permission, level);
  for (const [permission, level] of Object.entries(sets.public))
    if (atLeast(sets.all[permission], level)) delete sets.public[permission];
  return (['public', 'all'] as const)
    .filter((selection) => !isEmpty(sets[selection]))
    .map((selection) => ({ selection, permissions: sets[selection] }));
}

function isOnRepositories(permission: PermissionName): boolean {
  return permissionNamed(wholeOf(permission))?.group === 'repository';
}

function isEmpty(set: Readonly<Record<string, Level>>): boolean {
  return Object.keys(set).length === 0;
}

function raise(set: Record<string, Level>, permission: string, level: Level): void {
  if (!atLeast(set[permission], level)) set[permission] = level;
}

/** Of the scopes that give a permission in all repositories, the one that gives least; null when there is none. */
export function leastScopeGiving(dialect: ScopeDialect, permission: PermissionName, level: Level): string | null {
  const givers = scopesOf(dialect).filter(
    ({ name, onlyWith }) => onlyWith === undefined && gives(dialect, name, permission, level),
  );
  return leastScope(
    dialect,
    givers.map(({ name }) => name),
  );
}

/** Of the named scopes, the one that gives least; null when none is named. If two give the same amount, the first. */
export function leastScope(dialect: ScopeDialect, names: readonly string[]): string | null {
  return names.reduce<string | null>(
    (least, name) => (least === null || weight(dialect, name) < weight(dialect, least) ? name : least),
    null,
  );
}

function gives(dialect: ScopeDialect, name: string, permission: PermissionName, level: Level): boolean {
  const reach = scopeReach(dialect, [name]).filter(
    ({ selection }) => selection === 'all' || !isOnRepositories(permission),
  );
  return reach.some(({ permissions }) => atLeast(levelIn(permissions, permission), level));
}

/** How much a scope gives: one point for each level of each permission. */
function weight(dialect: ScopeDialect, name: string): number {
  const levels = scopeReach(dialect, [name]).flatMap(({ permissions }) =>
    Object.values(permissions as Record<string, Level>),
  );
  return levels.reduce((sum, level) => sum + LEVELS.indexOf(level) + 1, 0);
}

/**
 * GitLab's scopes, each of which meets a need everywhere that its token's user reaches, in the order of the form. If
 * only two together do (`api` and `admin_mode`), both.
 */
export function scopesOpening(need: Need): readonly string[] {
  const wanted = gitlabScopesOf(need);
  const opens = (names: readonly string[]): boolean =>
    (wanted.length === 0 || wanted.some((scope) => scopesInclude('scoped', names, scope))) &&
    (demandsNoPermission(need) || need.sets.some((set) => givesAll(names, set)));
  const alone = scopesOf('scoped')
    .filter(({ name }) => opens([name]))
    .map(({ name }) => name);
  if (alone.length > 0) return alone;
  const pairs = scopesOf('scoped').flatMap(({ name, onlyWith }) => (onlyWith === undefined ? [] : [[onlyWith, name]]));
  return pairs.find(opens) ?? [];
}

function givesAll(names: readonly string[], set: PermissionSet): boolean {
  const reach = scopeReach('scoped', names);
  return (Object.entries(set) as [PermissionName, Level][]).every(([permission, level]) =>
    reach.some(({ permissions }) => atLeast(levelIn(permissions, permission), level)),
  );
}
