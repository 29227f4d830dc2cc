/** Where to go after signing in: one of our own paths that was asked for, and nothing else. */

/**
 * The path if it is one of ours, otherwise the start page. `//host` and `/\host` are not ours: browsers take them for
 * another site.
 */
export function returnPath(asked: string | null, otherwise = '/'): string {
  if (asked === null || !/^\/(?![/\\])/.test(asked) || /[\u0000-\u001f\\]/.test(asked)) return otherwise;
  return /^\/(?:login|logout|sudo)(?:[/?]|$)/.test(asked) ? otherwise : asked;
}
