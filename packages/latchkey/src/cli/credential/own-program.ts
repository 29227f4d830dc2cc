/** This program as others call it: git as its helper, and the doctor for a repair. */
import { isSea } from 'node:sea';

/** The words that start this program again: Node and the script, or the executable that contains both. */
export function ownWords(): readonly [program: string, ...args: string[]] {
  return isSea() ? [process.execPath] : [process.execPath, process.argv[1] ?? ''];
}

/**
 * True when a git helper calls us, as written in the configuration or in git's trace: by name, by the name of a
 * downloaded executable, or by the script.
 */
export function callsUs(helper: string): boolean {
  return /(?:^|[\s/\\!"'])(?:latchkey(?:-\w+-\w+)?(?:\.\w+)?|cli[/\\]main\.[jt]s)["'\\]*(?:\s+credential\b|$)/.test(
    helper,
  );
}
