/**
 * Sessions of signed-in people, and the devices on which they were seen.
 *
 * Never: the secret of a session or a device; both are known only by digest.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { MAX_STEP_SEC } from '../rules/steady-clock.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import type { SessionsTable } from './schema.ts';
import { endServiceSessions } from './service-sessions.ts';

export interface Session {
  readonly id: number;
  readonly userId: number;
  /** `second-factor`: the password was right, the code is still missing; this opens only the page that asks for it. */
  readonly state: SessionsTable['state'];
  readonly createdAt: UnixSeconds;
  readonly lastSeenAt: UnixSeconds;
  readonly endsAt: UnixSeconds;
  readonly sudoUntil: UnixSeconds;
  /** When the person last proved their identity; 0 = before this was recorded. */
  readonly provedAt: UnixSeconds;
  readonly address: string;
  readonly userAgent: string;
  /** Sealed; null = no message. */
  readonly flash: string | null;
  /** The key of an authenticator app that is being set up, sealed; null = none is. */
  readonly enrolment: string | null;
}

export type NewSession = Omit<Session, 'id' | 'lastSeenAt' | 'flash' | 'enrolment'> & { readonly digest: string };

/** Begins a session, and returns its id. */
export async function insertSession(tx: Query, session: NewSession): Promise<number> {
  await demandPerson(tx, session.userId);
  const { id } = await tx
    .insertInto('sessions')
    .values({
      digest: session.digest,
      user_id: session.userId,
      state: session.state,
      created_at: session.createdAt,
      last_seen_at: session.createdAt,
      ends_at: session.endsAt,
      sudo_until: session.sudoUntil,
      proved_at: session.provedAt,
      address: session.address,
      user_agent: session.userAgent,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * The session that a secret opens, unless it has ended, or began later than now: then a clock that was ahead gave it
 * too long a life.
 */
export async function sessionByDigest(q: Query, digest: string, at: UnixSeconds): Promise<Session | null> {
  const row = await q
    .selectFrom('sessions')
    .selectAll()
    .where('digest', '=', digest)
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .executeTakeFirst();
  return row === undefined ? null : sessionOf(row);
}

/** A person's live sessions, the last used first. */
export async function sessionsOf(q: Query, userId: number, at: UnixSeconds): Promise<Session[]> {
  const rows = await q
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', userId)
    .where('state', '=', 'active')
    .where('ends_at', '>', at)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(sessionOf);
}

/** Records that a session was used, and when it ends if it isn't used again. */
export async function touchSession(
  q: Query,
  id: number,
  seen: { at: UnixSeconds; endsAt: UnixSeconds; address: string },
): Promise<void> {
  await q
    .updateTable('sessions')
    .set({ last_seen_at: seen.at, ends_at: seen.endsAt, address: seen.address })
    .where('id', '=', id)
    .execute();
}

export async function setSudoUntil(q: Query, id: number, sudoUntil: UnixSeconds): Promise<void> {
  await q.updateTable('sessions').set({ sudo_until: sudoUntil }).where('id', '=', id).execute();
}

export interface Proved {
  /** Of the session's previous secret, and of its secret from now on. */
  readonly digest: string;
  readonly newDigest: string;
  readonly provedAt: UnixSeconds;
  readonly sudoUntil: UnixSeconds;
  /** Sealed with the new secret. */
  readonly flash: string | null;
}

/** Records that the person proved their identity, under a new secret. False when another request just did. */
export async function proveSession(q: Query, id: number, proved: Proved): Promise<boolean> {
  const row = await q
    .updateTable('sessions')
    .set({ digest: proved.newDigest, proved_at: proved.provedAt, sudo_until: proved.sudoUntil, flash: proved.flash })
    .where('id', '=', id)
    .where('digest', '=', proved.digest)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Stores, or deletes (null), the key that a session is setting up. */
export async function setEnrolment(q: Query, id: number, sealed: string | null): Promise<void> {
  await q.updateTable('sessions').set({ enrolment: sealed }).where('id', '=', id).execute();
}

/** Leaves a sealed message for the next page. */
export async function setFlash(q: Query, id: number, sealed: string): Promise<void> {
  await q.updateTable('sessions').set({ flash: sealed }).where('id', '=', id).execute();
}

/** Removes the sealed message. False when another request was faster. */
export async function takeFlash(q: Query, id: number, sealed: string): Promise<boolean> {
  const row = await q
    .updateTable('sessions')
    .set({ flash: null })
    .where('id', '=', id)
    .where('flash', '=', sealed)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends one of a person's sessions, and what was opened from it at services. False when there is none. */
export async function deleteSession(tx: Query, userId: number, id: number): Promise<boolean> {
  await endServiceSessions(tx, userId, { of: id });
  const row = await tx
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends all of a person's sessions but one (null = all), as `deleteSession` does, and returns how many. */
export async function deleteSessionsOf(tx: Query, userId: number, exceptId: number | null): Promise<number> {
  await endServiceSessions(tx, userId, { exceptOf: exceptId });
  let query = tx.deleteFrom('sessions').where('user_id', '=', userId);
  if (exceptId !== null) query = query.where('id', '<>', exceptId);
  return (await query.returning('id').execute()).length;
}

/** Deletes sessions that have ended. */
export async function deleteEndedSessions(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('sessions').where('ends_at', '<=', at).execute();
}

function sessionOf({
  user_id,
  created_at,
  last_seen_at,
  ends_at,
  sudo_until,
  proved_at,
  user_agent,
  digest: _digest,
  ...rest
}: Selectable<SessionsTable>): Session {
  return {
    ...rest,
    userId: user_id,
    createdAt: created_at,
    lastSeenAt: last_seen_at,
    endsAt: ends_at,
    sudoUntil: sudo_until,
    provedAt: proved_at,
    userAgent: user_agent,
  };
}

// --- devices ------------------------------------------------------------------------------------------------------

/** True when the person has signed in on this device before. */
export async function isKnownDevice(q: Query, userId: number, digest: string): Promise<boolean> {
  const row = await q
    .selectFrom('devices')
    .select('user_id')
    .where('digest', '=', digest)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return row !== undefined;
}

/** True when the person has signed in on any device before. */
export async function hasDevices(q: Query, userId: number): Promise<boolean> {
  return (
    (await q.selectFrom('devices').select('user_id').where('user_id', '=', userId).limit(1).executeTakeFirst()) !==
    undefined
  );
}

/** Records that a person signed in on a device. */
export async function rememberDevice(q: Query, userId: number, digest: string, at: UnixSeconds): Promise<void> {
  await q
    .insertInto('devices')
    .values({ digest, user_id: userId, last_seen_at: at })
    .onConflict((conflict) => conflict.columns(['digest', 'user_id']).doUpdateSet({ last_seen_at: at }))
    .execute();
}

/** Forgets a person's devices. After a change of password, each has to be trusted again. */
export async function deleteDevices(q: Query, userId: number): Promise<void> {
  await q.deleteFrom('devices').where('user_id', '=', userId).execute();
}
