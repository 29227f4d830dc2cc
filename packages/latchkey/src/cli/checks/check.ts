/**
 * What a check of the doctor is.
 *
 * Checks look for themselves: git's own answers, plain HTTP, files on disk. They don't use the helper's or the
 * commands' code for what they diagnose, because that may be what is broken.
 * Never: a secret in `found` or `command`.
 */
import type { Subject } from './subject.ts';

export type CheckState = 'ok' | 'warn' | 'fail' | 'skip';

/** What a check found. */
export interface Finding {
  readonly state: CheckState;
  /** In the voice of the terminal: no capital, no full stop. */
  readonly found: string;
  /** A line to paste that fixes it, or leads on; an address is one to open. */
  readonly command?: string;
  /** What `--fix` runs, after asking: a program with arguments, and its input. Only what can be undone. */
  readonly repair?: { readonly program: string; readonly args: readonly string[]; readonly input?: string };
}

export interface Check {
  readonly name: string;
  /** Null when it can run; otherwise why it can't, in words. */
  readonly cannotRun?: (subject: Subject) => string | null;
  readonly run: (subject: Subject) => Promise<Finding>;
}

export const ok = (found: string): Finding => ({ state: 'ok', found });
export const warn = (found: string, command?: string): Finding => ({
  state: 'warn',
  found,
  ...(command === undefined ? {} : { command }),
});
export const fail = (found: string, command?: string): Finding => ({
  state: 'fail',
  found,
  ...(command === undefined ? {} : { command }),
});
export const skip = (found: string): Finding => ({ state: 'skip', found });

/** A failure that `--fix` can fix with one git command, which is also the line to paste. */
export function mendable(state: 'warn' | 'fail', found: string, args: readonly string[]): Finding {
  return { state, found, command: ['git', ...args].map(shellWord).join(' '), repair: { program: 'git', args } };
}

/** A word quoted for a shell. */
export function shellWord(word: string): string {
  return /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
