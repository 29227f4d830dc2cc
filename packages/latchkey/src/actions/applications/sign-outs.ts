/**
 * The end of sign-ins of OAuth applications: by the person, and by the application itself (RFC 7009).
 *
 * Invariant: an application ends only what was given to it.
 */
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC } from '../../base/time.ts';
import { type Application, applicationById, applicationOfToken, givenTokens } from '../../store/applications.ts';
import { derivedByDigest } from '../../store/derived-tokens.ts';
import { deleteEndedRefreshTokens, refreshTokenByDigest } from '../../store/refresh-tokens.ts';
import type { Token } from '../../store/tokens.ts';
import { type Permit, upkeepPermit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { endOneDerived } from '../tokens/derivation.ts';
import { endOne, revokeToken } from '../tokens/tokens.ts';

/** Used refresh tokens are kept for a while longer, so that their reuse is noticed. */
const KEPT_SEC = 7 * DAY_SEC;

/**
 * Ends what an application shows (RFC 7009): a refresh token ends the sign-in, an access token itself alone. What isn't
 * the application's stays as it is.
 */
export async function revokeAccess(ctx: Context, application: Application, text: Secret): Promise<void> {
  const { db } = ctx.store;
  const digest = text.digest();
  const refresh = await refreshTokenByDigest(db, digest);
  const derived = refresh === null ? await derivedByDigest(db, digest) : null;
  const tokenId = refresh?.tokenId ?? derived?.tokenId ?? null;
  if (tokenId === null || (await applicationOfToken(db, tokenId))?.id !== application.id) return;
  const words = `ended by ${application.name}`;
  if (derived === null) await revokeToken(ctx, upkeepPermit(), tokenId, words);
  else await ctx.store.transaction((tx) => endOneDerived(ctx, tx, upkeepPermit(), derived, words));
}

/** Deletes refresh tokens that ended long ago. */
export async function clearRefreshTokens(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteEndedRefreshTokens(tx, ctx.clock.now() - KEPT_SEC));
}

/** An application that a person let use their account, with the sign-ins that last. */
export interface SignedInApplication {
  readonly application: Application;
  /** Newest first. */
  readonly tokens: readonly Token[];
}

/** The applications that the permit's person let use their account, the latest sign-in first. */
export async function signedInApplications({ store: { db } }: Context, permit: Permit): Promise<SignedInApplication[]> {
  const given = await givenTokens(db, { userId: permit.actor.userId ?? 0 });
  const ids = [...new Set(given.map(({ applicationId }) => applicationId))];
  const found = await Promise.all(ids.map((id) => applicationById(db, id)));
  return found.flatMap((application) =>
    application === null
      ? []
      : [{ application, tokens: given.flatMap((each) => (each.applicationId === application.id ? each.token : [])) }],
  );
}

/** Ends every sign-in of the permit's person with an application; returns how many. */
export async function endSignIns(ctx: Context, permit: Permit, applicationId: number): Promise<number> {
  return ctx.store.transaction(async (tx) => {
    const given = await givenTokens(tx, { applicationId, userId: permit.actor.userId ?? 0 });
    for (const { token } of given) await endOne(ctx, tx, permit, { id: token.id, by: permit.actor.login });
    return given.length;
  });
}
