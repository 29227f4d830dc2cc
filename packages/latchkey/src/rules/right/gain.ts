/**
 * What approving a request would change: the decision asked before and after, in each place.
 *
 * Invariant: a permission is gained in a place exactly where `decide` allows after the approval what it refuses before.
 */
import { atLeast, type Level, type PermissionName, type PermissionSet } from '../../catalogue/permissions.ts';
import type { Grant, Target } from '../model.ts';
import {
  type Extent,
  type Obstacle,
  ownerTarget,
  partsOf,
  placesOf,
  presented,
  type RightToken,
  targetOf,
} from './effective-right.ts';
import type { Place, RightWorld } from './standings.ts';

/** What is gained somewhere, and what of the same permissions works there already, at a lower level. */
interface Gained {
  readonly permissions: PermissionSet;
  readonly held: PermissionSet;
  /** Why not everything works there that would be granted; null when all does. */
  readonly obstacle: Obstacle | null;
}

export interface Gain {
  readonly inRepositories: readonly (Gained & Pick<Extent, 'repositories' | 'count'>)[];
  readonly elsewhere: Gained | null;
}

/** @param held what is in force; null = nothing yet @param wanted what would be, with all that is in force */
export function gainOfGrant(world: RightWorld, token: RightToken, held: Grant | null, wanted: Grant): Gain {
  const before = presented(world, { ...token, grants: held === null ? [] : [held] });
  const after = presented(world, { ...token, grants: [{ ...wanted, state: 'active' }] });
  const gained = (target: Target, asked: PermissionSet): Gained => {
    const { permissions: now, obstacle } = after.worksIn(target, asked);
    const { permissions: had } = before.worksIn(target, asked);
    const more = (Object.entries(now) as [PermissionName, Level][]).filter(
      ([name, level]) => !atLeast(had[name], level),
    );
    const names = new Set<string>(more.map(([name]) => name));
    return {
      permissions: Object.fromEntries(more),
      held: Object.fromEntries(Object.entries(had).filter(([name]) => names.has(name))),
      obstacle,
    };
  };
  const { inRepositories, elsewhere } = partsOf(wanted.permissions);
  const places = Object.keys(inRepositories).length === 0 ? [] : placesApart(world, held, wanted);
  const alike = Map.groupBy(
    places.map((place) => ({ ...gained(targetOf(world, place.repository), inRepositories), place })),
    ({ permissions, held: had, obstacle }) => JSON.stringify([permissions, had, obstacle]),
  );
  return {
    inRepositories: [...alike.values()].flatMap((those) =>
      those.slice(0, 1).map(({ place: _place, ...first }) => ({
        ...first,
        repositories: those.map(({ place }) => place.repository),
        count: those.reduce((sum, { place }) => sum + place.count, 0),
      })),
    ),
    elsewhere: Object.keys(elsewhere).length === 0 ? null : gained(ownerTarget(world, wanted), elsewhere),
  };
}

/** Where all repositories are wanted and some are held, these stand apart from those that are like them otherwise. */
function placesApart(world: RightWorld, held: Grant | null, wanted: Grant): readonly Place[] {
  const places = placesOf(world, wanted);
  if (held?.selection !== 'selected' || wanted.selection !== 'all') return places;
  const singles = [...held.repositoryIds].flatMap((id) => {
    const repository = world.selected.get(id);
    const isApart = repository?.ownerId === wanted.ownerId && !places.some((place) => place.repository.id === id);
    return isApart ? [{ repository, count: 1, given: false }] : [];
  });
  const others = places.flatMap((place) => {
    const { visibility, archivedAt } = place.repository;
    const those = singles.filter(
      ({ repository }) =>
        !place.given &&
        repository.visibility === visibility &&
        (repository.archivedAt === null) === (archivedAt === null),
    );
    if (those.length === 0) return [place];
    const count = place.count - those.length;
    return count <= 0 ? [] : [{ ...place, repository: { ...place.repository, name: '' }, count }];
  });
  return [...singles, ...others];
}
