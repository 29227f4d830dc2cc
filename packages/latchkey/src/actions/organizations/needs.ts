/**
 * What needs a person: requests that wait for them, tokens refused today, tokens that end soon.
 *
 * Invariant: a fixed number of queries, and at most `MOST_OF_A_KIND` of each, however many tokens somebody has.
 */
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { isSameName } from '../../rules/names.ts';
import { ENDING_SOON, endsSoon } from '../../rules/token-health.ts';
import { accountsByIds } from '../../store/accounts.ts';
import { endingTokenIds } from '../../store/ending-tokens.ts';
import { countReaching, MAX_IN_MENU } from '../../store/organization-lists.ts';
import { countMembers } from '../../store/people-lists.ts';
import { latestRefusals } from '../../store/refusals.ts';
import { pendingTotals } from '../../store/requests.ts';
import { countOwn } from '../../store/token-lists.ts';
import { type Token, tokensByIds } from '../../store/tokens.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import { refusalsOf, type TokenRefusal } from '../decision/token-refusals.ts';
import type { Context } from '../ground/context.ts';

export { MAX_IN_MENU };

const MOST_OF_A_KIND = 5;
/** Organizations in menus; where more requests than that wait, as many as those. */
const MOST_IN_MENUS = 10;
/** Organizations of one's own whose menus are open on pages outside of their areas. */
export const MOST_OPEN = 3;

export interface WaitingRequests {
  readonly organization: string;
  readonly count: number;
  readonly since: UnixSeconds;
}

export interface Needs {
  readonly refused: readonly { readonly token: Token; readonly times: number; readonly latest: TokenRefusal }[];
  readonly requests: readonly WaitingRequests[];
  readonly ending: readonly (Token & { readonly expiresAt: UnixSeconds })[];
}

/** An organization that somebody belongs to, as menus need it. */
export interface OwnOrganization {
  readonly login: string;
  readonly isOwner: boolean;
  /** Its members, at most one more than lists count; 0 where this person isn't its owner. */
  readonly people: number;
  /** Tokens that reach it, at most `MAX_IN_MENU` + 1; 0 where the page doesn't show its menu. */
  readonly tokens: number;
  /** The requests that wait for its owner, if any do. */
  readonly waiting: Omit<WaitingRequests, 'organization'> | null;
}

/** The first of this person's organizations, those that they own before others, and every one where something waits. */
async function ownOrganizations(
  ctx: Context,
  { identity }: SignedIn,
  area: string | null,
): Promise<readonly OwnOrganization[]> {
  const memberships = [...(identity.facts?.memberships ?? [])];
  if (memberships.length === 0) return [];
  const owned = new Set(memberships.flatMap(([id, role]) => (role === 'owner' ? [id] : [])));
  const totals = owned.size === 0 ? new Map<number, never>() : await pendingTotals(ctx.store.db, [...owned]);
  const shown = [...totals.keys(), ...owned, ...memberships.map(([id]) => id)];
  const ids = [...new Set(shown)].slice(0, Math.max(MOST_IN_MENUS, totals.size));
  const [accounts, people] = await Promise.all([
    accountsByIds(ctx.store.db, ids),
    countMembers(
      ctx.store.db,
      ids.filter((id) => owned.has(id)),
    ),
  ]);
  const shownHere = [...accounts.values()].toSorted((one, other) => one.login.localeCompare(other.login, 'en'));
  const mine = shownHere.filter(({ id }) => owned.has(id));
  const open = area === null ? mine.slice(0, MOST_OPEN) : mine.filter(({ login }) => isSameName(login, area));
  const tokens = new Map(
    await Promise.all(open.map(async ({ id }) => [id, await countReaching(ctx.store.db, id)] as const)),
  );
  return shownHere.map(({ id, login }) => ({
    login,
    isOwner: owned.has(id),
    people: people.get(id) ?? 0,
    tokens: tokens.get(id) ?? 0,
    waiting: totals.get(id) ?? null,
  }));
}

/** What the menus of every page say about this person's things. */
export interface MenuFacts {
  readonly organizations: readonly OwnOrganization[];
  /** True when they belong to more than those. */
  readonly hasMoreOrganizations: boolean;
  /** How many tokens they have that were not revoked, at most one more than lists count. */
  readonly ownTokens: number;
}

/** @param area the organization whose area the page is in; null = none */
export async function menuFacts(ctx: Context, person: SignedIn, area: string | null): Promise<MenuFacts> {
  const [organizations, ownTokens] = await Promise.all([
    ownOrganizations(ctx, person, area),
    countOwn(ctx.store.db, person.account.id),
  ]);
  const hasMoreOrganizations = (person.identity.facts?.memberships.size ?? 0) > organizations.length;
  return { organizations, hasMoreOrganizations, ownTokens };
}

/** The requests that wait in them, the oldest first. */
export function waitingIn(organizations: readonly OwnOrganization[]): readonly WaitingRequests[] {
  return organizations
    .flatMap(({ login, waiting }) => (waiting === null ? [] : [{ organization: login, ...waiting }]))
    .toSorted((one, other) => one.since - other.since);
}

/** What of their tokens needs the caller. */
export async function tokenNeeds(ctx: Context, permit: Permit): Promise<Pick<Needs, 'refused' | 'ending'>> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens');
  await ctx.refusals.flush();
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const [latest, endingIds] = await Promise.all([
    latestRefusals(db, userId, at - (at % DAY_SEC), MOST_OF_A_KIND),
    endingTokenIds(db, userId, { after: at, until: at + ENDING_SOON.mostSec }, MOST_OF_A_KIND),
  ]);
  const tokens = await tokensByIds(db, [...latest.map(({ tokenId }) => tokenId), ...endingIds]);
  const refused = await Promise.all(
    latest.map(async ({ tokenId, times }) => ({
      times,
      token: tokens.get(tokenId),
      latest: (await refusalsOf(ctx, tokenId))[0],
    })),
  );
  return {
    refused: refused.flatMap(({ token, times, latest: newest }) =>
      token === undefined || newest === undefined ? [] : [{ token, times, latest: newest }],
    ),
    ending: endingIds.flatMap((id) => {
      const token = tokens.get(id);
      if (token === undefined || token.expiresAt === null || !endsSoon(token, at)) return [];
      return [{ ...token, expiresAt: token.expiresAt }];
    }),
  };
}
