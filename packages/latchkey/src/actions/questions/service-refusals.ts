/** Why a signed-in person may not open an address of a service behind a proxy, and who can change that. */
import { acceptedPermissions } from '../../catalogue/needs.ts';
import { listed } from '../../catalogue/refusals/links.ts';
import type { Explanation } from '../../rules/explain.ts';
import { accountByLogin } from '../../store/accounts.ts';
import { ownersForMembers } from '../../store/memberships.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../ground/context.ts';
import { refusalOfAny } from './forwarded-requests.ts';
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
  /** In words: `an owner of acme: ada or dan`. */
  readonly givers: string;
}

/** Owners to name. */
const MAX_NAMED = 5;

/**
 * The refusal; null when the person may open it. `unknown` when the host has no sign-in, or no route map knows the
 * address.
 */
export async function serviceRefusal(
  ctx: Context,
  { identity, account }: SignedIn,
  { origin, method, uri, address }: ServiceQuestion,
): Promise<ServiceRefusal | 'unknown' | null> {
  const host = URL.parse(origin)?.host ?? '';
  if (ctx.routeMaps.signInOrigin(host) !== origin) return 'unknown';
  const route = ctx.routeMaps.find(plainHost(host), method, uri);
  if (typeof route === 'string') return 'unknown';
  await ctx.memory.refresh();
  const refusal = await refusalOfAny(ctx, [route], address, identity);
  if (refusal === null) return null;
  if ('error' in refusal) return 'unknown';
  const { fullName, ownerLogin } = refusal.explanation.facts;
  return {
    explanation: refusal.explanation,
    needed: acceptedPermissions(route.row.need),
    target: fullName,
    givers: await giversOf(ctx, account.id, ownerLogin),
  };
}

/** Owners by name for members; about what the person can't see, the same words whether or not it exists. */
async function giversOf(ctx: Context, userId: number, login: string | null): Promise<string> {
  if (login === null || login === '') return 'an administrator of this server';
  const account = await accountByLogin(ctx.store.db, login);
  const owners = account === null ? [] : await ownersForMembers(ctx.store.db, [account.id], [userId]);
  const named = owners.slice(0, MAX_NAMED).map(({ owner }) => owner);
  if (named.length === 0) return `whoever owns ${login}`;
  const others = owners.length > named.length ? ', among others' : '';
  return `an owner of ${login}: ${listed(named, 'or')}${others}`;
}
