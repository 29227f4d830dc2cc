/** This program as others call it: git as its helper, and the doctor for a repair. */
import { isSea } from 'node:sea';

/** The words that start it again: Node and the script, or the executable that holds both. */
export function ownWords(): readonly [program: string, ...args: string[]] {
  return isSea() ? [process.execPath] : [process.execPath, process.argv[1] ?? ''];
}

/**
 * True when a helper of git's calls us, as it is written in the configuration or in git's trace: by name, by the name
 * that an executable was downloaded with, or by the script.
 */
export function callsUs(helper: string): boolean {
  return /(?:^|[\s/\\!"'])(?:latchkey(?:-\w+-\w+)?(?:\.\w+)?|cli[/\\]main\.[jt]s)["'\\]*(?:\s+credential\b|$)/.test(
    helper,
  );
}
