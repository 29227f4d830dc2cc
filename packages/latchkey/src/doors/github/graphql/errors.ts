/**
 * How a field says that it has no answer: GitHub's types and words, plus what every refusal here says: the reason, what
 * is missing, and where to get it.
 *
 * Source: GitHub's answers, and what its clients match on (`NOT_FOUND`, `FORBIDDEN`, `INSUFFICIENT_SCOPES`).
 */
import type { GraphQLError } from 'graphql';
import { MoveRefused } from '../../../actions/repositories/refs/ref-guard.ts';
import { Problem } from '../../../base/errors.ts';
import { outageAnswer } from '../../../base/machine/outage.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { refusal } from '../refuse.ts';

/** GitHub's words for a token that lacks something are by its kind; these are about the request. */
type ErrorType =
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'INSUFFICIENT_SCOPES'
  | 'UNPROCESSABLE'
  | 'STALE_DATA'
  | 'MISSING_PAGINATION_BOUNDARIES'
  | 'EXCESSIVE_PAGINATION'
  | 'MAX_NODE_LIMIT_EXCEEDED'
  | 'RESOURCE_LIMITS_EXCEEDED';

/** Why a field has no answer. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly type: ErrorType;
  readonly extensions: Readonly<Record<string, unknown>> | null;

  constructor(type: ErrorType, message: string, extensions: Readonly<Record<string, unknown>> | null = null) {
    super(message);
    this.type = type;
    this.extensions = extensions;
  }
}

/** One entry of `errors`. */
export interface ErrorEntry {
  readonly type?: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * A refusal of the decision.
 * @param field its name, for the sentence about scopes
 * @param missing what to say about something that isn't there, or that the caller may not see
 */
export function refused(explanation: Explanation, field: string, missing: string | null = null): Unanswered {
  const { status, body } = refusal(explanation, `${explanation.facts.publicUrl}/api/v3/docs`);
  const { reason, detail, fix, help } = body;
  const extensions = {
    reason,
    detail,
    missing: body['missing'],
    ...(body['missing_scopes'] === undefined ? {} : { missing_scopes: body['missing_scopes'] }),
    fix,
    help,
    saml_failure: reason === 'sso_not_authorized',
  };
  if (status === 404) return new Unanswered('NOT_FOUND', missing ?? body.message, extensions);
  if (reason === 'scope_missing')
    return new Unanswered('INSUFFICIENT_SCOPES', scopesSentence(explanation, field), extensions);
  return new Unanswered('FORBIDDEN', body.message, extensions);
}

function scopesSentence({ missingScopes, tokenScopes, remedy, facts }: Explanation, field: string): string {
  const listed = (scopes: readonly string[]): string => `[${scopes.map((scope) => `'${scope}'`).join(', ')}]`;
  return (
    `Your token has not been granted the required scopes to execute this query. The '${field}' field requires one of ` +
    `the following scopes: ${listed(missingScopes)}, but your token has only been granted the: ` +
    `${listed(tokenScopes)} scopes. Please modify your token's scopes at: ${remedy.url ?? facts.publicUrl}.`
  );
}

/** What a field threw, in GitHub's form; null when the server failed, which nobody is told the reason of. */
export function entryOf(error: GraphQLError): ErrorEntry | null {
  const { originalError, path, locations, message, extensions } = error;
  const place = { ...(path === undefined ? {} : { path }), ...(locations === undefined ? {} : { locations }) };
  if (originalError === undefined || originalError === error)
    return { ...place, message, ...(Object.keys(extensions).length === 0 ? {} : { extensions }) };
  const known = knownIn(originalError, String(path?.at(-1) ?? ''));
  if (known === null) return originalError.name === 'GraphQLError' ? { ...place, message } : null;
  const { type, extensions: more } = known;
  return { type, ...place, message: known.message, ...(more === null ? {} : { extensions: more }) };
}

function knownIn(error: Error, field: string): Unanswered | null {
  if (error instanceof Unanswered) return error;
  if (error instanceof MoveRefused) return refused(error.explanation, field);
  if (!(error instanceof Problem) || outageAnswer(error) !== null) return null;
  const isMissing = error.complaints.every(({ code }) => code === 'not_found');
  return new Unanswered(isMissing ? 'NOT_FOUND' : 'UNPROCESSABLE', error.message);
}
