/**
 * What a heavy act would end, told before it is done: the tokens that stop, whose they are, when they were last used.
 *
 * Invariant: where tokens end by an act on a person or a policy, one is counted only if it works today, as the decision
 * says: one that is blocked already is never said to end.
 * Invariant: nobody reads of a token here that their lists don't show them.
 */
import { includesAddress } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { effectivePolicy, type StoredPolicy } from '../../rules/policy.ts';
import { worksToday, worksWithin } from '../../rules/right/right-sentence.ts';
import { isOver } from '../../rules/token-state.ts';
import type { Query } from '../../store/db.ts';
import { grantsByIds } from '../../store/grants.ts';
import { membershipRole } from '../../store/memberships.ts';
import { activeGrantIds, memberTokenIds, reachingAmong } from '../../store/organization-tokens.ts';
import { batchesOf } from '../../store/page.ts';
import { sessionsOf } from '../../store/sessions.ts';
import { excludedAmong } from '../../store/token-organizations.ts';
import { listAllLiveTokens, listTokens, type Token, tokensByIds } from '../../store/tokens.ts';
import { organizationNamed, userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';
import { listMachineTokens, type MachineTokenName, readMachineToken } from './machine-tokens.ts';
import { type PolicyChange, policyAfter } from './policies.ts';

/** The most tokens looked at; with more, `isAll` is false and the page says "at least". */
const MAX_LOOKED_AT = 2_000;

/** A token that stops. */
export interface Ending {
  readonly tokenId: number;
  readonly name: string;
  readonly owner: string;
  /** Null = never. */
  readonly usedAt: UnixSeconds | null;
}

export interface Endings {
  /** The most recently used first: these are missed first. */
  readonly tokens: readonly Ending[];
  /** Of how many people they are. */
  readonly people: number;
  /** False when there were more tokens than were looked at. */
  readonly isAll: boolean;
}

/** Of how many fine-grained tokens, and of how many others, the organization's access ends. */
export interface ReachEndings extends Endings {
  readonly grants: number;
  readonly others: number;
}

/** What stops when an account does. */
export interface PersonStops {
  readonly login: string;
  readonly endings: Endings;
  /** How many are signed in. */
  readonly sessions: number;
}

/** @throws Problem when there is no such person */
export async function whatStopsFor(ctx: Context, _permit: Permit, login: string): Promise<PersonStops> {
  await ctx.usage.flush();
  const account = await userNamed(ctx.store.db, login);
  const [endings, sessions] = await Promise.all([
    endingsOfUser(ctx, account.id, ({ state }) => !isOver(state)),
    sessionsOf(ctx.store.db, account.id, ctx.clock.now()),
  ]);
  return { login: account.login, endings, sessions: sessions.length };
}

/** Where somebody is signed in, without their tokens. @throws Problem when there is no such person */
export async function sessionsFor(ctx: Context, _permit: Permit, login: string): Promise<Omit<PersonStops, 'endings'>> {
  const account = await userNamed(ctx.store.db, login);
  const sessions = await sessionsOf(ctx.store.db, account.id, ctx.clock.now());
  return { login: account.login, sessions: sessions.length };
}

/** Those of a person's tokens that stop. */
async function endingsOfUser(ctx: Context, userId: number, stops: (view: TokenView) => boolean): Promise<Endings> {
  const tokens = await listTokens(ctx.store.db, userId, {}, { beforeId: null, limit: MAX_LOOKED_AT + 1 });
  const views = await viewsOf(ctx, tokens);
  return endingsAmong(views.filter(stops), tokens.length <= MAX_LOOKED_AT);
}

/** Tokens that were chosen, of anybody: for the instance's administrators alone. */
export async function endingsOfTokens(ctx: Context, _permit: Permit, ids: readonly number[]): Promise<Endings> {
  await ctx.usage.flush();
  const tokens = [...(await tokensByIds(ctx.store.db, ids)).values()];
  return endingsAmong(await viewsOf(ctx, tokens), true);
}

/** Those of the chosen tokens that reach the organization; it learns nothing of others. */
export async function endingsOfReach(
  ctx: Context,
  permit: Permit,
  organizationName: string,
  tokenIds: readonly number[],
): Promise<ReachEndings> {
  const { id } = await organizationNamed(ctx.store.db, organizationName);
  const { grantIds, otherIds } = await reachingAmong(ctx.store.db, id, tokenIds);
  const [grants, excluded] = await Promise.all([
    grantsByIds(ctx.store.db, grantIds),
    excludedAmong(ctx.store.db, id, otherIds),
  ]);
  const others = otherIds.filter((each) => !excluded.has(each));
  const ids = [...[...grants.values()].map(({ tokenId }) => tokenId), ...others];
  return { ...(await endingsOfTokens(ctx, permit, ids)), grants: grants.size, others: others.length };
}

/** All tokens of a machine account that stop with it. @throws Problem for another owner's machine */
export async function endingsOfMachine(ctx: Context, permit: Permit, login: string): Promise<Endings> {
  await ctx.usage.flush();
  const found: TokenView[] = [];
  for await (const views of batchesOf((page) => listMachineTokens(ctx, permit, login, page)))
    found.push(...views.filter(({ state }) => !isOver(state)));
  return endingsAmong(found, true);
}

/** One token of a machine account, with its name. @throws Problem when it has none of that id */
export async function endingOfMachineToken(
  ctx: Context,
  permit: Permit,
  token: MachineTokenName,
): Promise<Endings & { readonly name: string }> {
  await ctx.usage.flush();
  const view = await readMachineToken(ctx, permit, token);
  return { name: view.name, ...endingsAmong(isOver(view.state) ? [] : [view], true) };
}

/** The tokens of one of its people that do something in an organization today. @throws Problem for a stranger */
export async function endingsOfMember(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  login: string,
): Promise<Endings> {
  const q = ctx.store.db;
  await ctx.usage.flush();
  const [organization, user] = await Promise.all([organizationNamed(q, organizationName), userNamed(q, login)]);
  if ((await membershipRole(q, organization.id, user.id)) === null)
    throw problem('not_found', `${user.login} is not a member of ${organization.login}.`, 'login');
  return endingsOfUser(ctx, user.id, (view) => worksWithin(view, organization.id));
}

/**
 * The tokens that work today and would not under the changed policy. A token that was last used from an address which
 * the new list leaves out counts, too: it stops where it runs.
 * @param organizationName null = the instance's policy
 * @throws Problem when the change can't be made
 */
export async function endingsOfPolicy(
  ctx: Context,
  permit: Permit,
  organizationName: string | null,
  change: PolicyChange,
): Promise<Endings> {
  const q = ctx.store.db;
  await ctx.usage.flush();
  const { ownerId, instance, before, after } = await policyAfter(ctx, q, permit, organizationName, change);
  if (JSON.stringify(before) === JSON.stringify(after)) return endingsAmong([], true);
  const { tokens, isAll } = await tokensUnder(q, organizationName === null ? null : ownerId);
  const now = await viewsOf(ctx, tokens);
  // With another provider, what was authorized counts no more.
  const isOther = before.ssoIssuer !== after.ssoIssuer;
  const then = new Map(
    (await viewsOf(ctx, tokens, new Map([[ownerId, after]]))).map((view) => {
      const authorized = new Set([...view.ssoOrganizationIds].filter((id) => !isOther || id !== ownerId));
      return [view.id, { ...view, ssoOrganizationIds: authorized }];
    }),
  );
  const works = (view: TokenView): boolean =>
    organizationName === null ? worksToday(view) : worksWithin(view, ownerId);
  const shutOut = addressRule(effectivePolicy(instance, organizationName === null ? null : after), before);
  return endingsAmong(
    now.filter((view) => {
      const later = then.get(view.id);
      return works(view) && (later === undefined || !works(later) || shutOut(view));
    }),
    isAll,
  );
}

/** Whether a token was last used from outside of a new list of addresses. */
function addressRule(
  { allowedAddresses }: Pick<StoredPolicy, 'allowedAddresses'>,
  before: StoredPolicy,
): (view: TokenView) => boolean {
  if (allowedAddresses === null || JSON.stringify(allowedAddresses) === JSON.stringify(before.allowedAddresses))
    return () => false;
  return ({ lastUse }) => lastUse !== null && !includesAddress(allowedAddresses, lastUse.address);
}

/** The living tokens that an organization's policy is about, or the instance's (null); the newest if there are many. */
async function tokensUnder(q: Query, organizationId: number | null): Promise<{ tokens: Token[]; isAll: boolean }> {
  const limit = MAX_LOOKED_AT + 1;
  if (organizationId === null) {
    const tokens = await listAllLiveTokens(q, { beforeId: null, limit });
    return { tokens, isAll: tokens.length < limit };
  }
  const page = { afterId: null, limit, skip: 0, ascending: false };
  const [grantIds, otherIds] = await Promise.all([
    activeGrantIds(q, organizationId, {}, page),
    memberTokenIds(q, organizationId, page),
  ]);
  const grants = await grantsByIds(q, grantIds);
  const ids = new Set([...[...grants.values()].map(({ tokenId }) => tokenId), ...otherIds]);
  const tokens = [...(await tokensByIds(q, [...ids])).values()];
  return { tokens, isAll: grantIds.length < limit && otherIds.length < limit };
}

function viewsOf(
  ctx: Context,
  tokens: readonly Token[],
  policies: ReadonlyMap<number, StoredPolicy> = new Map(),
): Promise<TokenView[]> {
  return tokenViews(ctx.store.db, tokens.slice(0, 2 * MAX_LOOKED_AT), ctx.clock.now(), { supposed: policies });
}

function endingsAmong(views: readonly TokenView[], isAll: boolean): Endings {
  const tokens = views
    .map(({ id, name, owner, lastUse }) => ({
      tokenId: id,
      name,
      owner: owner.login,
      usedAt: lastUse?.usedAt ?? null,
    }))
    .sort((a, b) => (b.usedAt ?? 0) - (a.usedAt ?? 0) || b.tokenId - a.tokenId);
  return { tokens, people: new Set(tokens.map(({ owner }) => owner)).size, isAll };
}
