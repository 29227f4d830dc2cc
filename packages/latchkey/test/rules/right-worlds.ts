/** Worlds in which the sentences about a token are tried: owners, repositories, and a person's place among them. */

import type { OwnerRecord, RepositoryRecord, UserRecord } from '../../src/rules/model.ts';
import { type Place, type RightWorld, standingsOf } from '../../src/rules/right/standings.ts';
import { ACME, ADA, NOW, OPEN_POLICY } from './questions.ts';

/** Ada herself as an owner. */
export const HOME: OwnerRecord = { id: ADA.id, login: 'ada', kind: 'user', role: null, policy: OPEN_POLICY };

export interface WorldFacts {
  readonly user?: UserRecord;
  readonly owners?: readonly OwnerRecord[];
  /** Each repository with the role that its `role` says; those in `given` have it of the person's own. */
  readonly repositories?: readonly RepositoryRecord[];
  readonly given?: ReadonlySet<number>;
}

/** The world as it is read from the store: repositories alike are one place. */
export function worldOf(facts: WorldFacts): RightWorld {
  const { user = ADA, owners = [HOME, ACME], repositories = [], given = new Set() } = facts;
  const open = owners.map((owner) =>
    owner.policy.allowedAddresses === null ? owner : { ...owner, policy: { ...owner.policy, allowedAddresses: null } },
  );
  const places = new Map(
    open.map(({ id }) => [
      id,
      placesOf(
        repositories.filter((each) => each.ownerId === id),
        given,
      ),
    ]),
  );
  return {
    at: NOW,
    user,
    owners: new Map(open.map((owner) => [owner.id, owner])),
    places,
    selected: new Map(repositories.map((repository) => [repository.id, repository])),
    standings: standingsOf(open, places, user.id),
    scopeGrants: new Map(),
    scopeEffects: new Map(),
    addressLimited: new Set(owners.flatMap(({ id, policy }) => (policy.allowedAddresses === null ? [] : [id]))),
  };
}

function placesOf(repositories: readonly RepositoryRecord[], given: ReadonlySet<number>): Place[] {
  const alike = Map.groupBy(repositories, ({ id, visibility, archivedAt }) =>
    given.has(id) ? `given ${id}` : `${visibility} ${archivedAt === null}`,
  );
  return [...alike.values()].flatMap((those) =>
    those.slice(0, 1).map((repository) => {
      const isGiven = given.has(repository.id);
      return { repository: isGiven ? repository : { ...repository, id: 0 }, count: those.length, given: isGiven };
    }),
  );
}
