/**
 * How this door says no: GitHub's status and words, which its clients match on, plus what GitHub doesn't say: the
 * reason code, everything that is missing, and a link to the form that fixes it.
 *
 * Source: GitHub docs "Troubleshooting the REST API", "Getting started: error responses", and answers seen by users.
 * Invariant: a reason that is missing in `ANSWERS` doesn't compile.
 */
import type { Complaint } from '../../base/errors.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Explanation } from '../../rules/explain.ts';

/** What is wrong with the form of a request, other than a lack of rights. */
export class Malformed extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ErrorBody {
  readonly message: string;
  readonly documentation_url: string;
  readonly status: string;
  readonly [more: string]: unknown;
}

type Words = (explanation: Explanation) => string;

const BAD_CREDENTIALS = [401, () => 'Bad credentials'] as const;
/** GitHub's answer to two Authorization headers: no verdict on the token, which would make a client discard it. */
const UNREADABLE = [400, (explanation: Explanation) => explanation.sentence] as const;
const NOT_ACCESSIBLE = [403, notAccessible] as const;
const TOLD = [403, (explanation: Explanation) => explanation.sentence] as const;

/** In GitHub's words, fine-grained tokens hear about tokens, classic ones about rights. */
function notAccessible({ facts }: Explanation): string {
  return facts.tokenKind === 'fine-grained'
    ? 'Resource not accessible by personal access token'
    : 'Must have admin rights to Repository.';
}

function organization({ facts }: Explanation): string {
  return facts.ownerLogin ?? facts.instanceName;
}

/** The grammar is GitHub's: clients search for exactly these words. */
function lifetime(explanation: Explanation): string {
  const { facts, remedy } = explanation;
  const who =
    facts.decidedBy === 'instance'
      ? `'${facts.instanceName}' enterprise`
      : `'${organization(explanation)}' organization`;
  const kind =
    facts.tokenKind === 'classic'
      ? 'a personal access tokens (classic)'
      : facts.tokenKind === 'scoped'
        ? 'a scoped personal access token'
        : 'a fine-grained personal access tokens';
  const days = facts.capDays ?? 0;
  return (
    `The ${who} forbids access via ${kind} if the token's lifetime is greater than ${days} days. Please adjust ` +
    `your token's lifetime at the following URL: ${remedy.url ?? facts.publicUrl}`
  );
}

const SUSPENDED = [403, () => 'Sorry. Your account was suspended.'] as const;

/** Reason → status and `message`. */
export const ANSWERS = {
  credentials_missing: [401, () => 'Requires authentication'],
  credentials_malformed: UNREADABLE,
  username_missing: BAD_CREDENTIALS,
  password_empty: BAD_CREDENTIALS,
  token_wrapped: UNREADABLE,
  placeholder_sent: UNREADABLE,
  password_not_accepted: BAD_CREDENTIALS,
  password_with_two_factor: BAD_CREDENTIALS,
  token_mistyped: BAD_CREDENTIALS,
  token_unknown: BAD_CREDENTIALS,
  token_of_other_product: BAD_CREDENTIALS,
  key_pasted: BAD_CREDENTIALS,
  token_expired: BAD_CREDENTIALS,
  token_revoked: BAD_CREDENTIALS,
  token_replaced: BAD_CREDENTIALS,
  token_used_up: BAD_CREDENTIALS,
  token_not_yet_valid: TOLD,
  account_locked: TOLD,
  owner_suspended: SUSPENDED,
  owner_disabled_by_provider: SUSPENDED,
  address_not_allowed: TOLD,
  organization_address_not_allowed: [
    403,
    (explanation) =>
      `Although you appear to have the correct authorization credentials, the \`${organization(explanation)}\` ` +
      `organization has an IP allow list enabled, and your IP address is not permitted to access this resource.`,
  ],
  too_many_attempts: [403, () => 'Maximum number of login attempts exceeded. Please try again later.'],
  rate_limited: [
    403,
    ({ facts }) =>
      `API rate limit exceeded for ` +
      `${facts.login === null ? (facts.address ?? 'this address') : `user ${facts.login}`}.`,
  ],
  classic_forbidden: [
    403,
    (explanation) =>
      `\`${organization(explanation)}\` forbids access via a personal access token (classic). Please use a ` +
      `GitHub App, OAuth App, or a personal access token with fine-grained permissions.`,
  ],
  fine_grained_forbidden: [
    403,
    (explanation) =>
      `\`${organization(explanation)}\` forbids access via a personal access token with fine-grained ` +
      `permissions. Please use a GitHub App, or an OAuth App.`,
  ],
  scoped_forbidden: TOLD,
  lifetime_over_policy: [403, lifetime],
  key_forbidden: NOT_ACCESSIBLE,
  sso_not_authorized: [
    403,
    () =>
      'Resource protected by organization SAML enforcement. You must grant your Personal Access token access to ' +
      'this organization.',
  ],
  sso_not_proved: TOLD,
  two_factor_required: TOLD,
  grant_pending: NOT_ACCESSIBLE,
  grant_denied: NOT_ACCESSIBLE,
  grant_revoked: NOT_ACCESSIBLE,
  not_found: [404, () => 'Not Found'],
  public_only: [404, () => 'Not Found'],
  resource_owner_mismatch: NOT_ACCESSIBLE,
  repository_not_selected: NOT_ACCESSIBLE,
  permission_missing: NOT_ACCESSIBLE,
  scope_missing: NOT_ACCESSIBLE,
  token_derived: NOT_ACCESSIBLE,
  token_for_other_resource: NOT_ACCESSIBLE,
  workflow_permission_missing: NOT_ACCESSIBLE,
  ref_not_allowed: NOT_ACCESSIBLE,
  ref_needs_approval: NOT_ACCESSIBLE,
  ref_protected: NOT_ACCESSIBLE,
  token_in_content: [409, () => 'Repository rule violations found\n\nSecret detected in content\n\n'],
  push_too_large: TOLD,
  file_too_large: TOLD,
  repository_full: TOLD,
  too_many_refs: TOLD,
  key_reads_only: NOT_ACCESSIBLE,
  role_insufficient: NOT_ACCESSIBLE,
  repository_archived: [403, () => 'Repository was archived so is read-only.'],
} as const satisfies Record<Reason, readonly [status: 400 | 401 | 403 | 404 | 409, words: Words]>;

/** A refusal as status and body. `documentationUrl` is the endpoint's. */
export function refusal(explanation: Explanation, documentationUrl: string): { status: number; body: ErrorBody } {
  const [status, words] = ANSWERS[explanation.reason] as readonly [number, Words];
  const { remedy, missing, missingScopes, also } = explanation;
  return {
    status,
    body: {
      ...errorBody(status, words(explanation), documentationUrl),
      reason: explanation.reason,
      detail: [explanation.sentence, ...also].join(' '),
      missing: Object.fromEntries(missing.map(({ permission, level }) => [permission, level])),
      ...(missingScopes.length === 0 ? {} : { missing_scopes: missingScopes }),
      fix: { text: remedy.text, url: remedy.url, command: remedy.command },
      help: `${explanation.facts.publicUrl}/help/${explanation.reason}`,
    },
  };
}

/** The request limit is reached, in the words that clients look for. */
export function tooMany(whom: string, documentationUrl: string): ErrorBody {
  return { ...errorBody(403, `API rate limit exceeded for ${whom}.`, documentationUrl), reason: 'rate_limited' };
}

export function errorBody(status: number, message: string, documentationUrl: string): ErrorBody {
  return { message, documentation_url: documentationUrl, status: String(status) };
}

/**
 * What can't be done as requested, in GitHub's form. A missing thing is 404 when nothing else is wrong, a lost race
 * 409.
 */
export function validationFailed(
  complaints: readonly Complaint[],
  resource: string | null,
  documentationUrl: string,
): { status: number; body: ErrorBody } {
  const only = (code: Complaint['code']): boolean => complaints.every((complaint) => complaint.code === code);
  const errors = complaints.map(({ field, code, message }) =>
    resource === null ? message : { resource, field: field ?? 'base', code: wireCode(code), message },
  );
  const sentence = complaints[0]?.message ?? '';
  if (only('not_found'))
    return { status: 404, body: { ...errorBody(404, 'Not Found', documentationUrl), reason: 'not_found', errors } };
  if (only('read_only'))
    return { status: 403, body: { ...errorBody(403, sentence, documentationUrl), reason: 'read_only' } };
  if (only('switched_off'))
    return { status: 403, body: { ...errorBody(403, sentence, documentationUrl), reason: 'switched_off' } };
  if (only('not_copied'))
    return { status: 503, body: { ...errorBody(503, sentence, documentationUrl), reason: 'not_copied' } };
  if (only('conflict'))
    return {
      status: 409,
      body: { ...errorBody(409, sentence, documentationUrl), reason: 'conflict', errors },
    };
  return { status: 422, body: { ...errorBody(422, 'Validation Failed', documentationUrl), errors } };
}

/** GitHub has six codes; everything else is `custom`. */
const WIRE_CODES: Partial<Record<Complaint['code'], string>> = {
  limit_reached: 'custom',
  conflict: 'custom',
  read_only: 'custom',
  not_copied: 'custom',
  switched_off: 'custom',
  not_found: 'invalid',
};

function wireCode(code: Complaint['code']): string {
  return WIRE_CODES[code] ?? code;
}
