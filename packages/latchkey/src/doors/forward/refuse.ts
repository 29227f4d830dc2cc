/**
 * How this door says no: 401 or 403, whatever the reason, because proxies turn any other status into an error, and
 * 503 while nobody can decide (nginx turns that into a 500, which denies too); `text/plain`, because git shows
 * nothing else.
 *
 * Headers repeat the reason and the words: nginx passes on neither body nor status, so its error page is made from
 * them.
 * Source: RFC 6750 section 3 for `error` and `scope`, RFC 9728 section 5.1 for `resource_metadata`.
 * Invariant: a credential that will never work gets 401, a live one never does, so git forgets the first and keeps
 * the second.
 */
import type { ServerResponse } from 'node:http';
import type { ForwardedRequestError } from '../../actions/questions/forwarded-requests.ts';
import { REQUEST_ERROR_WORDS } from '../../actions/questions/request-errors.ts';
import type { OutageAnswer } from '../../base/machine/outage.ts';
import { STANDING_LIST } from '../../base/requests/standing-headers.ts';
import { acceptedScopes } from '../../catalogue/needs.ts';
import { metadataAddress, PROTECTED_RESOURCE_PATH } from '../../catalogue/oauth-metadata.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { REGISTRY_TOKEN_PATH, registryErrors } from '../../catalogue/registry-tokens.ts';
import type { Explanation } from '../../rules/explain.ts';
import type { Need } from '../../rules/model.ts';
import type { ProxyError } from './original.ts';

type RefusalStatus = 401 | 403;

/** Reason → status. A missing reason doesn't compile. */
export const STATUS_OF = {
  credentials_missing: 401,
  credentials_malformed: 403,
  username_missing: 401,
  password_empty: 401,
  token_wrapped: 403,
  placeholder_sent: 403,
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
  token_not_yet_valid: 403,
  owner_suspended: 403,
  owner_disabled_by_provider: 403,
  account_locked: 403,
  address_not_allowed: 403,
  organization_address_not_allowed: 403,
  too_many_attempts: 403,
  rate_limited: 403,
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
  not_found: 403,
  public_only: 403,
  resource_owner_mismatch: 403,
  repository_not_selected: 403,
  permission_missing: 403,
  scope_missing: 403,
  token_derived: 403,
  // RFC 6750 section 3.1: a client asks for another one, for this service.
  token_for_other_resource: 401,
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

/** Reasons that more scope would fix (RFC 6750 `insufficient_scope`). */
const CURED_BY_SCOPE: ReadonlySet<Reason> = new Set<Reason>([
  'permission_missing',
  'scope_missing',
  'repository_not_selected',
  'resource_owner_mismatch',
  'public_only',
]);

/** What is wrong other than a lack of rights, worded for its reader: the person, or whoever set up the proxy. */
const REQUEST_ERRORS = {
  proxy_unknown: "Only a trusted proxy may ask here. The server's administrator names it with --trusted-proxy.",
  address_missing:
    'The proxy does not say which address the request is for (X-Original-URI, X-Forwarded-Uri, or a path after ' +
    '/forward-auth).',
  address_twice: 'The request names its address in more than one way, so it is refused.',
  caller_twice:
    'The request names its caller both in X-Forwarded-For and in Forwarded: the proxy must remove one of them.',
  method_missing: 'The proxy does not say which method the request uses (X-Original-Method or X-Forwarded-Method).',
  header_twice: 'A header that may be sent only once was sent twice.',
  header_misspelled:
    'A header came with _ in place of -, which some services take for the one that says who asks, or what for.',
  authorization_twice: 'More than one Authorization header was sent.',
  sign_in_void:
    'This sign-in is too old, was finished already, or began in another browser. Nothing was changed. Begin again:',
  ...REQUEST_ERROR_WORDS,
} as const satisfies Record<ForwardedRequestError | ProxyError | 'proxy_unknown' | 'sign_in_void', string>;

export type RequestError = keyof typeof REQUEST_ERRORS;

/** What the wording of a refusal depends on besides the refusal. */
export interface Audience {
  readonly publicUrl: string;
  /** True for git and WebDAV clients, which only understand `Basic`, and where the route map says so. */
  readonly wantsBasic: boolean;
  /** For clients of a container registry: its host, and what they ask for. Null for every other service. */
  readonly registry: { readonly service: string; readonly scope: string | null } | null;
  /** The service, as a protected resource; null where a map is for any host. */
  readonly resource: string | null;
}

/** Refuses with the words of the decision. */
export function refuse(response: ServerResponse, explanation: Explanation, need: Need, audience: Audience): void {
  const status = STATUS_OF[explanation.reason];
  const { sentence, also, remedy } = explanation;
  const lines = [sentence, also.join(' '), remedy.text, remedy.url ?? '', remedy.command ?? '']
    .filter((line) => line !== '')
    .map((line) => line.replaceAll('\n', ' '));
  const headers = ['WWW-Authenticate', challenge(explanation, need, status, audience)];
  if (explanation.retryAfterSec !== null) headers.push('Retry-After', String(explanation.retryAfterSec));
  send(response, status, explanation.reason, { lines, asRegistry: audience.registry !== null }, headers);
}

/** Refuses a request that nobody may send, or that a proxy sent wrongly. */
export function sendRequestError(response: ServerResponse, error: RequestError, detail: string | null = null): void {
  const line = detail === null ? REQUEST_ERRORS[error] : `${REQUEST_ERRORS[error]} ${detail}`;
  send(response, 403, error, { lines: [line] }, []);
}

/** Where a browser goes next, and the cookie that it takes along. */
interface Elsewhere {
  readonly to: string;
  readonly cookie: string | null;
  /** 401 and 403 are for nginx, which makes the redirect itself. */
  readonly status: 302 | RefusalStatus;
  readonly reason: string;
}

/** Leads a browser elsewhere. */
export function sendElsewhere(response: ServerResponse, { to, cookie, status, reason }: Elsewhere): void {
  const headers = ['Location', to, 'Referrer-Policy', 'no-referrer'];
  if (cookie !== null) headers.push('Set-Cookie', cookie);
  send(response, status, reason, { lines: [`Go on at ${to.replace(/[?#].*$/, '')}`] }, headers);
}

/** Reports that nobody can decide right now: a refusal, but one after which the client may retry. */
export function refuseForNow(response: ServerResponse, { reason, sentence, retryAfterSec }: OutageAnswer): void {
  send(response, 503, reason, { lines: [sentence] }, ['Retry-After', String(retryAfterSec)]);
}

/** The answer after a failure of ours: without a decision, refuse. */
export function refuseFailed(response: ServerResponse): void {
  send(
    response,
    403,
    'unavailable',
    { lines: ['The server could not decide. Try again in a moment; its administrator finds the cause in the log.'] },
    [],
  );
}

function challenge(
  explanation: Explanation,
  need: Need,
  status: RefusalStatus,
  { publicUrl, wantsBasic, registry, resource }: Audience,
): string {
  if (registry !== null) {
    const scope = registry.scope === null ? '' : `,scope="${registry.scope}"`;
    return `Bearer realm="${publicUrl}${REGISTRY_TOKEN_PATH}",service="${registry.service}"${scope}`;
  }
  if (wantsBasic) return 'Basic realm="Latchkey", charset="UTF-8"';
  const parts = ['realm="Latchkey"'];
  if (status === 401 && explanation.reason !== 'credentials_missing')
    parts.push('error="invalid_token"', `error_description="${quoted(explanation.sentence)}"`);
  if (status === 403 && CURED_BY_SCOPE.has(explanation.reason)) {
    const scope = explanation.missingScopes[0] ?? acceptedScopes(need);
    parts.push(
      'error="insufficient_scope"',
      `error_description="${quoted(explanation.sentence)}"`,
      ...(scope === '' ? [] : [`scope="${scope}"`]),
    );
  }
  const metadata = resource === null ? publicUrl + PROTECTED_RESOURCE_PATH : metadataAddress(publicUrl, resource);
  return `Bearer ${parts.join(', ')}, resource_metadata="${metadata}"`;
}

/** Text for a quoted string of RFC 6750: no quotes, no backslashes, only ASCII. */
function quoted(text: string): string {
  return oneLine(text).replace(/["\\]/g, "'");
}

/** Text that is safe in a header. */
function oneLine(text: string): string {
  return text
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
}

interface Words {
  readonly lines: readonly string[];
  /** True: as the JSON of container registries. */
  readonly asRegistry?: boolean;
}

function send(
  response: ServerResponse,
  status: 302 | RefusalStatus | 503,
  reason: string,
  { lines, asRegistry = false }: Words,
  headers: readonly string[],
): void {
  const text = asRegistry ? JSON.stringify(registryErrors(status, lines.join(' '))) : lines.join('\n');
  const body = Buffer.from(`${text}\n`);
  response.writeHead(status, [
    'Content-Type',
    asRegistry ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'Vary',
    'Authorization, Cookie',
    // Proxies pass a refusal on to browsers.
    ...STANDING_LIST,
    'X-Latchkey-Reason',
    reason,
    'X-Latchkey-Message',
    oneLine(lines.join(' ')),
    ...headers,
  ]);
  response.end(body);
}
