/**
 * Quarantine: an account that somebody else may have used is locked, reviewed by its owner, and unlocked.
 *
 * A lock ends every session, cancels password reset links, and freezes the tokens: they are kept, but refused with an
 * explanation. Nobody can sign in until a new password is chosen through a link; then the owner reviews the tokens
 * and unlocks the account. An administrator can lock and unlock, too.
 *
 * Invariant: a lock only takes away. A mailed link leads to a new password only if the primary address is older than
 * such links last; if somebody changed it since, it leads to an administrator.
 */
import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { setLocked, setRecovered } from '../../store/account-flags.ts';
import { type Account, accountById, administrators } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf, unverifyEmail } from '../../store/emails.ts';
import { deleteLinks, linkByDigest, useLink } from '../../store/one-time-links.ts';
import { deleteDevices, deleteSessionsOf } from '../../store/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Actor, Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { type Because, reasonGiven } from '../ground/reason.ts';
import { record } from '../ground/record.ts';
import { userNamed } from './accounts.ts';
import { ALARM_SEC } from './alarms.ts';
import { mailRecoveryLink } from './new-password.ts';
import { actorOf, personOf, type Visitor } from './sessions.ts';

/** The account that the link of a mail locks; null when it was used or has ended. */
export async function readAlarm(ctx: Context, link: Secret): Promise<Account | null> {
  const found = await linkByDigest(ctx.store.db, 'alarm', link.digest(), ctx.clock.now());
  return found?.userId == null ? null : accountById(ctx.store.db, found.userId);
}

/**
 * Locks the account of the link. True when a mail with a link for a new password is on its way.
 * @throws Problem when the link is over
 */
export async function lockByAlarm(ctx: Context, link: Secret, visitor: Visitor): Promise<boolean> {
  return ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    const found = await linkByDigest(tx, 'alarm', link.digest(), at);
    const account = found?.userId == null ? null : await accountById(tx, found.userId);
    if (found === null || account === null || !(await useLink(tx, link.digest())))
      throw problem('not_found', 'This link was used already, or has ended.');
    const primary = (await emailsOf(tx, account.id)).find((email) => email.primary);
    const isNew = primary !== undefined && primary.address !== found.address && primary.createdAt > at - ALARM_SEC;
    if (isNew) await unverifyEmail(tx, primary.id);
    return lock(ctx, tx, account, actorOf(account, visitor));
  });
}

/**
 * An administrator or the operator locks somebody's account.
 * @throws Problem when it is locked, or there is no such person
 */
export async function lockUser(ctx: Context, permit: Permit, login: string, reason?: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const account = await userNamed(tx, login);
    if (account.lockedAt !== null) throw problem('conflict', `${account.login} is locked already.`);
    await lock(ctx, tx, account, permit, reasonGiven(reason));
  });
}

/** Locks an account in the caller's transaction. True when a link for a new password is on its way to its owner. */
export async function lock(
  ctx: Context,
  tx: Query,
  account: Account,
  by: { readonly actor: Actor },
  because: Because = {},
): Promise<boolean> {
  const at = ctx.clock.now();
  if (!(await setLocked(tx, account.id, at))) await setRecovered(tx, account.id, null);
  await deleteSessionsOf(tx, account.id, null);
  await deleteDevices(tx, account.id);
  await deleteLinks(tx, 'password', account.id);
  await record(tx, by, at, { action: 'user.lock', userId: account.id, data: { login: account.login, ...because } });
  const mailed = await mailRecoveryLink(ctx, tx, account, by.actor.login);
  for (const { id } of await administrators(tx))
    if (id !== account.id)
      await queueMail(ctx, tx, { userId: id }, 'account_locked_notice', {
        login: account.login,
        by: by.actor.login,
        mailed,
      });
  return mailed;
}

/**
 * An administrator or the operator unlocks an account.
 * @throws Problem when it is not locked, or there is no such person
 */
export async function unlockUser(ctx: Context, permit: Permit, login: string): Promise<void> {
  await unlock(ctx, permit, (await userNamed(ctx.store.db, login)).id);
}

/** The owner has checked everything. @throws Problem when the account is not locked */
export async function unlockOwn(ctx: Context, permit: Permit): Promise<void> {
  await unlock(ctx, permit, personOf(permit));
}

async function unlock(ctx: Context, permit: Permit, userId: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    if (!(await setLocked(tx, userId, null))) throw problem('conflict', 'The account is not locked.');
    await record(tx, permit, ctx.clock.now(), { action: 'user.unlock', userId });
  });
}
