/**
 * What can go wrong between an identity provider and us: the reasons, in words for the person who signs in.
 *
 * Invariant: a reason is a stable code in the audit log. Never: text of the provider on a page or in the log of a
 * server, beyond the code of an error.
 */

import { CLOSED_WORDS } from '../ground/closed-accounts.ts';

/** By reason. */
export const PROVIDER_FAILURES = {
  provider_down: 'The other service doesn’t answer. Try again in a moment, or sign in another way.',
  provider_misconfigured: 'Signing in by that service is not set up correctly. Tell an administrator.',
  client_refused: 'The other service doesn’t accept this server any more. Tell an administrator.',
  started_elsewhere: 'That sign-in was begun in another browser, was used, or took too long. Begin again here.',
  denied: 'You didn’t let the other service sign you in here. Nothing was changed.',
  provider_refused: 'The other service refused to sign you in. Begin again, or ask an administrator.',
  not_proved: 'The answer could not be proved to come from the other service. Nothing was changed: begin again.',
  clocks_differ: 'The clocks of this server and of the other service differ too much. Tell an administrator.',
  not_linked:
    'No account here is linked with that identity. Sign in as you did so far, then link it in your settings, under ' +
    'Password and authentication.',
  not_admitted: 'You are not among the people of that service who may come in here. Ask an administrator.',
  groups_unknown:
    'The other service doesn’t say which groups you are in, and some may come in here, others may not. Tell an ' +
    'administrator.',
  no_address: 'The other service doesn’t say your e-mail address, and an account needs one. Tell an administrator.',
  address_taken:
    'An account here has your e-mail address already. Sign in to it as you did so far, then link this identity in ' +
    'your settings, under Password and authentication.',
  no_name: 'No free username can be made of what the other service calls you. Ask an administrator for an account.',
  suspended: CLOSED_WORDS.administrator,
  disabled_by_provider: CLOSED_WORDS.provider,
  locked: 'This account is locked: sign in with the new password first, and look it through.',
} as const;

export type FailureReason = keyof typeof PROVIDER_FAILURES;

/** Thrown where a sign-in by a provider ends. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly reason: FailureReason;
  /** For the server's log: codes, no text of strangers. */
  readonly detail: string | null;
  /** Where the person came from, one of our paths, when that is known. */
  backTo: string | null = null;

  constructor(reason: FailureReason, detail: string | null = null) {
    super(PROVIDER_FAILURES[reason]);
    this.reason = reason;
    this.detail = detail;
  }
}

/** What the library throws; all of it may be missing. */
interface Thrown {
  readonly name?: string;
  readonly code?: string;
  /** The error that the provider answered. */
  readonly error?: unknown;
  readonly status?: unknown;
  readonly cause?: unknown;
}

const BY_CODE: Readonly<Record<string, FailureReason>> = {
  OAUTH_TIMEOUT: 'provider_down',
  OAUTH_ABORT: 'provider_down',
  OAUTH_HTTP_REQUEST_FORBIDDEN: 'provider_misconfigured',
  OAUTH_REQUEST_PROTOCOL_FORBIDDEN: 'provider_misconfigured',
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: 'provider_misconfigured',
  OAUTH_MISSING_SERVER_METADATA: 'provider_misconfigured',
  OAUTH_INVALID_SERVER_METADATA: 'provider_misconfigured',
  OAUTH_RESPONSE_IS_NOT_CONFORM: 'provider_misconfigured',
  OAUTH_RESPONSE_IS_NOT_JSON: 'provider_misconfigured',
  OAUTH_PARSE_ERROR: 'provider_misconfigured',
  OAUTH_WWW_AUTHENTICATE_CHALLENGE: 'client_refused',
  OAUTH_INVALID_RESPONSE: 'not_proved',
  OAUTH_INVALID_REQUEST: 'not_proved',
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: 'not_proved',
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: 'clocks_differ',
  OAUTH_KEY_SELECTION_FAILED: 'not_proved',
  OAUTH_UNSUPPORTED_OPERATION: 'not_proved',
};
/** Errors that a provider answers (RFC 6749 sections 4.1.2.1 and 5.2; OpenID Connect Core section 3.1.2.6). */
const BY_ERROR: Readonly<Record<string, FailureReason>> = {
  access_denied: 'denied',
  consent_required: 'denied',
  interaction_required: 'denied',
  login_required: 'denied',
  temporarily_unavailable: 'provider_down',
  server_error: 'provider_down',
  invalid_client: 'client_refused',
  unauthorized_client: 'client_refused',
  invalid_grant: 'not_proved',
};

/** Connections that failed, and answers that were no answers. */
const UNREACHABLE = /^(?:E[A-Z]+|UND_ERR_\w+|TOO_LARGE)$/;

/** A failure of what the library threw. @throws it again when it is an error of ours */
export function failureOf(thrown: unknown): ProviderFailure {
  if (thrown instanceof ProviderFailure) return thrown;
  const { code = '', error, status, cause, name } = thrown as Thrown;
  const answered = typeof error === 'string' && /^[\w.-]{1,60}$/.test(error) ? error : null;
  const detail = [code, answered, typeof status === 'number' ? String(status) : null].filter(Boolean).join(' ');
  if (answered !== null && /^OAUTH_(?:AUTHORIZATION_RESPONSE|RESPONSE_BODY)_ERROR$/.test(code)) {
    const known = Object.hasOwn(BY_ERROR, answered) ? BY_ERROR[answered] : undefined;
    return new ProviderFailure(known ?? 'provider_refused', detail);
  }
  const response = typeof status === 'number' ? status : cause instanceof Response ? cause.status : 0;
  if (response >= 500 || response === 429) return new ProviderFailure('provider_down', `${detail} ${response}`.trim());
  if (Object.hasOwn(BY_CODE, code)) return new ProviderFailure(BY_CODE[code] ?? 'not_proved', detail);
  const below = (cause as Thrown | undefined)?.code ?? '';
  const isFetch = name === 'TimeoutError' || (thrown instanceof TypeError && thrown.message === 'fetch failed');
  if (isFetch || UNREACHABLE.test(code) || UNREACHABLE.test(below))
    return new ProviderFailure('provider_down', below || code || null);
  if (code.startsWith('OAUTH_')) return new ProviderFailure('not_proved', detail);
  throw thrown;
}
