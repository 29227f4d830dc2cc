/** Why somebody did something that ends what others use: in their words, for the log and for whoever it hits. */
import { problem } from '../../base/errors.ts';

/** Longest reason, in characters: GitHub's. */
export const MAX_REASON_LENGTH = 1024;

/** A reason as it goes into an entry of the log; without one, nothing. */
export interface Because {
  readonly reason?: string;
}

/** @throws Problem when it is too long */
export function reasonGiven(text: string | undefined): Because {
  const reason = text?.trim() ?? '';
  if (reason.length > MAX_REASON_LENGTH)
    throw problem('invalid', `A reason has at most ${MAX_REASON_LENGTH} characters.`, 'reason');
  return reason === '' ? {} : { reason };
}
