/**
 * What an organization's owners see: the tokens that reach it and the requests that wait, whose they are, and what
 * they reach.
 */
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { atLeast, type Level, permissionNamed } from '../../catalogue/permissions.ts';
import { isSameName } from '../../rules/names.ts';
import { type Account, accountByLogin, accountsByIds } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { grantById, grantsByIds, type StoredGrant } from '../../store/grants.ts';
import {
  activeGrantIds,
  type DirectedPage,
  memberTokenIds,
  type OrganizationTokenFilter,
  pendingRequestIds,
} from '../../store/organization-tokens.ts';
import { listRepositories, type Repository, repositoriesByIds, repositoryByName } from '../../store/repositories.ts';
import { type Request, requestById, requestsByIds } from '../../store/requests.ts';
import { excludedAmong } from '../../store/token-organizations.ts';
import { type Token, tokensByIds } from '../../store/tokens.ts';
import { lastUses, type TokenUse } from '../../store/usage.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

export type { Account, DirectedPage, Repository };

/** A token as its organization sees it. */
export interface SeenToken {
  readonly token: Token;
  readonly owner: Account;
  readonly lastUse: TokenUse | null;
}
export interface SeenMemberToken extends SeenToken {
  /** True when the organization excludes it. */
  readonly excluded: boolean;
}
export interface SeenGrant extends SeenToken {
  readonly grant: StoredGrant;
}
export interface SeenRequest extends SeenToken {
  readonly request: Request;
}

/** Filters in names, as doors and pages receive them. */
export interface OrganizationTokenFilterInput {
  readonly owners?: readonly string[] | undefined;
  readonly repository?: string | undefined;
  /** `issues_read` */
  readonly permission?: string | undefined;
  readonly tokenIds?: readonly number[] | undefined;
  readonly usedBefore?: UnixSeconds | undefined;
  readonly usedAfter?: UnixSeconds | undefined;
}

/** A page of the tokens that reach an organization with an active grant. */
export async function listOrganizationTokens(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  input: OrganizationTokenFilterInput,
  page: DirectedPage,
): Promise<SeenGrant[]> {
  const q = ctx.store.db;
  const organization = await organizationNamed(q, organizationName);
  const ids = await activeGrantIds(q, organization.id, await filterOf(q, organization, input), page);
  const grants = await grantsByIds(q, ids);
  return withTokens(
    q,
    ids.flatMap((id) => grants.get(id) ?? []),
    (grant) => grant.tokenId,
    (grant, seen) => ({ ...seen, grant }),
  );
}

/** A page of the requests that wait for an organization's owners. */
export async function listOrganizationRequests(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  input: OrganizationTokenFilterInput,
  page: DirectedPage,
): Promise<SeenRequest[]> {
  const q = ctx.store.db;
  const organization = await organizationNamed(q, organizationName);
  const ids = await pendingRequestIds(q, organization.id, await filterOf(q, organization, input), page);
  const requests = await requestsByIds(q, ids);
  return withTokens(
    q,
    ids.flatMap((id) => requests.get(id) ?? []),
    (request) => request.tokenId,
    (request, seen) => ({ ...seen, request }),
  );
}

/**
 * A page of the classic and scoped tokens of its members, of whoever has a role in one of its repositories, and of
 * anybody who used one in an internal repository within the days that are counted; each reaches what its owner reaches
 * in the organization.
 */
export async function listMemberTokens(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  page: DirectedPage,
): Promise<SeenMemberToken[]> {
  const q = ctx.store.db;
  await ctx.usage.flush();
  const organization = await organizationNamed(q, organizationName);
  const ids = await memberTokenIds(q, organization.id, page);
  const excluded = await excludedAmong(q, organization.id, ids);
  return withTokens(
    q,
    ids,
    (id) => id,
    (id, seen) => ({ ...seen, excluded: excluded.has(id) }),
  );
}

/** Rows with what owners see of their tokens; those whose token is gone are left out. */
export async function withTokens<Row, Seen>(
  q: Query,
  rows: readonly Row[],
  tokenIdOf: (row: Row) => number,
  join: (row: Row, seen: SeenToken) => Seen,
): Promise<Seen[]> {
  const ids = rows.map(tokenIdOf);
  const [tokens, uses] = await Promise.all([tokensByIds(q, ids), lastUses(q, ids)]);
  const owners = await accountsByIds(
    q,
    [...tokens.values()].map((token) => token.userId),
  );
  return rows.flatMap((row) => {
    const token = tokens.get(tokenIdOf(row));
    const owner = token === undefined ? undefined : owners.get(token.userId);
    return token === undefined || owner === undefined
      ? []
      : [join(row, { token, owner, lastUse: uses.get(token.id) ?? null })];
  });
}

/** @throws Problem when a name or a permission is none */
export async function filterOf(
  q: Query,
  organization: Account,
  input: OrganizationTokenFilterInput,
): Promise<OrganizationTokenFilter> {
  const owners =
    input.owners === undefined ? null : await Promise.all(input.owners.map((login) => accountByLogin(q, login)));
  return {
    ...(owners === null ? {} : { userIds: owners.flatMap((owner) => owner?.id ?? []) }),
    ...(input.tokenIds === undefined ? {} : { tokenIds: input.tokenIds }),
    ...(input.repository === undefined
      ? {}
      : { repositoryId: await repositoryIdOf(q, organization, input.repository) }),
    ...(input.permission === undefined ? {} : { permission: permissionOf(input.permission) }),
    ...(input.usedBefore === undefined ? {} : { usedBefore: input.usedBefore }),
    ...(input.usedAfter === undefined ? {} : { usedAfter: input.usedAfter }),
  };
}

/** A repository by its name, or its full name. @throws Problem when the organization has none of that name */
async function repositoryIdOf(q: Query, organization: Account, text: string): Promise<number> {
  const [name = '', owner = organization.login, ...rest] = text.split('/').toReversed();
  const found =
    isSameName(owner, organization.login) && rest.length === 0
      ? await repositoryByName(q, organization.id, name)
      : null;
  if (found === null)
    throw problem('invalid', `${organization.login} has no repository ${text.slice(0, 100)}.`, 'repository');
  return found.repository.id;
}

/** `issues_read` as permission and level. @throws Problem when the catalogue doesn't have it */
function permissionOf(text: string): NonNullable<OrganizationTokenFilter['permission']> {
  const cut = text.lastIndexOf('_');
  const permission = permissionNamed(text.slice(0, cut));
  const level = text.slice(cut + 1) as Level;
  if (permission === undefined || !permission.levels.some((each) => atLeast(each, level)))
    throw problem('invalid', `There is no permission ${text.slice(0, 60)}: write it as issues_read.`, 'permission');
  return { name: permission.name, level };
}

/** The repositories that a grant or request reaches in an organization: all, the selected ones, or none. */
export async function repositoriesReached(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  of: { grantId: number } | { requestId: number },
  page: { beforeId: number | null; limit: number; skip: number },
): Promise<{ owner: Account; repositories: Repository[] }> {
  const q = ctx.store.db;
  const owner = await organizationNamed(q, organizationName);
  const reach = 'grantId' in of ? await grantById(q, of.grantId) : await requestById(q, of.requestId);
  const ownerId = reach === null ? null : 'ownerId' in reach ? reach.ownerId : reach.organizationId;
  if (reach === null || ownerId !== owner.id) throw problem('not_found', `${owner.login} has no such token.`, 'id');
  if (reach.selection === 'all') return { owner, repositories: await listRepositories(q, owner.id, page) };
  if (reach.selection === 'public') return { owner, repositories: [] };
  const selected = [...(await repositoriesByIds(q, [...reach.repositoryIds])).values()].toSorted((a, b) => b.id - a.id);
  return {
    owner,
    repositories: selected
      .filter(({ id }) => page.beforeId === null || id < page.beforeId)
      .slice(page.skip, page.skip + page.limit),
  };
}
