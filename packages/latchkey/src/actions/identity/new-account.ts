/**
 * An account for somebody who comes by a provider and has none yet, where the operator's file says so
 * (`create-accounts`).
 *
 * Invariant: it is new, and no administrator's. Never an account that exists, whatever the provider says of a name or
 * an address: an address that somebody verified here is a refusal, a login that is taken gets a number.
 * Never: made where a directory provisions for the same provider. It says who has an account, and whom it let go.
 */
import { Problem } from '../../base/errors.ts';
import { loginLike, loginProblem, MAX_LOGIN_LENGTH } from '../../rules/names.ts';
import { accountByLogin, setProfile } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { holderOfVerified } from '../../store/emails.ts';
import { type ExternalIdentity, identityBySubject, insertIdentity } from '../../store/external-identities.ts';
import { hasDirectory } from '../../store/provisioning.ts';
import { reservedUntil } from '../../store/reserved-names.ts';
import { makeUser } from '../accounts/accounts.ts';
import { queueVerification } from '../accounts/emails.ts';
import { actorOf, type Visitor } from '../accounts/sessions.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import type { Described } from './admission.ts';
import type { ProvedIdentity } from './provider-connection.ts';
import { ProviderFailure } from './provider-failures.ts';
import type { IdentityProvider } from './provider-file.ts';

/** `ada`, `ada-2` … `ada-99`. */
const MAX_NUMBER = 99;
const MAX_NAME_LENGTH = 255;

/**
 * Makes the account, and links the identity with it.
 * @returns null when none is made for this provider's people
 * @throws ProviderFailure when none can be made of what it says
 */
export async function newAccountFor(
  ctx: Context,
  { provider, identity }: { readonly provider: IdentityProvider; readonly identity: ProvedIdentity },
  visitor: Visitor,
): Promise<ExternalIdentity | null> {
  if (!provider.createsAccounts || (await hasDirectory(ctx.store.db, identity.issuer))) return null;
  try {
    return await make(ctx, provider, identity, visitor);
  } catch (error) {
    if (!(error instanceof Problem || error instanceof ProviderFailure)) throw error;
    // They themselves were faster, in another tab. Asked where what isn't written yet is seen as well.
    const linked = await ctx.store.transaction((tx) => identityBySubject(tx, identity.issuer, identity.subject));
    if (linked !== null) return linked;
    throw error instanceof Problem ? new ProviderFailure('no_name') : error;
  }
}

async function make(
  ctx: Context,
  provider: IdentityProvider,
  { issuer, subject, label, described }: ProvedIdentity,
  visitor: Visitor,
): Promise<ExternalIdentity | null> {
  const { db } = ctx.store;
  const { address, addressVerified } = described;
  if (address === null) throw new ProviderFailure('no_address');
  // Only who proved the address hears that it is taken.
  if (addressVerified && (await holderOfVerified(db, address)) !== null) throw new ProviderFailure('address_taken');
  const login = await freeLogin(ctx, db, described);
  const draft = { login, email: address, verified: addressVerified, admin: false, password: null };
  return makeUser(ctx, draft, async (tx, user) => {
    const at = ctx.clock.now();
    const by = actorOf(user, visitor);
    await setProfile(tx, user.id, { name: shownName(described), profile: user.profile });
    const data = { login, admin: false, by: `identity provider ${provider.name}` };
    await record(tx, by, at, { action: 'user.create', userId: user.id, data });
    await insertIdentity(tx, { userId: user.id, issuer, subject, label, createdAt: at });
    await record(tx, by, at, {
      action: 'external_identity.link',
      userId: user.id,
      data: { provider: provider.name, issuer, name: label },
    });
    if (!addressVerified) await queueVerification(ctx, tx, user.id, address);
    return identityBySubject(tx, issuer, subject);
  });
}

async function freeLogin(ctx: Context, q: Query, { userNames }: Described): Promise<string> {
  for (const base of new Set(userNames.map(loginLike)))
    for (let number = 1; base !== '' && number <= MAX_NUMBER; number += 1) {
      const login = number === 1 ? base : `${base.slice(0, MAX_LOGIN_LENGTH - 3)}-${number}`;
      if (loginProblem(login) === null && (await isFree(ctx, q, login))) return login;
    }
  throw new ProviderFailure('no_name');
}

async function isFree({ clock }: Context, q: Query, login: string): Promise<boolean> {
  return (await accountByLogin(q, login)) === null && (await reservedUntil(q, login, clock.now())) === null;
}

function shownName({ name }: Described): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, MAX_NAME_LENGTH);
}
