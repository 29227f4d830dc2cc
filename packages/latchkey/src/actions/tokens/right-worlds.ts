/**
 * Where the people of tokens stand today, so that a sentence about a token can ask the decision.
 *
 * Invariant: the number of queries does not depend on how many tokens, people or repositories there are.
 */
import type { UnixSeconds } from '../../base/time.ts';
import type { OrganizationRole, OwnerRecord, Policy, RepositoryRecord, UserRecord } from '../../rules/model.ts';
import { type Place, type RightWorld, standingsOf } from '../../rules/right/standings.ts';
import { type GivenRoles, NO_ROLES, roleIn } from '../../rules/role.ts';
import type { Account } from '../../store/accounts.ts';
import type { Repository } from '../../store/repositories.ts';
import type { Belonging, GivenRole, RepositoryClass } from '../../store/standing-facts.ts';

/** What the worlds of several people are made of. */
export interface StandingFacts {
  readonly at: UnixSeconds;
  readonly accounts: ReadonlyMap<number, Account>;
  readonly repositories: ReadonlyMap<number, Repository>;
  readonly belongings: readonly Belonging[];
  readonly givenRoles: readonly GivenRole[];
  readonly classes: ReadonlyMap<number, readonly RepositoryClass[]>;
  readonly scopeGrants: RightWorld['scopeGrants'];
  /** The policy in force for what an account owns, the instance's for none: the same object for the same policy. */
  policyFor(owner?: Account): Policy;
}

/** The owners whose repositories matter to these people: themselves, their organizations, and who gave them a role. */
export function ownersOfPeople(
  userIds: readonly number[],
  belongings: readonly Belonging[],
  givenRoles: readonly GivenRole[],
): number[] {
  return [
    ...userIds,
    ...belongings.map(({ organizationId }) => organizationId),
    ...givenRoles.map(({ ownerId }) => ownerId),
  ];
}

/** The world of one person. @param ownerIds every owner that their tokens may be about */
export function rightWorld(facts: StandingFacts, person: Account, ownerIds: Iterable<number>): RightWorld {
  const roles = new Map(
    facts.belongings.filter(({ userId }) => userId === person.id).map((each) => [each.organizationId, each.role]),
  );
  const given = Map.groupBy(
    facts.givenRoles.filter(({ userId }) => userId === person.id),
    ({ ownerId }) => ownerId,
  );
  const owners = new Map<number, OwnerRecord>();
  const addressLimited = new Set<number>();
  for (const id of new Set([person.id, ...ownerIds, ...roles.keys(), ...given.keys()])) {
    const account = facts.accounts.get(id);
    if (account === undefined) continue;
    const policy = facts.policyFor(account);
    if (policy.allowedAddresses !== null) addressLimited.add(id);
    owners.set(id, ownerOf(account, roles.get(id) ?? null, fromAnywhere(policy)));
  }
  const placed = new Map<number, readonly Place[]>();
  for (const owner of owners.values())
    placed.set(owner.id, placesIn(owner, person, facts.classes.get(owner.id) ?? [], given.get(owner.id) ?? []));
  const roleGiven = new Map([...given.values()].flat().map((each) => [each.repositoryId, each]));
  const selected = new Map<number, RepositoryRecord>();
  for (const repository of facts.repositories.values()) {
    const owner = owners.get(repository.ownerId);
    selected.set(repository.id, recordOf(owner, person, repository, roleGiven.get(repository.id)));
  }
  return {
    at: facts.at,
    user: userOf(person),
    owners,
    places: placed,
    selected,
    standings: standingsOf(owners.values(), placed, person.id),
    scopeGrants: facts.scopeGrants,
    scopeEffects: new Map(),
    addressLimited,
  };
}

/** An owner's repositories: each with a role of the person's own by itself, the others by class. */
function placesIn(
  owner: OwnerRecord,
  person: Account,
  classes: readonly RepositoryClass[],
  given: readonly GivenRole[],
): Place[] {
  const own = given.map((each) => ({
    repository: recordOf(owner, person, { ...each, id: each.repositoryId }, each),
    count: 1,
    given: true,
  }));
  const others = classes.flatMap((each) => {
    const apart = given.filter((one) => isAlike(one, each)).length;
    const name = apart === 0 ? each.name : '';
    const repository = recordOf(owner, person, { ...each, name, id: 0 });
    return each.count > apart ? [{ repository, count: each.count - apart, given: false }] : [];
  });
  return [...own, ...others];
}

function isAlike(one: GivenRole, { visibility, archivedAt }: RepositoryClass): boolean {
  return one.visibility === visibility && (one.archivedAt === null) === (archivedAt === null);
}

function recordOf(
  owner: OwnerRecord | undefined,
  person: Account,
  facts: Pick<Repository, 'id' | 'ownerId' | 'name' | 'visibility' | 'archivedAt'>,
  { collaboratorRole, teamRole }: GivenRoles = NO_ROLES,
): RepositoryRecord {
  const { id, ownerId, name, visibility, archivedAt } = facts;
  const role = roleIn({
    ownsAsUser: ownerId === person.id,
    organizationRole: owner?.role ?? null,
    basePermission: owner?.policy.basePermission ?? 'none',
    collaboratorRole,
    teamRole,
    visibility,
    signedIn: true,
  });
  return { id, ownerId, name, visibility, archivedAt, role, objectFormat: 'sha1', protections: [] };
}

function ownerOf({ id, login, kind }: Account, role: OrganizationRole | null, policy: Policy): OwnerRecord {
  return { id, login, kind: kind === 'organization' ? 'organization' : 'user', role, policy };
}

/** The policy without its list of addresses. */
function fromAnywhere(policy: Policy): Policy {
  return policy.allowedAddresses === null ? policy : { ...policy, allowedAddresses: null };
}

function userOf(account: Account): UserRecord {
  const { id, kind, login, admin, twoFactorAt, suspendedAt, disabledByProviderAt, lockedAt } = account;
  const hasTwoFactor = twoFactorAt !== null || kind === 'machine';
  // Only refusals in words name the keeper, and this world makes none.
  return { id, login, admin, hasTwoFactor, suspendedAt, disabledByProviderAt, lockedAt, keeper: null };
}
