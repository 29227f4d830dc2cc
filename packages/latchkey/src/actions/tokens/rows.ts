/**
 * Tokens as people look at them: with what they reach, where they stand, and when they were used.
 *
 * Invariant: a whole page of tokens costs a fixed number of queries, however many tokens there are in the store.
 */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import type { PermissionSet } from '../../catalogue/permissions.ts';
import {
  type GrantState,
  INSTANCE_OWNER,
  type Policy,
  type RepositorySelection,
  type TokenKind,
} from '../../rules/model.ts';
import { effectivePolicy, NO_POLICY } from '../../rules/policy.ts';
import { type GrantFacts, reachWords } from '../../rules/reach-words.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import { grantsOf, type StoredGrant } from '../../store/grants.ts';
import { storedPolicies } from '../../store/policies.ts';
import { refusalTotals } from '../../store/refusals.ts';
import { type Repository, repositoriesByIds } from '../../store/repositories.ts';
import { exclusionsOf } from '../../store/token-organizations.ts';
import { descendantsOf, listTokens, type Token, tokensByIds } from '../../store/tokens.ts';
import { lastUses, type TokenUse } from '../../store/usage.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { INSTANCE_LOGIN } from './draft-world.ts';

export type { Token };

/** Where a token stands, the most final first. */
export type TokenState = 'replaced' | 'revoked' | 'expired' | 'used-up' | 'blocked' | 'pending' | 'not-yet' | 'active';

/** A grant with names in place of ids. */
export interface GrantView {
  readonly id: number;
  readonly ownerId: number;
  /** `instance` for the instance. */
  readonly owner: string;
  readonly ownerKind: GrantFacts['ownerKind'];
  readonly selection: RepositorySelection;
  /** Of selected ones, those that still exist; without their owner. */
  readonly repositoryNames: readonly string[];
  readonly permissions: PermissionSet;
  readonly state: GrantState;
}

export interface TokenRow extends Token {
  readonly lastUse: TokenUse | null;
  readonly grants: readonly GrantView[];
  readonly state: TokenState;
  /** Who does not allow it, when `state` is `blocked`, and why. */
  readonly blockedBy: string | null;
  /** Organizations that took back what it reaches there; only of classic and scoped tokens. */
  readonly keptOutBy: readonly string[];
  /** What it lets its bearer do, in one line. */
  readonly reach: string;
  /** Refusals of the last `LATELY_SEC`. */
  readonly refusedLately: number;
}

/** What "lately" means for refusals. */
const LATELY_SEC = 7 * DAY_SEC;
/** Tokens on one page of a list. */
export const TOKENS_ON_A_PAGE = 50;

/** A page of one's own tokens of a kind that were not revoked, newest first; `beforeId` goes on from there. */
export async function ownTokenRows(
  ctx: Context,
  permit: Permit,
  kind: TokenKind,
  beforeId: number | null,
): Promise<TokenRow[]> {
  const { userId } = permit.actor;
  if (userId === null) throw new TypeError('only a person has tokens of their own');
  const tokens = await listTokens(ctx.store.db, userId, { kind }, { beforeId, limit: TOKENS_ON_A_PAGE });
  return tokenRows(ctx, tokens);
}

/** One token with what its own page shows beside. */
export interface OwnToken extends TokenRow {
  /** How many living tokens it made over REST, and those made, too. */
  readonly children: number;
}

/** One's own token of a kind, alive or dead. @throws Problem `not_found` for any other. */
export async function ownToken(ctx: Context, permit: Permit, id: number, kind: TokenKind): Promise<OwnToken> {
  await ctx.usage.flush();
  const token = await tokenWithin(ctx.store.db, permit, id, { alive: false });
  if (token.kind !== kind) throw problem('not_found', `There is no token ${id}.`, 'id');
  const [row] = await tokenRows(ctx, [token]);
  const children = await tokensByIds(ctx.store.db, await descendantsOf(ctx.store.db, id));
  return {
    ...present(row, `token ${id}`),
    children: [...children.values()].filter(({ revokedAt }) => revokedAt === null).length,
  };
}

/** Everything that a page shows of these tokens, in their order. At most some hundred tokens. */
export async function tokenRows(ctx: Context, tokens: readonly Token[]): Promise<TokenRow[]> {
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const ids = tokens.map((token) => token.id);
  const [grants, uses, refused, exclusions] = await Promise.all([
    grantsOf(db, ids),
    lastUses(db, ids),
    refusalTotals(db, ids, at - LATELY_SEC),
    exclusionsOf(db, ids),
  ]);
  const all = [...grants.values()].flat();
  const ownerIds = [...new Set(all.map((grant) => grant.ownerId).filter((id) => id !== INSTANCE_OWNER))];
  const repositoryIds = [...new Set(all.flatMap((grant) => [...grant.repositoryIds]))];
  const [owners, repositories, stored] = await Promise.all([
    accountsByIds(db, ownerIds),
    repositoriesByIds(db, repositoryIds),
    storedPolicies(db, [INSTANCE_OWNER, ...ownerIds]),
  ]);
  const instance = stored.get(INSTANCE_OWNER) ?? NO_POLICY;
  const policyOf = (owner: Account | undefined): Policy =>
    effectivePolicy(instance, owner?.kind === 'organization' ? (stored.get(owner.id) ?? NO_POLICY) : null);
  return tokens.map((token) => {
    const views = (grants.get(token.id) ?? []).map((grant) => grantView(grant, token.userId, owners, repositories));
    const blockedBy = whoBlocks(token, views, (id) => policyOf(owners.get(id)), at);
    return {
      ...token,
      grants: views,
      blockedBy,
      keptOutBy: exclusions.get(token.id) ?? [],
      state: stateOf(token, views, blockedBy, at),
      reach: reachWords(token.kind, token.scopes, views),
      lastUse: uses.get(token.id) ?? null,
      refusedLately: refused.get(token.id) ?? 0,
    };
  });
}

function grantView(
  grant: StoredGrant,
  userId: number,
  owners: ReadonlyMap<number, Account>,
  repositories: ReadonlyMap<number, Repository>,
): GrantView {
  const owner = owners.get(grant.ownerId);
  return {
    id: grant.id,
    ownerId: grant.ownerId,
    owner: grant.ownerId === INSTANCE_OWNER ? INSTANCE_LOGIN : (owner?.login ?? 'a deleted account'),
    ownerKind:
      grant.ownerId === INSTANCE_OWNER ? 'instance' : grant.ownerId === userId ? 'self' : (owner?.kind ?? 'user'),
    selection: grant.selection,
    repositoryNames: [...grant.repositoryIds].flatMap((id) => repositories.get(id)?.name ?? []).sort(),
    permissions: grant.permissions,
    state: grant.state,
  };
}

/** The resource owner whose policy keeps a fine-grained token out; for the others, which name none, the instance. */
function whoBlocks(
  token: Token,
  grants: readonly GrantView[],
  policyOf: (ownerId: number) => Policy,
  at: UnixSeconds,
): string | null {
  const bound = token.kind === 'fine-grained' ? grants : [{ ownerId: INSTANCE_OWNER, owner: 'This server' }];
  for (const { ownerId, owner } of bound) {
    const { allowed, maxLifetimeDays } = policyOf(ownerId).kinds[token.kind];
    const lifeSec = token.expiresAt === null ? Infinity : token.expiresAt - token.issuedAt;
    if (!allowed) return `${owner} does not allow ${token.kind} tokens`;
    if (
      maxLifetimeDays !== null &&
      lifeSec > maxLifetimeDays * DAY_SEC &&
      (token.expiresAt === null || token.expiresAt > at)
    )
      return `${owner} allows a life of at most ${maxLifetimeDays} ${maxLifetimeDays === 1 ? 'day' : 'days'}`;
  }
  return null;
}

function stateOf(token: Token, grants: readonly GrantView[], blockedBy: string | null, at: UnixSeconds): TokenState {
  if (token.revokedAt !== null) return token.revokedBy === 'rotation' ? 'replaced' : 'revoked';
  if (token.expiresAt !== null && token.expiresAt <= at) return 'expired';
  if (token.usesLeft === 0) return 'used-up';
  if (blockedBy !== null) return 'blocked';
  if (grants.some((grant) => grant.state === 'pending')) return 'pending';
  return token.notBeforeAt !== null && token.notBeforeAt > at ? 'not-yet' : 'active';
}
