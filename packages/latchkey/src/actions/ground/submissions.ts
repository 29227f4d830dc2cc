/**
 * Forms that must do their work once, however often they are sent. Identified by a digest of the sender's secret and
 * the form's number.
 */
import { digestOf, type Secret } from '../../base/secret.ts';
import { beginSubmission, cancelSubmission, endSubmission, submissionLocation } from '../../store/form-submissions.ts';
import type { Context } from './context.ts';

const keyOf = (sender: Secret, nonce: Secret): string => digestOf(`${sender.reveal()} ${nonce.reveal()}`);

/** True for the first submission. */
export function beginOnce({ store, clock }: Context, sender: Secret, nonce: Secret): Promise<boolean> {
  return beginSubmission(store.db, keyOf(sender, nonce), clock.now());
}

/** Where the first submission led; null while it runs, undefined when there is none. */
export function onceLocation({ store }: Context, sender: Secret, nonce: Secret): Promise<string | null | undefined> {
  return submissionLocation(store.db, keyOf(sender, nonce));
}

export function endOnce({ store }: Context, sender: Secret, nonce: Secret, location: string): Promise<void> {
  return endSubmission(store.db, keyOf(sender, nonce), location);
}

/** It could not be carried out, so it may be sent again. */
export function cancelOnce({ store }: Context, sender: Secret, nonce: Secret): Promise<void> {
  return cancelSubmission(store.db, keyOf(sender, nonce));
}
