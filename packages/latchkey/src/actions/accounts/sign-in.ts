/**
 * Signing in: a name and a password, then a second factor if there is one.
 *
 * Invariant: neither the answer, nor its timing, nor a counter reveals whether an account exists, or whose an address
 * is: without an account the same is read and written, and the password is checked against a decoy; failures are
 * counted by what was typed.
 * Invariant: every sign-in starts a new session; while it waits for its second factor, it opens nothing else.
 */

import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import type { Secret } from '../../base/secret.ts';
import { isSameName } from '../../rules/names.ts';
import { type Account, passwordDigestOf } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import { moveProviderSession } from '../../store/provider-sessions.ts';
import {
  deleteSession,
  hasDevices,
  isKnownDevice,
  rememberDevice,
  type Session,
  sessionByDigest,
} from '../../store/sessions.ts';
import { accountNamed } from '../ground/account-names.ts';
import { demandOpen } from '../ground/closed-accounts.ts';
import { type Context, UPKEEP } from '../ground/context.ts';
import { checkPassword } from '../ground/password.ts';
import { record } from '../ground/record.ts';
import { tellOfChange } from './alarms.ts';
import { type PasskeyAnswer, takePasskey } from './passkeys.ts';
import { actorOf, beginSession, type Visitor } from './sessions.ts';
import { guessed } from './sign-in-limits.ts';
import { takeCode } from './two-factor.ts';

export interface SignInForm {
  /** A login or an e-mail address. */
  readonly name: string;
  readonly password: Secret;
  /** The value of the browser's device cookie; null when it has none. */
  readonly device: Secret;
}

/** A session has begun. `owes`: what is still to be proved before it opens anything. */
export interface Begun {
  readonly secret: Secret;
  readonly owes: 'second-factor' | null;
}

/** The id of no account. */
const NOBODY = 0;
const WRONG = 'The name or the password is wrong.';
/** Where most people sign in by a provider: the same for everybody, or it would tell who doesn't. */
const WRONG_HERE =
  'The name or the password is wrong, or you sign in by your identity provider: then use its button, not a password.';

/** Signs in. @throws Problem when name and password don't match, or there were too many failures */
export async function signIn(ctx: Context, form: SignInForm, visitor: Visitor): Promise<Begun> {
  const named = await accountNamed(ctx.store.db, form.name);
  // Whoever signs in by a provider alone is nobody here: no password is looked at, and the answer is the same.
  const account = named !== null && mayHere(ctx, named) ? named : null;
  const device = form.device.digest();
  const id = account?.id ?? NOBODY;
  const knownDevice = await isKnownDevice(ctx.store.db, id, device);
  const attempt = { name: form.name, address: visitor.address, knownDevice };
  const digest = await passwordDigestOf(ctx.store.db, id);
  if (!(await guessed(ctx, attempt, () => checkPassword(digest, form.password))) || account === null) {
    await recordFailure(ctx, named, visitor);
    throw problem('invalid', ctx.settings.localSignIn === null ? WRONG : WRONG_HERE);
  }
  demandOpen(account);
  if (account.lockedAt !== null && account.recoveredAt === null)
    throw problem(
      'unprocessable',
      'This account is locked, because somebody else may have been in it. Choose a new password: a link goes to ' +
        'its primary address. If no mail comes, ask an administrator.',
    );
  const at = ctx.clock.now();
  if (account.twoFactorAt === null)
    return { secret: await ctx.store.transaction((tx) => begin(ctx, tx, account, device, visitor)), owes: null };
  return {
    secret: await ctx.store.transaction((tx) => beginSession(tx, at, account.id, visitor, 'second-factor')),
    owes: 'second-factor',
  };
}

/**
 * Finishes a sign-in with a one-time code or a recovery code.
 * @throws Problem when it is wrong or was used, or there were too many failures
 */
export async function signInWithCode(
  ctx: Context,
  half: { session: Session; account: Account },
  code: string,
  device: Secret,
  visitor: Visitor,
): Promise<Begun> {
  const { account } = half;
  const attempt = {
    name: account.login,
    address: visitor.address,
    knownDevice: await isKnownDevice(ctx.store.db, account.id, device.digest()),
  };
  if (!(await guessed(ctx, attempt, () => takeCode(ctx, account, code, visitor)))) {
    await recordFailure(ctx, account, visitor);
    throw problem('invalid', 'That code is wrong, or was used already.', 'otp');
  }
  const secret = await ctx.store.transaction((tx) => finish(ctx, tx, half, device, visitor));
  return { secret, owes: null };
}

/** The session that waited for its second factor makes way for the one that opens everything. */
async function finish(
  ctx: Context,
  tx: Query,
  { session, account }: { session: Session; account: Account },
  device: Secret,
  visitor: Visitor,
): Promise<Secret> {
  const secret = await begin(ctx, tx, account, device.digest(), visitor);
  const begun = present(await sessionByDigest(tx, secret.digest(), ctx.clock.now()), 'the session just begun');
  await moveProviderSession(tx, session.id, begun.id);
  await deleteSession(tx, account.id, session.id);
  return secret;
}

/**
 * Signs in with a passkey: on its own, or in place of the code.
 * @throws Problem when it is not accepted or belongs to another account, or the account is suspended or locked
 */
export async function signInWithPasskey(
  ctx: Context,
  half: { session: Session; account: Account } | null,
  answer: PasskeyAnswer,
  device: Secret,
  visitor: Visitor,
): Promise<Begun> {
  const account = await takePasskey(ctx, device, half === null ? 'sign-in' : 'second-factor', answer);
  if (half !== null && half.account.id !== account.id) throw problem('invalid', 'That passkey is of another account.');
  if (half === null && !mayHere(ctx, account))
    throw problem(
      'unprocessable',
      'On this server you sign in by your identity provider, not by a passkey. Use its button.',
    );
  demandOpen(account);
  // A passkey may be the thief's: while the account is locked, a passkey alone is never enough.
  if (half === null && account.lockedAt !== null)
    throw problem('unprocessable', 'This account is locked: sign in with the new password first, and look it through.');
  const secret = await ctx.store.transaction(async (tx) => {
    return half === null ? begin(ctx, tx, account, device.digest(), visitor) : finish(ctx, tx, half, device, visitor);
  });
  return { secret, owes: null };
}

/** True for who may begin a sign-in here; where only a provider signs people in, the few that the setting names. */
function mayHere({ settings: { localSignIn } }: Context, { login }: Account): boolean {
  return localSignIn === null || localSignIn.some((each) => isSameName(each, login));
}

/** Begins the session of somebody who has proved everything, and mails them when the browser is new. */
export async function begin(
  ctx: Context,
  tx: Query,
  account: Account,
  device: string,
  visitor: Visitor,
): Promise<Secret> {
  const at = ctx.clock.now();
  ctx.log.info({ account: account.login, address: visitor.address }, 'a person signed in');
  ctx.metrics.happened('signIn', 'succeeded');
  const isNew = !(await isKnownDevice(tx, account.id, device));
  if (isNew && (await hasDevices(tx, account.id))) {
    const facts = { at, address: visitor.address, agent: visitor.userAgent ?? 'a browser without a name' };
    await tellOfChange(ctx, tx, {
      userId: account.id,
      emails: (await emailsOf(tx, account.id)).filter(({ primary }) => primary),
      template: 'sign_in',
      facts: (alarmPath) => ({ ...facts, alarmPath }),
    });
  }
  await rememberDevice(tx, account.id, device, at);
  await record(tx, actorOf(account, visitor), at, {
    action: 'user.login',
    userId: account.id,
    data: { new_device: isNew },
  });
  return beginSession(tx, at, account.id, visitor);
}

async function recordFailure(ctx: Context, account: Account | null, visitor: Visitor): Promise<void> {
  // Not the name as it was typed: people type their password there.
  ctx.log.warn({ account: account?.login ?? null, address: visitor.address }, 'a sign-in failed');
  ctx.metrics.happened('signIn', 'failed');
  const at = ctx.clock.now();
  await ctx.store.transaction((tx) =>
    record(tx, { actor: { ...UPKEEP, ...visitor } }, at, { action: 'user.failed_login', userId: account?.id ?? null }),
  );
}
