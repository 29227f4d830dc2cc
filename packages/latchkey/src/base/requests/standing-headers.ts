/** Headers on every answer, whichever door gives it, early errors included. A door may say more, but not less. */

/** No answer is anything but what it says it is, and none is a page that may load or be put into a frame. */
export const STANDING = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** The same for answers whose headers are a list. */
export const STANDING_LIST: readonly string[] = Object.entries(STANDING).flat();

/** The same for answers that are written by hand, a line each. */
export const STANDING_LINES: readonly string[] = Object.entries(STANDING).map(([name, value]) => `${name}: ${value}`);

/**
 * What browsers are told where the host speaks HTTPS: that it, and what is below it, speaks nothing else. Null where it
 * does not.
 */
export function strictTransport(publicUrl: string): string | null {
  return publicUrl.startsWith('https:') ? 'max-age=31536000; includeSubDomains' : null;
}
