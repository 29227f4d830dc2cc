/**
 * What a derived token can do today: the right of the person's token that it comes from, less what was left out, asked
 * of the same decision and told in the same sentences.
 */
import type { PermissionSet } from '../../catalogue/permissions.ts';
import {
  type DerivedFacts,
  derivationOf,
  narrowedAddresses,
  narrowedGrants,
  narrowedRefRules,
  narrowedScopes,
} from '../derivation.ts';
import { grantsOfScopes } from '../grant.ts';
import type { Grant } from '../model.ts';
import { joinedReach } from '../reach.ts';
import { inRepositoriesOnly } from './effective-right.ts';
import { type Reader, type RightFacts, type RightGrant, rightSentence } from './right-sentence.ts';

/** @param root the person's token; its world knows the repositories that the derived one is for */
export function derivedSentence(root: RightFacts, derived: DerivedFacts, reader: Reader): string {
  const facts = derivedRight(root, derived);
  const said = rightSentence(facts, reader);
  // Scopes are told as deeds, which no decision can be asked about one by one.
  const isByScopes = root.kind !== 'fine-grained' && facts.derivation?.facts.isNarrowed === false;
  const whole = isByScopes
    ? `${said} It changes nothing that outlasts it: no keys, webhooks, members or settings.`
    : said;
  const { resource = null } = derived.narrowing;
  return resource === null ? whole : `${whole} Only at ${resource === '' ? 'this server' : resource}.`;
}

/** The derived token as the sentences see it. */
export function derivedRight(root: RightFacts, derived: DerivedFacts): RightFacts {
  const { narrowing } = derived;
  const scopes = narrowedScopes(root, narrowing.scopes);
  const held = narrowedGrants(
    root.kind === 'fine-grained' ? root.grants : grantsOfScopes(root.kind, scopes),
    narrowing,
  );
  const ids = narrowing.repositoryIds;
  return {
    ...root,
    scopes,
    refRules: narrowedRefRules(root.refRules, narrowing.refRules),
    allowedAddresses: narrowedAddresses(root.allowedAddresses, narrowing.allowedAddresses),
    grants: ids === null ? told(root, narrowing) : toldIn(root, held, ids),
    // What it may do where it is for: elsewhere it may nothing.
    derivation: { facts: derivationOf(root, { ...derived, narrowing: { ...narrowing, resource: null } }), held },
  };
}

/** What waits, or was denied, is no right that could have been derived. */
function told({ grants }: RightFacts, narrowing: DerivedFacts['narrowing']): RightGrant[] {
  return grants
    .filter(({ state }) => state === 'active')
    .flatMap((grant) =>
      narrowedGrants([grant], narrowing).map(({ permissions }) => ({ ...grant, permissions, request: null })),
    );
}

/** These repositories alone, gathered by their owner. */
function toldIn(root: RightFacts, held: readonly Grant[], ids: readonly number[]): RightGrant[] {
  const { owners, selected, user } = root.world;
  const byOwner = Map.groupBy(
    ids.flatMap((id) => selected.get(id) ?? []),
    ({ ownerId }) => ownerId,
  );
  return [...byOwner].flatMap(([ownerId, repositories]): RightGrant[] => {
    const owner = owners.get(ownerId);
    const permissions = held
      .filter((grant) => grant.state === 'active' && (grant.ownerId === ownerId || root.kind !== 'fine-grained'))
      .reduce<PermissionSet>((all, grant) => joinedReach({ ...grant, permissions: all }, grant).permissions, {});
    if (owner === undefined || Object.keys(permissions).length === 0) return [];
    return [
      {
        id: ownerId,
        ownerId,
        owner: owner.login,
        ownerKind: ownerId === user.id ? 'self' : owner.kind,
        selection: 'selected',
        repositoryIds: new Set(repositories.map(({ id }) => id)),
        repositoryNames: repositories.map(({ name }) => name).sort(),
        permissions: inRepositoriesOnly(permissions),
        state: 'active',
        request: null,
        decidedAt: null,
      },
    ];
  });
}
