/**
 * One's own tokens over REST, for which GitHub has no API.
 *
 * A token needs the permission `personal_access_tokens` for this; to ask about itself it needs none, and to renew
 * itself, only the part that renews. Bodies are in `own-token-bodies.ts`; what waits for approval is in
 * `own-requests.ts`.
 */
import type { AskedPermissions } from '../../../actions/questions/asked.ts';
import { type DryRunOperation, dryRun, dryRunQuestion, withMove } from '../../../actions/questions/dry-run.ts';
import { describedContent } from '../../../actions/questions/telling.ts';
import { endCurrentToken } from '../../../actions/tokens/derivation.ts';
import { editToken } from '../../../actions/tokens/edits.ts';
import { expiryCalendar } from '../../../actions/tokens/health.ts';
import { listOwnTokens, readCurrentToken, readToken } from '../../../actions/tokens/own-tokens.ts';
import { regenerateToken, rotateToken } from '../../../actions/tokens/secrets.ts';
import { type CreatedToken, createToken, revokeToken } from '../../../actions/tokens/tokens.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { currentToken, dryRunAnswer, ownToken } from '../present/tokens.ts';
import {
  Check,
  closed,
  Edit,
  Expiry,
  expiryIn,
  grantDraft,
  grantsIn,
  idIn,
  limitsIn,
  NewToken,
  Rotation,
} from './own-token-bodies.ts';

const PATH = '/user/personal-access-tokens';
const ANY: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };
const READ: Need = { sets: [{ personal_access_tokens: 'read' }], publicRead: false, writes: false };
const WRITE: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: true };
/** Renewing the token that makes the request. */
const RENEW: Need = { sets: [{ token_rotation: 'write' }], publicRead: false, writes: true };

type AnyCall = Pick<Call<unknown, unknown>, 'ctx' | 'permit' | 'apiUrl'>;

async function withSecret({ ctx, permit, apiUrl }: AnyCall, { secret, token }: CreatedToken) {
  return { ...ownToken(apiUrl, await readToken(ctx, permit, token.id), ctx.clock.now()), token: secret.reveal() };
}

async function rotated(call: AnyCall & { body: Static<typeof Rotation> }, id: number) {
  const { ctx, permit, body } = call;
  return ok(await withSecret(call, await rotateToken(ctx, permit, id, expiryIn(body), body.overlap_seconds)));
}

async function checked(
  { ctx, permit, address }: AnyCall & { address: string },
  id: number | null,
  body: Static<typeof Check>,
) {
  const posed = withMove(dryRunQuestion(ctx, operationIn(body)), body.ref, body.act);
  return ok(dryRunAnswer(await dryRun(ctx, permit, id, posed, body.address ?? address)));
}

/** @throws Problem unless exactly one thing is asked */
function operationIn(body: Static<typeof Check>): DryRunOperation {
  const { method, path, host, destination, permission, permissions, level, git, headers = {} } = body;
  if ([path, permission, permissions, git].filter((one) => one !== undefined).length !== 1)
    throw problem(
      'missing_field',
      'Ask about one thing: a permission, permissions, what git does, or a method and path.',
      'permission',
    );
  if (permission !== undefined) return { ...body, permission, level: level ?? 'read' };
  if (permissions !== undefined) return { ...body, permissions: permissions as AskedPermissions['permissions'] };
  if (git !== undefined) return { git, repository: body.repository };
  const turning = destination === undefined ? null : { name: 'destination', value: destination };
  return {
    method: method ?? 'GET',
    uri: path ?? '',
    host: host ?? null,
    turning,
    content: describedContent(headers, body.body),
  };
}

/** The id of the token that makes the request. @throws Problem when it isn't made with a token */
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
    summary: 'Your own tokens, newest first. `state=all` includes revoked ones.',
    need: READ,
    paged: true,
    query: Type.Object(
      {
        state: Type.Optional(Type.Union([Type.Literal('live'), Type.Literal('all')])),
        kind: Type.Optional(
          Type.Union([Type.Literal('fine-grained'), Type.Literal('classic'), Type.Literal('scoped')]),
        ),
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
    summary: 'The token that makes this request: what it is, what it may do, when it ends.',
    need: ANY,
    handle: async ({ ctx, permit, apiUrl }) =>
      ok(currentToken(apiUrl, await readCurrentToken(ctx, permit), ctx.clock.now())),
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/calendar.ics`,
    operationId: 'tokens/calendar',
    need: READ,
    challenge: true,
    summary:
      'The expiry dates of your tokens as a calendar (RFC 5545). A calendar program signs in with your username, ' +
      'and a token as the password.',
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
    summary: 'Whether the token that makes this request may do something, and if not, every reason. Nothing is done.',
    need: ANY,
    body: Check,
    success: 200,
    handle: (call) => checked(call, null, call.body),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{token_id}/check`,
    operationId: 'tokens/check',
    summary: 'Whether one of your tokens may do something, and if not, every reason. Nothing is done.',
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
      'Creates a fine-grained token. Only this answer shows its secret. It can have no right, target or lifetime ' +
      'beyond those of the token that makes this request.',
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
      'Changes a token; its secret stays. If an organization approves tokens, more access to it becomes a ' +
      'request; what was granted stays in force.',
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
    summary: 'Revokes the token that makes this request.',
    need: ANY,
    handle: async ({ ctx, permit }) => {
      await endCurrentToken(ctx, permit);
      return nothing();
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: `${PATH}/{token_id}`,
    operationId: 'tokens/delete',
    summary: 'Revokes a token at once, everywhere. `children=true` also revokes the tokens it made.',
    need: WRITE,
    query: Type.Object({ children: Type.Optional(Type.Boolean()) }, closed),
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
    summary: 'Gives a token a new secret and expiry date. The old secret stops working at once.',
    need: WRITE,
    body: Expiry,
    success: 200,
    handle: async (call) => {
      const { ctx, permit, params, body } = call;
      return ok(await withSecret(call, await regenerateToken(ctx, permit, idIn(params['token_id']), expiryIn(body))));
    },
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/{token_id}/rotate`,
    operationId: 'tokens/rotate',
    need: WRITE,
    body: Rotation,
    success: 200,
    summary: 'Gives a token a new secret. The old one works until the new one is first used, or the overlap is over.',
    handle: (call) => rotated(call, idIn(call.params['token_id'])),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/current/rotate`,
    operationId: 'tokens/rotate-current',
    summary:
      'Gives the token that makes this request a new secret, in the same way. Its new lifetime is no longer than ' +
      'its present one.',
    need: RENEW,
    body: Rotation,
    success: 200,
    handle: async (call) => rotated(call, await currentId(call)),
  }),
];

export const OWN_TOKEN_ENDPOINTS: readonly Endpoint[] = [...READING, ...CHANGING];
