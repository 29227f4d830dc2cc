/**
 * What the tokens of a sign-in are for: a service behind a proxy, or this server (RFC 8707).
 *
 * Invariant: a token that was asked for with a resource is for that one alone.
 */
import { applicationRequest, scopeWords } from '../../rules/applications/application-request.ts';
import { canonicalResource } from '../../rules/applications/resource-identifiers.ts';
import type { LoginRequest } from '../../rules/login-request.ts';
import type { Application } from '../../store/applications.ts';
import type { Context } from '../ground/context.ts';

/** '' = this server. */
export type ResourceId = string;

/** A request that names no resource, one that is known here, or one that gets nothing. */
export type NamedResource =
  | { readonly resource: ResourceId | null; readonly scopes: readonly string[] }
  | { readonly error: string };

/** @param named each `resource` of the request */
export function namedResource(ctx: Context, named: readonly string[]): NamedResource {
  const [first, ...others] = [...new Set(named.map((each) => canonicalResource(each) ?? ''))];
  if (first === undefined) return { resource: null, scopes: [] };
  if (others.length > 0) return { error: 'A token is for one resource: name one.' };
  if (first === ctx.settings.publicUrl) return { resource: '', scopes: [] };
  const service = first === '' ? null : ctx.routeMaps.resourceAt(first);
  if (service === null)
    return {
      error: `resource is ${ctx.settings.publicUrl}, or the address of a service that this server guards, in full.`,
    };
  return { resource: service.resource, scopes: service.scopes };
}

/** What an application asks for by `scope` and `resource`, or OAuth's word for what is wrong with them, and ours. */
export function wishOf(
  ctx: Context,
  { id, name }: Application,
  asked: URLSearchParams,
): { readonly request: LoginRequest } | { readonly error: string; readonly words: string } {
  const named = namedResource(ctx, asked.getAll('resource'));
  if ('error' in named) return { error: 'invalid_target', words: named.error };
  const words = scopeWords(asked.get('scope'));
  const read = applicationRequest({ id, name, resource: named.resource }, words.length === 0 ? named.scopes : words);
  return 'error' in read ? { error: 'invalid_scope', words: `${read.error}.` } : read;
}

/** What people know a resource by: `Team memory (https://tools.example.org/mcp)`. */
export function resourceTitle({ settings, routeMaps }: Context, resource: ResourceId): string {
  if (resource === '') return settings.publicUrl;
  const name = routeMaps.resourceAt(resource)?.name;
  return name === undefined ? resource : `${name} (${resource})`;
}
