/**
 * Route maps: which request needs which permission on what, as data. `git.ts`, `github.ts` and `gitlab.ts` hold the
 * built-in ones; an operator's own come from a file.
 *
 * Invariant: a request that no map knows is refused.
 */
import type { Need } from '../needs.ts';
import type { TreeRow } from '../routes/route-tree.ts';
import type { Conditions } from './conditions.ts';

/**
 * What a request is about. Names are templates over the parameters of the path: `{owner}`, or a fixed name. `self`: the
 * caller's own account. `nobody`: nobody's resources in particular. `every-organization`: one organization that only
 * the server behind can tell, so a caller needs the permission in every organization here. `unknown`: something that
 * only a number names, so nobody may.
 */
export type MapTarget =
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string }
  | { readonly kind: 'organization'; readonly login: string }
  | { readonly kind: 'account'; readonly login: string }
  | { readonly kind: 'self' | 'instance' | 'nobody' | 'every-organization' | 'unknown' };

/**
 * How somebody without a credential is asked for one: by HTTP's two schemes, in a browser by a page, and clients of a
 * container registry by the address that gives them a token (distribution specification, token authentication).
 */
export const CHALLENGES = ['basic', 'bearer', 'sign-in', 'registry'] as const;
export type Challenge = (typeof CHALLENGES)[number];

/** What the routes of one service have in common. */
export interface Guard {
  readonly challenge: Challenge;
  /** Where people reach it, by host: `https://app.example.org`. Empty for a service at any host. */
  readonly origins: ReadonlyMap<string, string>;
  /** The same with its prefix, by host: what it is called as a protected resource (RFC 9728). */
  readonly resources: ReadonlyMap<string, string>;
}

export interface MapRow extends TreeRow {
  readonly need: Need;
  readonly target: MapTarget;
  /** True for requests of git clients, so that a refusal takes a form that git understands. */
  readonly isGit?: true;
  /**
   * Methods that the token must be allowed at the address in the `Destination` header. None: a request with such a
   * header is refused.
   */
  readonly destination?: readonly string[];
  /** What it asks of headers and of the body; none: nothing. */
  readonly conditions?: Conditions;
  /** Left out by the built-in maps when no file is named. */
  readonly guard?: Guard;
}

/** Methods that have a second address in every service (RFC 4918 sections 9.8 and 9.9). */
export const MOVING_METHODS: ReadonlySet<string> = new Set(['COPY', 'MOVE']);

/** A template as a function of its parameters' values; `names` gives the position of each. */
export function filler(template: string, names: readonly string[]): (values: readonly string[]) => string {
  const only = /^\{([\w-]+)\}$/.exec(template)?.[1];
  if (only !== undefined) {
    const at = names.indexOf(only);
    return (values) => values[at] ?? '';
  }
  if (!template.includes('{')) return () => template;
  return (values) => template.replace(/\{([\w-]+)\}/g, (_whole, name: string) => values[names.indexOf(name)] ?? '');
}

/** The same rows below a path: `/` or `/api/v3`. */
export function below(prefix: string, rows: readonly MapRow[]): MapRow[] {
  const base = prefix === '/' ? '' : prefix;
  return rows.map((row) => ({ ...row, path: row.path === '/' ? base || '/' : base + row.path }));
}
