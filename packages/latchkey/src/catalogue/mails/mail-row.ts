/** How a mail is written down, and words that many of them share. */
import type { UnixSeconds } from '../../base/time.ts';

/** Who did it, and from where; null when unknown. */
export interface By {
  readonly by: string;
  readonly address: string | null;
}

/** Who reads a mail; nulls for somebody without an account. */
export interface MailReader {
  readonly login: string | null;
  readonly timeZone: string | null;
}

/** An instant in the recipient's zone, with UTC beside it. */
type When = (at: UnixSeconds) => string;

export interface MailRow<Facts> {
  readonly subject: (facts: Facts) => string;
  /** Paragraphs in plain text. */
  readonly says: (facts: Facts, when: When) => readonly string[];
  /** The one link: its text and its path on this instance. */
  readonly link: (facts: Facts) => { readonly text: string; readonly path: string };
}

/** `by ada from 192.0.2.1`. */
export const from = ({ by, address }: By): string => `by ${by}${address === null ? '' : ` from ${address}`}`;
/** `1 day`, `7 days`. */
export const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);
