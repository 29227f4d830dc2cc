/**
 * Single sign-on of tokens: each is authorized for each organization that names an identity provider, by its owner, who
 * proved who they are for it in this session.
 *
 * Source: GitHub docs "Authorizing a personal access token for use with single sign-on". Editing the scopes or
 * regenerating ends every authorization of a classic or scoped token. A fine-grained one is authorized when it is made,
 * or when it gets a resource owner, if the proof is there by then; else like the others.
 * Never: an authorization without a proof that holds, or by a token.
 */
import { problem } from '../../base/errors.ts';
import type { UnixSeconds } from '../../base/time.ts';
import type { TokenKind } from '../../rules/model.ts';
import { holdsProof, NO_POLICY } from '../../rules/policy.ts';
import { accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { grantsOf } from '../../store/grants.ts';
import { listOrganizationsOf, membershipRole } from '../../store/memberships.ts';
import { storedPolicies, storedPolicy } from '../../store/policies.ts';
import { bumpRevision, subjectOf } from '../../store/revision.ts';
import {
  authorizeForOrganization,
  organizationsOfToken,
  withdrawFromOrganization,
} from '../../store/token-organizations.ts';
import { type Token, tokenById } from '../../store/tokens.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/**
 * Authorizes one of the caller's tokens for an organization they belong to. Repeating it changes nothing.
 * @throws Problem without a proof; never works with a token, which could help itself
 */
export async function authorizeToken(
  ctx: Context,
  permit: Permit,
  tokenId: number,
  organizationName: string,
): Promise<void> {
  if (actingToken(permit) !== null)
    throw problem('unprocessable', "A token can't authorize tokens for single sign-on: sign in for that.");
  await ctx.store.transaction(async (tx) => {
    const token = await tokenWithin(tx, permit, tokenId);
    const organization = await organizationNamed(tx, organizationName);
    if ((await membershipRole(tx, organization.id, token.userId)) === null)
      throw problem('not_found', `You do not belong to ${organization.login}.`, 'organization');
    if (!(await authorizeProved(tx, permit, token, organization.id, ctx.clock.now())))
      throw problem(
        'unprocessable',
        `Prove who you are for ${organization.login} first: that takes its identity provider.`,
        'organization',
      );
  });
}

/** Authorizes a token that was just given these resource owners, wherever its maker proved who they are. */
export async function authorizeWhereProved(
  tx: Query,
  permit: Permit,
  token: Token,
  ownerIds: readonly number[],
  at: UnixSeconds,
): Promise<void> {
  for (const id of ownerIds) await authorizeProved(tx, permit, token, id, at);
}

/** False when the person has no proof for the organization, or it names no provider. */
async function authorizeProved(
  tx: Query,
  permit: Permit,
  token: Token,
  organizationId: number,
  at: UnixSeconds,
): Promise<boolean> {
  const { bearer } = permit;
  if (bearer?.via !== 'session' || !bearer.proofs?.has(organizationId)) return false;
  if (bearer.user.id !== token.userId && !(await isMachineOf(tx, token.userId, organizationId))) return false;
  // From here on, nobody changes the organization's provider or its members: both raise the revision first.
  await bumpRevision(tx, subjectOf('token', token.id));
  const policy = (await storedPolicy(tx, organizationId)) ?? NO_POLICY;
  const isMember = (await membershipRole(tx, organizationId, token.userId)) !== null;
  if (policy.ssoIssuer === null || !isMember || !holdsProof(bearer.proofs, { id: organizationId, policy }, at))
    return false;
  const { authorized, excluding } = await organizationsOfToken(tx, token.id);
  if (authorized.has(organizationId)) return true;
  const grants = (await grantsOf(tx, [token.id])).get(token.id) ?? [];
  if (
    excluding.has(organizationId) ||
    grants.some((each) => each.ownerId === organizationId && each.state === 'revoked')
  )
    throw problem('unprocessable', 'Owners of the organization shut this token out. Make another one.', 'organization');
  await authorizeForOrganization(tx, token.id, organizationId, at);
  await record(tx, permit, at, {
    action: 'org_credential_authorization.grant',
    userId: token.userId,
    organizationId,
    tokenId: token.id,
    data: { name: token.name, org: (await accountById(tx, organizationId))?.login ?? '' },
  });
  return true;
}

/** A machine proves nothing: whoever may make its tokens does so for it, if they are its organization's. */
async function isMachineOf(tx: Query, userId: number, organizationId: number): Promise<boolean> {
  const holder = await accountById(tx, userId);
  return holder?.kind === 'machine' && holder.ownedBy === organizationId;
}

/** Withdraws that, as the token's user. @throws Problem when it was not authorized */
export async function deauthorizeToken(
  ctx: Context,
  permit: Permit,
  tokenId: number,
  organizationName: string,
): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const token = await tokenWithin(tx, permit, tokenId, { alive: false });
    const organization = await organizationNamed(tx, organizationName);
    if (!(await withdrawFromOrganization(tx, tokenId, organization.id)))
      throw problem(
        'not_found',
        `The token ${token.name} is not authorized for ${organization.login}.`,
        'organization',
      );
    await record(tx, permit, ctx.clock.now(), {
      action: 'org_credential_authorization.deauthorize',
      userId: token.userId,
      organizationId: organization.id,
      tokenId,
      data: { name: token.name, org: organization.login },
    });
  });
}

/** An organization whose members authorize their tokens. */
export interface SsoOrganization {
  readonly login: string;
  readonly required: boolean;
  readonly authorized: boolean;
  /** True while this session may authorize. */
  readonly proved: boolean;
}

/** The most organizations that a token's page offers. */
const MAX_OFFERED = 200;

/**
 * The organizations of a token's owner that use single sign-on, and whether the token is authorized there; for a
 * fine-grained one only those that it names.
 */
export async function ssoOrganizations(ctx: Context, permit: Permit, tokenId: number): Promise<SsoOrganization[]> {
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const token = await tokenWithin(db, permit, tokenId, { alive: false });
  const organizations = await listOrganizationsOf(db, token.userId, { beforeId: null, limit: MAX_OFFERED });
  const named =
    token.kind === 'fine-grained'
      ? new Set(((await grantsOf(db, [token.id])).get(token.id) ?? []).map(({ ownerId }) => ownerId))
      : null;
  const [policies, { authorized }] = await Promise.all([
    storedPolicies(
      db,
      organizations.map(({ id }) => id),
    ),
    organizationsOfToken(db, token.id),
  ]);
  const proofs = permit.bearer?.via === 'session' ? permit.bearer.proofs : undefined;
  return organizations.flatMap(({ id, login }) => {
    const policy = policies.get(id) ?? NO_POLICY;
    if ((policy.ssoIssuer === null && !policy.requiresSso) || named?.has(id) === false) return [];
    return [
      {
        login,
        required: policy.requiresSso,
        authorized: authorized.has(id),
        proved: holdsProof(proofs, { id, policy }, at),
      },
    ];
  });
}

/** A token that waits for its authorization. */
export interface TokenAtSso {
  readonly name: string;
  readonly lastEight: string;
  readonly kind: TokenKind;
  readonly authorized: boolean;
}

/** One of the caller's tokens, and whether it is authorized for an organization; null when they have none such. */
export async function tokenAtSso(
  ctx: Context,
  permit: Permit,
  tokenId: number,
  organizationName: string,
): Promise<TokenAtSso | null> {
  const { db } = ctx.store;
  const token = await tokenById(db, tokenId);
  if (token === null || token.userId !== permit.actor.userId || token.revokedAt !== null) return null;
  const organization = await organizationNamed(db, organizationName);
  const { authorized } = await organizationsOfToken(db, tokenId);
  return {
    name: token.name,
    lastEight: token.lastEight,
    kind: token.kind,
    authorized: authorized.has(organization.id),
  };
}
