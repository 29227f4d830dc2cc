/**
 * Every mail that the server writes, as data: the subject, the text, and the one link that matters. Those about an
 * account, a token or a push are in files of their own.
 *
 * Invariant: a mail says who it is for, what happened, when and from where if known, and what to do if it wasn't
 * them.
 * Invariant: text that people typed appears as it is in plain text and escaped in HTML; a subject is one line.
 * Never: a token's text. Only `email_verification`, `password_reset`, `account_locked`, `invitation` and `welcome` have
 * a secret that opens something: their one-time link. "This wasn't me" only takes away.
 */

import { mailedInstant, partsOf, type UnixSeconds, type ZoneWords, zoneWords } from '../../base/time.ts';
import { listed } from '../refusals/links.ts';
import { ACCOUNT_MAILS, type AccountMailFacts } from './account-mails.ts';
import type { MailReader, MailRow } from './mail-row.ts';
import { htmlOf, oneLine } from './mail-text.ts';
import { linesOfRequests, requestsWaitingWords } from './mail-words.ts';
import { PUSH_MAILS, type PushMailFacts } from './push-mails.ts';
import { TOKEN_MAILS, type TokenMailFacts } from './token-mails.ts';

/** The facts each mail is made of. A kind is an API of the outbox: never rename one. */
export interface MailFacts extends AccountMailFacts, PushMailFacts, TokenMailFacts {
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

const ROWS: { readonly [K in MailTemplate]: MailRow<MailFacts[K]> } = {
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
      `${organization} no longer requires approval: ` +
      `${total === 1 ? '1 request was' : `${total} requests were`} granted`,
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
      `A check of ${repository} found damaged files. Git says: ${said}`,
      'Put its folder back from a backup, or push from a clone that has everything; then run latchkey admin check.',
    ],
    link: () => ({ text: 'See the health of the server', path: '/instance/health' }),
  },
  ...ACCOUNT_MAILS,
  ...PUSH_MAILS,
  ...TOKEN_MAILS,
};

/** A mail as it is stored in the outbox. */
export interface WrittenMail {
  /** One line, at most `MAX_SUBJECT_LENGTH` characters. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const MAX_SUBJECT_LENGTH = 200;
/** Whoever has the machine, as the log names them; nobody's account. */
const OPERATOR_LOGIN = 'operator';

/** A sentence may begin with who did it. */
const capital = (sentence: string): string => sentence.replace(/^the operator\b/, 'The operator');

/** The facts in words: who did it, and the instants in a token's sentence in the reader's zone. */
function spokenTo<Facts extends object>(words: ZoneWords, facts: Facts): Facts {
  const by = 'by' in facts && facts.by === OPERATOR_LOGIN ? { by: 'the operator' } : {};
  const told = (part: string | UnixSeconds): string => (typeof part === 'string' ? part : mailedInstant(words, part));
  const right =
    'right' in facts && typeof facts.right === 'string' ? { right: partsOf(facts.right).map(told).join('') } : {};
  return { ...facts, ...by, ...right };
}

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
  const spoken = spokenTo(words, facts);
  const host = publicUrl.replace(/^[a-z]+:\/\//, '');
  const paragraphs = [hello, ...row.says(spoken, (at) => mailedInstant(words, at))].map((each) =>
    capital(oneLine(each)),
  );
  const closing =
    login === null
      ? `This mail comes from Latchkey at ${host}.`
      : `Latchkey at ${host} sent this to the account ${login}.`;
  return {
    subject: capital(oneLine(row.subject(spoken))).slice(0, MAX_SUBJECT_LENGTH),
    text: [...paragraphs, `${text}:\n${publicUrl}${path}`, `-- \n${closing}`].join('\n\n') + '\n',
    html: htmlOf(paragraphs, { text, url: publicUrl + path }, closing),
  };
}
