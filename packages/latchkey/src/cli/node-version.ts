/** Whether this Node can run Latchkey. */

/** The oldest major version with what Latchkey needs: `node:sqlite` without a flag, `zlib.crc32`, `crypto.hash`. */
export const OLDEST_NODE = 24;

/** The message for a person whose Node (`24.1.0`) is too old, or null when it isn't. */
export function nodeComplaint(version: string): string | null {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return null;
  return [
    `error: latchkey needs Node.js ${OLDEST_NODE} or later, and this is ${version}`,
    'hint: in a checkout, `npm run -s latchkey -- …` uses the one that `npm ci` brought; elsewhere, see ' +
      'https://nodejs.org/download',
  ].join('\n');
}
