/**
 * People are put where their groups say, and taken away from there when the groups no longer say it.
 *
 * Invariant: what people have by hand stays (`rules/groups/places`). The last owner of an organization stays.
 * Never: anything changed for a source that doesn't say which groups somebody is in: that is not the same as none.
 */
import { present } from '../../base/present.ts';
import {
  type GroupRule,
  keyOfPlace,
  type Place,
  type PlaceRole,
  placesBy,
  type Settled,
  settle,
} from '../../rules/groups/places.ts';
import type { OrganizationRole, TeamRole } from '../../rules/model.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import { removeOwnRoles } from '../../store/collaborators.ts';
import type { Query } from '../../store/db.ts';
import { groupRulesOf, placesGiven, rolesNow, setPlaces } from '../../store/group-rules.ts';
import { countOwners, removeMembership, setMembership } from '../../store/memberships.ts';
import { removeTeamMember, setTeamMember } from '../../store/team-members.ts';
import { type Team, teamsByIds } from '../../store/teams.ts';
import type { Actor, Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

/** What came of it, for the log. */
export interface Synced {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

/** How a source is written: an identity provider by its issuer, a directory by its id. */
export const sourceOfProvider = (issuer: string): string => `provider ${issuer}`;
export const sourceOfDirectory = (id: number): string => `directory ${id}`;

interface Change extends Place {
  readonly userId: number;
  readonly from: PlaceRole | null;
  readonly settled: Settled;
}

interface Names {
  readonly people: ReadonlyMap<number, Account>;
  readonly organizations: ReadonlyMap<number, Account>;
  readonly teams: ReadonlyMap<number, Team>;
}

/**
 * Puts people where their groups at a source say.
 * @param groups of each person, by id; a hundred people at most. Whoever isn't among them is left alone.
 */
export async function syncGroups(
  ctx: Context,
  tx: Query,
  by: { readonly actor: Actor },
  { source, groups }: { readonly source: string; readonly groups: ReadonlyMap<number, ReadonlySet<string>> },
): Promise<Synced> {
  const changes = await changesFor(tx, source, groups);
  if (changes.length === 0) return { added: 0, removed: 0, changed: 0 };
  const names = await namesOf(tx, changes);
  // Whoever comes is first in the organization, then in its teams; whoever goes, the other way round.
  for (const change of ordered(changes)) await apply(ctx, tx, by, change, names);
  const moved = changes.filter(({ from, settled }) => from !== settled.role);
  return {
    added: moved.filter(({ from }) => from === null).length,
    removed: moved.filter(({ settled }) => settled.role === null).length,
    changed: moved.filter(({ from, settled }) => from !== null && settled.role !== null).length,
  };
}

/** Places at which something is to be written, even if it is only who gives it. */
async function changesFor(
  tx: Query,
  source: string,
  groups: ReadonlyMap<number, ReadonlySet<string>>,
): Promise<Change[]> {
  const userIds = [...groups.keys()];
  const [rules, given] = await Promise.all([rulesAbout(tx, source, groups), placesGiven(tx, userIds)]);
  const organizationIds = new Set([...rules, ...given].map(({ organizationId }) => organizationId));
  const now = new Map<string, PlaceRole>();
  for (const each of await rolesNow(tx, userIds, [...organizationIds]))
    now.set(`${each.userId} ${keyOfPlace(each)}`, each.role);
  const changes: Change[] = [];
  for (const [userId, names] of groups) {
    const wanted = placesBy(rules, names);
    const mine = given.filter((each) => each.userId === userId);
    const places = new Map<string, Place>(wanted);
    for (const each of mine) if (each.source === source) places.set(keyOfPlace(each), each);
    for (const [key, { organizationId, teamId }] of places) {
      const before = new Map(mine.filter((each) => keyOfPlace(each) === key).map((each) => [each.source, each.role]));
      const from = now.get(`${userId} ${key}`) ?? null;
      const settled = settle({ before, current: from }, source, wanted.get(key)?.role ?? null);
      if (from !== settled.role || !isSame(before, settled.given))
        changes.push({ userId, organizationId, teamId, from, settled });
    }
  }
  return changes;
}

/** The rules about groups that any of these people is in: only their organizations are looked at. */
async function rulesAbout(
  tx: Query,
  source: string,
  groups: ReadonlyMap<number, ReadonlySet<string>>,
): Promise<readonly GroupRule[]> {
  const rules = await groupRulesOf(tx, source);
  return rules.filter(({ group }) => [...groups.values()].some((names) => names.has(group)));
}

function isSame(one: ReadonlyMap<string, PlaceRole>, other: ReadonlyMap<string, PlaceRole>): boolean {
  return one.size === other.size && [...one].every(([source, role]) => other.get(source) === role);
}

function ordered(changes: readonly Change[]): readonly Change[] {
  const rank = ({ settled: { role }, teamId }: Change): number =>
    role === null ? (teamId === 0 ? 3 : 2) : teamId === 0 ? 0 : 1;
  return changes.toSorted((a, b) => rank(a) - rank(b));
}

async function namesOf(tx: Query, changes: readonly Change[]): Promise<Names> {
  const [people, organizations, teams] = await Promise.all([
    accountsByIds(tx, [...new Set(changes.map(({ userId }) => userId))]),
    accountsByIds(tx, [...new Set(changes.map(({ organizationId }) => organizationId))]),
    teamsByIds(tx, [...new Set(changes.flatMap(({ teamId }) => (teamId === 0 ? [] : [teamId])))]),
  ]);
  return { people, organizations, teams };
}

async function apply(
  ctx: Context,
  tx: Query,
  by: { readonly actor: Actor },
  change: Change,
  { people, organizations, teams }: Names,
): Promise<void> {
  const { userId, organizationId, teamId, from, settled } = change;
  const person = present(people.get(userId), `account ${userId}`);
  const organization = present(organizations.get(organizationId), `organization ${organizationId}`);
  const at = ctx.clock.now();
  const about = { tx, by, at, person, organization };
  if (from !== settled.role) {
    if (teamId === 0) {
      const isLast = from === 'owner' && (await countOwners(tx, organizationId)) <= 1;
      if (isLast) {
        ctx.log.warn({ org: organization.login, user: person.login }, 'the last owner stays, whatever the groups say');
        return;
      }
      await toOrganization(about, from as OrganizationRole | null, settled.role as OrganizationRole | null);
    } else {
      const team = teams.get(teamId);
      if (team !== undefined) await toTeam(about, team, from as TeamRole | null, settled.role as TeamRole | null);
    }
  }
  await setPlaces(tx, change, settled.given);
}

interface About {
  readonly tx: Query;
  readonly by: { readonly actor: Actor };
  readonly at: number;
  readonly person: Account;
  readonly organization: Account;
}

async function toOrganization(
  { tx, by, at, person, organization }: About,
  from: OrganizationRole | null,
  role: OrganizationRole | null,
): Promise<void> {
  const event = { userId: person.id, organizationId: organization.id };
  const data = { org: organization.login, user: person.login };
  if (role === null) {
    await removeMembership(tx, organization.id, person.id);
    const removed = await removeOwnRoles(tx, organization.id, person.id);
    const roles = removed === 0 ? {} : { roles_removed: removed, roles_kept: 0 };
    await record(tx, by, at, { action: 'org.remove_member', ...event, data: { ...data, ...roles } });
    return;
  }
  await setMembership(tx, { organizationId: organization.id, userId: person.id, role, at });
  const action = from === null ? 'org.add_member' : 'org.update_member';
  await record(tx, by, at, { action, ...event, data: { ...data, permission: role, old_permission: from } });
}

async function toTeam(
  { tx, by, at, person, organization }: About,
  team: Team,
  from: TeamRole | null,
  role: TeamRole | null,
): Promise<void> {
  const event = { userId: person.id, organizationId: organization.id };
  const data = { org: organization.login, team: team.slug, user: person.login };
  if (role === null) {
    await removeTeamMember(tx, team.id, person.id);
    await record(tx, by, at, { action: 'team.remove_member', ...event, data });
    return;
  }
  await setTeamMember(tx, { teamId: team.id, organizationId: organization.id, userId: person.id, role, at });
  if (from === null)
    await record(tx, by, at, { action: 'team.add_member', ...event, data: { ...data, permission: role } });
  else {
    const action = role === 'maintainer' ? 'team.promote_maintainer' : 'team.demote_maintainer';
    await record(tx, by, at, { action, ...event, data });
  }
}
