/**
 * How this door says no: GitLab's status and bodies, which its clients match on, plus what GitLab doesn't say: the
 * reason code, the cause in a sentence, and a link to the form that fixes it.
 *
 * Source: GitLab source, lib/api/api_guard.rb and lib/api/helpers.rb, by their answers. GitLab leaves out
 * `WWW-Authenticate` if a scope is missing; it is sent here (RFC 6750 section 3).
 * Invariant: a reason that is missing in `ANSWERS` doesn't compile.
 */
import type { Complaint } from '../../base/errors.ts';
import type { OutageAnswer } from '../../base/machine/outage.ts';
import { suggestedScopes } from '../../catalogue/refusals/links.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { GitlabRoute } from '../../catalogue/routes/gitlab.ts';
import { scopesOpening } from '../../catalogue/scopes/scopes.ts';
import type { Explanation } from '../../rules/explain.ts';

/** An error as status, body and headers. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown to stop with this answer. */
export class Answer extends Error {
  readonly answer: ErrorAnswer;
  constructor(answer: ErrorAnswer) {
    super(`answered with ${answer.status}`);
    this.answer = answer;
  }
}

type Body = Readonly<Record<string, unknown>>;
type Words = (explanation: Explanation, route: GitlabRoute) => Body;

const UNAUTHORIZED = [401, () => ({ message: '401 Unauthorized' })] as const;
const UNREADABLE = [400, ({ sentence }: Explanation) => ({ message: `400 Bad request - ${sentence}` })] as const;
const FORBIDDEN = [403, () => ({ message: '403 Forbidden' })] as const;
const FORBIDDEN_BECAUSE = [403, ({ sentence }: Explanation) => ({ message: `403 Forbidden - ${sentence}` })] as const;
const NOT_FOUND = [
  404,
  (_: Explanation, { target }: GitlabRoute) => ({
    message: `404 ${target === 'project' ? 'Project ' : target === 'group' ? 'Group ' : ''}Not Found`,
  }),
] as const;
const REVOKED = [401, () => invalidToken('Token was revoked. You have to re-authorize from the user.')] as const;
const INSUFFICIENT = [403, insufficientScope] as const;
const BLOCKED = [403, () => ({ message: '403 Forbidden - Your account has been blocked.' })] as const;
/** GitLab's words for a fine-grained token. */
const LACKING = [
  403,
  ({ missing, facts }: Explanation) => ({
    error: 'insufficient_granular_scope',
    error_description:
      `Access denied: Your Personal Access Token lacks the required permissions: ` +
      `[${missing.map(({ permission, level }) => `${permission}: ${level}`).join(', ')}] for "${facts.fullName}".`,
  }),
] as const;

function invalidToken(words: string): Body {
  return { error: 'invalid_token', error_description: words };
}

/** With the scopes, any one of which would do, in the dialect of the token; without scopes when none would. */
function insufficientScope({ facts }: Explanation, { need }: GitlabRoute): Body {
  const scopes = facts.tokenKind === 'classic' ? suggestedScopes('classic', facts) : scopesOpening(need);
  return {
    error: 'insufficient_scope',
    error_description: 'The request requires higher privileges than provided by the access token.',
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  };
}

/** Reason → status and the part of the body that GitLab's clients read. */
export const ANSWERS = {
  credentials_missing: UNAUTHORIZED,
  credentials_malformed: UNREADABLE,
  username_missing: UNAUTHORIZED,
  password_empty: UNAUTHORIZED,
  token_wrapped: UNREADABLE,
  placeholder_sent: UNREADABLE,
  password_not_accepted: UNAUTHORIZED,
  password_with_two_factor: UNAUTHORIZED,
  token_mistyped: UNAUTHORIZED,
  token_unknown: UNAUTHORIZED,
  token_of_other_product: UNAUTHORIZED,
  key_pasted: UNAUTHORIZED,
  token_expired: [401, () => invalidToken('Token is expired. You can either do re-authorization or token refresh.')],
  token_revoked: REVOKED,
  token_replaced: REVOKED,
  token_used_up: [401, ({ sentence }) => invalidToken(sentence)],
  token_not_yet_valid: FORBIDDEN_BECAUSE,
  account_locked: FORBIDDEN_BECAUSE,
  owner_suspended: BLOCKED,
  owner_disabled_by_provider: BLOCKED,
  address_not_allowed: FORBIDDEN_BECAUSE,
  organization_address_not_allowed: FORBIDDEN_BECAUSE,
  too_many_attempts: FORBIDDEN,
  rate_limited: [429, () => TOO_MANY],
  classic_forbidden: FORBIDDEN_BECAUSE,
  fine_grained_forbidden: FORBIDDEN_BECAUSE,
  scoped_forbidden: FORBIDDEN_BECAUSE,
  lifetime_over_policy: FORBIDDEN_BECAUSE,
  key_forbidden: FORBIDDEN_BECAUSE,
  sso_not_authorized: FORBIDDEN_BECAUSE,
  sso_not_proved: FORBIDDEN_BECAUSE,
  two_factor_required: FORBIDDEN_BECAUSE,
  grant_pending: FORBIDDEN_BECAUSE,
  grant_denied: FORBIDDEN_BECAUSE,
  grant_revoked: FORBIDDEN_BECAUSE,
  not_found: NOT_FOUND,
  public_only: NOT_FOUND,
  resource_owner_mismatch: LACKING,
  repository_not_selected: LACKING,
  permission_missing: LACKING,
  scope_missing: INSUFFICIENT,
  token_derived: FORBIDDEN_BECAUSE,
  token_for_other_resource: FORBIDDEN_BECAUSE,
  workflow_permission_missing: FORBIDDEN_BECAUSE,
  ref_not_allowed: FORBIDDEN_BECAUSE,
  ref_needs_approval: FORBIDDEN_BECAUSE,
  ref_protected: FORBIDDEN_BECAUSE,
  token_in_content: FORBIDDEN_BECAUSE,
  push_too_large: FORBIDDEN_BECAUSE,
  file_too_large: FORBIDDEN_BECAUSE,
  repository_full: FORBIDDEN_BECAUSE,
  too_many_refs: FORBIDDEN_BECAUSE,
  key_reads_only: FORBIDDEN,
  role_insufficient: FORBIDDEN,
  repository_archived: FORBIDDEN_BECAUSE,
} as const satisfies Record<Reason, readonly [status: 400 | 401 | 403 | 404 | 429, words: Words]>;

const TOO_MANY: Body = { message: { error: 'This endpoint has been requested too many times. Try again later.' } };

/** A refusal as status, body and challenge. */
export function refusal(explanation: Explanation, route: GitlabRoute): ErrorAnswer {
  const [status, words] = ANSWERS[explanation.reason] as readonly [number, Words];
  const { remedy, missing, sentence, also } = explanation;
  const body = words(explanation, route);
  return {
    status,
    headers: challenge(status, body),
    body: {
      ...body,
      reason: explanation.reason,
      detail: [sentence, ...also].join(' '),
      missing: Object.fromEntries(missing.map(({ permission, level }) => [permission, level])),
      fix: { text: remedy.text, url: remedy.url, command: remedy.command },
      help: `${explanation.facts.publicUrl}/help/${explanation.reason}`,
    },
  };
}

/** RFC 6750 section 3: which credential would do, and what was wrong with this one. */
function challenge(status: number, { error, scope }: Body): Record<string, string> {
  if (status === 401)
    return { 'WWW-Authenticate': `Bearer realm="Latchkey"${error === undefined ? '' : `, error="${String(error)}"`}` };
  if (error !== 'insufficient_scope') return {};
  return {
    'WWW-Authenticate':
      'Bearer realm="Latchkey", error="insufficient_scope"' + (scope === undefined ? '' : `, scope="${String(scope)}"`),
  };
}

/** Too many requests. */
export function rateLimited(retryAfterSec: number): ErrorAnswer {
  return {
    status: 429,
    body: { ...TOO_MANY, reason: 'rate_limited' },
    headers: { 'Retry-After': String(retryAfterSec) },
  };
}

/** It can't be done right now, for anybody. */
export function unavailable({ reason, sentence, retryAfterSec }: OutageAnswer): ErrorAnswer {
  const message = `503 Service Unavailable - ${sentence}`;
  return { status: 503, body: { message, reason }, headers: { 'Retry-After': String(retryAfterSec) } };
}

/** Acting for another person is not possible here. Ignoring the request would act as somebody else than intended. */
export function sudoRefused(): ErrorAnswer {
  return {
    status: 403,
    body: { message: '403 Forbidden - This server acts for nobody but the owner of the token: leave sudo out.' },
  };
}

/** Parameters that can't be read, in GitLab's words. */
export function badParams(wrong: readonly string[]): Answer {
  return new Answer({ status: 400, body: { error: wrong.join(', ') } });
}

/** `400 Bad request - Token already revoked` and the like. */
export function badRequest(words: string, reason?: string): Answer {
  return new Answer({
    status: 400,
    body: { message: `400 Bad request - ${words}`, ...(reason === undefined ? {} : { reason }) },
  });
}

/** `404 User Not Found` and the like. */
export function notFound(thing: string): Answer {
  return new Answer({ status: 404, body: { message: `404 ${thing} Not Found` } });
}

/** A token that isn't the caller's, or doesn't exist: the caller can't tell which, as on GitLab. */
export function notYours(): Answer {
  return new Answer({
    status: 401,
    body: { message: '401 Unauthorized', reason: 'not_found', detail: 'You have no token with this id.' },
  });
}

/** GitLab's name for a field, where it differs. */
const FIELDS: Readonly<Record<string, string>> = { expires_in: 'expires_at' };

/** What this node, or this repository, does for nobody. */
const HERE: ReadonlySet<Complaint['code']> = new Set(['read_only', 'not_copied', 'switched_off']);

/**
 * What can't be done as requested: `{"message": {"name": ["…"]}}`. A missing thing is 404 when nothing else is wrong.
 */
export function problemAnswer(complaints: readonly Complaint[]): ErrorAnswer {
  if (complaints.every(({ code }) => code === 'not_found'))
    return { status: 404, body: { message: '404 Not Found', detail: complaints[0]?.message } };
  const here = complaints.find(({ code }) => HERE.has(code));
  if (here !== undefined)
    return here.code === 'not_copied'
      ? { status: 503, body: { message: `503 Service Unavailable - ${here.message}` } }
      : { status: 403, body: { message: `403 Forbidden - ${here.message}` } };
  if (complaints.every(({ field }) => field === null))
    return {
      status: 400,
      body: { message: `400 Bad request - ${complaints.map(({ message }) => message).join(' ')}` },
    };
  const message: Record<string, string[]> = {};
  for (const complaint of complaints)
    (message[FIELDS[complaint.field ?? 'base'] ?? complaint.field ?? 'base'] ??= []).push(complaint.message);
  return { status: 400, body: { message } };
}
