/** What `latchkey check` says about one part of an installation. */

/** `warn`: it works, and something should be done. `skip`: it can't be known, or there is nothing to look at. */
type InstallationState = 'ok' | 'warn' | 'fail' | 'skip';

/** What a look saw. Never a secret in it. */
export interface Seen {
  readonly state: InstallationState;
  /** In the voice of the terminal: no capital, no full stop. */
  readonly found: string;
  /** What to do; null when nothing is to be done. */
  readonly hint: string | null;
}

export interface InstallationFinding extends Seen {
  readonly name: string;
}

export const ok = (found: string): Seen => ({ state: 'ok', found, hint: null });
export const skip = (found: string): Seen => ({ state: 'skip', found, hint: null });
export const warn = (found: string, hint: string): Seen => ({ state: 'warn', found, hint });
export const fail = (found: string, hint: string): Seen => ({ state: 'fail', found, hint });
