/**
 * Token exchange (RFC 8693): one's own token goes in, and a narrower one that lives as long comes out; or a workload's
 * (a JWT of a trusted issuer), and a short one of a machine account comes out. The latter has a second spelling, the
 * JWT bearer grant (RFC 7523).
 *
 * `SUBJECTS` says which kinds of token may go in. To take another kind: its type and its function there.
 * Invariant: what is asked for beyond the first token is refused, never cut.
 */
import { type AccessRequest, authorize, type Permit } from '../../actions/decision/authorize.ts';
import { exchangeWorkload, RefusedExchange } from '../../actions/federation/exchange.ts';
import type { Context } from '../../actions/ground/context.ts';
import { scopeOf } from '../../actions/questions/introspection.ts';
import { type DerivationRequest, deriveToken } from '../../actions/tokens/derivation.ts';
import { Problem, problem } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { UnixSeconds } from '../../base/time.ts';
import { unknownScopes } from '../../catalogue/scopes/scopes.ts';
import { refRuleDrafts } from '../../rules/refs/ref-rule-text.ts';

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JWT_BEARER_GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';

/** What is sent back: a status and a body as RFC 6749 section 5 defines it. */
export interface OAuthAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Visitor {
  readonly address: string;
  readonly userAgent: string | null;
}

type Exchange = (ctx: Context, form: URLSearchParams, visitor: Visitor) => Promise<OAuthAnswer>;

/** By `subject_token_type`. */
const SUBJECTS: Readonly<Record<string, Exchange>> = {
  [ACCESS_TOKEN_TYPE]: exchangeOwnToken,
  'urn:ietf:params:oauth:token-type:jwt': exchangeWorkloadToken,
  'urn:ietf:params:oauth:token-type:id_token': exchangeWorkloadToken,
};

/** Parameters that may come several times (RFC 8693 section 2.1). */
const REPEATABLE: ReadonlySet<string> = new Set(['resource', 'audience']);
const ANY = { sets: [], publicRead: false, writes: false, gitlabScopes: [] } as const;

/** Answers a request whose `grant_type` is `EXCHANGE_GRANT`. Never rejects for what a client sends. */
export async function exchangeToken(ctx: Context, form: URLSearchParams, visitor: Visitor): Promise<OAuthAnswer> {
  const twice = repeatedIn(form);
  if (twice !== null) return refused('invalid_request', twice);
  if (!form.get('subject_token')) return refused('invalid_request', 'subject_token is needed.');
  const type = form.get('subject_token_type') ?? '';
  const exchange = Object.hasOwn(SUBJECTS, type) ? SUBJECTS[type] : undefined;
  if (exchange === undefined)
    return refused('invalid_request', `subject_token_type must be ${Object.keys(SUBJECTS).join(' or ')}.`);
  if (![null, ACCESS_TOKEN_TYPE].includes(form.get('requested_token_type')))
    return refused('invalid_request', `requested_token_type can only be ${ACCESS_TOKEN_TYPE}.`);
  if (form.has('actor_token') || form.has('actor_token_type'))
    return refused('invalid_request', 'Actor tokens are not taken. Name who acts in agent and session.');
  return exchange(ctx, form, visitor);
}

/** Answers a request whose `grant_type` is `JWT_BEARER_GRANT`. Never rejects for what a client sends. */
export async function bearJwt(ctx: Context, form: URLSearchParams, visitor: Visitor): Promise<OAuthAnswer> {
  const twice = repeatedIn(form);
  if (twice !== null) return refused('invalid_request', twice);
  const assertion = form.get('assertion');
  if (!assertion) return refused('invalid_request', 'assertion is needed: a JWT of a trusted issuer.');
  return giveToWorkload(ctx, form, visitor, { jwt: assertion, unproved: 'invalid_grant', answer: {} });
}

/** What is wrong with a form that has a parameter several times; null when nothing is. */
export function repeatedIn(form: URLSearchParams): string | null {
  const twice = [...new Set(form.keys())].find((name) => !REPEATABLE.has(name) && form.getAll(name).length > 1);
  return twice === undefined ? null : `${twice.slice(0, 40)} was sent more than once.`;
}

function exchangeWorkloadToken(ctx: Context, form: URLSearchParams, visitor: Visitor): Promise<OAuthAnswer> {
  const spelling = { unproved: 'invalid_request', answer: { issued_token_type: ACCESS_TOKEN_TYPE } };
  return giveToWorkload(ctx, form, visitor, { jwt: form.get('subject_token') ?? '', ...spelling });
}

/** What the two spellings say differently. */
interface Spelling {
  readonly jwt: string;
  /** The error for a token that proves nothing (RFC 8693 section 2.2.2, RFC 7523 section 3.1). */
  readonly unproved: string;
  readonly answer: Readonly<Record<string, unknown>>;
}

async function giveToWorkload(
  ctx: Context,
  form: URLSearchParams,
  visitor: Visitor,
  { jwt, unproved, answer }: Spelling,
): Promise<OAuthAnswer> {
  const target = targetIn(ctx.settings.publicUrl, form);
  if ('error' in target) return refused('invalid_target', target.error);
  const narrowing = (from: Pick<Permit, 'bearer'>): DerivationRequest => {
    const read = requestIn(form, from);
    if ('error' in read) throw problem('invalid', read.error);
    return { ...read.request, ...target.request };
  };
  try {
    const request = { jwt: jwt.trim(), machine: form.get('client_id') || null, narrowing };
    const { secret, token, from } = await exchangeWorkload(ctx, request, visitor);
    return given(ctx, secret, token.expiresAt, form.get('scope') ?? heldScope(from), answer);
  } catch (error) {
    if (error instanceof RefusedExchange) return refusedWorkload(error, unproved);
    if (error instanceof Problem) return refusedWish(error);
    throw error;
  }
}

/** Reasons by which a workload that proved itself gets nothing, and the one that may pass. */
const NOT_TAKEN: ReadonlySet<string> = new Set(['no_rule', 'condition', 'ambiguous', 'rule_closed']);

function refusedWorkload({ reason, message }: RefusedExchange, unproved: string): OAuthAnswer {
  if (reason === 'keys_unavailable')
    return { status: 503, body: { error: 'temporarily_unavailable', error_description: message } };
  if (NOT_TAKEN.has(reason)) return { status: 403, body: { error: 'access_denied', error_description: message } };
  return refused(unproved, message);
}

function given(
  ctx: Context,
  secret: Secret,
  expiresAt: UnixSeconds,
  scope: string,
  answer: Readonly<Record<string, unknown>>,
): OAuthAnswer {
  const expires_in = Math.max(1, expiresAt - ctx.clock.now());
  return { status: 200, body: { access_token: secret.reveal(), ...answer, token_type: 'Bearer', expires_in, scope } };
}

/** One's own token: the answer is derived from it. */
async function exchangeOwnToken(ctx: Context, form: URLSearchParams, visitor: Visitor): Promise<OAuthAnswer> {
  const target = targetIn(ctx.settings.publicUrl, form);
  if ('error' in target) return refused('invalid_target', target.error);
  const asked: AccessRequest = {
    credential: { form: 'bearer', secret: new Secret((form.get('subject_token') ?? '').trim()) },
    need: ANY,
    target: { kind: 'account', login: null },
    purpose: 'derive a token',
    ...visitor,
  };
  const verdict = await authorize(ctx, asked);
  if (!verdict.allowed) {
    const { sentence, retryAfterSec } = verdict.explanation;
    return retryAfterSec === null
      ? refused('invalid_request', `subject_token: ${sentence}`)
      : { status: 429, body: { error: 'slow_down', error_description: sentence } };
  }
  const read = requestIn(form, verdict.permit);
  if ('error' in read) return refused('invalid_request', read.error);
  try {
    const { secret, token } = await deriveToken(ctx, verdict.permit, { ...read.request, ...target.request });
    const scope = form.get('scope') ?? heldScope(verdict.permit);
    return given(ctx, secret, token.expiresAt, scope, { issued_token_type: ACCESS_TOKEN_TYPE });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return refusedWish(error);
  }
}

function refusedWish({ complaints }: Problem): OAuthAnswer {
  const words = complaints.map(({ message }) => message).join(' ');
  return refused(ERRORS[complaints[0]?.field ?? ''] ?? 'invalid_request', words);
}

const ERRORS: Readonly<Record<string, string>> = {
  permissions: 'invalid_scope',
  scopes: 'invalid_scope',
  repositories: 'invalid_target',
};

function heldScope({ bearer }: Pick<Permit, 'bearer'>): string {
  return bearer?.via === 'token' ? scopeOf(bearer.token, bearer.token.grants) : '';
}

/** Repositories by their address on this server; the server itself narrows nothing. */
function targetIn(
  publicUrl: string,
  form: URLSearchParams,
): { readonly request: Pick<DerivationRequest, 'repositories'> } | { readonly error: string } {
  const stranger = form.getAll('audience').find((audience) => audience !== publicUrl);
  if (stranger !== undefined) return { error: `audience can only be ${publicUrl}.` };
  const repositories: string[] = [];
  let isWhole = form.getAll('resource').length === 0;
  for (const resource of form.getAll('resource')) {
    const rest =
      resource === publicUrl ? '' : resource.startsWith(`${publicUrl}/`) ? resource.slice(publicUrl.length + 1) : null;
    const name = rest === null ? null : /^([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(rest)?.[1];
    if (rest === '') isWhole = true;
    else if (name == null)
      return { error: `resource can only be ${publicUrl}, or a repository ${publicUrl}/OWNER/NAME.` };
    else repositories.push(name);
  }
  return { request: isWhole ? {} : { repositories } };
}

/** What narrows, besides the target. `scope` names permissions (`contents:write`), or scopes of the first token. */
function requestIn(
  form: URLSearchParams,
  { bearer }: Pick<Permit, 'bearer'>,
): { readonly request: DerivationRequest } | { readonly error: string } {
  const kind = bearer?.via === 'token' ? bearer.token.kind : 'fine-grained';
  const words = (form.get('scope') ?? '').split(' ').filter((word) => word !== '');
  const scopes = words.filter(
    (word) => kind !== 'fine-grained' && unknownScopes(kind === 'classic' ? 'classic' : 'scoped', [word]).length === 0,
  );
  const permissions = words.filter((word) => !scopes.includes(word));
  const life = form.get('expires_in');
  if (life !== null && !/^\d{1,9}$/.test(life)) return { error: 'expires_in is a number of seconds.' };
  const rules = form.get('ref_rules');
  return {
    request: {
      ...(permissions.length === 0 ? {} : { permissions: Object.fromEntries(permissions.map(splitLevel)) }),
      ...(scopes.length === 0 ? {} : { scopes }),
      ...(life === null ? {} : { expiresInSec: Number(life) }),
      ...(rules === null ? {} : { refRules: refRuleDrafts(rules.split(/[\r\n;]+/)) }),
      name: form.get('name') ?? undefined,
      agent: form.get('agent') ?? undefined,
      session: form.get('session') ?? undefined,
    },
  };
}

function splitLevel(word: string): [string, string] {
  const colon = word.lastIndexOf(':');
  return colon < 0 ? [word, ''] : [word.slice(0, colon), word.slice(colon + 1)];
}

export function refused(error: string, words: string): OAuthAnswer {
  return { status: 400, body: { error, error_description: words } };
}
