/**
 * People whom a token makes: an account that nobody can sign in to yet, and a mail to the person whose it is.
 *
 * Invariant: a token chooses no password, vouches for no address and makes no administrator: all three decide who signs
 * in as whom. The person chooses the password by the mailed link, which also shows that the address is theirs.
 */
import { type Complaint, Problem } from '../../base/errors.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { type Account, makeUser } from './accounts.ts';
import { limitMails } from './mail-limits.ts';
import { makePasswordLink, WELCOME_DAYS } from './new-password.ts';

interface WelcomeDraft {
  readonly login: string;
  readonly email: string;
  /** Tokens may not decide these. They are separate fields so that a caller who sends one gets the reason. */
  readonly password?: string | undefined;
  readonly admin?: boolean | undefined;
  readonly verified?: boolean | undefined;
}

/** Makes a person, and mails them a link. @throws Problem as `makeUser` does, or for what no token may decide */
export async function welcomeUser(ctx: Context, permit: Permit, draft: WelcomeDraft): Promise<Account> {
  const { login, email } = draft;
  const complaints: Complaint[] = [
    ...complain('password', draft.password !== undefined, 'choose a password: the person does, by the mailed link'),
    ...complain('verified', draft.verified === true, 'vouch for an address: the mailed link shows whose it is'),
    ...complain('admin', draft.admin === true, 'make administrators: sign in for that, or use the command line'),
  ];
  if (complaints.length > 0) throw new Problem(complaints);
  await limitMails(ctx, { to: email, from: permit.actor.address ?? '', userId: permit.actor.userId });
  return makeUser(ctx, { login, email, password: null, admin: false, verified: false }, async (tx, user) => {
    await record(tx, permit, ctx.clock.now(), {
      action: 'user.create',
      userId: user.id,
      data: { login: user.login, admin: false },
    });
    const path = await makePasswordLink(ctx, tx, user, { address: email, welcomes: true });
    await queueMail(ctx, tx, { userId: user.id, address: email }, 'welcome', {
      by: permit.actor.login,
      login: user.login,
      path,
      days: WELCOME_DAYS,
    });
    return user;
  });
}

function complain(field: string, is: boolean, what: string): Complaint[] {
  return is ? [{ field, code: 'unprocessable', message: `A token can't ${what}.` }] : [];
}
