/**
 * Confirming who one is at a provider, for sensitive pages: the way of people who have no password here.
 *
 * Invariant: the identity is the one that is linked with the session's own account, and was proved anew at the
 * provider. Where the account has a second factor, only a provider that the operator trusts with it confirms anything.
 */
import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { Account } from '../../store/accounts.ts';
import { identitiesOf, identityBySubject, noteIdentityUse } from '../../store/external-identities.ts';
import { actorOf, type SignedIn, type Visitor } from '../accounts/sessions.ts';
import { type Renewed, renew } from '../accounts/sudo.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import type { IdentityProvider } from './provider-file.ts';
import type { Arrival } from './provider-sign-in.ts';

function confirms({ organizations, secondFactor }: IdentityProvider, { twoFactorAt }: Account): boolean {
  return organizations === null && (twoFactorAt === null || secondFactor === 'provider');
}

/** The issuers of the providers at which this person can confirm who they are. */
export async function confirmingIssuers(ctx: Context, account: Account): Promise<readonly string[]> {
  const trusted = ctx.identityProviders.all.filter(({ provider }) => confirms(provider, account));
  if (trusted.length === 0) return [];
  const linked = await identitiesOf(ctx.store.db, account.id);
  return trusted.map(({ provider }) => provider.issuer).filter((one) => linked.some(({ issuer }) => issuer === one));
}

/** Opens sensitive pages for the person who came back. @throws Problem when it was somebody else */
export async function confirmByProvider(
  ctx: Context,
  { secret, ...person }: SignedIn & { readonly secret: Secret },
  { provider, identity }: Arrival,
  visitor: Visitor,
): Promise<Renewed> {
  const { account } = person;
  await ctx.store.transaction(async (tx) => {
    const linked = await identityBySubject(tx, identity.issuer, identity.subject);
    const isTheirs = linked?.userId === account.id && confirms(provider, account);
    if (!isTheirs || !(await noteIdentityUse(tx, linked.id, ctx.clock.now())))
      throw problem('conflict', `You came back from ${provider.label} as somebody else. Nothing was confirmed.`);
    await record(tx, actorOf(account, visitor), ctx.clock.now(), {
      action: 'external_identity.use',
      userId: account.id,
      data: { provider: provider.name, issuer: identity.issuer },
    });
  });
  return renew(ctx, person, secret);
}
