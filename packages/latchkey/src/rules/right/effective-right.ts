/**
 * What works of a token today: each thing that it was granted, asked of `decide` in each place where it was granted.
 *
 * A place stands for every repository that a decision can't tell apart, so a grant of ten thousand repositories costs
 * a handful of questions. A token that begins later is asked about at its beginning.
 *
 * Invariant: a permission is named only where `decide` allows a need for it with this token from an allowed address.
 * Lists of allowed addresses are left out here and said beside it, since nobody knows from where it will be used.
 */
import {
  LEVELS,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
  wholeOf,
} from '../../catalogue/permissions.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import { decide } from '../decide.ts';
import { grantsOfScopes } from '../grant.ts';
import type { Derivation, Grant, OwnerRecord, RepositoryRecord, Target, TokenRecord } from '../model.ts';
import { NO_ROLES, roleIn } from '../role.ts';
import { isAtHome, type Place, type RightWorld, type ScopeEffect, type Standing, scopeKey } from './standings.ts';

/** A token, as far as its right depends on it. Its grants may be stored ones only: those of scopes are added. */
export type RightToken = Omit<TokenRecord, 'secretState' | 'secretEndsAt' | 'refRules' | 'derived'> & {
  /** Only of a derived token: what it is beside the person's token, and the grants that a decision gives it. */
  readonly derivation?: { readonly facts: Derivation; readonly held: readonly Grant[] };
};

/** Why something doesn't work: the first reason that a request would be told, or that the repository moved away. */
export type Obstacle = Reason | 'repository_moved';

/** Where the same permissions work, and where the same obstacle keeps the others from working. */
export interface Extent {
  readonly permissions: PermissionSet;
  /** Null when everything works that was granted. */
  readonly obstacle: Obstacle | null;
  readonly repositories: readonly RepositoryRecord[];
  /** How many repositories there are; 0 when none exists yet. */
  readonly count: number;
}

/** What works of one grant. */
export interface GrantEffect {
  readonly inRepositories: readonly Extent[];
  /** In the account, organization or instance itself; null when nothing was granted there. */
  readonly elsewhere: Pick<Extent, 'permissions' | 'obstacle'> | null;
}

/** The two parts of a set of permissions: those about repositories, and those about their owner. */
export function partsOf(permissions: PermissionSet): { inRepositories: PermissionSet; elsewhere: PermissionSet } {
  const of = (wanted: boolean): PermissionSet =>
    Object.fromEntries(
      Object.entries(permissions).filter(([name]) => (permissionNamed(name)?.group === 'repository') === wanted),
    );
  return { inRepositories: of(true), elsewhere: of(false) };
}

/** The permissions that are about repositories. */
export function inRepositoriesOnly(permissions: PermissionSet): PermissionSet {
  return partsOf(permissions).inRepositories;
}

/** What works of an active grant. */
export function effectOfGrant(world: RightWorld, token: RightToken, grant: Grant): GrantEffect {
  const { inRepositories, elsewhere } = partsOf(grant.permissions);
  const asked = presented(world, token);
  const extents = new Map<string, { -readonly [K in keyof Extent]: Extent[K] }>();
  for (const { repository, count } of isEmpty(inRepositories) ? [] : placesOf(world, grant)) {
    const works = asked.worksIn(targetOf(world, repository), inRepositories);
    const obstacle =
      works.obstacle !== null && repository.ownerId !== grant.ownerId ? 'repository_moved' : works.obstacle;
    const key = JSON.stringify([works.permissions, obstacle]);
    const known = extents.get(key);
    if (known === undefined)
      extents.set(key, { permissions: works.permissions, obstacle, repositories: [repository], count });
    else {
      known.count += count;
      known.repositories = [...known.repositories, repository];
    }
  }
  return {
    inRepositories: [...extents.values()],
    elsewhere: isEmpty(elsewhere) ? null : asked.worksIn(ownerTarget(world, grant), elsewhere),
  };
}

/** True when something of the grant works. */
export function hasEffect({ inRepositories, elsewhere }: GrantEffect): boolean {
  return inRepositories.some(({ permissions }) => !isEmpty(permissions)) || !isEmpty(elsewhere?.permissions ?? {});
}

/** True when it gives more than reading what everybody may read. */
export function isBeyondPublic({ inRepositories, elsewhere }: GrantEffect): boolean {
  return (
    !isEmpty(elsewhere?.permissions ?? {}) ||
    inRepositories.some(
      ({ permissions, repositories }) =>
        !isEmpty(permissions) &&
        (repositories.some(({ visibility }) => visibility !== 'public') ||
          (Object.values(permissions) as Level[]).some(isWriting)),
    )
  );
}

/** What works of a classic or scoped token. @param within only with this owner; null = with every owner */
export function effectOfScopes(world: RightWorld, token: RightToken, within: number | null): ScopeEffect {
  const one = token.derivation === undefined ? `token ${token.id}` : `derived ${token.derivation.facts.id}`;
  const key = `${isOrdinary(world, token) ? scopeKey(token) : one} ${within}`;
  const known = world.scopeEffects.get(key) ?? askScopes(world, token, within);
  world.scopeEffects.set(key, known);
  return known;
}

/** True for a living token that differs from others of its scopes in nothing that a decision looks at. */
function isOrdinary({ at, standings }: RightWorld, token: RightToken): boolean {
  const { kind, notBeforeAt, expiresAt, revokedAt, usesLeft, derivation } = token;
  return (
    derivation === undefined &&
    revokedAt === null &&
    (expiresAt === null || expiresAt > at) &&
    (notBeforeAt === null || notBeforeAt <= at) &&
    usesLeft === null &&
    token.excludedOrganizationIds.size === 0 &&
    token.ssoOrganizationIds.size === 0 &&
    standings.every(({ owners: [{ policy }] }) => policy.kinds[kind].maxLifetimeDays === null)
  );
}

function askScopes(world: RightWorld, token: RightToken, within: number | null): ScopeEffect {
  const asked = presented(world, token);
  const sets = alternatives(asked.grants);
  const obstacles: { owner: OwnerRecord; reason: Reason }[] = [];
  let [repositories, works] = [0, false];
  for (const { owners, places } of standingsFor(world, token, within)) {
    const reason = asked.keptOutOf(owners[0]);
    if (reason !== null) obstacles.push(...owners.map((owner) => ({ owner, reason })));
    else {
      works = true;
      if (sets.length > 0)
        for (const { repository, count } of places)
          if (asked.allows(targetOf(world, repository), sets, false)) repositories += count;
    }
  }
  return { repositories: sets.length === 0 ? null : repositories, obstacles, works };
}

/** The standings, with each owner apart whom this very token's authorizations and exclusions are about. */
function standingsFor(world: RightWorld, token: RightToken, within: number | null): readonly Standing[] {
  const own = (owner: OwnerRecord): Standing => ({
    owners: [owner],
    places: (world.places.get(owner.id) ?? []).filter(({ given }) => given || isAtHome(owner, world.user.id)),
  });
  if (within !== null) return standingWithin(world, within);
  const isApart = ({ id, policy }: OwnerRecord): boolean => policy.requiresSso || token.excludedOrganizationIds.has(id);
  return world.standings.flatMap((standing) => (standing.owners.some(isApart) ? standing.owners.map(own) : [standing]));
}

/** What a person reaches with one owner, whom they may not belong to: then internal repositories are left. */
function standingWithin({ owners, places, user }: RightWorld, within: number): readonly Standing[] {
  const owner = owners.get(within);
  if (owner === undefined) return [];
  const reached = (places.get(within) ?? []).filter(
    ({ given, repository }) => given || isAtHome(owner, user.id) || repository.visibility === 'internal',
  );
  return reached.length === 0 && !isAtHome(owner, user.id) ? [] : [{ owners: [owner], places: reached }];
}

/**
 * The permissions of scopes that are about repositories, each at its lowest level: one of them is enough to count. Code
 * stands for all others, since every role may read it.
 */
function alternatives(grants: readonly Grant[]): PermissionSet[] {
  const names = new Set(grants.flatMap(({ permissions }) => Object.keys(permissions) as PermissionName[]));
  const sets: PermissionSet[] = [];
  for (const name of names) {
    const permission = permissionNamed(wholeOf(name));
    const lowest = permission?.levels[0];
    if (permission?.group !== 'repository' || lowest === undefined || name === 'metadata') continue;
    if (permission.name === 'contents') return [{ [name]: lowest }];
    sets.push({ [name]: lowest });
  }
  return sets;
}

/** The repositories that a grant is about. Where none exists yet: the first that its owner will make. */
export function placesOf(world: RightWorld, { ownerId, selection, repositoryIds }: Grant): readonly Place[] {
  if (selection === 'selected')
    return [...repositoryIds].flatMap((id) => {
      const repository = world.selected.get(id);
      return repository === undefined ? [] : [{ repository, count: 1, given: false }];
    });
  const known = world.places.get(ownerId) ?? [];
  if (selection === 'all' && known.length > 0) return known;
  return [{ repository: firstOf(world, ownerId, selection === 'public'), count: 0, given: false }];
}

function firstOf({ owners, user }: RightWorld, ownerId: number, isPublic: boolean): RepositoryRecord {
  const owner = owners.get(ownerId);
  const visibility = isPublic ? 'public' : 'private';
  const role = roleIn({
    ownsAsUser: ownerId === user.id,
    organizationRole: owner?.role ?? null,
    basePermission: owner?.policy.basePermission ?? 'none',
    ...NO_ROLES,
    visibility,
    signedIn: true,
  });
  return { id: 0, ownerId, name: '', visibility, archivedAt: null, role, objectFormat: 'sha1', protections: [] };
}

export function targetOf({ owners }: RightWorld, repository: RepositoryRecord): Target {
  return { kind: 'repository', owner: owners.get(repository.ownerId) ?? null, repository, fullName: repository.name };
}

export function ownerTarget({ owners, user }: RightWorld, { ownerId }: Grant): Target {
  if (ownerId === 0) return { kind: 'instance' };
  const owner = owners.get(ownerId) ?? null;
  return { kind: ownerId === user.id ? 'account' : 'organization', owner, fullName: owner?.login ?? '' };
}

/** Refusals that are about an owner, whatever a token asks for there. */
const BY_OWNER: ReadonlySet<Reason> = new Set<Reason>([
  'classic_forbidden',
  'scoped_forbidden',
  'fine_grained_forbidden',
  'lifetime_over_policy',
  'sso_not_authorized',
  'two_factor_required',
  'grant_revoked',
]);

function grantsHeld({ scopeGrants }: RightWorld, token: RightToken): readonly Grant[] {
  if (token.kind === 'fine-grained') return token.grants;
  return scopeGrants.get(scopeKey(token)) ?? grantsOfScopes(token.kind, token.scopes);
}

/** The token as if it were presented from an address that is allowed, once it is valid. */
export function presented(world: RightWorld, { derivation, ...token }: RightToken) {
  const grants = derivation?.held ?? grantsHeld(world, token);
  const { user } = world;
  const record: TokenRecord = {
    ...token,
    grants,
    allowedAddresses: null,
    refRules: null,
    derived: derivation?.facts ?? null,
    secretState: 'current',
    secretEndsAt: null,
  };
  const at = Math.max(world.at, token.notBeforeAt ?? world.at);
  const refusal = (target: Target, sets: readonly PermissionSet[], writes: boolean): Reason | null => {
    const decision = decide({
      bearer: { via: 'token', token: record, user },
      need: { sets, publicRead: false, writes },
      target,
      at,
      address: '',
    });
    return decision.allowed ? null : decision.refusals[0].reason;
  };
  const allows = (target: Target, sets: readonly PermissionSet[], writes: boolean): boolean =>
    refusal(target, sets, writes) === null;
  return {
    grants,
    allows,
    keptOutOf(owner: OwnerRecord): Reason | null {
      const target: Target = { kind: owner.kind === 'user' ? 'account' : 'organization', owner, fullName: owner.login };
      const reason = refusal(target, [{ members: 'read' }], false);
      return reason !== null && BY_OWNER.has(reason) ? reason : null;
    },
    /** The highest level that works of each permission, in one question where all of them work. */
    worksIn(target: Target, granted: PermissionSet): Pick<Extent, 'permissions' | 'obstacle'> {
      const obstacle = refusal(target, [granted], (Object.values(granted) as Level[]).some(isWriting));
      if (obstacle === null) return { permissions: granted, obstacle };
      const works = (Object.entries(granted) as [PermissionName, Level][]).flatMap(([name, level]) => {
        const levels = LEVELS.slice(0, LEVELS.indexOf(level) + 1).filter((each) =>
          permissionNamed(name)?.levels.includes(each),
        );
        const held = levels.findLast((each) => allows(target, [{ [name]: each }], isWriting(each)));
        return held === undefined ? [] : [[name, held] as const];
      });
      return { permissions: Object.fromEntries(works), obstacle };
    },
  };
}

function isWriting(level: Level): boolean {
  return level !== 'read';
}

function isEmpty(permissions: PermissionSet): boolean {
  return Object.keys(permissions).length === 0;
}
