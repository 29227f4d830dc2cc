/** Headers on every answer that a browser may show, whichever door gives it. A door may add more. */

/** @param publicUrl by it browsers are told whether the host, and what is below it, speaks HTTPS alone */
export function standingHeaders(publicUrl: string): readonly (readonly [name: string, value: string])[] {
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
    ...(publicUrl.startsWith('https:')
      ? [['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'] as const]
      : []),
  ];
}
