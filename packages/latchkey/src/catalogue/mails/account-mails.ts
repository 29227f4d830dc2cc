/**
 * Mails about the account itself: what to verify, what changed how a person signs in, and what is locked.
 *
 * Invariant: a mail about a change has one link, "This wasn't me", which locks the account and grants nothing.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { type By, days, from, type MailRow } from './mail-row.ts';

/** A change to how a person signs in: when, and the path of the link that locks the account. */
interface Alarming {
  readonly at: UnixSeconds;
  readonly alarmPath: string;
}

/** The facts each mail is made of. A kind is an API of the outbox: never rename one. */
export interface AccountMailFacts {
  email_verification: { readonly address: string; readonly path: string; readonly hours: number };
  password_reset: { readonly path: string; readonly minutes: number; readonly address: string | null };
  invitation: { readonly by: string; readonly path: string; readonly days: number };
  welcome: { readonly by: string; readonly login: string; readonly path: string; readonly days: number };
  sign_in: Alarming & { readonly address: string; readonly agent: string };
  password_changed: By & Alarming;
  two_factor_changed: By & Alarming & { readonly on: boolean };
  recovery_codes_changed: By & Alarming;
  passkeys_changed: By & Alarming & { readonly name: string; readonly added: boolean };
  ssh_keys_changed: By & Alarming & { readonly name: string; readonly print: string; readonly added: boolean };
  identities_changed: By & Alarming & { readonly provider: string; readonly name: string; readonly added: boolean };
  emails_changed: By &
    Alarming & { readonly email: string; readonly change: 'added' | 'verified' | 'made primary' | 'removed' };
  /** `by`: an administrator, or null when the person did it. */
  account_locked: { readonly by: string | null; readonly path: string; readonly minutes: number };
  /** Until when nobody can take the name. */
  account_deleted: { readonly login: string; readonly by: string; readonly reservedUntil: UnixSeconds };
  /** `until`: nobody else can take the old name before; null where only its case changed. */
  account_renamed: {
    readonly login: string;
    readonly before: string;
    readonly by: string | null;
    readonly until: UnixSeconds | null;
    readonly isOrganization: boolean;
  };
  /** To administrators. `mailed`: whether a mail tells the owner how to go on. */
  account_locked_notice: { readonly login: string; readonly by: string; readonly mailed: boolean };
}

const IF_NOT_YOU =
  'If it was you, do nothing. If not, use the link: it ends every session, freezes your tokens, and locks the ' +
  'account until you have chosen a new password.';
const notMe = ({ alarmPath }: Alarming): { text: string; path: string } => ({
  text: 'This wasn’t me: lock my account',
  path: alarmPath,
});

export const ACCOUNT_MAILS: { readonly [K in keyof AccountMailFacts]: MailRow<AccountMailFacts[K]> } = {
  email_verification: {
    subject: () => 'Verify your e-mail address',
    says: ({ address, hours }) => [
      `Follow the link to confirm that ${address} is yours. It works once, for ${hours} hours.`,
      'If you did not ask for this, do nothing.',
    ],
    link: ({ path }) => ({ text: 'Verify the address', path }),
  },
  password_reset: {
    subject: () => 'Choose a new password',
    says: ({ minutes, address }) => [
      `Somebody${address === null ? '' : ` at ${address}`} asked for a new password for this account. Follow the ` +
        `link to choose one. It works once, for ${minutes} minutes.`,
      'If that was not you, do nothing: your password stays as it is.',
    ],
    link: ({ path }) => ({ text: 'Choose a new password', path }),
  },
  invitation: {
    subject: ({ by }) => `${by} invites you`,
    says: ({ by, days: count }) => [
      `${by} invites you to make an account here. The link works once, for ${days(count)}.`,
    ],
    link: ({ path }) => ({ text: 'Create your account', path }),
  },
  welcome: {
    subject: ({ by }) => `${by} created an account for you`,
    says: ({ by, login, days: count }) => [
      `${by} created the account ${login} for you here. Follow the link to choose your password. It works ` +
        `once, for ${days(count)}; after that an administrator can give you another.`,
      'If you don’t want an account here, do nothing.',
    ],
    link: ({ path }) => ({ text: 'Choose your password', path }),
  },
  sign_in: {
    subject: () => 'A new sign-in to your account',
    says: ({ at, address, agent }, when) => [
      `Somebody signed in to your account on ${when(at)} from ${address}, with ${agent}, a browser ` +
        `not seen before.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  password_changed: {
    subject: () => 'Your password was changed',
    says: (facts, when) => [
      `The password of your account was changed on ${when(facts.at)} ${from(facts)}. Every other ` +
        `session was ended.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  two_factor_changed: {
    subject: ({ on }) => `Two-factor authentication was turned ${on ? 'on' : 'off'}`,
    says: (facts, when) => [
      `Two-factor authentication was turned ${facts.on ? 'on' : 'off'} for your account on ` +
        `${when(facts.at)} ${from(facts)}.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  recovery_codes_changed: {
    subject: () => 'New recovery codes were made',
    says: (facts, when) => [
      `New recovery codes were made for your account on ${when(facts.at)} ${from(facts)}. The old ones ` +
        `no longer work.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  passkeys_changed: {
    subject: ({ added }) => `A passkey was ${added ? 'added' : 'removed'}`,
    says: (facts, when) => [
      `The passkey "${facts.name}" was ${facts.added ? 'added to' : 'removed from'} your account.`,
      `That was on ${when(facts.at)}, ${from(facts)}.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  ssh_keys_changed: {
    subject: ({ added }) => `An SSH key was ${added ? 'added' : 'removed'}`,
    says: (facts, when) => [
      facts.added
        ? `The SSH key "${facts.name}" (${facts.print}) was added to your account. With it, Git reaches what you can.`
        : `The SSH key "${facts.name}" (${facts.print}) was removed from your account.`,
      `That was on ${when(facts.at)}, ${from(facts)}.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  identities_changed: {
    subject: ({ provider, added }) => `Sign-in with ${provider} was ${added ? 'added' : 'removed'}`,
    says: (facts, when) => [
      facts.added
        ? `"${facts.name}" at ${facts.provider} was linked to your account, and can sign in to it from now on.`
        : `"${facts.name}" at ${facts.provider} is no longer linked to your account, and can't sign in to it.`,
      `That was on ${when(facts.at)}, ${from(facts)}.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  emails_changed: {
    subject: ({ email, change }) => `The e-mail address ${email} was ${change}`,
    says: (facts, when) => [
      `The e-mail address ${facts.email} was ${facts.change} in your account on ${when(facts.at)} ` + `${from(facts)}.`,
      IF_NOT_YOU,
    ],
    link: notMe,
  },
  account_locked: {
    subject: () => 'Your account is locked: choose a new password',
    says: ({ by, minutes }) => [
      `${by === null ? 'Your account was locked by the link of a mail' : `${by} locked your account`}, because ` +
        `somebody else may have been in it. Every session has ended, and your tokens are frozen: nothing is ` +
        `deleted.`,
      `Choose a new password with the link; it works once, for ${minutes} minutes. Then look through your ` +
        `tokens, and unlock the account.`,
    ],
    link: ({ path }) => ({ text: 'Choose a new password', path }),
  },
  account_deleted: {
    subject: ({ login }) => `Your account ${login} was deleted`,
    says: ({ login, by, reservedUntil }, when) => [
      `${by === login ? 'You' : by} deleted the account ${login}. Its tokens, keys and sessions no longer work.`,
      `Nobody else can take the name ${login} before ${when(reservedUntil)}. If this surprises you, ask an ` +
        `administrator.`,
    ],
    link: () => ({ text: 'Open Latchkey', path: '/' }),
  },
  account_renamed: {
    subject: ({ before, login }) => `${before} is called ${login} now`,
    says: ({ before, login, by, until, isOrganization }, when) => [
      `${by ?? 'An operator'} changed the name of the ${isOrganization ? 'organization' : 'account'} ${before} to ` +
        `${login}. Tokens, keys and roles work as before, and addresses with the old name lead to the new one.`,
      ...(isOrganization ? [] : [`Sign in as ${login} from now on.`]),
      ...(until === null
        ? []
        : [
            `Nobody else can take the name ${before} before ${when(until)}. Change it in scripts and remotes ` +
              'until then: whoever takes it later gets what is sent there.',
          ]),
    ],
    link: ({ login }) => ({ text: `Open ${login}`, path: `/${login}` }),
  },
  account_locked_notice: {
    subject: ({ login }) => `The account ${login} is locked`,
    says: ({ login, by, mailed }) => [
      (by === login
        ? `Somebody who reads a mail address of ${login} said "This wasn't me" and locked the account.`
        : `${by} locked the account ${login}.`) + ' Its sessions have ended, its tokens are frozen.',
      mailed
        ? 'Its owner was mailed a link for a new password. There is nothing to do, unless they ask you.'
        : 'No mail leads its owner on, since the primary address is new or not verified. Make sure who asks, then ' +
          'give them a password link.',
    ],
    link: () => ({ text: 'See people', path: '/instance/people' }),
  },
};
