/**
 * Device authorizations: sign-ins of commands in progress (RFC 6749 authorization codes, RFC 8628 device codes).
 *
 * Invariant: a code made later than now opens nothing: a clock that was ahead gave it too long a life.
 * Invariant: codes are stored as digests; compare-and-set makes sure that a code is exchanged once.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { MAX_STEP_SEC } from '../rules/steady-clock.ts';
import type { Query } from './db.ts';
import type { LoginsTable } from './schema.ts';

export interface DeviceAuthorization<Requested = unknown, Draft = unknown> {
  /** SHA-256 of the code that can be exchanged for a token. */
  readonly codeDigest: string;
  /** `waiting` for a person, `approved`, `denied`, `used`. */
  readonly state: LoginsTable['state'];
  /** Who approved it. */
  readonly userId: number | null;
  /** For an authorization code: where it was sent, and the PKCE challenge. */
  readonly redirectUri: string | null;
  readonly challenge: string | null;
  readonly request: Requested;
  readonly draft: Draft | null;
  /** The token it was exchanged for. */
  readonly tokenId: number | null;
  /** The address it was requested from. */
  readonly address: string;
  readonly createdAt: UnixSeconds;
  readonly endsAt: UnixSeconds;
}

export interface NewDeviceAuthorization extends Omit<DeviceAuthorization, 'tokenId'> {
  readonly userCodeDigest: string | null;
}

export async function insertDeviceAuthorization(tx: Query, authorization: NewDeviceAuthorization): Promise<void> {
  await tx
    .insertInto('logins')
    .values({
      code_digest: authorization.codeDigest,
      user_code_digest: authorization.userCodeDigest,
      state: authorization.state,
      user_id: authorization.userId,
      redirect_uri: authorization.redirectUri,
      challenge: authorization.challenge,
      wish_json: JSON.stringify(authorization.request),
      draft_json: authorization.draft === null ? null : JSON.stringify(authorization.draft),
      token_id: null,
      address: authorization.address,
      created_at: authorization.createdAt,
      ends_at: authorization.endsAt,
    })
    .execute();
}

/** By the code to exchange, whether it still works or not. */
export async function deviceAuthorizationByCode(q: Query, digest: string): Promise<DeviceAuthorization | null> {
  const row = await q.selectFrom('logins').selectAll().where('code_digest', '=', digest).executeTakeFirst();
  return row === undefined ? null : deviceAuthorizationOf(row);
}

/** By the short code that a person types, while it waits for them. */
export async function deviceAuthorizationByUserCode(
  q: Query,
  digest: string,
  at: UnixSeconds,
): Promise<DeviceAuthorization | null> {
  const row = await q
    .selectFrom('logins')
    .selectAll()
    .where('user_code_digest', '=', digest)
    .where('state', '=', 'waiting')
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .executeTakeFirst();
  return row === undefined ? null : deviceAuthorizationOf(row);
}

/** Records a person's decision. False when there was one already, or it is too late. */
export async function decideDeviceAuthorization(
  tx: Query,
  codeDigest: string,
  decision: { state: 'approved' | 'denied'; userId: number; draft: unknown },
  at: UnixSeconds,
): Promise<boolean> {
  const row = await tx
    .updateTable('logins')
    .set({
      state: decision.state,
      user_id: decision.userId,
      draft_json: decision.draft === null ? null : JSON.stringify(decision.draft),
    })
    .where('code_digest', '=', codeDigest)
    .where('state', '=', 'waiting')
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .returning('code_digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** Takes an approved one for its exchange. Works once. */
export async function consumeDeviceAuthorization(
  tx: Query,
  codeDigest: string,
  at: UnixSeconds,
): Promise<DeviceAuthorization | null> {
  const row = await tx
    .updateTable('logins')
    .set({ state: 'used' })
    .where('code_digest', '=', codeDigest)
    .where('state', '=', 'approved')
    .where('ends_at', '>', at)
    .where('created_at', '<=', at + MAX_STEP_SEC)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : deviceAuthorizationOf(row);
}

/**
 * Remembers which token was made from it, so that a second exchange can end that token. False when somebody tried that
 * in the meantime.
 */
export async function setDeviceAuthorizationToken(tx: Query, codeDigest: string, tokenId: number): Promise<boolean> {
  const row = await tx
    .updateTable('logins')
    .set({ token_id: tokenId })
    .where('code_digest', '=', codeDigest)
    .where('draft_json', 'is not', null)
    .returning('code_digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes that a used one came again; returns the token that was made from it. Null = it isn't known yet, or none is. */
export async function noteSecondUse(tx: Query, codeDigest: string): Promise<number | null> {
  const row = await tx
    .updateTable('logins')
    .set({ draft_json: null })
    .where('code_digest', '=', codeDigest)
    .where('state', '=', 'used')
    .returning('token_id')
    .executeTakeFirst();
  return row?.token_id ?? null;
}

/** Records that a device asked; false when it last asked less than `intervalSec` ago. */
export async function notePoll(tx: Query, codeDigest: string, intervalSec: number, at: UnixSeconds): Promise<boolean> {
  const row = await tx
    .updateTable('logins')
    .set({ polled_at: at })
    .where('code_digest', '=', codeDigest)
    .where('polled_at', '<=', at - intervalSec)
    .returning('code_digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes those that ended before an instant. */
export async function deleteDeviceAuthorizationsBefore(tx: Query, at: UnixSeconds): Promise<void> {
  await tx.deleteFrom('logins').where('ends_at', '<', at).execute();
}

function deviceAuthorizationOf(row: Selectable<LoginsTable>): DeviceAuthorization {
  return {
    codeDigest: row.code_digest,
    state: row.state,
    userId: row.user_id,
    redirectUri: row.redirect_uri,
    challenge: row.challenge,
    request: JSON.parse(row.wish_json) as unknown,
    draft: row.draft_json === null ? null : (JSON.parse(row.draft_json) as unknown),
    tokenId: row.token_id,
    address: row.address,
    createdAt: row.created_at,
    endsAt: row.ends_at,
  };
}
