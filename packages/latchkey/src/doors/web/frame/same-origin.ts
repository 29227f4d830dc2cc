/**
 * Did this form come from one of our own pages?
 *
 * Two checks, each enough on its own against forged requests: the browser's own word (`Sec-Fetch-Site`, else
 * `Origin`), and a token in the form that only a page of the same session can know, or of the same browser before
 * signing in.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { digestOf, type Secret, sameDigest } from '../../../base/secret.ts';

/** False when the browser says that another site sent the request. If it says nothing, the token decides. */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  if (origin === undefined) return true;
  return origin === new URL(publicUrl).origin || (URL.canParse(origin) && new URL(origin).host === headers.host);
}

/** The token in every form that this sender sees (`Visit.sender`). */
export function formToken(secret: Secret): string {
  return digestOf(`form ${secret.reveal()}`);
}

export function isFormToken(given: string | null, secret: Secret): boolean {
  return given !== null && sameDigest(given, formToken(secret));
}
