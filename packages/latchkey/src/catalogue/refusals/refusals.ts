/**
 * Every no, as data: reason code, words, remedy, and whether strangers may see it.
 *
 * Sentences are templates over the facts of `explain`. Each door adds its status and form in its own table,
 * exhaustive over `Reason`, and keeps the words that clients of its dialect match on to itself.
 * Invariant: sentence and remedy fit in four lines of a terminal; the remedy ends in a URL or a command.
 */
import { ACCESS_REFUSALS } from './access.ts';
import { CREDENTIAL_REFUSALS } from './credential.ts';
import type { Reason, RefusalEntry } from './refusal.ts';

export type { Reason, RefusalEntry, RefusalFacts } from './refusal.ts';

export const REFUSALS: Readonly<Record<Reason, RefusalEntry>> = { ...CREDENTIAL_REFUSALS, ...ACCESS_REFUSALS };

/** Every reason code, in the order of the troubleshooting page. */
export const REASONS = Object.keys(REFUSALS) as readonly Reason[];
