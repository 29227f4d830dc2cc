/**
 * Compressing pages, where that tells nobody anything.
 *
 * The length of a compressed page depends on whether what a request put into it (a search, a filled-in form) resembles
 * something else in it. Who can send requests with a victim's cookies and see the lengths of the answers can guess a
 * secret letter by letter (BREACH). Decision 0460.
 *
 * Invariant: no answer to a request that another site caused is compressed, and none that holds a secret of its own.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Visit } from './visit.ts';

const compress = promisify(gzip);
/** Below that, the head of the answer is most of it. */
const LEAST_BYTES = 1024;

/** True when a page may be compressed for this request: the browser takes it, and no other site asked for it. */
export function mayCompress({ method, flash }: Visit, headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return (
    method === 'GET' &&
    flash?.once === undefined &&
    (site === 'same-origin' || site === 'none') &&
    /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(headers['accept-encoding'] ?? ''))
  );
}

/** The page, smaller; null when it isn't worth it. */
export async function compressed(html: string): Promise<Buffer | null> {
  return html.length < LEAST_BYTES ? null : compress(html);
}
