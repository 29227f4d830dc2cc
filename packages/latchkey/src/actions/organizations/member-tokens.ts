/**
 * Classic and scoped tokens of an organization's people: its owners can exclude single ones, and readmit them. The
 * tokens keep working elsewhere. Its people are its members, whoever has a role in one of its repositories, and, by
 * use, whoever read an internal one.
 *
 * Source: GitHub does the same with single sign-on authorizations ("Viewing and managing a member's SAML access");
 * here it doesn't take single sign-on.
 */
import { problem } from '../../base/errors.ts';
import { rightSentence } from '../../rules/right/right-sentence.ts';
import type { Account } from '../../store/accounts.ts';
import { countOwnRoles } from '../../store/collaborators.ts';
import type { Query } from '../../store/db.ts';
import { membershipRole } from '../../store/memberships.ts';
import { wasUsedInside } from '../../store/organization-tokens.ts';
import { exclude, readmit } from '../../store/token-organizations.ts';
import { descendantsOf, tokenById, tokensByIds } from '../../store/tokens.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type Because, reasonGiven } from '../ground/reason.ts';
import { record } from '../ground/record.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { tokenView } from '../tokens/views.ts';
import { checkDecidedCount } from './approvals.ts';

export type MemberTokenChange = 'revoke' | 'restore';

/** What each change does, its name in the log, and what the token's owner is told. */
const CHANGES = {
  revoke: { action: 'org_credential_authorization.revoke', mail: 'access_revoked' },
  restore: { action: 'org_credential_authorization.restore', mail: 'access_restored' },
} as const;

/**
 * Withdraws or restores what tokens reach in an organization, together with the tokens they made, all or none. Nothing
 * happens to a token that is already in that state.
 * @throws Problem `not_found` for one that is not a living classic or scoped token of one of its people
 */
export async function changeMemberTokens(
  ctx: Context,
  permit: Permit,
  organizationName: string,
  change: MemberTokenChange,
  { tokenIds, reason }: { readonly tokenIds: readonly number[]; readonly reason?: string | undefined },
): Promise<void> {
  checkDecidedCount(tokenIds, 'token_ids');
  const because = reasonGiven(reason);
  await ctx.store.transaction(async (tx) => {
    const organization = await organizationNamed(tx, organizationName);
    for (const id of new Set(tokenIds)) {
      for (const tokenId of [id, ...(await livingDescendants(tx, id))])
        await changeOne(ctx, tx, permit, { organization, change, tokenId, because });
    }
  });
}

async function livingDescendants(tx: Query, tokenId: number): Promise<number[]> {
  const made = await tokensByIds(tx, await descendantsOf(tx, tokenId));
  return [...made.values()].filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id);
}

interface OneChange {
  readonly organization: Account;
  readonly change: MemberTokenChange;
  readonly tokenId: number;
  readonly because: Because;
}

async function changeOne(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { organization, change, tokenId, because }: OneChange,
): Promise<void> {
  const at = ctx.clock.now();
  const token = await tokenById(tx, tokenId);
  const isOfItsPeople =
    token !== null &&
    token.kind !== 'fine-grained' &&
    token.revokedAt === null &&
    ((await membershipRole(tx, organization.id, token.userId)) !== null ||
      (await countOwnRoles(tx, organization.id, [token.userId])).size > 0 ||
      (await wasUsedInside(tx, organization.id, tokenId)));
  if (!isOfItsPeople)
    throw problem(
      'not_found',
      `Nobody who belongs to ${organization.login}, has a role in one of its repositories, or used it in an internal ` +
        `one has a classic or scoped token ${tokenId}.`,
      'token_ids',
    );
  const changed =
    change === 'revoke' ? await exclude(tx, tokenId, organization.id, at) : await readmit(tx, tokenId, organization.id);
  if (!changed) return;
  const { action, mail } = CHANGES[change];
  await record(tx, permit, at, {
    action,
    userId: token.userId,
    organizationId: organization.id,
    tokenId,
    data: { name: token.name, org: organization.login, ...because },
  });
  const told = {
    organization: organization.login,
    by: permit.actor.login,
    right: rightSentence(await tokenView(tx, token, at), 'owner', organization.id),
    ...because,
  };
  await mailAboutToken(ctx, tx, token, mail, told);
}
