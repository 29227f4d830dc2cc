/**
 * The tree of teams: made, changed, moved, deleted.
 *
 * Invariant: no team is above itself, and none deeper than `MAX_TEAM_DEPTH`. A secret team has neither a team above it
 * nor one below, since whoever sees the tree would see it.
 *
 * Source: GitHub docs "About teams", "Moving a team in your organization's hierarchy".
 */
import { type Complaint, Problem, problem } from '../../../base/errors.ts';
import {
  MAX_TEAM_DEPTH,
  MAX_TEAMS_PER_ORGANIZATION,
  nameKey,
  teamDescriptionProblem,
  teamNameProblem,
  teamSlug,
} from '../../../rules/names.ts';
import type { Account } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import { membershipRole } from '../../../store/memberships.ts';
import { setTeamMember } from '../../../store/team-members.ts';
import {
  countTeams,
  deleteTeam as deleteRows,
  heightOf,
  idsBelow,
  insertTeam,
  linesOf,
  setTeamParent,
  teamsByIds,
  updateTeam,
} from '../../../store/teams.ts';
import { unlessTaken, userNamed } from '../../accounts/accounts.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { demandCare, log, type Team, type TeamName, teamNamed, teamOrganization } from './teams.ts';

export interface TeamDraft {
  readonly organization: string;
  readonly name: string;
  readonly description?: string;
  readonly isSecret?: boolean;
  /** The slug of the team above it. */
  readonly parent?: string | null;
  /** Logins of its first maintainers, beside whoever makes it. */
  readonly maintainers?: readonly string[];
}

/**
 * Makes a team. A person who makes one is its first maintainer.
 * @throws Problem with every complaint; then nothing was made
 */
export async function createTeam(ctx: Context, permit: Permit, draft: TeamDraft): Promise<Team> {
  const { name, description = '', isSecret = false, parent = null } = draft;
  demandWords({ name, description });
  const at = ctx.clock.now();
  return unlessTaken(takenWords(name), 'name', () =>
    ctx.store.transaction(async (tx) => {
      const organization = await teamOrganization(tx, permit, draft.organization);
      if ((await countTeams(tx, organization.id)) >= MAX_TEAMS_PER_ORGANIZATION)
        throw problem(
          'limit_reached',
          `${organization.login} has ${MAX_TEAMS_PER_ORGANIZATION} teams, the most that an organization may have. ` +
            'Delete one first.',
          'name',
        );
      const above = parent === null ? null : await teamNamed(tx, permit, organization.id, parent);
      if (above !== null) await demandPlace(tx, above, { isSecret, height: 1 });
      const team = await insertTeam(tx, {
        organizationId: organization.id,
        name,
        slug: teamSlug(name),
        description,
        isSecret,
        parentId: above?.id ?? null,
        at,
      });
      await log({ tx, permit, at, organization }, 'team.create', {
        team: team.slug,
        ...(above === null ? {} : { parent: above.slug }),
        privacy: isSecret ? 'secret' : 'closed',
      });
      await addMaintainers(tx, permit, { organization, team, logins: draft.maintainers ?? [], at });
      return team;
    }),
  );
}

/** Whoever makes a team, and those that they name. */
async function addMaintainers(
  tx: Query,
  permit: Permit,
  {
    organization,
    team,
    logins,
    at,
  }: {
    readonly organization: Account;
    readonly team: Team;
    readonly logins: readonly string[];
    readonly at: number;
  },
): Promise<void> {
  const { userId, login: maker } = permit.actor;
  const isMember = userId !== null && (await membershipRole(tx, organization.id, userId)) !== null;
  const all = new Map([...(isMember ? [maker] : []), ...logins].map((login) => [nameKey(login), login]));
  for (const login of all.values()) {
    const user = await userNamed(tx, login, 'maintainers');
    if ((await membershipRole(tx, organization.id, user.id)) === null)
      throw problem('unprocessable', `${user.login} is not a member of ${organization.login}.`, 'maintainers');
    await setTeamMember(tx, {
      teamId: team.id,
      organizationId: organization.id,
      userId: user.id,
      role: 'maintainer',
      at,
    });
    const data = { team: team.slug, user: user.login, permission: 'maintainer' };
    await log({ tx, permit, at, organization }, 'team.add_member', data, { userId: user.id });
  }
}

export interface TeamChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly isSecret?: boolean | undefined;
  /** The slug of the team above it; null = none. Owners alone may move a team: it brings other roles. */
  readonly parent?: string | null | undefined;
}

/** Changes the given fields. @throws Problem with every complaint; then nothing was changed */
export async function changeTeam(ctx: Context, permit: Permit, name: TeamName, change: TeamChange): Promise<Team> {
  demandWords(change);
  const at = ctx.clock.now();
  return unlessTaken(takenWords(change.name ?? ''), 'name', () =>
    ctx.store.transaction(async (tx) => {
      const organization = await teamOrganization(tx, permit, name.organization);
      const team = await teamNamed(tx, permit, organization.id, name.team);
      await demandCare(tx, permit, team, null);
      const parent = change.parent == null ? null : await teamNamed(tx, permit, organization.id, change.parent);
      const parentId = change.parent === undefined ? team.parentId : (parent?.id ?? null);
      const isSecret = change.isSecret ?? team.isSecret;
      if (isSecret && (parentId !== null || (await idsBelow(tx, team.id)).length > 1)) throw secretAlone();
      if (parentId !== team.parentId) {
        await demandCare(tx, permit, team, 'Only owners of the organization may move a team: it brings other roles.');
        if (parent !== null) {
          if ((await linesOf(tx, parent.id)).includes(team.id))
            throw problem('unprocessable', `${parent.slug} is ${team.slug} itself, or below it.`, 'parent');
          await demandPlace(tx, parent, { isSecret, height: await heightOf(tx, team.id) });
        }
        const before = team.parentId === null ? null : (await teamsByIds(tx, [team.parentId])).get(team.parentId);
        await setTeamParent(tx, team, parentId, at);
        await log({ tx, permit, at, organization }, 'team.change_parent_team', {
          team: team.slug,
          ...(parent === null ? {} : { parent: parent.slug }),
          ...(before == null ? {} : { old_parent: before.slug }),
        });
      }
      return { ...(await changeOwn(tx, permit, { organization, team, change, at })), parentId };
    }),
  );
}

/** The name, the description and the privacy. */
async function changeOwn(
  tx: Query,
  permit: Permit,
  {
    organization,
    team,
    change,
    at,
  }: { readonly organization: Account; readonly team: Team; readonly change: TeamChange; readonly at: number },
): Promise<Team> {
  const name = change.name ?? team.name;
  const description = change.description ?? team.description;
  const isSecret = change.isSecret ?? team.isSecret;
  const renamed = name !== team.name;
  if (!renamed && description === team.description && isSecret === team.isSecret) return team;
  const slug = renamed ? teamSlug(name) : team.slug;
  const changed = await updateTeam(tx, team, { name, slug, description, isSecret }, at);
  if (renamed) await log({ tx, permit, at, organization }, 'team.rename', { team: slug, old_name: team.slug });
  if (description !== team.description) await log({ tx, permit, at, organization }, 'team.update', { team: slug });
  if (isSecret !== team.isSecret)
    await log({ tx, permit, at, organization }, 'team.change_privacy', {
      team: slug,
      privacy: isSecret ? 'secret' : 'closed',
    });
  return changed;
}

/** Deletes a team with every team below it: what they gave ends with the next request. Returns how many were below. */
export async function deleteTeam(ctx: Context, permit: Permit, name: TeamName): Promise<number> {
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    const organization = await teamOrganization(tx, permit, name.organization);
    const team = await teamNamed(tx, permit, organization.id, name.team);
    const hasBelow = (await idsBelow(tx, team.id)).length > 1;
    await demandCare(
      tx,
      permit,
      team,
      hasBelow ? 'Only owners of the organization may delete a team with teams below it: these go with it.' : null,
    );
    const [, ...below] = await deleteRows(tx, team);
    await log({ tx, permit, at, organization }, 'team.destroy', {
      team: team.slug,
      ...(below.length === 0 ? {} : { teams_below: below.length }),
    });
    return below.length;
  });
}

/** @throws Problem unless a team of this height fits below another one */
async function demandPlace(
  tx: Query,
  above: Team,
  { isSecret, height }: { readonly isSecret: boolean; readonly height: number },
): Promise<void> {
  if (isSecret || above.isSecret) throw secretAlone();
  if ((await linesOf(tx, above.id)).length + height > MAX_TEAM_DEPTH)
    throw problem('limit_reached', `Teams are nested at most ${MAX_TEAM_DEPTH} levels deep.`, 'parent');
}

function secretAlone(): Problem {
  return problem('unprocessable', 'A secret team has no team above it and none below.', 'parent');
}

function takenWords(name: string): string {
  return `The organization has a team ${teamSlug(name)} already.`;
}

function demandWords({ name, description }: Pick<TeamChange, 'name' | 'description'>): void {
  const complaints: Complaint[] = [];
  const ofName = name === undefined ? null : teamNameProblem(name);
  const ofDescription = description === undefined ? null : teamDescriptionProblem(description);
  if (ofName !== null) complaints.push({ field: 'name', code: 'invalid', message: ofName });
  if (ofDescription !== null) complaints.push({ field: 'description', code: 'invalid', message: ofDescription });
  if (complaints.length > 0) throw new Problem(complaints);
}
