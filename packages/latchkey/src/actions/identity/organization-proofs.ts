/**
 * Single sign-on of an organization: its members prove who they are at the provider that it named, each for one session
 * and 24 hours; its owners get in by a recovery code when that provider is away.
 *
 * Invariant: a proof is by the identity that is linked with the person's own account, and by the provider that the
 * organization names today.
 * Never: a membership ended here. Who proves nothing keeps it, and reaches what is public.
 */
import { problem } from '../../base/errors.ts';
import { digestOf } from '../../base/secret.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import type { OrganizationRole, SsoProof } from '../../rules/model.ts';
import { holdsProof, NO_POLICY } from '../../rules/policy.ts';
import type { Account } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  countLinkedMembers,
  identitiesOf,
  identityBySubject,
  noteIdentityUse,
} from '../../store/external-identities.ts';
import { listOrganizationsOf, membershipRole } from '../../store/memberships.ts';
import { storedPolicies, storedPolicy } from '../../store/policies.ts';
import type { Session } from '../../store/sessions.ts';
import {
  countSsoRecoveryCodes,
  deleteProofs,
  proofsOf,
  recordProof,
  replaceSsoRecoveryCodes,
  spendSsoRecoveryCode,
} from '../../store/sso-sessions.ts';
import { withdrawAll } from '../../store/token-organizations.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import { personOf } from '../accounts/sessions.ts';
import { newRecoveryCodes, plainCode } from '../accounts/two-factor.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import type { ProvedIdentity } from './provider-connection.ts';
import type { IdentityProvider } from './provider-file.ts';

/** How long a proof holds: GitHub's time. */
export const PROOF_SEC = DAY_SEC;
/** The most organizations of one person that a sign-in proves, or a removed identity ends. */
const MAX_ORGANIZATIONS = 1000;

/** Where a member stands with an organization's single sign-on. */
export interface MemberStanding {
  readonly organization: Account;
  readonly role: OrganizationRole;
  readonly required: boolean;
  /** Null when the organization names none, or the operator's file has it no more. */
  readonly provider: IdentityProvider | null;
  /** True when the person has an identity there. */
  readonly linked: boolean;
  /** Until when this session's proof holds; null = there is none. */
  readonly provedUntil: UnixSeconds | null;
}

/** @throws Problem `not_found` when the person doesn't belong to such an organization */
export async function memberStanding(
  ctx: Context,
  permit: Permit,
  session: Session,
  organizationName: string,
): Promise<MemberStanding> {
  const { db } = ctx.store;
  const userId = personOf(permit);
  const organization = await organizationNamed(db, organizationName);
  const role = await roleThere(db, organization, userId);
  const policy = (await storedPolicy(db, organization.id)) ?? NO_POLICY;
  const proofs = await proofsOf(db, session.id, ctx.clock.now());
  const holds = holdsProof(proofs, { id: organization.id, policy }, ctx.clock.now());
  const identities = await identitiesOf(db, userId);
  return {
    organization,
    role,
    required: policy.requiresSso,
    provider: providerOf(ctx, policy.ssoIssuer),
    linked: identities.some(({ issuer }) => issuer === policy.ssoIssuer),
    provedUntil: holds ? (proofs.get(organization.id)?.until ?? null) : null,
  };
}

async function roleThere(q: Query, organization: Account, userId: number): Promise<OrganizationRole> {
  const role = await membershipRole(q, organization.id, userId);
  if (role === null) throw problem('not_found', `You do not belong to ${organization.login}.`, 'organization');
  return role;
}

/** The provider with this issuer, while the operator's file has it. */
function providerOf(ctx: Context, issuer: string | null): IdentityProvider | null {
  return ctx.identityProviders.all.find(({ provider }) => provider.issuer === issuer)?.provider ?? null;
}

/** Who came back from a provider, and for which organization. */
interface ProvedThere {
  readonly provider: IdentityProvider;
  readonly identity: ProvedIdentity;
  readonly organization?: string | undefined;
}

/**
 * Records what a provider proved, for this session and 24 hours.
 * @throws Problem unless the organization names that provider, and the identity is the one linked with the account
 */
export async function proveByIdentity(
  ctx: Context,
  permit: Permit,
  session: Session,
  { provider, identity, organization: name }: ProvedThere,
): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const organization = await organizationNamed(tx, name ?? '');
    await roleThere(tx, organization, userId);
    const { ssoIssuer } = (await storedPolicy(tx, organization.id)) ?? NO_POLICY;
    if (ssoIssuer !== identity.issuer)
      throw problem('conflict', `${organization.login} has another identity provider by now. Begin again.`);
    const linked = await identityBySubject(tx, identity.issuer, identity.subject);
    if (linked === null || linked.userId !== userId || !(await noteIdentityUse(tx, linked.id, at)))
      throw problem(
        'conflict',
        `You came back with an identity at ${provider.label} that is not the one linked to your account. Sign out ` +
          'there, then begin again with the right one.',
      );
    await prove(tx, permit, { session, organization, issuer: identity.issuer }, at);
  });
}

/** Comes in by a recovery code, which is used up. @throws Problem when it is none, or the person is no owner */
export async function proveByRecoveryCode(
  ctx: Context,
  permit: Permit,
  session: Session,
  { organization: name, code }: { readonly organization: string; readonly code: string },
): Promise<void> {
  const userId = personOf(permit);
  const isRight = await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const organization = await organizationNamed(tx, name);
    if ((await roleThere(tx, organization, userId)) !== 'owner')
      throw problem('unprocessable', `Only an owner of ${organization.login} comes in by a recovery code.`, 'code');
    const spent = await spendSsoRecoveryCode(tx, organization.id, digestOf(plainCode(code)), at);
    await record(tx, permit, at, {
      action: spent ? 'org.recovery_code_used' : 'org.recovery_code_failed',
      userId,
      organizationId: organization.id,
      data: { org: organization.login },
    });
    if (spent) await prove(tx, permit, { session, organization, issuer: null }, at);
    return spent;
  });
  if (!isRight) throw problem('invalid', 'That is no recovery code of the organization, or it was used.', 'code');
}

interface Proved {
  readonly session: Session;
  readonly organization: Account;
  readonly issuer: SsoProof['issuer'];
}

async function prove(
  tx: Query,
  permit: Permit,
  { session, organization, issuer }: Proved,
  at: UnixSeconds,
): Promise<void> {
  await recordProof(tx, session.id, organization.id, { issuer, until: at + PROOF_SEC }, at);
  await record(tx, permit, at, {
    action: 'org.sso_response',
    userId: personOf(permit),
    organizationId: organization.id,
    data: { org: organization.login, issuer },
  });
}

/** A sign-in by a provider is a proof for every organization of the person that names it. */
export async function proveBySigningIn(
  tx: Query,
  userId: number,
  sessionId: number,
  issuer: string,
  at: UnixSeconds,
): Promise<void> {
  for (const id of await organizationsProvedBy(tx, userId, issuer))
    await recordProof(tx, sessionId, id, { issuer, until: at + PROOF_SEC }, at);
}

/** Ends what an identity proved, and the authorizations of tokens that came of it: it is the person's no more. */
export async function endProofsBy(tx: Query, userId: number, issuer: string): Promise<void> {
  await deleteProofs(tx, { userId, issuer });
  for (const organizationId of await organizationsProvedBy(tx, userId, issuer))
    await withdrawAll(tx, { organizationId, userId });
}

async function organizationsProvedBy(tx: Query, userId: number, issuer: string): Promise<number[]> {
  const organizations = await listOrganizationsOf(tx, userId, { beforeId: null, limit: MAX_ORGANIZATIONS });
  const ids = organizations.map(({ id }) => id);
  const policies = await storedPolicies(tx, ids);
  return ids.filter((id) => policies.get(id)?.ssoIssuer === issuer);
}

// --- for owners -----------------------------------------------------------------------------------------------------

/** What owners see before they require it. */
export interface SsoReadiness {
  readonly codesLeft: number;
  /** Of all members, how many have an identity at the named provider. */
  readonly linkedMembers: number;
  readonly members: number;
  /** The providers that the organization can name. */
  readonly providers: readonly IdentityProvider[];
}

export async function ssoReadiness(ctx: Context, _permit: Permit, organizationName: string): Promise<SsoReadiness> {
  const { db } = ctx.store;
  const organization = await organizationNamed(db, organizationName);
  const { ssoIssuer } = (await storedPolicy(db, organization.id)) ?? NO_POLICY;
  const { linked, members } = await countLinkedMembers(db, organization.id, ssoIssuer ?? '');
  return {
    codesLeft: await countSsoRecoveryCodes(db, organization.id),
    linkedMembers: linked,
    members,
    providers: providersFor(ctx, organization),
  };
}

/** The providers that an organization can name: the instance's, and those that are its own. */
export function providersFor(ctx: Context, organization: Pick<Account, 'login'>): IdentityProvider[] {
  const login = organization.login.toLowerCase();
  return ctx.identityProviders.all
    .map(({ provider }) => provider)
    .filter(({ organizations }) => organizations === null || organizations.includes(login));
}

/** Makes new recovery codes, shown only this once; earlier ones are worthless from now on. */
export async function renewSsoRecoveryCodes(
  ctx: Context,
  permit: Permit,
  organizationName: string,
): Promise<readonly string[]> {
  const codes = newRecoveryCodes();
  await ctx.store.transaction(async (tx) => {
    const organization = await organizationNamed(tx, organizationName);
    await replaceSsoRecoveryCodes(tx, organization.id, codes.map(digestOf));
    await record(tx, permit, ctx.clock.now(), {
      action: 'org.recovery_codes_generated',
      organizationId: organization.id,
      data: { org: organization.login },
    });
  });
  return codes;
}
