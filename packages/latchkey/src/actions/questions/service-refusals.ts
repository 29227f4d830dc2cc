/** Why a signed-in person may not open an address of a service behind a proxy, and who can change that. */
import { acceptedPermissions } from '../../catalogue/needs.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Identity } from '../decision/authenticate.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { refusalOfAny } from './forwarded-requests.ts';
import { whoMends } from './menders.ts';
import { plainHost } from './route-maps.ts';

export interface ServiceQuestion {
  /** `https://app.example.org`. */
  readonly origin: string;
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly address: string;
}

export interface ServiceRefusal {
  readonly explanation: Explanation;
  /** `acme:deploy=write`; alternatives by `; `. */
  readonly needed: string;
  /** The repository or account that the address is about; empty when it is the whole instance, or oneself. */
  readonly target: string;
  /** Who takes each cause away: `An owner of acme (ada or dan).` */
  readonly menders: readonly string[];
}

/**
 * The refusal; null when the person may open it. `unknown` when the host has no sign-in, or no route map knows the
 * address.
 */
export async function serviceRefusal(
  ctx: Context,
  { permit, identity }: { readonly permit: Permit; readonly identity: Identity },
  { origin, method, uri, address }: ServiceQuestion,
): Promise<ServiceRefusal | 'unknown' | null> {
  const host = URL.parse(origin)?.host ?? '';
  if (ctx.routeMaps.signInOrigin(host) !== origin) return 'unknown';
  const route = ctx.routeMaps.find(plainHost(host), method, uri);
  if (typeof route === 'string' || 'fork' in route) return 'unknown';
  await ctx.memory.refresh();
  const refusal = await refusalOfAny(ctx, [route], address, identity);
  if (refusal === null) return null;
  if ('error' in refusal) return 'unknown';
  return {
    explanation: refusal.explanation,
    needed: acceptedPermissions(route.row.need),
    target: refusal.explanation.facts.fullName,
    menders: await whoMends(ctx, permit, refusal.explanation),
  };
}
