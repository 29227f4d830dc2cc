/** Headers on every answer, whichever door gives it, early errors included. A door may say more, but not less. */

/** No browser may guess the type of an answer, load things into it as a page, or put it into a frame. */
export const STANDING = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/** The same, for answers whose headers are a list. */
export const STANDING_LIST: readonly string[] = Object.entries(STANDING).flat();

/** The same, for answers written by hand, one line each. */
export const STANDING_LINES: readonly string[] = Object.entries(STANDING).map(([name, value]) => `${name}: ${value}`);

/** Tells browsers of a host with HTTPS that it and its subdomains speak nothing else. Null without HTTPS. */
export function strictTransport(publicUrl: string): string | null {
  return publicUrl.startsWith('https:') ? 'max-age=31536000; includeSubDomains' : null;
}
