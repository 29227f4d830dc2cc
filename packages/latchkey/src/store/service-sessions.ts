/**
 * Sessions at services behind a proxy: each belongs to one session here, one host and one browser.
 *
 * Invariant: it ends with the session that it was opened from, in the same transaction, and that raises the revision.
 * Never: a secret; codes and cookies are known only by digest.
 */
import type { UnixSeconds } from '../base/time.ts';
import { MAX_STEP_SEC } from '../rules/steady-clock.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

export interface ServiceSession {
  readonly sessionId: number;
  readonly userId: number;
  readonly host: string;
  readonly createdAt: UnixSeconds;
  readonly lastSeenAt: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

/** One that waits to be opened with its code. */
interface WaitingSession {
  readonly codeDigest: string;
  readonly browserDigest: string;
  readonly sessionId: number;
  readonly userId: number;
  readonly host: string;
  readonly at: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

/** @throws a foreign-key violation when the session has ended */
export async function insertServiceSession(q: Query, waiting: WaitingSession): Promise<void> {
  await q
    .insertInto('service_sessions')
    .values({
      digest: waiting.codeDigest,
      browser_digest: waiting.browserDigest,
      session_id: waiting.sessionId,
      user_id: waiting.userId,
      host: waiting.host,
      created_at: waiting.at,
      last_seen_at: waiting.at,
      ends_at: waiting.endsAt,
    })
    .execute();
}

/** What opens a session: its code, from the host and the browser that it was given for. */
interface Opening {
  readonly codeDigest: string;
  readonly browserDigest: string;
  readonly host: string;
  /** Of the secret in the cookie. */
  readonly digest: string;
  readonly at: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

/** Opens a session, once. Null when the code is not for this, too old, or was used. */
export async function openServiceSession(
  tx: Query,
  { codeDigest, browserDigest, host, digest, at, endsAt }: Opening,
): Promise<{ readonly userId: number; readonly sessionId: number } | null> {
  const row = await tx
    .updateTable('service_sessions')
    .set({ digest, browser_digest: null, created_at: at, last_seen_at: at, ends_at: endsAt })
    .where('digest', '=', codeDigest)
    .where('browser_digest', '=', browserDigest)
    .where('host', '=', host)
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .returning(['user_id', 'session_id'])
    .executeTakeFirst();
  return row === undefined ? null : { userId: row.user_id, sessionId: row.session_id };
}

/** The session that a cookie opens, unless it or the one it was opened from has ended. */
export async function serviceSessionByDigest(
  q: Query,
  digest: string,
  at: UnixSeconds,
): Promise<ServiceSession | null> {
  const row = await q
    .selectFrom('service_sessions as opened')
    .innerJoin('sessions', 'sessions.id', 'opened.session_id')
    .select(['opened.session_id', 'opened.user_id', 'opened.host', 'opened.created_at', 'opened.last_seen_at'])
    .select(['opened.ends_at', 'sessions.ends_at as session_ends_at'])
    .where('opened.digest', '=', digest)
    .where('opened.browser_digest', 'is', null)
    .where('opened.ends_at', '>', at)
    .where('opened.created_at', '<=', at + MAX_STEP_SEC)
    .where('sessions.state', '=', 'active')
    .where('sessions.ends_at', '>', at)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    sessionId: row.session_id,
    userId: row.user_id,
    host: row.host,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    endsAt: Math.min(row.ends_at, row.session_ends_at),
  };
}

/** Records a use, and when it ends if it isn't used again. */
export async function touchServiceSession(
  q: Query,
  digest: string,
  seen: { readonly at: UnixSeconds; readonly endsAt: UnixSeconds },
): Promise<void> {
  await q
    .updateTable('service_sessions')
    .set({ last_seen_at: seen.at, ends_at: seen.endsAt })
    .where('digest', '=', digest)
    .execute();
}

/** What a person has open at a host, in all browsers with the same session here. */
export interface OpenedService {
  readonly sessionId: number;
  readonly host: string;
  /** Of the first that is still open. */
  readonly createdAt: UnixSeconds;
  readonly lastSeenAt: UnixSeconds;
}

/** What a person has open at services, by session and host. */
export async function openedServicesOf(q: Query, userId: number, at: UnixSeconds): Promise<OpenedService[]> {
  const rows = await q
    .selectFrom('service_sessions')
    .select(['session_id', 'host'])
    .select(({ fn }) => [fn.min('created_at').as('created_at'), fn.max('last_seen_at').as('last_seen_at')])
    .where('user_id', '=', userId)
    .where('browser_digest', 'is', null)
    .where('ends_at', '>', at)
    .groupBy(['session_id', 'host'])
    .orderBy('host')
    .execute();
  return rows.map(({ session_id, host, created_at, last_seen_at }) => ({
    sessionId: session_id,
    host,
    createdAt: created_at,
    lastSeenAt: last_seen_at,
  }));
}

/** Ends the session of a cookie, and says whose it was; null when it had ended. */
export async function endServiceSessionByDigest(
  tx: Query,
  digest: string,
  host: string,
): Promise<{ readonly userId: number; readonly sessionId: number } | null> {
  const row = await tx
    .deleteFrom('service_sessions')
    .where('digest', '=', digest)
    .where('browser_digest', 'is', null)
    .where('host', '=', host)
    .returning(['user_id', 'session_id'])
    .executeTakeFirst();
  if (row === undefined) return null;
  await bumpRevision(tx, subjectOf('account', row.user_id));
  return { userId: row.user_id, sessionId: row.session_id };
}

/** Ends what a person has open at a host from one session, and says whether there was anything. */
export async function endOpenedService(
  tx: Query,
  userId: number,
  { sessionId, host }: { readonly sessionId: number; readonly host: string },
): Promise<boolean> {
  const ended = await tx
    .deleteFrom('service_sessions')
    .where('user_id', '=', userId)
    .where('session_id', '=', sessionId)
    .where('host', '=', host)
    .returning('digest')
    .execute();
  if (ended.length > 0) await bumpRevision(tx, subjectOf('account', userId));
  return ended.length > 0;
}

/**
 * Ends what a person has open at services: from one session, or from all but one. Call it before these sessions go:
 * what goes with them tells nobody.
 */
export async function endServiceSessions(
  tx: Query,
  userId: number,
  which: { readonly of: number } | { readonly exceptOf: number | null },
): Promise<void> {
  let query = tx.deleteFrom('service_sessions').where('user_id', '=', userId);
  if ('of' in which) query = query.where('session_id', '=', which.of);
  else if (which.exceptOf !== null) query = query.where('session_id', '<>', which.exceptOf);
  if ((await query.returning('digest').execute()).length > 0) await bumpRevision(tx, subjectOf('account', userId));
}

/**
 * Raises the revision for people with sessions at services: whatever remembers these reads them anew.
 * @param of left out = everybody's
 */
export async function forgetServiceSessions(
  tx: Query,
  of: { readonly sessionId?: number; readonly userId?: number | undefined },
): Promise<void> {
  let query = tx.selectFrom('service_sessions').select('user_id').distinct();
  if (of.sessionId !== undefined) query = query.where('session_id', '=', of.sessionId);
  if (of.userId !== undefined) query = query.where('user_id', '=', of.userId);
  const users = await query.execute();
  if (users.length > 0) await bumpRevision(tx, ...users.map(({ user_id }) => subjectOf('account', user_id)));
}

/** Deletes what has ended. */
export async function deleteEndedServiceSessions(q: Query, at: UnixSeconds): Promise<void> {
  await q.deleteFrom('service_sessions').where('ends_at', '<=', at).execute();
}
