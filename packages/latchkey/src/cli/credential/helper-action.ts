/**
 * What git may ask a credential helper to do. In its own file, so that the fast path to the helper loads nothing
 * else.
 */
export const HELPER_ACTIONS = ['get', 'store', 'erase', 'capability'] as const;
export type HelperAction = (typeof HELPER_ACTIONS)[number];

/** The action in a command line that git wrote: `credential get`; null for every other command line. */
export function helperActionOf(args: readonly string[]): HelperAction | null {
  return args.length === 2 && args[0] === 'credential'
    ? (HELPER_ACTIONS.find((action) => action === args[1]) ?? null)
    : null;
}
