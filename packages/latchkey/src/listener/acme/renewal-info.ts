/**
 * When the authority wants a certificate to be renewed: earlier than usual when it must revoke, spread over days when
 * many end together.
 *
 * Source: RFC 9773 (ACME Renewal Information).
 * Invariant: what can't be asked or read changes nothing; then two thirds of the certificate's life count.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { DAY_SEC, HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import { ask, directoryAt } from './client.ts';
import { certificateId } from './documents.ts';

/** What the authority said of one certificate. */
export interface SuggestedRenewal {
  /** The identifier of the certificate. */
  readonly certificate: string;
  /** When to renew; null = it didn't say. */
  readonly at: UnixSeconds | null;
  readonly askAgainAt: UnixSeconds;
}

/** Between two questions, unless the authority names a time (section 4.3.2), which counts within these bounds. */
const USUAL_PAUSE_SEC = 6 * HOUR_SEC;
const SHORTEST_PAUSE_SEC = MINUTE_SEC;
const LONGEST_PAUSE_SEC = DAY_SEC;

interface RenewalInfo {
  readonly suggestedWindow: { readonly start: string; readonly end: string };
}

/** Asks the authority. Never rejects: without an answer it is asked again later. */
export async function askForRenewal(
  directory: string,
  certificate: X509Certificate,
  now: UnixSeconds,
): Promise<SuggestedRenewal | null> {
  const id = certificateId(certificate);
  if (id === null) return null;
  const none = { certificate: id, at: null, askAgainAt: now + USUAL_PAUSE_SEC };
  try {
    const { renewalInfo } = await directoryAt(directory);
    if (renewalInfo === undefined) return none;
    const response = await ask(`${renewalInfo}/${id}`);
    if (!response.ok) return none;
    const at = within((await response.json()) as RenewalInfo, id);
    const pauseSec = Number(response.headers.get('retry-after') ?? USUAL_PAUSE_SEC);
    const bounded = Math.min(Math.max(pauseSec || USUAL_PAUSE_SEC, SHORTEST_PAUSE_SEC), LONGEST_PAUSE_SEC);
    return { certificate: id, at, askAgainAt: now + bounded };
  } catch {
    return none;
  }
}

/** A time in the window, spread evenly by the certificate, so that all who share it choose the same. */
function within({ suggestedWindow: { start, end } }: RenewalInfo, id: string): UnixSeconds | null {
  const [from, to] = [Date.parse(start) / 1000, Date.parse(end) / 1000];
  if (!(to > from)) return null;
  const share = createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(from + (to - from) * share);
}
