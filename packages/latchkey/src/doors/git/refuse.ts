/**
 * How this door says no: always `text/plain`, because git shows a reason in no other form, and at most four lines.
 *
 * We measured which status makes git forget a credential, and which one makes it keep it (HOUSE.md, "What git does
 * with an answer").
 * Invariant: a dead credential gets a 401 and a live one never does, so git forgets the first and keeps the second.
 * Clients that drop a body get the words where they print them (`catalogue/git-clients.ts`); a 401 is one for all.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OutageAnswer } from '../../base/machine/outage.ts';
import { STANDING } from '../../base/requests/standing-headers.ts';
import { type PlaceOfWords, placeOfWords } from '../../catalogue/git-clients.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { FLUSH, packetLine } from '../../git/protocol/pkt-lines.ts';
import type { Explanation } from '../../rules/explain.ts';

type RefusalStatus = 400 | 401 | 403 | 404 | 429;

/** Reason → status. A missing reason doesn't compile. */
export const STATUS_OF = {
  credentials_missing: 401,
  credentials_malformed: 400,
  username_missing: 401,
  password_empty: 401,
  token_wrapped: 400,
  placeholder_sent: 400,
  password_not_accepted: 401,
  password_with_two_factor: 401,
  token_mistyped: 401,
  token_unknown: 401,
  token_of_other_product: 401,
  key_pasted: 401,
  token_expired: 401,
  token_revoked: 401,
  token_replaced: 401,
  token_used_up: 401,
  owner_suspended: 401,
  owner_disabled_by_provider: 401,
  account_locked: 403,
  token_not_yet_valid: 403,
  address_not_allowed: 403,
  organization_address_not_allowed: 403,
  too_many_attempts: 429,
  rate_limited: 429,
  classic_forbidden: 403,
  fine_grained_forbidden: 403,
  scoped_forbidden: 403,
  lifetime_over_policy: 403,
  key_forbidden: 403,
  sso_not_authorized: 403,
  sso_not_proved: 403,
  two_factor_required: 403,
  grant_pending: 403,
  grant_denied: 403,
  grant_revoked: 403,
  not_found: 404,
  public_only: 404,
  resource_owner_mismatch: 403,
  repository_not_selected: 403,
  permission_missing: 403,
  scope_missing: 403,
  token_derived: 403,
  token_for_other_resource: 403,
  workflow_permission_missing: 403,
  ref_not_allowed: 403,
  ref_needs_approval: 403,
  ref_protected: 403,
  token_in_content: 403,
  push_too_large: 403,
  file_too_large: 403,
  repository_full: 403,
  too_many_refs: 403,
  key_reads_only: 403,
  role_insufficient: 403,
  repository_archived: 403,
} as const satisfies Record<Reason, RefusalStatus>;

/** What can be wrong with a request other than a lack of rights. */
const REQUEST_ERRORS = {
  path_malformed: [
    400,
    'That is not the address of a repository: it has the form /OWNER/NAME.git, with letters, digits, dots, ' +
      'hyphens and underscores.',
  ],
  name_too_long: [400, 'No owner or repository has a name that long.'],
  service_unknown: [400, 'The service must be git-upload-pack (clone, fetch) or git-receive-pack (push).'],
  dumb_protocol: [403, "This server speaks git's smart HTTP protocol only. Update git, or the program that uses it."],
  nothing_here: [404, 'There is nothing at this address.'],
  key_gone: [401, 'This SSH key is not known here any more. Add one in your settings, or clone over HTTPS.'],
  get_only: [405, 'Only GET is possible here.'],
  post_only: [405, 'Only POST is possible here.'],
  content_type_wrong: [
    415,
    'The Content-Type must be application/x-git-upload-pack-request or application/x-git-receive-pack-request, ' +
      'as the address says.',
  ],
  content_encoding_unknown: [415, 'The Content-Encoding must be gzip, or left out.'],
  body_unreadable: [
    400,
    'Git could not read this request: it is damaged, cut off, or not in the form of the protocol.',
  ],
  body_too_large: [413, 'The request is larger than any fetch needs.'],
  reads_only: [403, 'This node only reads: it serves a copy of the repositories. Push to:'],
  not_copied: [503, 'This node has no copy of this repository yet. Try again in a while, or here:'],
  switched_off: [403, 'That is switched off for this repository.'],
  failed: [500, 'The server could not do this. Its administrator finds the cause in the log.'],
} as const satisfies Record<string, readonly [status: number, sentence: string]>;

export type RequestError = keyof typeof REQUEST_ERRORS;

/** How long a client may go on sending an unread body after it was answered. */
const LINGER_MS = 5_000;
const MAX_LINES = 4;

/** Refuses with the words of the decision. */
export function refuse(request: IncomingMessage, response: ServerResponse, explanation: Explanation): void {
  const status = STATUS_OF[explanation.reason];
  send(request, response, status, linesOf(explanation), {
    ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="Latchkey", charset="UTF-8"' } : {}),
    ...(explanation.retryAfterSec === null ? {} : { 'Retry-After': String(explanation.retryAfterSec) }),
    Link: `<${explanation.facts.publicUrl}/help/${explanation.reason}>; rel="help"`,
  });
}

/** Refuses a request that can't be served for anybody. @param instead an address that can serve it */
export function sendRequestError(
  request: IncomingMessage,
  response: ServerResponse,
  error: RequestError,
  headers: Readonly<Record<string, string>> = {},
  instead: string | null = null,
): void {
  const [status, sentence] = REQUEST_ERRORS[error];
  const allow = error === 'get_only' ? { Allow: 'GET' } : error === 'post_only' ? { Allow: 'POST' } : {};
  send(request, response, status, instead === null ? [sentence] : [sentence, instead], { ...allow, ...headers });
}

/** Reports that it can't be done right now, for anybody. */
export function sendOutage(request: IncomingMessage, response: ServerResponse, outage: OutageAnswer): void {
  const headers = { 'Retry-After': String(outage.retryAfterSec), 'X-Latchkey-Reason': outage.reason };
  send(request, response, 503, [outage.sentence], headers);
}

/** A refusal as it is said in the answer of a push: a line for each of its parts. */
export function inLines({ sentence, remedy }: Explanation): string {
  return `${sentence}\n${remedyLines(remedy)}`;
}

export function remedyLines(remedy: Explanation['remedy']): string {
  return [remedy.text, remedy.url, remedy.command].filter((part) => part !== null && part !== '').join('\n');
}

function linesOf({ sentence, also, remedy }: Explanation): string[] {
  const parts = [sentence, also.join(' '), remedy.text, remedy.url ?? '', remedy.command ?? ''];
  const lines = parts.filter((line) => line !== '').map((line) => line.replaceAll('\n', ' '));
  return lines.length <= MAX_LINES
    ? lines
    : [...lines.slice(0, MAX_LINES - 2), lines.slice(MAX_LINES - 2, -1).join(' '), ...lines.slice(-1)];
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  lines: readonly string[],
  headers: Readonly<Record<string, string>>,
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const printed = placeOfWords(request.headers['user-agent']);
  const service = SERVICE.exec(request.url ?? '')?.[1];
  const isErrorLine = service !== undefined && IN_AN_ERROR_LINE[printed].includes(status);
  const body = isErrorLine ? errorLine(service, lines) : `${lines.join('\n')}\n`;
  // A client that waits for "100 Continue" has sent no body, so the connection can't be reused for another request.
  const closing = request.headers.expect === undefined ? {} : { Connection: 'close' };
  response.writeHead(isErrorLine ? 200 : status, printed === 'reason-phrase' ? phraseOf(lines) : undefined, {
    'Content-Type': isErrorLine ? `application/x-git-${service}-advertisement` : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...STANDING,
    ...closing,
    ...headers,
  });
  response.end(body);
  endLater(request);
}

/** The list of refs, with which every fetch and push begins. */
const SERVICE = /\/info\/refs\?service=git-(upload-pack|receive-pack)$/;
/**
 * Statuses that tell the client nothing beyond the words. When it should send a credential or wait, the status must say
 * so.
 */
const IN_AN_ERROR_LINE: Readonly<Record<PlaceOfWords, readonly number[]>> = {
  body: [],
  'error-line': [400, 403, 404],
  'error-line-at-400': [400],
  'reason-phrase': [],
};

/** A list of refs that contains an error (git's documentation, gitprotocol-http and gitprotocol-pack). */
function errorLine(service: string, lines: readonly string[]): string {
  // The length of a packet counts bytes.
  const words = Buffer.from(`ERR ${lines.join('\n')}`).toString('latin1');
  return Buffer.from(`${packetLine(`# service=git-${service}`)}${FLUSH}${packetLine(words)}`, 'latin1').toString();
}

/** The words on one line, as far as a reason phrase may contain them (RFC 9112 section 4). */
function phraseOf(lines: readonly string[]): string {
  return lines
    .join(' ')
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/[^\x20-\x7e]/g, '?');
}

/**
 * A client that was answered before its body was read may send the rest for a moment, so that it can read the answer.
 * Then it is cut off.
 */
export function endLater(request: IncomingMessage): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS).unref();
  const stop = (): void => clearTimeout(timer);
  request.once('end', stop).once('close', stop);
}
