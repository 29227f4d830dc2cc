/**
 * A person's linked identities: listed, linked, removed.
 *
 * Invariant: only a person who just confirmed who they are links an identity, in the session that asked for it.
 * Invariant: an identity that is linked elsewhere, or another one than the linked one, is refused, never moved.
 * Never: the last way into an account removed.
 */
import { problem } from '../../base/errors.ts';
import { passwordDigestOf } from '../../store/accounts.ts';
import {
  deleteIdentity,
  type ExternalIdentity,
  identitiesOf,
  identityBySubject,
  insertIdentity,
} from '../../store/external-identities.ts';
import { passkeysOf } from '../../store/passkeys.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import { tellHolder } from '../accounts/alarms.ts';
import { personOf } from '../accounts/sessions.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { endProofsBy } from './organization-proofs.ts';
import type { Arrival } from './provider-sign-in.ts';

export type { ExternalIdentity };

/** The person's identities, the oldest first. */
export function listIdentities(ctx: Context, permit: Permit): Promise<ExternalIdentity[]> {
  return identitiesOf(ctx.store.db, personOf(permit));
}

/** Links what a provider proved with the person's account. @throws Problem */
export async function linkIdentity(ctx: Context, permit: Permit, { provider, identity }: Arrival): Promise<void> {
  const userId = personOf(permit);
  const at = ctx.clock.now();
  const taken = `That identity at ${provider.label} is linked with another account.`;
  await unlessTaken(taken, 'provider', () =>
    ctx.store.transaction(async (tx) => {
      const linked = await identityBySubject(tx, identity.issuer, identity.subject);
      if (linked !== null)
        throw problem('conflict', linked.userId === userId ? 'You are linked with that identity already.' : taken);
      const mine = await identitiesOf(tx, userId);
      if (mine.some(({ issuer }) => issuer === identity.issuer))
        throw problem(
          'conflict',
          `You are linked with another identity at ${provider.label}. Remove that one first, then link this one.`,
        );
      await insertIdentity(tx, { userId, ...identity, createdAt: at });
      await record(tx, permit, at, {
        action: 'external_identity.link',
        userId,
        data: { provider: provider.name, issuer: identity.issuer, name: identity.label },
      });
      await tellHolder(ctx, tx, permit, 'identities_changed', {
        provider: provider.label,
        name: identity.label,
        added: true,
      });
    }),
  );
}

/** Removes one of the person's identities. @throws Problem when there is none, or it is the last way in */
export async function unlinkIdentity(ctx: Context, permit: Permit, id: number): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    const mine = await identitiesOf(tx, userId);
    const one = mine.find((each) => each.id === id);
    if (one === undefined) throw problem('not_found', 'That identity was removed already.');
    const ways = mine.filter(({ issuer }) => isWayIn(ctx, issuer));
    const isLast =
      ways.length === 1 &&
      ways[0]?.id === id &&
      (await passwordDigestOf(tx, userId)) === null &&
      (await passkeysOf(tx, userId)).length === 0;
    if (isLast)
      throw problem('unprocessable', 'It is your only way to sign in. Choose a password, or add a passkey first.');
    await deleteIdentity(tx, userId, id);
    await endProofsBy(tx, userId, one.issuer);
    await record(tx, permit, ctx.clock.now(), {
      action: 'external_identity.unlink',
      userId,
      data: { issuer: one.issuer, name: one.label },
    });
    await tellHolder(ctx, tx, permit, 'identities_changed', {
      provider: labelOf(ctx, one.issuer),
      name: one.label,
      added: false,
    });
  });
}

/** An organization's own provider is none, and one that the operator took away may come back. */
function isWayIn(ctx: Context, issuer: string): boolean {
  return ctx.identityProviders.all.every(
    ({ provider }) => provider.issuer !== issuer || provider.organizations === null,
  );
}

/** What an issuer is called on pages: as the operator names it; its address, when its provider is gone. */
export function labelOf(ctx: Context, issuer: string): string {
  return ctx.identityProviders.all.find(({ provider }) => provider.issuer === issuer)?.provider.label ?? issuer;
}

/** The name of the provider with this issuer, while the operator's file has it. */
export function providerName(ctx: Context, issuer: string | null): string | null {
  return ctx.identityProviders.all.find(({ provider }) => provider.issuer === issuer)?.provider.name ?? null;
}
