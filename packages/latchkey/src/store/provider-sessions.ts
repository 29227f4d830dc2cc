/**
 * Sessions that began with a sign-in by an identity provider: whose they are there, and which one there.
 *
 * Invariant: a row ends with its session.
 * Never: an ID token in the clear; it is sealed, and kept only to sign out there.
 */
import type { Sealed } from '../base/sealing/sealed-text.ts';
import type { Query } from './db.ts';

export interface ProviderSession {
  readonly issuer: string;
  readonly subject: string;
  /** The provider's own name for its session; null when it says none. */
  readonly sid: string | null;
  /** Sealed; '' = none is kept. */
  readonly idToken: string;
}

export async function insertProviderSession(
  tx: Query,
  sessionId: number,
  { issuer, subject, sid, idToken }: ProviderSession & { readonly idToken: Sealed | '' },
): Promise<void> {
  await tx
    .insertInto('provider_sessions')
    .values({ session_id: sessionId, issuer, subject, sid, id_token: idToken })
    .execute();
}

/** Null when the session began another way. */
export async function providerSessionOf(q: Query, sessionId: number): Promise<ProviderSession | null> {
  const row = await q
    .selectFrom('provider_sessions')
    .selectAll()
    .where('session_id', '=', sessionId)
    .executeTakeFirst();
  return row === undefined ? null : { issuer: row.issuer, subject: row.subject, sid: row.sid, idToken: row.id_token };
}

/** The session that waited for its second factor is another one from now on. */
export async function moveProviderSession(tx: Query, fromId: number, toId: number): Promise<void> {
  await tx.updateTable('provider_sessions').set({ session_id: toId }).where('session_id', '=', fromId).execute();
}

/** Which sessions at a provider ended: one, or all of somebody's. */
export interface EndedThere {
  readonly issuer: string;
  /** Null = the session alone is named. */
  readonly subject: string | null;
  /** Null = every session of the subject. */
  readonly sid: string | null;
}

/**
 * The sessions here that began with one that ended there. One of which the provider said no name ends with any of the
 * same subject.
 */
export async function sessionsBegunBy(
  q: Query,
  { issuer, subject, sid }: EndedThere,
): Promise<{ readonly id: number; readonly userId: number }[]> {
  if (subject === null && sid === null) return [];
  let query = q
    .selectFrom('provider_sessions as p')
    .innerJoin('sessions as s', 's.id', 'p.session_id')
    .select(['s.id', 's.user_id'])
    .where('p.issuer', '=', issuer);
  if (subject !== null) query = query.where('p.subject', '=', subject);
  if (sid !== null)
    query = query.where((row) =>
      subject === null ? row('p.sid', '=', sid) : row.or([row('p.sid', '=', sid), row('p.sid', 'is', null)]),
    );
  return (await query.execute()).map((row) => ({ id: row.id, userId: row.user_id }));
}
