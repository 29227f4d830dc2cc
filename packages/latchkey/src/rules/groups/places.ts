/**
 * Which places groups of a provider or a directory give somebody: memberships of organizations, with a role, and of
 * teams.
 *
 * Invariant: what somebody has by hand is never touched, neither taken nor changed. A place is a source's for as long
 * as it has the role that sources gave it: who changes it by hand makes it theirs.
 * Invariant: what several sources give counts together: the highest role, until the last of them takes it away.
 */
import type { OrganizationRole, TeamRole } from '../model.ts';

/** A group of one source stands for a place. */
export interface GroupRule {
  readonly id: number;
  /** Where the group is known: `provider ISSUER`, or `directory ID`. */
  readonly source: string;
  /** Whole, and to the letter. */
  readonly group: string;
  readonly organizationId: number;
  readonly role: OrganizationRole;
  /** A team there as well; null = none. */
  readonly team: { readonly id: number; readonly role: TeamRole } | null;
}

/** A role at a place, as a word: those of organizations, or those of teams. */
export type PlaceRole = OrganizationRole | TeamRole;

/** An organization, or a team of it: 0 = the organization itself. */
export interface Place {
  readonly organizationId: number;
  readonly teamId: number;
}

const RANK: { readonly [K in PlaceRole]: number } = { member: 0, maintainer: 1, owner: 1 };

/** The higher of two; null is none. */
function higher(one: PlaceRole | null, other: PlaceRole | null): PlaceRole | null {
  if (one === null || other === null) return one ?? other;
  return RANK[one] >= RANK[other] ? one : other;
}

export function keyOfPlace({ organizationId, teamId }: Place): string {
  return `${organizationId} ${teamId}`;
}

/** What rules give to whoever is in these groups, by the key of the place. Who is in a team is in its organization. */
export function placesBy(
  rules: readonly GroupRule[],
  groups: ReadonlySet<string>,
): ReadonlyMap<string, Place & { readonly role: PlaceRole }> {
  const places = new Map<string, Place & { readonly role: PlaceRole }>();
  const give = (place: Place, role: PlaceRole): void => {
    const key = keyOfPlace(place);
    places.set(key, { ...place, role: higher(places.get(key)?.role ?? null, role) ?? role });
  };
  for (const { group, organizationId, role, team } of rules) {
    if (!groups.has(group)) continue;
    give({ organizationId, teamId: 0 }, role);
    if (team !== null) give({ organizationId, teamId: team.id }, team.role);
  }
  return places;
}

/** What becomes of one place. */
export interface Settled {
  /** The role to have now; null = none. The same as before where nothing changes. */
  readonly role: PlaceRole | null;
  /** What each source gives from now on, for as long as the place is theirs. */
  readonly given: ReadonlyMap<string, PlaceRole>;
}

/**
 * What becomes of a place when one source says anew what it gives there.
 * @param before what each source gave
 * @param wanted null = nothing
 * @param current the role that somebody has there; null = none
 */
export function settle(
  { before, current }: { readonly before: ReadonlyMap<string, PlaceRole>; readonly current: PlaceRole | null },
  source: string,
  wanted: PlaceRole | null,
): Settled {
  const highest = (given: ReadonlyMap<string, PlaceRole>): PlaceRole | null =>
    [...given.values()].reduce<PlaceRole | null>(higher, null);
  // Nobody is there, or the sources put them there, and nobody has changed it since.
  const isOurs = current === null || current === highest(before);
  if (!isOurs) return { role: current, given: new Map() };
  const given = new Map(before);
  if (wanted === null) given.delete(source);
  else given.set(source, wanted);
  return { role: highest(given), given };
}
