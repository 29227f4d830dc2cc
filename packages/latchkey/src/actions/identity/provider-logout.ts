/**
 * Signing out, here and at the provider: what a sign-in by one leaves for it, where a browser goes to sign out there,
 * and what ends here when a provider says that somebody signed out (OpenID Connect Back-Channel Logout 1.0).
 *
 * Invariant: a provider ends what began with it: sessions, proofs for organizations; tokens only where the operator
 * says so, until the next sign-in by it. Never the last administrator's.
 * Invariant: a logout token counts once.
 */
import { digestOf, type Secret } from '../../base/secret.ts';
import { freezeByIdentity, setDisabledByProvider } from '../../store/account-flags.ts';
import { type Account, accountById, administrators } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { type ExternalIdentity, identityBySubject } from '../../store/external-identities.ts';
import { beginSubmission } from '../../store/form-submissions.ts';
import { insertProviderSession, providerSessionOf, sessionsBegunBy } from '../../store/provider-sessions.ts';
import { deleteSession, type Session } from '../../store/sessions.ts';
import { deleteProofs } from '../../store/sso-sessions.ts';
import type { Actor, Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import type { ProvedIdentity } from './provider-connection.ts';
import { ProviderFailure } from './provider-failures.ts';

/** Notes by which identity a session began. */
export async function noteProviderSession(
  { keys }: Context,
  tx: Query,
  sessionId: number,
  { issuer, subject, sid, idToken }: ProvedIdentity,
): Promise<void> {
  const sealed = idToken === null ? '' : keys.seal('provider_sessions.id_token', issuer, idToken.reveal());
  await insertProviderSession(tx, sessionId, { issuer, subject, sid, idToken: sealed });
}

/** Who came back is known there again: what a sign-out there froze works again. */
export async function thaw(
  ctx: Context,
  tx: Query,
  { frozenAt, userId }: ExternalIdentity,
  by: { readonly actor: Actor },
): Promise<void> {
  if (frozenAt === null || !(await setDisabledByProvider(tx, userId, null))) return;
  await record(tx, by, ctx.clock.now(), {
    action: 'external_identity.reprovision',
    userId,
    data: { login: by.actor.login },
  });
}

/** The provider at which a session's person can sign out as well. */
export interface SignOutThere {
  readonly label: string;
  /** Where to go for it; null when the provider doesn't answer. */
  address(): Promise<string | null>;
}

/** Null when the session began another way, or its provider offers nothing of that kind. */
export async function signOutThere(ctx: Context, { id }: Session): Promise<SignOutThere | null> {
  const began = await providerSessionOf(ctx.store.db, id);
  const connection = ctx.identityProviders.all.find(({ provider }) => provider.issuer === began?.issuer);
  if (began === null || began.idToken === '' || connection === undefined) return null;
  const idToken = (): Secret => ctx.keys.open('provider_sessions.id_token', began.issuer, began.idToken);
  return {
    label: connection.provider.label,
    address: async () => {
      try {
        const url = await connection.signOutAddress(idToken(), `${ctx.settings.publicUrl}/login`, ctx.clock.now());
        return url?.href ?? null;
      } catch (error) {
        if (error instanceof ProviderFailure) return null;
        throw error;
      }
    },
  };
}

/**
 * A provider says that somebody signed out there.
 * @param name of the provider, as the address says it
 * @throws ProviderFailure unless it is a logout token of that provider, sent for the first time
 */
export async function endByProvider(
  ctx: Context,
  name: string,
  logoutToken: string,
  from: { readonly address: string; readonly userAgent: string | null },
): Promise<void> {
  const at = ctx.clock.now();
  const connection = ctx.identityProviders.named(name);
  if (connection === null) throw new ProviderFailure('not_proved', 'no such provider');
  const { jti, ...ended } = await connection.endedBy(logoutToken, at);
  const { provider } = connection;
  await ctx.store.transaction(async (tx) => {
    if (!(await beginSubmission(tx, digestOf(`logout token ${ended.issuer} ${jti}`), at)))
      throw new ProviderFailure('not_proved', 'a logout token that was used');
    const identity = ended.subject === null ? null : await identityBySubject(tx, ended.issuer, ended.subject);
    const sessions = await sessionsBegunBy(tx, ended);
    for (const { id, userId } of sessions) await deleteSession(tx, userId, id);
    const people = new Set([...sessions.map(({ userId }) => userId), ...(identity === null ? [] : [identity.userId])]);
    for (const userId of people) await deleteProofs(tx, { userId, issuer: ended.issuer });
    const freezes = provider.freezesAtLogout && ended.sid === null && identity !== null;
    const frozen = freezes && (await freeze(tx, identity, at));
    const by = { actor: { userId: null, login: `provider/${name}`, tokenId: null, ...from } };
    for (const userId of people)
      await record(tx, by, at, {
        action: 'external_identity.logout',
        userId,
        data: {
          provider: name,
          sessions: sessions.filter((each) => each.userId === userId).length,
          frozen: frozen && userId === identity?.userId,
        },
      });
  });
}

async function freeze(tx: Query, identity: ExternalIdentity, at: number): Promise<boolean> {
  const account: Account | null = await accountById(tx, identity.userId);
  const left = await administrators(tx);
  const isLast = account?.admin === true && left.length === 1 && left[0]?.id === account.id;
  return !isLast && freezeByIdentity(tx, identity, at);
}
