/**
 * The first sign-in of somebody whom a directory provisioned: their identity is linked with the account that the
 * directory made.
 *
 * Invariant: the directory and the provider are one authority, as an administrator said, and both number the person
 * alike; never by an address or a name.
 * Invariant: an administrator of the instance is never linked so, and nobody who has another identity there.
 */
import { accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  type ExternalIdentity,
  identitiesOf,
  identityBySubject,
  insertIdentity,
} from '../../store/external-identities.ts';
import { usersByExternalId } from '../../store/provisioning.ts';
import { tellHolder } from '../accounts/alarms.ts';
import { actorOf, type Visitor } from '../accounts/sessions.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import type { ProvedIdentity } from './provider-connection.ts';
import type { IdentityProvider } from './provider-file.ts';

/** The identity, linked by this call or before; null when nobody here has it. */
export function identityHere(
  ctx: Context,
  came: { readonly provider: IdentityProvider; readonly identity: ProvedIdentity },
  visitor: Visitor,
): Promise<ExternalIdentity | null> {
  const { issuer, subject } = came.identity;
  return ctx.store.transaction(
    async (tx) => (await identityBySubject(tx, issuer, subject)) ?? linkFirst(ctx, tx, came, visitor),
  );
}

async function linkFirst(
  ctx: Context,
  tx: Query,
  { provider, identity }: { readonly provider: IdentityProvider; readonly identity: ProvedIdentity },
  visitor: Visitor,
): Promise<ExternalIdentity | null> {
  const { issuer, subject, label, externalId } = identity;
  const [id, other] = externalId === null ? [] : await usersByExternalId(tx, issuer, externalId);
  const account = id === undefined || other !== undefined ? null : await accountById(tx, id);
  if (account === null || account.admin) return null;
  if ((await identitiesOf(tx, account.id)).some((each) => each.issuer === issuer)) return null;
  const at = ctx.clock.now();
  await insertIdentity(tx, { userId: account.id, issuer, subject, label, createdAt: at });
  const by = actorOf(account, visitor);
  await record(tx, by, at, {
    action: 'external_identity.link',
    userId: account.id,
    data: { provider: provider.name, issuer, name: label },
  });
  await tellHolder(ctx, tx, by, 'identities_changed', { provider: provider.label, name: label, added: true });
  return identityBySubject(tx, issuer, subject);
}
