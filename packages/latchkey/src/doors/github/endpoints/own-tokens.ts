/**
 * One's own tokens over REST: what GitHub has no API for.
 *
 * Fields are GitHub's where its forms and answers have them (`target_name`, `expires_in`, `repository_selection`). A
 * token needs the permission `personal_access_tokens` for this; to ask about itself it needs none, and to renew itself
 * the part that renews.
 */
import { cancelRequest } from '../../../actions/organizations/approvals.ts';
import { dryRun, dryRunQuestion } from '../../../actions/questions/dry-run.ts';
import { editToken } from '../../../actions/tokens/edits.ts';
import { expiryCalendar } from '../../../actions/tokens/health.ts';
import { listOwnTokens, readCurrentToken, readToken } from '../../../actions/tokens/own-tokens.ts';
import { regenerateToken, rotateToken } from '../../../actions/tokens/secrets.ts';
import { type CreatedToken, createToken, revokeToken } from '../../../actions/tokens/tokens.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import type { GrantDraft } from '../../../rules/draft.ts';
import type { RepositorySelection } from '../../../rules/model.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { dryRunAnswer, ownToken, SELECTION_WORDS } from '../present/tokens.ts';
import { instantOf } from './instants.ts';

const PATH = '/user/personal-access-tokens';
const ANY: Need = { sets: [], publicRead: false, writes: false };
const READ: Need = { sets: [{ personal_access_tokens: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: true };
/** Renewing the very token that asks. */
const RENEW: Need = { sets: [{ token_rotation: 'write' }], publicRead: false, writes: true };

const closed = { additionalProperties: false } as const;
const optional = Type.Optional;
const Instant = Type.Union([Type.String(), Type.Null()]);

const GRANT = {
  target_name: optional(
    Type.String({ maxLength: 100, description: 'Resource owner: a login, or `instance`. Left out: oneself.' }),
  ),
  repository_selection: optional(
    Type.Union([Type.Literal('none'), Type.Literal('all'), Type.Literal('subset')], {
      description: '`none`: public repositories, to read.',
    }),
  ),
  repositories: optional(
    Type.Array(Type.String({ maxLength: 150 }), { maxItems: 1000, description: 'Names, with a `subset`.' }),
  ),
  permissions: optional(Type.Record(Type.String(), Type.String(), { description: 'Permission to level.' })),
  reason: optional(
    Type.Union([Type.String(), Type.Null()], {
      description: 'For the owners of an organization that wants to approve.',
    }),
  ),
};
const Grant = Type.Object(GRANT, closed);
const LIMITS = {
  not_before: optional(Instant),
  allowed_addresses: optional(Type.Union([Type.Array(Type.String({ maxLength: 60 })), Type.Null()])),
  uses_left: optional(
    Type.Union([Type.Integer(), Type.Null()], {
      description: 'Requests that it may make, on all doors together; a clone or a push makes two or more.',
    }),
  ),
};
const EXPIRY = {
  expires_in: optional(
    Type.Union([Type.Integer(), Type.Literal('none'), Type.Null()], { description: 'Days, 1 to 366, or `none`.' }),
  ),
  expires_at: optional(Type.String({ description: 'Instead of days: an instant in ISO 8601.' })),
};
const NewToken = Type.Object(
  {
    name: Type.String(),
    description: optional(Type.String()),
    ...GRANT,
    grants: optional(
      Type.Array(Grant, { maxItems: 100, description: 'Instead of the one above: several resource owners.' }),
    ),
    ...EXPIRY,
    ...LIMITS,
  },
  closed,
);
const Edit = Type.Object(
  {
    name: optional(Type.String()),
    description: optional(Type.String()),
    scopes: optional(Type.Array(Type.String(), { maxItems: 200, description: 'Of a classic token.' })),
    ...GRANT,
    grants: optional(Type.Array(Grant, { maxItems: 100 })),
    ...LIMITS,
  },
  closed,
);
const Expiry = Type.Object(EXPIRY, closed);
const Rotation = Type.Object(
  {
    ...EXPIRY,
    overlap_seconds: optional(
      Type.Integer({
        description: 'How long the old secret works beside the new one, at most: 60 to 604800; 3600 when left out.',
      }),
    ),
  },
  closed,
);
const Check = Type.Object(
  {
    method: optional(Type.String({ maxLength: 10 })),
    path: optional(Type.String({ maxLength: 1000 })),
    permission: optional(Type.String({ maxLength: 100 })),
    level: optional(Type.String({ maxLength: 10 })),
    repository: optional(Type.String({ maxLength: 200 })),
    organization: optional(Type.String({ maxLength: 100 })),
    address: optional(Type.String({ maxLength: 60 })),
  },
  closed,
);

const SELECTIONS: Readonly<Record<string, RepositorySelection>> = Object.fromEntries(
  Object.entries(SELECTION_WORDS).map(([selection, word]) => [word, selection as RepositorySelection]),
);

function grantDraft(grant: Static<typeof Grant>): GrantDraft {
  const {
    target_name: owner = '',
    repository_selection: word,
    repositories = [],
    permissions = {},
    reason = null,
  } = grant;
  return {
    owner,
    selection: present(SELECTIONS[word ?? (repositories.length > 0 ? 'subset' : 'none')], 'the selection of a word'),
    repositories,
    permissions,
    justification: reason,
  };
}

/** The grants of a body: one by its own fields, or several under `grants`. Undefined when neither is there. */
function grantsIn(body: Static<typeof Edit> | Static<typeof NewToken>): GrantDraft[] | undefined {
  const own = Object.keys(GRANT).filter((field) => body[field as keyof typeof GRANT] !== undefined);
  if (body.grants !== undefined && own.length > 0)
    throw problem('invalid', `${own.join(', ')} stands beside grants: say it in one place.`, 'grants');
  if (body.grants !== undefined) return body.grants.map(grantDraft);
  return own.length === 0 ? undefined : [grantDraft(body)];
}

function expiryIn({ expires_in: days, expires_at: at }: Static<typeof Expiry>) {
  if (days !== undefined && at !== undefined)
    throw problem('invalid', 'expires_in and expires_at say the same thing: give one.', 'expires_in');
  return {
    expiresInDays: days === 'none' ? null : days,
    expiresAt: at === undefined ? undefined : instantOf(at, 'expires_at'),
  };
}

function limitsIn({ not_before: from, allowed_addresses: allowedAddresses, uses_left: usesLeft }: Static<typeof Edit>) {
  return { notBeforeAt: typeof from === 'string' ? instantOf(from, 'not_before') : from, allowedAddresses, usesLeft };
}

/** The number in a path. @throws Problem when it is none, as for a token that is not there. */
export function idIn(text: string | undefined): number {
  const id = Number(text);
  if (!/^\d{1,15}$/.test(text ?? '') || id < 1)
    throw problem('not_found', `There is no ${String(text).slice(0, 40)}.`, 'id');
  return id;
}

type AnyCall = Pick<Call<unknown, unknown>, 'ctx' | 'permit' | 'apiUrl'>;

async function withSecret({ ctx, permit, apiUrl }: AnyCall, { secret, token }: CreatedToken) {
  return { ...ownToken(apiUrl, await readToken(ctx, permit, token.id), ctx.clock.now()), token: secret.reveal() };
}

async function checked(
  { ctx, permit, address }: AnyCall & { address: string },
  id: number,
  body: Static<typeof Check>,
) {
  const { method, path, permission, level = 'read' } = body;
  if ((path === undefined) === (permission === undefined))
    throw problem('missing_field', 'Ask about a permission, or about a method and path.', 'permission');
  const question = dryRunQuestion(
    permission !== undefined
      ? { permission, level, repository: body.repository, organization: body.organization }
      : { method: method ?? 'GET', path: path ?? '' },
  );
  return ok(dryRunAnswer(await dryRun(ctx, permit, id, question, body.address ?? address)));
}

/** The id of the token that asks. @throws Problem when it is no token that does. */
async function currentId({ ctx, permit }: AnyCall): Promise<number> {
  return (await readCurrentToken(ctx, permit)).id;
}

const describe = { resource: 'PersonalAccessToken', target: { kind: 'self' } } as const;

const READING: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'GET',
    path: PATH,
    operationId: 'tokens/list',
    summary: 'Your own tokens, newest first; `state=all` with those that were revoked.',
    need: READ,
    paged: true,
    query: Type.Object(
      {
        state: optional(Type.Union([Type.Literal('live'), Type.Literal('all')])),
        kind: optional(Type.Union([Type.Literal('fine-grained'), Type.Literal('classic'), Type.Literal('scoped')])),
      },
      closed,
    ),
    handle: async ({ ctx, permit, apiUrl, page, query }) => {
      const tokens = await listOwnTokens(
        ctx,
        permit,
        { revokedToo: query.state === 'all', ...(query.kind === undefined ? {} : { kind: query.kind }) },
        pageById(page),
      );
      return {
        ...ok(tokens.map((token) => ownToken(apiUrl, token, ctx.clock.now()))),
        next: nextKey(tokens, page, (token) => token.id),
      };
    },
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/current`,
    operationId: 'tokens/get-current',
    summary: 'The token that asks: what it is, what it may do, when it ends.',
    need: ANY,
    handle: async ({ ctx, permit, apiUrl }) =>
      ok(ownToken(apiUrl, await readCurrentToken(ctx, permit), ctx.clock.now())),
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/calendar.ics`,
    operationId: 'tokens/calendar',
    need: READ,
    challenge: true,
    summary:
      'The ends of your tokens as a calendar (RFC 5545), for programs that subscribe to it: your username, and a ' +
      'token as the password.',
    handle: async ({ ctx, permit }) => ({
      ...ok(await expiryCalendar(ctx, permit)),
      headers: { 'Content-Type': 'text/calendar; charset=utf-8' },
    }),
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/{token_id}`,
    operationId: 'tokens/get',
    summary: 'One of your own tokens.',
    need: READ,
    handle: async ({ ctx, permit, apiUrl, params }) =>
      ok(ownToken(apiUrl, await readToken(ctx, permit, idIn(params['token_id'])), ctx.clock.now())),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/current/check`,
    operationId: 'tokens/check-current',
    summary: 'Whether the token that asks might do something, and every reason against it. Nothing is done.',
    need: ANY,
    body: Check,
    success: 200,
    handle: async (call) => checked(call, await currentId(call), call.body),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{token_id}/check`,
    operationId: 'tokens/check',
    summary: 'Whether one of your tokens might do something, and every reason against it. Nothing is done.',
    need: READ,
    body: Check,
    success: 200,
    handle: async (call) => checked(call, idIn(call.params['token_id']), call.body),
  }),
];

const CHANGING: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'POST',
    path: PATH,
    operationId: 'tokens/create',
    summary:
      'Creates a fine-grained token; its secret is in the answer, this once. It gets no right, target or life ' +
      'that the token which asks has not.',
    need: WRITE,
    body: NewToken,
    handle: async (call) => {
      const { ctx, permit, body } = call;
      const made = await createToken(ctx, permit, {
        userLogin: permit.actor.login,
        kind: 'fine-grained',
        name: body.name,
        description: body.description ?? '',
        scopes: [],
        grants: grantsIn(body) ?? [grantDraft({})],
        ...expiryIn(body),
        ...limitsIn(body),
      });
      const shown = await withSecret(call, made);
      return created(shown, shown.url);
    },
  }),
  endpoint({
    ...describe,
    method: 'PATCH',
    path: `${PATH}/{token_id}`,
    operationId: 'tokens/update',
    need: WRITE,
    body: Edit,
    summary:
      'Changes a token; its secret stays. More towards an organization that wants to approve is a request, and ' +
      'what is granted stays in force meanwhile.',
    handle: async ({ ctx, permit, apiUrl, params, body }) => {
      const { id } = await editToken(ctx, permit, idIn(params['token_id']), {
        name: body.name,
        description: body.description,
        scopes: body.scopes,
        grants: grantsIn(body),
        ...limitsIn(body),
      });
      return ok(ownToken(apiUrl, await readToken(ctx, permit, id), ctx.clock.now()));
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: `${PATH}/current`,
    operationId: 'tokens/delete-current',
    summary: 'Ends the token that asks.',
    need: ANY,
    handle: async (call) => {
      await revokeToken(call.ctx, call.permit, await currentId(call));
      return nothing();
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: `${PATH}/{token_id}`,
    operationId: 'tokens/delete',
    summary: 'Ends a token, on the very next request everywhere; `children=true` takes along those that it made.',
    need: WRITE,
    query: Type.Object({ children: optional(Type.Boolean()) }, closed),
    handle: async ({ ctx, permit, params, query }) => {
      await revokeToken(ctx, permit, idIn(params['token_id']), permit.actor.login, {
        withChildren: query.children === true,
      });
      return nothing();
    },
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{token_id}/regenerate`,
    operationId: 'tokens/regenerate',
    summary: 'Gives a token a new secret and a new life. The old secret is dead at once.',
    need: WRITE,
    body: Expiry,
    success: 200,
    handle: async (call) =>
      ok(
        await withSecret(
          call,
          await regenerateToken(call.ctx, call.permit, idIn(call.params['token_id']), expiryIn(call.body)),
        ),
      ),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{token_id}/rotate`,
    operationId: 'tokens/rotate',
    need: WRITE,
    body: Rotation,
    success: 200,
    summary:
      'Gives a token a new secret. The old one works until the first use of the new one, or until the overlap is over.',
    handle: async (call) =>
      ok(
        await withSecret(
          call,
          await rotateToken(
            call.ctx,
            call.permit,
            idIn(call.params['token_id']),
            expiryIn(call.body),
            call.body.overlap_seconds,
          ),
        ),
      ),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/current/rotate`,
    operationId: 'tokens/rotate-current',
    summary: 'The same for the token that asks; its new life is no longer than the one it has.',
    need: RENEW,
    body: Rotation,
    success: 200,
    handle: async (call) =>
      ok(
        await withSecret(
          call,
          await rotateToken(
            call.ctx,
            call.permit,
            await currentId(call),
            expiryIn(call.body),
            call.body.overlap_seconds,
          ),
        ),
      ),
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: '/user/personal-access-token-requests/{request_id}',
    operationId: 'tokens/cancel-request',
    summary: 'Takes back a request that waits for an organization.',
    need: WRITE,
    handle: async ({ ctx, permit, params }) => {
      await cancelRequest(ctx, permit, idIn(params['request_id']));
      return nothing();
    },
  }),
];

export const OWN_TOKEN_ENDPOINTS: readonly Endpoint[] = [...READING, ...CHANGING];
