/**
 * Single sign-on of classic and scoped tokens: each is authorized, after it was created, for an organization that
 * requires it.
 *
 * Source: GitHub docs "Authorizing a personal access token for use with single sign-on". Editing the scopes or
 * regenerating ends every authorization. Fine-grained tokens need none: naming the organization is the authorization.
 */
import { problem } from '../../base/errors.ts';
import { listOrganizationsOf, membershipRole } from '../../store/memberships.ts';
import { storedPolicies } from '../../store/policies.ts';
import {
  authorizeForOrganization,
  organizationsOfToken,
  withdrawFromOrganization,
} from '../../store/token-organizations.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { actingToken, tokenWithin } from '../decision/token-access.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/**
 * Authorizes one of the caller's tokens for an organization they belong to. Repeating it changes nothing.
 * @throws Problem; never works with a token, which could help itself
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
    const at = ctx.clock.now();
    const token = await tokenWithin(tx, permit, tokenId);
    const organization = await organizationNamed(tx, organizationName);
    if (token.kind === 'fine-grained')
      throw problem('unprocessable', 'A fine-grained token needs no authorization: it names its organizations.', 'id');
    if ((await membershipRole(tx, organization.id, token.userId)) === null)
      throw problem('not_found', `You do not belong to ${organization.login}.`, 'organization');
    await authorizeForOrganization(tx, tokenId, organization.id, at);
    await record(tx, permit, at, {
      action: 'org_credential_authorization.grant',
      userId: token.userId,
      organizationId: organization.id,
      tokenId,
      data: { name: token.name, org: organization.login },
    });
  });
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

/** An organization that requires the authorization. */
export interface SsoOrganization {
  readonly login: string;
  readonly authorized: boolean;
}

/** The most organizations that a token's page offers. */
const MAX_OFFERED = 200;

/** The organizations of a token's owner that require it, and whether the token has it. */
export async function ssoOrganizations(ctx: Context, permit: Permit, tokenId: number): Promise<SsoOrganization[]> {
  const { db } = ctx.store;
  const token = await tokenWithin(db, permit, tokenId, { alive: false });
  const organizations = await listOrganizationsOf(db, token.userId, { beforeId: null, limit: MAX_OFFERED });
  const [policies, { authorized }] = await Promise.all([
    storedPolicies(
      db,
      organizations.map(({ id }) => id),
    ),
    organizationsOfToken(db, token.id),
  ]);
  return organizations
    .filter(({ id }) => policies.get(id)?.requiresSso === true)
    .map(({ id, login }) => ({ login, authorized: authorized.has(id) }));
}
