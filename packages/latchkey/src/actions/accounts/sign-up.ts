/**
 * New people: the first administrator through a link that the server prints; others by invitation or on their own,
 * depending on the setting.
 *
 * Invariant: a link works once and is known by its digest. The set-up link works only while nobody has an account.
 * Invariant: an address is verified when somebody follows a link mailed to it, or when the operator vouches for it.
 */
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC } from '../../base/time.ts';
import { emailProblem, nameKey } from '../../rules/names.ts';
import { type Account, listAccounts } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  deleteLinks,
  insertLink,
  linkByDigest,
  listLinks,
  type OneTimeLink,
  useLink,
} from '../../store/one-time-links.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { record } from '../ground/record.ts';
import { makeUser } from './accounts.ts';
import { queueVerification } from './emails.ts';
import { limitMails } from './mail-limits.ts';
import { actorOf, type Visitor } from './sessions.ts';
import { begin } from './sign-in.ts';

export type { OneTimeLink };

export interface SignUpForm {
  readonly login: string;
  readonly email: string;
  readonly password: Secret;
  readonly device: Secret;
}

/** How long the links work. */
export const SET_UP_SEC = 7 * DAY_SEC;
export const INVITATION_DAYS = 7;

async function hasPeople(q: Query): Promise<boolean> {
  return (await listAccounts(q, 'user', { beforeId: null, limit: 1 })).length > 0;
}

/** The path of a new set-up link, which replaces any earlier one; null when there are people already. */
export async function makeSetUpLink(ctx: Context): Promise<string | null> {
  const at = ctx.clock.now();
  const secret = mintSecret();
  const made = await ctx.store.transaction(async (tx) => {
    if (await hasPeople(tx)) return false;
    await deleteLinks(tx, 'set-up', null);
    await insertLink(tx, {
      digest: secret.digest(),
      purpose: 'set-up',
      userId: null,
      address: null,
      createdAt: at,
      endsAt: at + SET_UP_SEC,
    });
    return true;
  });
  return made ? `/setup/${secret.reveal()}` : null;
}

/** True while the set-up link works. */
export async function isSetUpLink(ctx: Context, link: Secret): Promise<boolean> {
  return (
    (await linkByDigest(ctx.store.db, 'set-up', link.digest(), ctx.clock.now())) !== null &&
    !(await hasPeople(ctx.store.db))
  );
}

/** Makes the first administrator and signs them in. The operator vouches for their address. @throws Problem */
export async function setUp(ctx: Context, link: Secret, form: SignUpForm, visitor: Visitor): Promise<Secret> {
  if (!(await isSetUpLink(ctx, link))) throw linkIsOver();
  return makeUser(ctx, { ...form, verified: true, admin: true }, async (tx, user) => {
    if (!(await useLink(tx, link.digest()))) throw linkIsOver();
    await recordCreation(ctx, tx, user, visitor, { by: 'set-up link' });
    return begin(ctx, tx, user, form.device.digest(), visitor);
  });
}

/**
 * Invites somebody; with an address the link is mailed there. Returns the link's path, for passing it on by hand.
 * @throws Problem
 */
export async function invite(ctx: Context, permit: Permit, address: string | null): Promise<string> {
  const wrong = address === null ? null : emailProblem(address);
  if (wrong !== null) throw problem('invalid', wrong, 'email');
  if (ctx.settings.signUp === 'closed') throw problem('unprocessable', 'Sign-up is closed by the setting sign-up.');
  if (ctx.settings.localSignIn !== null)
    throw problem('unprocessable', 'People come by the identity provider here, as the setting local-sign-in says.');
  if (address !== null)
    await limitMails(ctx, { to: address, from: permit.actor.address ?? '', userId: permit.actor.userId });
  const at = ctx.clock.now();
  const secret = mintSecret();
  const path = `/signup/${secret.reveal()}`;
  await ctx.store.transaction(async (tx) => {
    await insertLink(tx, {
      digest: secret.digest(),
      purpose: 'invitation',
      userId: null,
      address,
      createdAt: at,
      endsAt: at + INVITATION_DAYS * DAY_SEC,
    });
    if (address !== null)
      await queueMail(ctx, tx, { userId: null, address }, 'invitation', {
        by: permit.actor.login,
        path,
        days: INVITATION_DAYS,
      });
    await record(tx, permit, at, { action: 'user.invite', data: { email: address } });
  });
  return path;
}

/** Unused invitations, newest first. */
export function listInvitations(ctx: Context, _permit: Permit): Promise<OneTimeLink[]> {
  return listLinks(ctx.store.db, 'invitation', ctx.clock.now());
}

/** The invitation of a link; null when it was used or has ended, or sign-up is closed. */
export function readInvitation(ctx: Context, link: Secret): Promise<OneTimeLink | null> {
  return ctx.settings.signUp === 'closed'
    ? Promise.resolve(null)
    : linkByDigest(ctx.store.db, 'invitation', link.digest(), ctx.clock.now());
}

/**
 * Makes an account for a visitor and signs them in. The address that the invitation was mailed to is verified; any
 * other gets a mail.
 * @param link the invitation; null when everybody may sign up
 * @throws Problem when they may not sign up, or the form is wrong
 */
export async function signUp(ctx: Context, link: Secret | null, form: SignUpForm, visitor: Visitor): Promise<Secret> {
  if (ctx.settings.localSignIn !== null)
    throw problem('unprocessable', 'On this server accounts come by the identity provider: sign in with its button.');
  const invitation = link === null ? null : await readInvitation(ctx, link);
  if (invitation === null && (link !== null || ctx.settings.signUp !== 'open')) throw linkIsOver();
  if ((await consumeRateLimit(ctx, 'sign-ups-address', networkOf(visitor.address)))?.allowed === false) {
    throw problem('limit_reached', 'Too many accounts were made from your network lately. Try again in an hour.');
  }
  const verified = invitation?.address != null && nameKey(invitation.address) === nameKey(form.email);
  if (!verified && emailProblem(form.email) === null)
    await limitMails(ctx, { to: form.email, from: null, userId: null });
  return makeUser(ctx, { ...form, verified, admin: false }, async (tx, user) => {
    if (link !== null && !(await useLink(tx, link.digest()))) throw linkIsOver();
    await recordCreation(ctx, tx, user, visitor, { by: link === null ? 'sign-up' : 'invitation' });
    if (!verified) await queueVerification(ctx, tx, user.id, form.email);
    return begin(ctx, tx, user, form.device.digest(), visitor);
  });
}

function linkIsOver(): Error {
  return problem('not_found', 'This link was used already, or has ended. Ask for another.');
}

async function recordCreation(
  ctx: Context,
  tx: Query,
  user: Account,
  visitor: Visitor,
  data: { by: string },
): Promise<void> {
  await record(tx, actorOf(user, visitor), ctx.clock.now(), {
    action: 'user.create',
    userId: user.id,
    data: { login: user.login, admin: user.admin, ...data },
  });
}
