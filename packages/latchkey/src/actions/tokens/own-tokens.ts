/** A token in full, for whom it belongs to: its grants by names, what waits, its last use. Never its secret. */
import { problem } from '../../base/errors.ts';
import { ANY_OWNER, INSTANCE_OWNER } from '../../rules/model.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { grantsOf, type StoredGrant } from '../../store/grants.ts';
import type { Page } from '../../store/page.ts';
import { repositoriesByIds } from '../../store/repositories.ts';
import { pendingRequestsOf, type Request } from '../../store/requests.ts';
import { listTokens, type Token, tokensByIds } from '../../store/tokens.ts';
import { lastUses, type TokenUse } from '../../store/usage.ts';
import type { Permit } from '../decision/authorize.ts';
import { tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { INSTANCE_LOGIN } from './draft-world.ts';

/** A grant with its names. */
export interface NamedGrant extends StoredGrant {
  /** A login, or `instance`. */
  readonly ownerLogin: string;
  readonly owner: Account | null;
  /** `owner/name`s of the selected ones. */
  readonly repositories: readonly string[];
  /** The request about it that waits, if one does. */
  readonly request: Request | null;
}

export interface TokenDetails extends Token {
  readonly owner: Account;
  readonly grants: readonly NamedGrant[];
  readonly lastUse: TokenUse | null;
}

/** One of one's tokens, alive or dead. @throws Problem when there is no such token. */
export async function readToken(ctx: Context, permit: Permit, id: number): Promise<TokenDetails> {
  const token = await tokenWithin(ctx.store.db, permit, id, { alive: false });
  const [details] = await withDetails(ctx.store.db, [token]);
  return details!;
}

/** The token that asks. @throws Problem when it is no token that does. */
export async function readCurrentToken(ctx: Context, permit: Permit): Promise<TokenDetails> {
  if (permit.actor.tokenId === null) throw problem('unprocessable', 'No token was used for this request.');
  const token = (await tokensByIds(ctx.store.db, [permit.actor.tokenId])).get(permit.actor.tokenId);
  if (token === undefined) throw problem('not_found', 'The token is gone.');
  const [details] = await withDetails(ctx.store.db, [token]);
  return details!;
}

/** A page of the tokens of whoever asks, newest first; the revoked ones only when asked for. */
export async function listOwnTokens(
  ctx: Context,
  permit: Permit,
  filter: Parameters<typeof listTokens>[2],
  page: Page,
): Promise<TokenDetails[]> {
  const { userId } = permit.actor;
  return userId === null ? [] : withDetails(ctx.store.db, await listTokens(ctx.store.db, userId, filter, page));
}

/** Tokens with what belongs to them, in a handful of queries however many they are. */
export async function withDetails(q: Query, tokens: readonly Token[]): Promise<TokenDetails[]> {
  const ids = tokens.map((token) => token.id);
  const [grants, uses] = await Promise.all([grantsOf(q, ids), lastUses(q, ids)]);
  const all = [...grants.values()].flat();
  const accounts = await accountsByIds(q, [
    ...tokens.map((token) => token.userId),
    ...all.map((grant) => grant.ownerId).filter((id) => id > INSTANCE_OWNER),
  ]);
  const repositories = await repositoriesByIds(q, [...new Set(all.flatMap((grant) => [...grant.repositoryIds]))]);
  const pending = new Map((await pendingRequestsOf(q, ids)).map((request) => [request.grantId, request]));
  return tokens.flatMap((token) => {
    const owner = accounts.get(token.userId);
    const named = (grants.get(token.id) ?? []).map((grant): NamedGrant => {
      const account = accounts.get(grant.ownerId) ?? null;
      const ownerLogin =
        account?.login ??
        (grant.ownerId === INSTANCE_OWNER ? INSTANCE_LOGIN : grant.ownerId === ANY_OWNER ? '' : 'ghost');
      const names = [...grant.repositoryIds].flatMap((id) =>
        repositories.has(id) ? [`${ownerLogin}/${repositories.get(id)!.name}`] : [],
      );
      return { ...grant, ownerLogin, owner: account, repositories: names, request: pending.get(grant.id) ?? null };
    });
    return owner === undefined ? [] : [{ ...token, owner, grants: named, lastUse: uses.get(token.id) ?? null }];
  });
}
