/**
 * What a permit is about, checked again wherever something is changed by name.
 *
 * Invariant: a permit for one thing changes nothing else, whatever names an action is given. The operator and upkeep
 * may change everything; an administrator of the instance, whatever the permit for the instance covers.
 */
import type { RefRule } from '../../rules/refs/ref-rules.ts';
import type { Permit } from './authorize.ts';

/** @throws TypeError unless the permit is about this account, or about the named thing it owns */
export function keepTo(permit: Permit, of: { readonly ownerId: number; readonly repositoryId?: number }): void {
  const { bearer, target } = permit;
  if (bearer === null || (target.kind === 'instance' && bearer.via !== 'nobody' && bearer.user?.admin === true)) return;
  const isOwner = target.kind !== 'instance' && target.owner?.id === of.ownerId;
  const isRepository = target.kind !== 'repository' || target.repository?.id === of.repositoryId;
  if (!isOwner || !isRepository) throw new TypeError('the permit is about something else than what is to be changed');
}

/** The ref rules of whoever holds a permit; null without any, or without a token. */
export function refRulesOf({ bearer }: Pick<Permit, 'bearer'>): readonly RefRule[] | null {
  return bearer?.via === 'token' ? bearer.token.refRules : null;
}
