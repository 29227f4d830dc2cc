/**
 * Did this form come from one of our own pages?
 *
 * Two checks, each enough on its own against forged requests: the browser's own word (`Sec-Fetch-Site`, else
 * `Origin`), and a token in the form that only a page of the same session can know, or of the same browser before
 * signing in.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { mintSecret } from '../../../actions/ground/one-time-secrets.ts';
import { digestOf, type Secret, sameDigest } from '../../../base/secret.ts';

/** False when the browser says that another site sent the request. If it says nothing, the token decides. */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  if (origin === undefined) return true;
  return origin === new URL(publicUrl).origin || (URL.canParse(origin) && new URL(origin).host === headers.host);
}

/**
 * A token for a form that this sender sees (`Visit.sender`). Each has a salt of its own, so that no two pages contain
 * the same text: otherwise the lengths of compressed pages could tell it (decision 0460).
 */
export function formToken(sender: Secret): string {
  return salted(mintSecret().reveal(), sender);
}

export function isFormToken(given: string | null, sender: Secret): boolean {
  const [salt = '', ...rest] = given?.split('.') ?? [];
  return rest.length === 1 && salt !== '' && sameDigest(given ?? '', salted(salt, sender));
}

function salted(salt: string, sender: Secret): string {
  return `${salt}.${digestOf(`form ${salt} ${sender.reveal()}`)}`;
}
