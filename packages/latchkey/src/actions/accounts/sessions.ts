/**
 * Sessions: who is signed in, and for how long. Whether they have just confirmed their identity: `sudo.ts`.
 *
 * Invariant: a session is known by the digest of its secret, starts fresh at every sign-in, and ends with a change of
 * password.
 * Invariant: a session is a `Bearer` like any other, decided by `authorizeIdentity`; nothing here decides what a
 * person may do.
 * Never: a secret outside a `Secret`, except in the cookie that carries it.
 */

import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import {
  deleteSession,
  deleteSessionsOf,
  insertSession,
  type Session,
  sessionByDigest,
  sessionsOf,
  setFlash,
  takeFlash,
  touchSession,
} from '../../store/sessions.ts';
import { proofsOf } from '../../store/sso-sessions.ts';
import type { Identity } from '../decision/authenticate.ts';
import type { Permit } from '../decision/authorize.ts';
import { closedBy } from '../ground/closed-accounts.ts';
import type { Actor, Context } from '../ground/context.ts';
import { mintSecret, seal, unseal } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';

export type { Session };

/** An unused session ends after this time; a used one after `MAX_SESSION_SEC` at the latest. */
export const IDLE_SESSION_SEC = 14 * DAY_SEC;
export const MAX_SESSION_SEC = 90 * DAY_SEC;
/** How long somebody has to find their second factor. */
export const SECOND_FACTOR_WAIT_SEC = 10 * MINUTE_SEC;
/** How long sensitive pages don't ask again; each sensitive action restarts the time (GitHub docs, "Sudo mode"). */
export const SUDO_SEC = 2 * HOUR_SEC;
/** The last use of a session is recorded at most this often. */
const TOUCH_EVERY_SEC = 5 * MINUTE_SEC;
const MAX_AGENT_LENGTH = 300;

/** Where a browser's request comes from. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string | null;
}

/** Somebody who is signed in. */
export interface SignedIn {
  readonly session: Session;
  readonly account: Account;
  readonly identity: Identity;
}

export function actorOf(account: Account, visitor: Visitor): { actor: Actor } {
  return { actor: { userId: account.id, login: account.login, tokenId: null, ...visitor } };
}

/** Begins a session in the caller's transaction, and returns its secret. */
export async function beginSession(
  tx: Query,
  at: UnixSeconds,
  userId: number,
  visitor: Visitor,
  state: Session['state'] = 'active',
): Promise<Secret> {
  const secret = mintSecret();
  const active = state === 'active';
  await insertSession(tx, {
    digest: secret.digest(),
    userId,
    state,
    createdAt: at,
    endsAt: at + (active ? IDLE_SESSION_SEC : SECOND_FACTOR_WAIT_SEC),
    sudoUntil: active ? at + SUDO_SEC : 0,
    provedAt: active ? at : 0,
    address: visitor.address,
    userAgent: (visitor.userAgent ?? '').slice(0, MAX_AGENT_LENGTH),
  });
  return secret;
}

/**
 * The person signed in with a session's secret, or null: it is unknown, has ended, still needs the second factor, or
 * its account is closed.
 */
export async function signedInBy(ctx: Context, secret: Secret, visitor: Visitor): Promise<SignedIn | null> {
  const at = ctx.clock.now();
  const { db } = ctx.store;
  const session = await sessionByDigest(db, secret.digest(), at);
  if (session === null || session.state !== 'active') return null;
  const [account, facts, proofs] = await Promise.all([
    accountById(db, session.userId),
    readUserFacts(db, session.userId),
    proofsOf(db, session.id, at),
  ]);
  if (account === null || facts === null || closedBy(account) !== null) return null;
  if (at - session.lastSeenAt >= TOUCH_EVERY_SEC) {
    const endsAt = Math.min(at + IDLE_SESSION_SEC, session.createdAt + MAX_SESSION_SEC);
    await touchSession(db, session.id, { at, endsAt, address: visitor.address });
  }
  return {
    session,
    account,
    identity: { bearer: { via: 'session', user: facts.user, proofs }, facts, endsOverlap: false },
  };
}

/** The session that still needs its second factor, or null. */
export async function halfSignedInBy(
  ctx: Context,
  secret: Secret,
): Promise<{ session: Session; account: Account } | null> {
  const session = await sessionByDigest(ctx.store.db, secret.digest(), ctx.clock.now());
  if (session === null || session.state !== 'second-factor') return null;
  const account = await accountById(ctx.store.db, session.userId);
  return account === null || closedBy(account) !== null ? null : { session, account };
}

/** Ends the session of this secret. */
export async function signOut(ctx: Context, { session, account }: SignedIn, visitor: Visitor): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    if (await deleteSession(tx, account.id, session.id))
      await record(tx, actorOf(account, visitor), ctx.clock.now(), { action: 'user.logout', userId: account.id });
  });
}

/**
 * The person whose session a permit was given to.
 * @throws TypeError for any other bearer: sessions and passwords are not for tokens
 */
export function personOf(permit: Permit): number {
  if (permit.bearer?.via !== 'session') throw new TypeError('only a signed-in person manages their account');
  return permit.bearer.user.id;
}

/** The person's sessions, the last used first. */
export function listSessions(ctx: Context, permit: Permit): Promise<Session[]> {
  return sessionsOf(ctx.store.db, personOf(permit), ctx.clock.now());
}

/** Ends one of the person's sessions. @throws Problem when there is none */
export async function endSession(ctx: Context, permit: Permit, id: number): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    if (!(await deleteSession(tx, userId, id))) throw problem('not_found', 'That session has ended already.');
    await record(tx, permit, ctx.clock.now(), { action: 'user_session.revoke', userId, data: { session_id: id } });
  });
}

/** Ends all sessions of the person but this one, and returns how many. */
export async function endOtherSessions(ctx: Context, permit: Permit, currentId: number): Promise<number> {
  const userId = personOf(permit);
  return ctx.store.transaction(async (tx) => {
    const count = await deleteSessionsOf(tx, userId, currentId);
    if (count > 0)
      await record(tx, permit, ctx.clock.now(), { action: 'user_session.revoke', userId, data: { count } });
    return count;
  });
}

// --- a message for the next page ------------------------------------------------------------------------------------

/** Leaves a message for this session's next page only, sealed with its secret: the database can't read it. */
export async function leaveFlash(ctx: Context, session: Session, secret: Secret, flash: object): Promise<void> {
  await setFlash(ctx.store.db, session.id, seal(secret, JSON.stringify(flash)));
}

/**
 * Takes the message, if it is the `wanted` kind. It is there once, so neither a reload nor the back button shows it
 * again.
 */
export async function pickUpFlash(
  ctx: Context,
  session: Session,
  secret: Secret,
  wanted: (left: object) => boolean,
): Promise<object | null> {
  const { flash } = session;
  const text = flash === null ? null : unseal(secret, flash);
  if (flash === null || text === null) return null;
  const left = JSON.parse(text) as object;
  return wanted(left) && (await takeFlash(ctx.store.db, session.id, flash)) ? left : null;
}
