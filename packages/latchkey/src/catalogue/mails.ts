/**
 * Every mail that the server writes, as data (those about the account itself are in `account-mails.ts`): the subject,
 * the text, and the one link that matters.
 *
 * Invariant: a mail says who it is for, what happened, when and from where if known, and what to do if it wasn't
 * them.
 * Invariant: text that people typed appears as it is in plain text and escaped in HTML; a subject is one line.
 * Never: a token's text. Only `email_verification`, `password_reset`, `account_locked`, `invitation` and `welcome` have
 * a secret that opens something: their one-time link. "This wasn't me" only takes away.
 */

import { mailedInstant, type UnixSeconds, zoneWords } from '../base/time.ts';
import { ACCOUNT_MAILS, type AccountMailFacts } from './account-mails.ts';
import { type By, days, from, type MailReader, type MailRow } from './mail-row.ts';
import { htmlOf, oneLine } from './mail-text.ts';
import { linesOfRequests, type Reasoned, reasonLines, requestsWaitingWords, tokenEndingWords } from './mail-words.ts';
import { PUSH_MAILS, type PushMailFacts } from './push-mails.ts';
import { listed } from './refusals/links.ts';

/** A token as mails speak of it. `path` is its page: `/settings/personal-access-tokens/7`. */
export interface MailedToken {
  readonly name: string;
  readonly lastEight: string;
  readonly path: string;
}

interface About {
  readonly token: MailedToken;
}
interface Able extends About {
  /** What it can do now, in sentences. */
  readonly right: string;
}
/** The facts each mail is made of. A kind is an API of the outbox: never rename one. */
export interface MailFacts extends AccountMailFacts, PushMailFacts {
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
  requests_waiting: {
    readonly organization: string;
    readonly path: string;
    readonly requests: readonly { readonly login: string; readonly tokenName: string }[];
    readonly total: number;
  };
  /** They waited when `by` switched approval off, and are granted. */
  requests_admitted: MailFacts['requests_waiting'] & { readonly by: string };
  /** `said`: what git says about it. */
  repository_damaged: { readonly repository: string; readonly said: string };
  /** The person who asked wants an answer; `tokens` wait, the longest since `since`. */
  requests_reminder: {
    readonly organization: string;
    readonly path: string;
    readonly login: string;
    readonly tokens: readonly string[];
    readonly since: UnixSeconds;
  };
}

export type MailTemplate = keyof MailFacts;

const SECURITY_LOG = '/settings/security-log';
const NOT_YOU = 'If that was not you, delete the token and change your password.';
const called = ({ token }: About): string => `"${token.name}" (…${token.lastEight})`;
const page =
  (text: string) =>
  ({ token }: About): { text: string; path: string } => ({ text, path: token.path });
const ROWS: { readonly [K in MailTemplate]: MailRow<MailFacts[K]> } = {
  token_created: {
    subject: ({ token }) => `A personal access token was created: ${token.name}`,
    says: (facts) => [`The personal access token ${called(facts)} was created ${from(facts)}.`, facts.right, NOT_YOU],
    link: page('See what it can do'),
  },
  token_regenerated: {
    subject: ({ token }) => `A personal access token was regenerated: ${token.name}`,
    says: (facts) => [`The personal access token ${called(facts)} has a new value, made ${from(facts)}.`, NOT_YOU],
    link: page('See the token'),
  },
  token_ending: {
    subject: ({ token, daysLeft }) => `Your personal access token ${tokenEndingWords(token.name, daysLeft)}`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ends on ${when(facts.endsAt)}, in ${days(facts.daysLeft)}.`,
      'Whatever still uses it then will be refused. Regenerate it to go on: it keeps its name and its rights.',
    ],
    link: page('Regenerate the token'),
  },
  token_ended: {
    subject: ({ token }) => `Your personal access token ${token.name} has ended`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ended on ${when(facts.endedAt)}. Whatever still uses ` +
        `it is refused.`,
      'If it is still needed, regenerate it: it keeps its name and its rights.',
    ],
    link: page('Regenerate the token'),
  },
  token_unused: {
    subject: ({ token }) => `Your personal access token ${token.name} will be removed: nobody uses it`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} ` +
        `${facts.lastUsedAt === null ? 'was never used' : `was last used on ${when(facts.lastUsedAt)}`}. ` +
        `It will be removed after ${when(facts.endsAt)}.`,
      'To keep it, use it once, or regenerate it. Otherwise there is nothing to do.',
    ],
    link: page('See the token'),
  },
  token_restored: {
    subject: ({ token }) => `Your personal access token ${token.name} works again`,
    says: (facts) => [
      `The personal access token ${called(facts)}, which was removed because nobody used it, was brought back by ` +
        `${facts.by}.`,
      facts.right,
      'If you don’t need it, delete it.',
    ],
    link: page('See the token'),
  },
  token_confirmed: {
    subject: ({ token }) => `Your personal access token ${token.name} works again`,
    says: (facts) => [
      `The personal access token ${called(facts)}, which was revoked because the server was restored from a backup, ` +
        `was brought back by ${facts.by}.`,
      facts.right,
      'It is as it was when the backup was made. If you had changed or deleted it since, do so again.',
    ],
    link: page('See the token'),
  },
  token_disused: {
    subject: ({ token }) => `Your personal access token ${token.name} was removed: nobody used it`,
    says: (facts, when) => [
      `The personal access token ${called(facts)} was removed, because it ` +
        `${facts.lastUsedAt === null ? 'was never used' : `was last used on ${when(facts.lastUsedAt)}`}.`,
      'There is nothing to do. If it is still needed, an administrator can bring it back; or create another.',
    ],
    link: () => ({ text: 'See your tokens', path: '/settings/personal-access-tokens' }),
  },
  token_leaked: {
    subject: () => 'Action needed: Personal access token was revoked',
    says: (facts) => [
      `The personal access token ${called(facts)} was found ` +
        `${facts.where === null ? 'by somebody who reported it' : `in ${facts.where}`}, where others could read ` +
        `it. It was revoked at once.`,
      'Create another for whatever used it, and look at the log for what was done with it.',
    ],
    link: () => ({ text: 'See your security log', path: SECURITY_LOG }),
  },
  token_revoked: {
    subject: ({ token }) => `Your personal access token ${token.name} was revoked`,
    says: (facts) => [
      `The personal access token ${called(facts)} was revoked by ${facts.by}. Whatever used it is refused.`,
      ...reasonLines(facts),
    ],
    link: page('See the token'),
  },
  token_approved: {
    subject: ({ token, organization }) => `${organization} approved your personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} approved the personal access token ${called(facts)} for ${facts.organization}.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  token_denied: {
    subject: ({ token, organization }) => `${organization} denied your personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} denied the personal access token ${called(facts)} for ${facts.organization}.`,
      ...reasonLines(facts),
      facts.right,
    ],
    link: page('Change the token and ask again'),
  },
  token_admitted: {
    subject: ({ token, organization }) => `${organization} needs no approval any more: ${token.name} waits no longer`,
    says: (facts) => [
      `The personal access token ${called(facts)} waited for approval by ${facts.organization}. None is needed there ` +
        `since ${facts.by} changed the policy: what it asked for is granted.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  access_revoked: {
    subject: ({ token, organization }) =>
      `${organization} revoked the access of your personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} revoked what the personal access token ${called(facts)} could reach in ` +
        `${facts.organization}. The token itself still lives.`,
      ...reasonLines(facts),
    ],
    link: page('See the token'),
  },
  access_restored: {
    subject: ({ token, organization }) =>
      `${organization} restored the access of your personal access token ${token.name}`,
    says: (facts) => [
      `${facts.by} restored what the personal access token ${called(facts)} could reach in ` + `${facts.organization}.`,
      facts.right,
    ],
    link: page('See what it can do'),
  },
  old_secret_used: {
    subject: ({ token }) => `Someone used an old secret of your personal access token ${token.name}`,
    says: (facts, when) => [
      `A value of the personal access token ${called(facts)} that was replaced on ` +
        `${when(facts.replacedAt)} was used from ${facts.address} (${facts.purpose}). It was refused.`,
      'Either something of yours still has the old value, or somebody found it.',
    ],
    link: page('See the token'),
  },
  requests_waiting: {
    subject: ({ organization, total }) => requestsWaitingWords(total, organization),
    says: (facts) => [
      `${facts.total === 1 ? 'A personal access token waits' : `${facts.total} personal access tokens wait`} ` +
        `for an owner of ${facts.organization} to approve or deny:`,
      ...linesOfRequests(facts),
    ],
    link: ({ path }) => ({ text: 'Review the requests', path }),
  },
  requests_admitted: {
    subject: ({ organization, total }) =>
      `${organization} needs no approval any more: ${total === 1 ? '1 request was' : `${total} requests were`} granted`,
    says: (facts) => [
      `${facts.by} changed the policy of tokens: ${facts.organization} requires no approval any more. What waited is ` +
        'granted:',
      ...linesOfRequests(facts),
      'Revoke what should not reach the organization.',
    ],
    link: ({ path }) => ({ text: 'See the tokens', path }),
  },
  requests_reminder: {
    subject: ({ organization, login }) => `${login} asks for your approval in ${organization}`,
    says: ({ organization, login, tokens, since }, when) => [
      `${login} reminds you: ${tokens.length === 1 ? 'a token waits' : `${tokens.length} tokens wait`} for an ` +
        `owner of ${organization} to approve or deny, since ${when(since)}: ` +
        `${listed(tokens.map((name) => `"${name}"`))}.`,
      'Until then, what they ask for doesn’t work. A reminder comes once a day at most.',
    ],
    link: ({ path }) => ({ text: 'Review the requests', path }),
  },
  repository_damaged: {
    subject: ({ repository }) => `The repository ${repository} is damaged on the server`,
    says: ({ repository, said }) => [
      `A look through the files of ${repository} found damage. Git says: ${said}`,
      'Put its folder back from a backup, or push from a clone that has everything; latchkey admin check checks again.',
    ],
    link: () => ({ text: 'See the health of the server', path: '/instance/health' }),
  },
  ...ACCOUNT_MAILS,
  ...PUSH_MAILS,
};

/** A mail as it is stored in the outbox. */
export interface WrittenMail {
  /** One line, at most `MAX_SUBJECT_LENGTH` characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const MAX_SUBJECT_LENGTH = 200;

/**
 * Writes a mail.
 * @param publicUrl the instance's address without a slash at the end
 */
export function writeMail<K extends MailTemplate>(
  publicUrl: string,
  { login, timeZone }: MailReader,
  template: K,
  facts: MailFacts[K],
): WrittenMail {
  const row: MailRow<MailFacts[K]> = ROWS[template];
  const { text, path } = row.link(facts);
  const hello = login === null ? 'Hello,' : `Hello ${login},`;
  const words = zoneWords(timeZone);
  const host = publicUrl.replace(/^[a-z]+:\/\//, '');
  const paragraphs = [hello, ...row.says(facts, (at) => mailedInstant(words, at))].map(oneLine);
  const closing = `This mail comes from Latchkey at ${host}.`;
  return {
    subject: oneLine(row.subject(facts)).slice(0, MAX_SUBJECT_LENGTH),
    text: [...paragraphs, `${text}:\n${publicUrl}${path}`, `-- \n${closing}`].join('\n\n') + '\n',
    html: htmlOf(paragraphs, { text, url: publicUrl + path }, closing),
  };
}
