/**
 * The check endpoint: many questions about one token in one call.
 *
 * A resource server sends the token in the body; without its credential, a token asks about itself, which spends no
 * use.
 * Invariant: every mistake in the form of a call is reported at once, each with its field; then no question is
 * answered.
 */
import type { Credential } from '../../actions/decision/credential.ts';
import { type AskedPermissions, type Objection, posedPermissions } from '../../actions/questions/asked.ts';
import { answerChecks, type Check, MAX_CHECKS } from '../../actions/questions/checks.ts';
import { faultWords } from '../../actions/questions/request-errors.ts';
import { describedContent } from '../../actions/questions/telling.ts';
import { Problem } from '../../base/errors.ts';
import { type Static, Type } from '../../base/json-schema.ts';
import { onDemand } from '../../base/on-demand.ts';
import { once } from '../../base/once.ts';
import { Secret } from '../../base/secret.ts';
import { LEVELS } from '../../catalogue/permissions.ts';
import type { Derivation } from '../../rules/model.ts';
import { OAuthError, type ResourceServerCall, resourceAsked, serverAsking } from './call.ts';
import { STATUS_OF } from './refuse.ts';

const NEEDS = Type.Record(Type.String(), Type.Union(LEVELS.map((level) => Type.Literal(level))));

const CHECK = Type.Object(
  {
    permissions: Type.Optional(Type.Union([NEEDS, Type.Array(NEEDS, { minItems: 1, maxItems: 20 })])),
    repository: Type.Optional(Type.String({ maxLength: 200 })),
    organization: Type.Optional(Type.String({ maxLength: 200 })),
    account: Type.Optional(Type.String({ maxLength: 200 })),
    instance: Type.Optional(Type.Literal(true)),
    public: Type.Optional(Type.Boolean()),
    writes: Type.Optional(Type.Boolean()),
    method: Type.Optional(Type.String({ maxLength: 20 })),
    path: Type.Optional(Type.String({ maxLength: 8_000 })),
    host: Type.Optional(Type.String({ maxLength: 300 })),
    destination: Type.Optional(Type.String({ maxLength: 8_000 })),
    headers: Type.Optional(Type.Record(Type.String({ maxLength: 60 }), Type.String({ maxLength: 8_000 }))),
    body: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
);

const CALL = Type.Object(
  {
    token: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    address: Type.Optional(Type.String({ maxLength: 100 })),
    purpose: Type.Optional(Type.String({ maxLength: 200 })),
    resource: Type.Optional(Type.String({ maxLength: 500 })),
    dry_run: Type.Optional(Type.Boolean()),
    checks: Type.Array(CHECK, { minItems: 1, maxItems: MAX_CHECKS }),
  },
  { additionalProperties: false },
);

const compiler = onDemand<typeof import('typebox/compile')>('typebox/compile');
/** The schema of a call, compiled for the first one: that takes 4 ms, checking 1 µs. */
const form = once(() => compiler().Compile(CALL));

type CheckEntry = Static<typeof CHECK>;

const ASK_HOW =
  'Send a token as Bearer to ask about itself, or the secret of a resource server and the token in the body.';

/** Answers `POST /api/latchkey/check`. @throws OAuthError */
export async function answerCheckCall(call: ResourceServerCall): Promise<unknown> {
  const { ctx, body } = call;
  if (!form().Check(body)) throw new OAuthError(400, 'invalid_request', formErrors(body));
  const { token: asked } = body;
  const own = asked === undefined;
  if (own && call.credential.form === 'none') throw new OAuthError(401, 'invalid_client', ASK_HOW);
  const server = own ? null : await serverAsking(call);
  const credential: Credential = own ? call.credential : { form: 'bearer', secret: new Secret(asked.trim()) };
  const resource = body.resource === undefined ? null : resourceAsked(ctx, [body.resource]);
  const checks = body.checks.map((entry, i) => {
    const check = checkOf(entry, i);
    return resource !== null && 'need' in check ? { ...check, resource } : check;
  });
  const purpose = server === null || body.dry_run === true ? null : (body.purpose ?? `checked by ${server.name}`);
  const address = server === null ? call.address : (body.address ?? '');
  const answer = await answerChecks(ctx, {
    credential,
    checks,
    address,
    userAgent: server === null ? call.userAgent : server.name,
    purpose,
  });
  const bearer = answer.identity?.bearer;
  const token =
    bearer?.via !== 'token'
      ? null
      : {
          id: bearer.token.id,
          kind: bearer.token.kind,
          login: bearer.user.login,
          user_id: bearer.user.id,
          expires_at: bearer.token.expiresAt,
          ...(bearer.token.derived === null ? {} : { derived: derivedFacts(bearer.token.derived) }),
        };
  return { token, max_age: answer.maxAgeSec, checks: answer.results.map(presented) };
}

function derivedFacts({ id, agent, session }: Derivation) {
  return { id, agent, session };
}

function formErrors(body: unknown): string {
  const errors = [...form().Errors(body)].slice(0, 5);
  if (body === undefined || typeof body !== 'object')
    return 'Send JSON: {"checks": [{"permissions": {"contents": "read"}, "repository": "acme/site"}]}.';
  return errors
    .map(
      ({ instancePath, message }) =>
        `${instancePath === '' ? 'The body' : instancePath.slice(1).replaceAll('/', '.')} ${message}.`,
    )
    .join(' ');
}

function checkOf(entry: CheckEntry, i: number): Check {
  const wrong = (message: string): OAuthError => new OAuthError(400, 'invalid_request', `checks.${i}: ${message}`);
  const { method, path, host = '', destination, permissions, headers = {}, body } = entry;
  if ((permissions === undefined) === (path === undefined))
    throw wrong('a check has either permissions, or method and path.');
  if (path !== undefined) {
    if (method === undefined) throw wrong('a path needs a method.');
    const turning = destination === undefined ? null : { name: 'destination', value: destination };
    return { method, host, uri: path, turning, content: describedContent(headers, body) };
  }
  try {
    return posedPermissions({ ...entry, permissions: permissions as AskedPermissions['permissions'] });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw wrong(error.message);
  }
}

function presented(result: Objection): unknown {
  if (result === null) return { allowed: true };
  if ('error' in result) {
    return {
      allowed: false,
      status: 403,
      reason: result.error,
      message: faultWords(result),
      also: [],
      missing: [],
      missing_scopes: [],
      way_out: null,
    };
  }
  const { reason, sentence, also, missing, missingScopes, remedy } = result.explanation;
  return {
    allowed: false,
    status: STATUS_OF[reason],
    reason,
    message: sentence,
    also,
    missing,
    missing_scopes: missingScopes,
    way_out: remedy,
  };
}
