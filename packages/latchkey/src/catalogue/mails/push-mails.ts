/** Mails about pushes that wait for somebody: what would happen, and the page on which it is approved or denied. */
import type { UnixSeconds } from '../../base/time.ts';
import type { MailRow } from './mail-row.ts';

/** The facts each mail is made of. A kind is an API of the outbox: never rename one. */
export interface PushMailFacts {
  push_waiting: {
    readonly token: string;
    /** The account that holds the token, with its agent. */
    readonly by: string;
    readonly address: string;
    /** `push to main` */
    readonly deed: string;
    readonly repository: string;
    /** Short object ids; null = no value. */
    readonly from: string | null;
    readonly to: string | null;
    /** Subjects of the first commits. */
    readonly commits: readonly string[];
    /** How many commits, files and lines, in a sentence. */
    readonly changes: string;
    readonly path: string;
    readonly until: UnixSeconds;
  };
}

export const PUSH_MAILS: { readonly [K in keyof PushMailFacts]: MailRow<PushMailFacts[K]> } = {
  push_waiting: {
    subject: ({ token, deed, repository }) => `"${token}" asks for your approval: ${deed} in ${repository}`,
    says: (facts, when) => [
      `The token "${facts.token}" of ${facts.by} wants to ${facts.deed} in ${facts.repository}, from ` +
        `${facts.from ?? 'nothing'} to ${facts.to ?? 'nothing'}. It was pushed from ${facts.address}, and refused.`,
      ...facts.commits.map((subject) => `• ${subject}`),
      facts.changes,
      `To let just this happen, once, approve it before ${when(facts.until)}. If you don’t expect it, deny ` +
        `it, and check the token.`,
    ],
    link: ({ path }) => ({ text: 'See what it would do, and approve or deny it', path }),
  },
};
