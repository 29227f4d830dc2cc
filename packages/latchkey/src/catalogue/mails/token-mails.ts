/**
 * The mails about one token: to the person whose it is, or to those who answer for the machine account that has it.
 *
 * Invariant: whose token it is stands first in a subject, so that a token's name can't pass for another's.
 */
import type { UnixSeconds } from '../../base/time.ts';
import { type By, days, from, type MailRow } from './mail-row.ts';
import { type Reasoned, reasonLines, tokenEndingWords } from './mail-words.ts';

/** A token as mails speak of it. `path` is its page: `/settings/personal-access-tokens/7`. */
export interface MailedToken {
  readonly name: string;
  readonly lastEight: string;
  readonly path: string;
  /** Whose it is, when the mail goes to those who answer for a machine account. */
  readonly machine?: string;
}

interface About {
  readonly token: MailedToken;
}
interface Able extends About {
  /** What it can do now, in sentences. */
  readonly right: string;
}
export interface TokenMailFacts {
  token_created: Able & By;
  token_regenerated: About & By;
  token_ending: About & { readonly daysLeft: number; readonly endsAt: UnixSeconds };
  token_ended: About & { readonly endedAt: UnixSeconds };
  /** It will end because it isn't used. */
  token_unused: About & { readonly lastUsedAt: UnixSeconds | null; readonly endsAt: UnixSeconds };
  token_disused: About & { readonly lastUsedAt: UnixSeconds | null };
  token_restored: Able & { readonly by: string };
  /** The restoration of a backup had ended it. */
  token_confirmed: Able & { readonly by: string };
  /** `where`: `acme/site at src/app.ts:3`, or null when somebody reported it. */
  token_leaked: About & { readonly where: string | null };
  token_revoked: About & Reasoned & { readonly by: string };
  /** `right`, here and in the next: with the organization alone. */
  token_approved: Able & { readonly organization: string; readonly by: string };
  token_denied: Able & { readonly organization: string; readonly by: string; readonly reason: string | null };
  /** An organization took its access back; the token still lives. */
  access_revoked: About & Reasoned & { readonly organization: string; readonly by: string };
  /** The organization requires no approval any more. */
  token_admitted: Able & { readonly organization: string; readonly by: string };
  access_restored: Able & { readonly organization: string; readonly by: string };
  old_secret_used: About & { readonly replacedAt: UnixSeconds; readonly address: string; readonly purpose: string };
}

/** Mails about one token. */
export type TokenMail = keyof TokenMailFacts;

const SECURITY_LOG = '/settings/security-log';
const ifNotYou = ({ token }: About): string =>
  token.machine === undefined
    ? 'If that was not you, delete the token and change your password.'
    : 'If nobody who answers for the machine account meant that, revoke the token.';
/** In a subject the machine stands first, so that the name of a token can't pass for another's. */
const whose = ({ machine }: MailedToken, yours: 'Your' | 'your'): string =>
  machine === undefined ? yours : `${machine}’s`;
const ofMachine = ({ machine }: MailedToken): string => (machine === undefined ? '' : `of ${machine} `);
const called = ({ token }: About): string => `"${token.name}" (…${token.lastEight}) ${ofMachine(token)}`.trimEnd();
const page =
  (text: string) =>
  ({ token }: About): { text: string; path: string } => ({ text, path: token.path });

export const TOKEN_MAILS: { readonly [K in TokenMail]: MailRow<TokenMailFacts[K]> } = {
  token_created: {
    subject: ({ token }) => `A personal access token ${ofMachine(token)}was created: ${token.name}`,
    says: (facts) => [
      `The personal access token ${called(facts)} was created ${from(facts)}.`,
      facts.right,
      ifNotYou(facts),
    ],
    link: page('See what it can do'),
  },
  token_regenerated: {
    subject: ({ token }) => `A personal access token ${ofMachine(token)}was regenerated: ${token.name}`,
    says: (facts) => [
      `The personal access token ${called(facts)} has a new secret, made ${from(facts)}.`,
      ifNotYou(facts),
    ],
    link: page('See the token'),
  },
  token_ending: {
    subject: ({ token, daysLeft }) =>
      `${whose(token, 'Your')} personal access token ${tokenEndingWords(token.name, daysLeft)}`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ends on ${when(facts.endsAt)}, in ${days(facts.daysLeft)}.`,
      'Whatever still uses it then will be refused. Regenerate it to go on: it keeps its name and its rights.',
    ],
    link: page('Regenerate the token'),
  },
  token_ended: {
    subject: ({ token }) => `${whose(token, 'Your')} personal access token ${token.name} has ended`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ended on ${when(facts.endedAt)}. Whatever still uses ` +
        `it is refused.`,
      'If it is still needed, regenerate it: it keeps its name and its rights.',
    ],
    link: page('Regenerate the token'),
  },
  token_unused: {
    subject: ({ token }) =>
      `${whose(token, 'Your')} personal access token ${token.name} will be removed: nobody uses it`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ` +
        `${facts.lastUsedAt === null ? 'was never used' : `was last used on ${when(facts.lastUsedAt)}`}. ` +
        `It will be removed after ${when(facts.endsAt)}.`,
      'To keep it, use it once, or regenerate it. Otherwise there is nothing to do.',
    ],
    link: page('See the token'),
  },
  token_restored: {
    subject: ({ token }) => `${whose(token, 'Your')} personal access token ${token.name} works again`,
    says: (facts) => [
      `The personal access token ${called(facts)}, which was removed because nobody used it, was brought back by ` +
        `${facts.by}.`,
      facts.right,
      'If you don’t need it, delete it.',
    ],
    link: page('See the token'),
  },
  token_confirmed: {
    subject: ({ token }) => `${whose(token, 'Your')} personal access token ${token.name} works again`,
    says: (facts) => [
      `The personal access token ${called(facts)}, which was revoked because the server was restored from a backup, ` +
        `was brought back by ${facts.by}.`,
      facts.right,
      'It is as it was when the backup was made. If you had changed or deleted it since, do so again.',
    ],
    link: page('See the token'),
  },
  token_disused: {
    subject: ({ token }) => `${whose(token, 'Your')} personal access token ${token.name} was removed: nobody used it`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} was removed, because it ` +
        `${facts.lastUsedAt === null ? 'was never used' : `was last used on ${when(facts.lastUsedAt)}`}.`,
      'There is nothing to do. If it is still needed, an administrator can bring it back; or create another.',
    ],
    link: ({ token }) =>
      token.machine === undefined
        ? { text: 'See your tokens', path: '/settings/personal-access-tokens' }
        : { text: 'See the token', path: token.path },
  },
  token_leaked: {
    subject: () => 'Action needed: Personal access token was revoked',
    says: (facts) => [
      `The personal access token ${called(facts)} was found ` +
        `${facts.where === null ? 'by somebody who reported it' : `in ${facts.where}`}, where others could read ` +
        `it. It was revoked at once.`,
      'Create another for whatever used it, and look at the log for what was done with it.',
    ],
    link: ({ token }) =>
      token.machine === undefined
        ? { text: 'See your security log', path: SECURITY_LOG }
        : { text: 'See the token', path: token.path },
  },
  token_revoked: {
    subject: ({ token }) => `${whose(token, 'Your')} personal access token ${token.name} was revoked`,
    says: (facts) => [
      `The personal access token ${called(facts)} was revoked by ${facts.by}. Whatever used it is refused.`,
      ...reasonLines(facts),
    ],
    link: page('See the token'),
  },
  token_approved: {
    subject: ({ token, organization }) =>
      `${organization} approved ${whose(token, 'your')} personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} approved the personal access token ${called(facts)} for ${facts.organization}.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  token_denied: {
    subject: ({ token, organization }) =>
      `${organization} denied ${whose(token, 'your')} personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} denied the personal access token ${called(facts)} for ${facts.organization}.`,
      ...reasonLines(facts),
      facts.right,
    ],
    link: page('Change the token and ask again'),
  },
  token_admitted: {
    subject: ({ token, organization }) => `${organization} no longer requires approval: ${token.name} was granted`,
    says: (facts) => [
      `The personal access token ${called(facts)} waited for approval by ${facts.organization}. None is needed there ` +
        `since ${facts.by} changed the policy: what it asked for is granted.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  access_revoked: {
    subject: ({ token, organization }) =>
      `${organization} revoked the access of ${whose(token, 'your')} personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} revoked what the personal access token ${called(facts)} could reach in ` +
        `${facts.organization}. The token itself was not revoked.`,
      ...reasonLines(facts),
    ],
    link: page('See the token'),
  },
  access_restored: {
    subject: ({ token, organization }) =>
      `${organization} restored the access of ${whose(token, 'your')} personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} restored what the personal access token ${called(facts)} could reach in ` + `${facts.organization}.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  old_secret_used: {
    subject: ({ token }) => `Someone used an old secret of ${whose(token, 'your')} personal access token ${token.name}`,
    says: (facts, when) => [
      `A secret of the personal access token ${called(facts)} that was replaced on ` +
        `${when(facts.replacedAt)} was used from ${facts.address} (${facts.purpose}). It was refused.`,
      'Either something of yours still has the old secret, or somebody found it.',
    ],
    link: page('See the token'),
  },
};
