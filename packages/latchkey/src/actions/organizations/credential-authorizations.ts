/**
 * What owners see and take back of single sign-on: the tokens that members authorized for the organization.
 *
 * Source: GitHub docs "Viewing and managing a member's SAML access to your organization". A token whose authorization
 * was taken back can't be authorized again; elsewhere it keeps working.
 */
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { accountByLogin } from '../../store/accounts.ts';
import { grantsOf } from '../../store/grants.ts';
import { listOrganizationsOf } from '../../store/memberships.ts';
import type { Page } from '../../store/page.ts';
import { storedPolicies } from '../../store/policies.ts';
import { authorizationsFor, organizationsOfToken, withdrawFromOrganization } from '../../store/token-organizations.ts';
import { type Token, tokenById } from '../../store/tokens.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { revokeAccess } from './approvals.ts';
import { changeMemberTokens } from './member-tokens.ts';
import { withTokens } from './tokens.ts';

export interface SeenAuthorization {
  readonly token: Token;
  /** Whose it is. */
  readonly owner: string;
  readonly authorizedAt: UnixSeconds;
  readonly lastUsedAt: UnixSeconds | null;
}

/** A page of the tokens that are authorized for an organization, the newest first. @param login null = of everybody */
export async function listAuthorizations(
  ctx: Context,
  _permit: Permit,
  organizationName: string,
  login: string | null,
  page: Page,
): Promise<SeenAuthorization[]> {
  const { db } = ctx.store;
  const organization = await organizationNamed(db, organizationName);
  const person = login === null ? null : await accountByLogin(db, login);
  if (login !== null && person === null) return [];
  return withTokens(
    db,
    await authorizationsFor(db, organization.id, person?.id ?? null, page),
    ({ tokenId }) => tokenId,
    ({ authorizedAt }, { token, owner, lastUse }) => ({
      token,
      owner: owner.login,
      authorizedAt,
      lastUsedAt: lastUse?.usedAt ?? null,
    }),
  );
}

/** Takes an authorization back, for good. @throws Problem `not_found` when the token has none */
export async function revokeAuthorization(
  ctx: Context,
  permit: Permit,
  organizationName: string,
  tokenId: number,
): Promise<void> {
  const { db } = ctx.store;
  const organization = await organizationNamed(db, organizationName);
  const token = Number.isSafeInteger(tokenId) ? await tokenById(db, tokenId) : null;
  if (token === null || !(await organizationsOfToken(db, tokenId)).authorized.has(organization.id))
    throw problem('not_found', `No such token is authorized for ${organization.login}.`, 'credential_id');
  // First what keeps it from coming back: if anything fails after that, the token is shut out all the same.
  if (token.kind !== 'fine-grained')
    await changeMemberTokens(ctx, permit, organization.login, 'revoke', { tokenIds: [tokenId] });
  else {
    const grants = (await grantsOf(db, [tokenId])).get(tokenId) ?? [];
    const grant = grants.find(({ ownerId, state }) => ownerId === organization.id && state === 'active');
    if (grant !== undefined) await revokeAccess(ctx, permit, organization.login, [grant.id]);
  }
  await ctx.store.transaction((tx) => withdrawFromOrganization(tx, tokenId, organization.id));
}

/** The most organizations of one person that are looked through. */
const MAX_LOOKED_THROUGH = 1000;

/** The ids of the organizations that a token names, or reaches, and that single sign-on hides from it. */
export async function hiddenBySso(ctx: Context, { actor, bearer }: Permit): Promise<number[]> {
  if (bearer?.via !== 'token' || actor.userId === null) return [];
  const { kind, grants, ssoOrganizationIds } = bearer.token;
  const page = { beforeId: null, limit: MAX_LOOKED_THROUGH };
  const named = kind === 'fine-grained' ? grants.map(({ ownerId }) => ownerId) : null;
  const ids = (await listOrganizationsOf(ctx.store.db, actor.userId, page, named)).map(({ id }) => id);
  const policies = await storedPolicies(ctx.store.db, ids);
  return ids.filter((id) => policies.get(id)?.requiresSso === true && !ssoOrganizationIds.has(id));
}
