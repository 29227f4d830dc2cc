/**
 * What an organization chooses of single sign-on: which provider it may name, when it may require it, and what ends
 * with another choice.
 */
import { problem } from '../../base/errors.ts';
import type { StoredPolicy } from '../../rules/policy.ts';
import type { Account } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { countSsoRecoveryCodes, deleteProofs } from '../../store/sso-sessions.ts';
import { withdrawAll } from '../../store/token-organizations.ts';
import type { Context } from '../ground/context.ts';
import { providersFor } from '../identity/organization-proofs.ts';

/** The issuer of the provider that an organization names. @throws Problem for one that it can't name */
export function issuerNamed(ctx: Context, account: Account | null, name: string | null): string | null {
  if (name === null || account === null) return null;
  const providers = providersFor(ctx, account);
  const named = providers.find((provider) => provider.name === name);
  if (named !== undefined) return named.issuer;
  const known = providers.map((provider) => provider.name).join(', ');
  throw problem(
    'invalid',
    known === ''
      ? 'The operator of this server has set up no identity provider.'
      : `There is no identity provider of that name. Name one of: ${known}.`,
    'sso_provider',
  );
}

/**
 * Requiring what nobody could prove would be a dead end.
 * @throws Problem when no provider is named, or there is no recovery code for when it is down
 */
export async function demandProvable(
  tx: Query,
  organizationId: number,
  before: StoredPolicy,
  after: StoredPolicy,
): Promise<void> {
  const isSame = before.requiresSso === after.requiresSso && before.ssoIssuer === after.ssoIssuer;
  if (!after.requiresSso || isSame) return;
  if (after.ssoIssuer === null)
    throw problem('unprocessable', 'Name the identity provider by which members prove themselves.', 'sso_provider');
  if ((await countSsoRecoveryCodes(tx, organizationId)) === 0)
    throw problem(
      'unprocessable',
      'Make recovery codes first, under “Single sign-on” of the organization: without them nobody gets in while the ' +
        'provider is down.',
      'requires_sso',
    );
}

/** What another provider proved counts no more: each member proves themselves anew, and authorizes their tokens. */
export async function endSingleSignOn(tx: Query, organizationId: number): Promise<void> {
  await deleteProofs(tx, { organizationId });
  await withdrawAll(tx, { organizationId });
}
