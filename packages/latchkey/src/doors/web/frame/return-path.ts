/** Where to go after signing in: one of our own paths that was asked for, and nothing else. */

/** The way to a session and away from one: nobody should be led there after signing in. */
const WAY_OF_SESSIONS = /^\/(?:login(?!\/(?:device|oauth)(?:[/?]|$))|logout|sudo)(?:[/?]|$)/;

/**
 * The path if it is one of ours, otherwise the start page. `//host` and `/\host` are not ours: browsers take them for
 * another site.
 */
export function returnPath(asked: string | null, otherwise = '/'): string {
  if (asked === null || !/^\/(?![/\\])/.test(asked) || /[\u0000-\u001f\\]/.test(asked)) return otherwise;
  return WAY_OF_SESSIONS.test(asked) ? otherwise : asked;
}
