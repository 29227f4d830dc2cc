/**
 * Sign-ins of OAuth applications: a person lets one use their account, and it gets short access tokens for as long as
 * the person's yes lasts.
 *
 * What a person says yes to is a token of theirs that nobody has the secret of. Access tokens are derived from it, so
 * that they are short, never more than it, and dead with it; a refresh token stands for it and is exchanged for the
 * next ones.
 *
 * Sources: RFC 6749, RFC 7009, RFC 7636, RFC 8252, RFC 8707, RFC 9700 section 4.14.
 * Invariant: a code or a refresh token that comes a second time ends the whole sign-in.
 * Invariant: an application gets only what was given to it, and ends only that.
 * Invariant: what was asked for with a resource is for that one alone, at every exchange.
 */
import { Problem } from '../../base/errors.ts';
import { keyOfDigest, type Secret } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC, type UnixSeconds } from '../../base/time.ts';
import { permissionsIn, scopeWords } from '../../rules/applications/application-request.ts';
import {
  type Application,
  applicationOfToken,
  givenTokens,
  giveToApplication,
  updateApplication,
} from '../../store/applications.ts';
import type { Query } from '../../store/db.ts';
import { secretInState } from '../../store/derived-tokens.ts';
import { grantsOf } from '../../store/grants.ts';
import { insertRefreshToken, refreshTokenByDigest, useRefreshToken } from '../../store/refresh-tokens.ts';
import type { Token } from '../../store/tokens.ts';
import { userNamed } from '../accounts/accounts.ts';
import { authorize, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret, readSecret } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import {
  type GivenCode,
  type Redeemer,
  redeemCodeFor,
  redeemDeviceFor,
  type Unredeemed,
  type Visitor,
} from '../tokens/code-redemption.ts';
import { deriveToken } from '../tokens/derivation.ts';
import { createUnheldToken, endOne, revokeToken } from '../tokens/tokens.ts';
import type { ResourceId } from './resources.ts';

/** How long an access token lives. */
export const ACCESS_TOKEN_SEC = HOUR_SEC;
/** How long a refresh token waits for its use; no longer than the sign-in. */
export const REFRESH_TOKEN_SEC = 30 * DAY_SEC;
/** Sign-ins of one person with one application. The oldest make room, as on GitHub. */
export const MAX_SIGN_INS = 10;
const ANY = { sets: [], publicRead: false, writes: false, gitlabScopes: [] } as const;

/** What an application gets: RFC 6749 section 5.1. */
export interface Access {
  readonly tokenId: number;
  readonly accessToken: Secret;
  readonly expiresAt: UnixSeconds;
  readonly refreshToken: Secret;
  readonly refreshExpiresAt: UnixSeconds;
  readonly scope: string;
  /** What it is for; null = this server and every service. */
  readonly resource: ResourceId | null;
  readonly login: string;
}

/** Why there is none, by RFC 6749 section 5.2. */
export interface NoAccess {
  readonly error: Unredeemed['error'] | 'invalid_scope';
  readonly words: string;
}

const NO_REFRESH: NoAccess = {
  error: 'invalid_grant',
  words: 'The refresh token is unknown, was used already, or has ended. Sign in again.',
};

/** Exchanges an authorization code for an access token and a refresh token. */
export function redeemApplicationCode(
  ctx: Context,
  application: Application,
  code: GivenCode & { readonly resource: ResourceId | null },
  from: Visitor,
): Promise<Access | NoAccess> {
  return redeemCodeFor(ctx, code, from, redeemerFor(ctx, application, code.resource, from));
}

/** Exchanges a device code for an access token and a refresh token, once its person has said yes. */
export function redeemApplicationDevice(
  ctx: Context,
  application: Application,
  given: { readonly code: Secret; readonly resource: ResourceId | null },
  from: Visitor,
): Promise<Access | NoAccess> {
  return redeemDeviceFor(ctx, given.code, from, redeemerFor(ctx, application, given.resource, from));
}

/** @param wanted what the tokens are to be for, of what the person said yes to; null = all of it */
function redeemerFor(
  ctx: Context,
  application: Application,
  wanted: ResourceId | null,
  from: Visitor,
): Redeemer<Access> {
  return {
    applicationId: application.id,
    command: null,
    objection: (request) => elsewhere(request.application?.resource ?? null, wanted),
    give: async (permit, draft, { application: asked }) => {
      const refreshToken = mintSecret();
      const holder = await userNamed(ctx.store.db, draft.userLogin);
      const { token, refreshExpiresAt } = await createUnheldToken(ctx, permit, holder, draft, async (tx, made) => {
        await giveToApplication(tx, made.id, application.id);
        await updateApplication(tx, application.id, { usedAt: ctx.clock.now() });
        await record(tx, permit, ctx.clock.now(), {
          action: 'oauth_authorization.create',
          userId: made.userId,
          tokenId: made.id,
          data: {
            name: application.name,
            client_id: application.clientId,
            scopes: asked?.scopes ?? [],
            resource: asked?.resource ?? null,
          },
        });
        await makeRoom(ctx, tx, application, made.userId);
        return {
          token: made,
          refreshExpiresAt: await addRefreshToken(ctx, tx, refreshToken, made, asked?.resource ?? null),
        };
      });
      const resource = asked?.resource ?? wanted;
      const access = await accessFor(ctx, application, { tokenId: token.id, resource }, from);
      return { ...access, refreshToken, refreshExpiresAt };
    },
  };
}

/** RFC 8707 section 2.2: at an exchange, less than what was said yes to, never more or other. */
function elsewhere(given: ResourceId | null, asked: ResourceId | null): (NoAccess & Unredeemed) | null {
  return given === null || asked === null || given === asked
    ? null
    : { error: 'invalid_target', words: 'The person said yes to another resource.' };
}

async function makeRoom(ctx: Context, tx: Query, { id, name }: Application, userId: number): Promise<void> {
  const given = await givenTokens(tx, { applicationId: id, userId });
  for (const { token } of given.slice(MAX_SIGN_INS))
    await endOne(ctx, tx, upkeepPermit(), { id: token.id, by: `more than ${MAX_SIGN_INS} sign-ins with ${name}` });
}

async function addRefreshToken(
  ctx: Context,
  tx: Query,
  secret: Secret,
  { id, expiresAt }: Pick<Token, 'id' | 'expiresAt'>,
  resource: string | null,
): Promise<UnixSeconds> {
  const at = ctx.clock.now();
  const endsAt = Math.min(at + REFRESH_TOKEN_SEC, expiresAt ?? Number.MAX_SAFE_INTEGER);
  await insertRefreshToken(tx, { digest: secret.digest(), tokenId: id, resource, createdAt: at, endsAt });
  return endsAt;
}

/** Somebody was faster with the same refresh token. */
class UsedTwice extends Error {
  override readonly name = 'UsedTwice';
}

/**
 * Exchanges a refresh token for an access token and the next refresh token. Used twice, it ends the sign-in: one of
 * the two who have it should not.
 * @param given scope: less than the person gave; null = all of it. resource: null = what the person said yes to
 */
export async function refreshAccess(
  ctx: Context,
  application: Application,
  given: { readonly refreshToken: string; readonly scope: string | null; readonly resource: ResourceId | null },
  from: Visitor,
): Promise<Access | NoAccess> {
  const { db } = ctx.store;
  const secret = readSecret(given.refreshToken);
  const found = secret === null ? null : await refreshTokenByDigest(db, secret.digest());
  if (found === null || (await applicationOfToken(db, found.tokenId))?.id !== application.id) return NO_REFRESH;
  const { tokenId, resource, digest } = found;
  if (found.state === 'used') return endForReuse(ctx, application, tokenId);
  if (found.endsAt <= ctx.clock.now()) return NO_REFRESH;
  const objection = elsewhere(resource, given.resource);
  if (objection !== null) return objection;
  const narrowed = given.scope === null ? null : permissionsIn(scopeWords(given.scope));
  if (narrowed !== null && 'error' in narrowed) return { error: 'invalid_scope', words: `${narrowed.error}.` };
  const refreshToken = mintSecret();
  let refreshExpiresAt = 0;
  try {
    const access = await accessFor(
      ctx,
      application,
      {
        tokenId,
        resource: resource ?? given.resource,
        permissions:
          narrowed === null
            ? undefined
            : Object.fromEntries(narrowed.permissions.map(({ permission, level }) => [permission, level])),
        begin: async (tx, root) => {
          if (!(await useRefreshToken(tx, digest))) throw new UsedTwice('a refresh token was used twice');
          refreshExpiresAt = await addRefreshToken(ctx, tx, refreshToken, root, resource);
        },
      },
      from,
    );
    return { ...access, refreshToken, refreshExpiresAt };
  } catch (error) {
    if (error instanceof UsedTwice) return endForReuse(ctx, application, tokenId);
    if (!(error instanceof Problem)) throw error;
    return {
      error: error.complaints.some(({ field }) => field === 'permissions') ? 'invalid_scope' : 'invalid_grant',
      words: error.message,
    };
  }
}

async function endForReuse(ctx: Context, { name }: Application, tokenId: number): Promise<NoAccess> {
  await revokeToken(ctx, upkeepPermit(), tokenId, `a refresh token of ${name} was used twice`);
  return NO_REFRESH;
}

/**
 * An access token, derived from what the person gave.
 * @throws Problem when that may do nothing today
 */
async function accessFor(
  ctx: Context,
  { name }: Application,
  wish: {
    readonly tokenId: number;
    readonly resource: ResourceId | null;
    readonly permissions?: Readonly<Record<string, string>> | undefined;
    readonly begin?: (tx: Query, root: Pick<Token, 'id' | 'expiresAt'>) => Promise<void>;
  },
  from: Visitor,
): Promise<Omit<Access, 'refreshToken' | 'refreshExpiresAt'>> {
  const { tokenId, resource, permissions, begin } = wish;
  const digest = await secretInState(ctx.store.db, tokenId, 'current');
  if (digest === null) throw noLonger('What was given to the application has ended. Sign in again.');
  const verdict = await authorize(ctx, {
    credential: { form: 'follow-up', digestKey: keyOfDigest(digest), isDerived: false },
    need: ANY,
    target: { kind: 'instance' },
    purpose: `sign in with ${name}`,
    ...from,
  });
  if (!verdict.allowed) throw noLonger(verdict.explanation.sentence);
  const root = verdict.permit.bearer?.via === 'token' ? verdict.permit.bearer.token : null;
  const { secret, token } = await deriveToken(
    ctx,
    verdict.permit,
    { agent: name, expiresInSec: ACCESS_TOKEN_SEC, resource, ...(permissions === undefined ? {} : { permissions }) },
    {
      workload: null,
      begin: async (tx) => {
        if (root !== null) await begin?.(tx, root);
      },
    },
  );
  const held = permissions ?? (await heldPermissions(ctx.store.db, tokenId));
  return {
    tokenId,
    accessToken: secret,
    expiresAt: token.expiresAt,
    scope: Object.entries(held)
      .map(([permission, level]) => `${permission}:${level}`)
      .join(' '),
    resource,
    login: verdict.permit.actor.login,
  };
}

function noLonger(words: string): Problem {
  return new Problem({ field: null, code: 'unprocessable', message: words });
}

async function heldPermissions(q: Query, tokenId: number): Promise<Record<string, string>> {
  const grants = (await grantsOf(q, [tokenId])).get(tokenId) ?? [];
  return Object.assign({}, ...grants.map(({ permissions }) => permissions)) as Record<string, string>;
}
