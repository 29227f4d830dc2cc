/** Teams and their tree. */
import type { Account } from '../../../actions/accounts/accounts.ts';
import { readOrganization } from '../../../actions/organizations/organizations.ts';
import { countPeople, ownTeams } from '../../../actions/organizations/teams/members.ts';
import { countTeamRepositories } from '../../../actions/organizations/teams/repositories.ts';
import { listTeams, parentsOf, readTeam, type Team, teamById } from '../../../actions/organizations/teams/teams.ts';
import { changeTeam, createTeam, deleteTeam } from '../../../actions/organizations/teams/tree.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, created, type Endpoint, endpoint, nothing, ok, type Reply } from '../endpoint.ts';
import { nextKey, type PageRequest, risingPage } from '../paging.ts';
import { withPartialResults } from '../partial-results.ts';
import { fullTeam, listedTeam } from '../present/teams.ts';

type Plain = Call<undefined, undefined>;

/** Accepted, because clients send them, and without effect: teams notify nobody, and roles are given one by one. */
const WITHOUT_EFFECT = {
  notification_setting: Type.Optional(Type.Enum(['notifications_enabled', 'notifications_disabled'])),
  permission: Type.Optional(Type.Enum(['pull', 'push', 'admin'])),
};
const Parent = Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]));
const Privacy = Type.Optional(Type.Enum(['secret', 'closed']));
const Description = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const MAX_FIRST_MAINTAINERS = 100;
const NEW = Type.Object(
  {
    name: Type.String(),
    description: Description,
    privacy: Privacy,
    parent_team_id: Parent,
    maintainers: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_FIRST_MAINTAINERS })),
    ...WITHOUT_EFFECT,
  },
  { additionalProperties: false },
);
const CHANGE = Type.Object(
  {
    name: Type.Optional(Type.String()),
    description: Description,
    privacy: Privacy,
    parent_team_id: Parent,
    ...WITHOUT_EFFECT,
  },
  { additionalProperties: false },
);
/** The organization of a call. */
export async function organizationOf({ ctx, permit }: Pick<Plain, 'ctx' | 'permit'>): Promise<Account> {
  return (await readOrganization(ctx, permit)).account;
}

/** Where a list ordered by slug goes on. */
function slugPage({ after, perPage, skip }: PageRequest): { after: string; skip: number; limit: number } {
  return { after: after ?? '', skip, limit: perPage };
}

async function listed(call: Pick<Plain, 'ctx' | 'apiUrl'>, organization: Account, teams: readonly Team[]) {
  const parents = await parentsOf(call.ctx, teams);
  return teams.map((team) =>
    listedTeam(call.apiUrl, organization.login, { team, parent: parents.get(team.parentId ?? 0) ?? null }),
  );
}

async function show(
  { ctx, permit, apiUrl }: Pick<Plain, 'ctx' | 'permit' | 'apiUrl'>,
  organization: Account,
  slug: string,
) {
  const { team, above } = await readTeam(ctx, permit, { organization: organization.login, team: slug });
  const [members, repositories] = await Promise.all([countPeople(ctx, team), countTeamRepositories(ctx, team)]);
  return fullTeam(apiUrl, organization, { team, parent: above.at(-1) ?? null, counts: { members, repositories } });
}

/** The slug of the team with an id, as bodies name parents. */
async function parentSlug(
  { ctx, permit }: Pick<Plain, 'ctx' | 'permit'>,
  organization: Account,
  id: number | null | undefined,
): Promise<string | null | undefined> {
  if (id == null) return id;
  return (await teamById(ctx, permit, { organization: organization.login, id })).slug;
}

async function create(call: Call<Static<typeof NEW>, undefined>): Promise<Reply> {
  const { ctx, permit, body } = call;
  const organization = await organizationOf(call);
  const team = await createTeam(ctx, permit, {
    organization: organization.login,
    name: body.name,
    description: body.description ?? '',
    // GitHub's defaults: secret, unless it is below another team.
    isSecret: (body.privacy ?? (body.parent_team_id == null ? 'secret' : 'closed')) === 'secret',
    parent: (await parentSlug(call, organization, body.parent_team_id)) ?? null,
    maintainers: body.maintainers ?? [],
  });
  const shown = await show(call, organization, team.slug);
  return created(shown, shown.url);
}

async function change(call: Call<Static<typeof CHANGE>, undefined>): Promise<Reply> {
  const { ctx, permit, params, body } = call;
  const organization = await organizationOf(call);
  const name = { organization: organization.login, team: parameter(params, 'team_slug') };
  const team = await changeTeam(ctx, permit, name, {
    name: body.name,
    description: body.description === null ? '' : body.description,
    isSecret: body.privacy === undefined ? undefined : body.privacy === 'secret',
    parent: await parentSlug(call, organization, body.parent_team_id),
  });
  return ok(await show(call, organization, team.slug));
}

async function list(call: Plain, below?: string): Promise<Reply> {
  const { ctx, permit, page } = call;
  const organization = await organizationOf(call);
  const filter = { organization: organization.login, ...(below === undefined ? {} : { below }) };
  const teams = await listTeams(ctx, permit, filter, slugPage(page));
  return { ...ok(await listed(call, organization, teams)), next: nextKey(teams, page, ({ slug }) => slug) };
}

export const TEAM_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams',
    operationId: 'teams/list',
    paged: true,
    summary: 'The teams of an organization. Members may ask; secret teams show only to their members and to owners.',
    handle: (call) => list(call),
  }),
  endpoint({
    method: 'POST',
    path: '/orgs/{org}/teams',
    operationId: 'teams/create',
    body: NEW,
    resource: 'Team',
    summary: 'Creates a team. Only owners may; you become its maintainer.',
    handle: create,
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}',
    operationId: 'teams/get-by-name',
    summary: 'A team.',
    handle: async (call) => ok(await show(call, await organizationOf(call), parameter(call.params, 'team_slug'))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/orgs/{org}/teams/{team_slug}',
    operationId: 'teams/update-in-org',
    body: CHANGE,
    resource: 'Team',
    summary: 'Changes a team. Owners and its maintainers may; only owners may change its parent.',
    handle: change,
  }),
  endpoint({
    method: 'DELETE',
    path: '/orgs/{org}/teams/{team_slug}',
    operationId: 'teams/delete-in-org',
    resource: 'Team',
    summary: 'Deletes a team and the teams below it. If there are any, only owners may.',
    handle: async (call) => {
      const { login } = await organizationOf(call);
      await deleteTeam(call.ctx, call.permit, { organization: login, team: parameter(call.params, 'team_slug') });
      return nothing();
    },
  }),
  endpoint({
    method: 'GET',
    path: '/orgs/{org}/teams/{team_slug}/teams',
    operationId: 'teams/list-child-in-org',
    paged: true,
    summary: 'The teams directly below a team.',
    handle: (call) => list(call, parameter(call.params, 'team_slug')),
  }),
  endpoint({
    method: 'GET',
    path: '/user/teams',
    operationId: 'teams/list-for-authenticated-user',
    // Any token, as GitHub takes fine-grained ones of an organization here; what it tells of is up to the token.
    need: { sets: [], publicRead: false, writes: false },
    paged: true,
    summary: 'Your teams that the token reaches.',
    handle: async ({ ctx, permit, page, apiUrl }) => {
      const teams = await ownTeams(ctx, permit, risingPage(page));
      const parents = await parentsOf(
        ctx,
        teams.map(({ team }) => team),
      );
      const counts = async (team: Team) => ({
        members: await countPeople(ctx, team),
        repositories: await countTeamRepositories(ctx, team),
      });
      return withPartialResults(ctx, permit, async (hidden) => ({
        ...ok(
          await Promise.all(
            teams
              .filter(({ organization }) => !hidden.has(organization.id))
              .map(async ({ team, organization }) =>
                fullTeam(apiUrl, organization, {
                  team,
                  parent: parents.get(team.parentId ?? 0) ?? null,
                  counts: await counts(team),
                }),
              ),
          ),
        ),
        next: nextKey(teams, page, ({ team }) => team.id),
      }));
    },
  }),
];
