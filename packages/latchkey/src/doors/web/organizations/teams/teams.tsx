/** Teams of an organization: those that whoever looks may know of, and a new one, for owners. */
import type { VNode } from 'preact';
import { countsOfTeams } from '../../../../actions/organizations/teams/members.ts';
import { listTeams, parentsOf, type Team } from '../../../../actions/organizations/teams/teams.ts';
import { createTeam } from '../../../../actions/organizations/teams/tree.ts';
import { MAX_TEAM_DESCRIPTION_LENGTH, MAX_TEAM_NAME_LENGTH } from '../../../../rules/names.ts';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../../frame/web-page.ts';
import { Select } from '../../parts/choice-fields.tsx';
import { NextPage, Subhead } from '../../parts/components.tsx';
import { Form } from '../../parts/form.tsx';
import { TextField } from '../../parts/text-fields.tsx';
import { OrganizationArea, organizationPath, organizationPermit } from '../area.tsx';
import { teamPage } from './team.tsx';
import { PRIVACIES } from './team-change.tsx';
import { TeamRow } from './team-row.tsx';

const ON_A_PAGE = 50;

async function list(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await organizationPermit(visit, { members: 'read' }, false);
  const after = visit.query.get('after') ?? '';
  const teams = await listTeams(visit.ctx, permit, { organization }, { after, skip: 0, limit: ON_A_PAGE });
  const counts = await countsOfTeams(visit.ctx, teams);
  const parents = await parentsOf(visit.ctx, teams);
  const manages = permit.holds({ sets: [{ members: 'write' }], publicRead: false, writes: true });
  const last = teams.length < ON_A_PAGE ? undefined : teams.at(-1)?.slug;
  return page(
    `Teams of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Teams" level={1} />
      <p class="color-fg-muted mb-3">
        A team has a role in each repository that it is given. Its members get that role, and so do the members of teams
        below it.
      </p>
      {teams.length === 0 ? <p>No teams yet.</p> : null}
      {teams.length === 0 ? null : (
        <div class="Box mb-4">
          <ul>
            {teams.map((team) => (
              <TeamRow organization={organization} team={team}>
                <p class="mb-0 color-fg-muted">{factsOf(team, counts, parents)}</p>
              </TeamRow>
            ))}
          </ul>
        </div>
      )}
      <NextPage href={last === undefined ? null : `${visit.path}?after=${encodeURIComponent(last)}`} />
      {manages ? <NewTeam visit={visit} /> : null}
    </OrganizationArea>,
  );
}

function factsOf(
  team: Team,
  { members, repositories }: Awaited<ReturnType<typeof countsOfTeams>>,
  parents: ReadonlyMap<number, Team>,
): string {
  const people = members.get(team.id) ?? 0;
  const places = repositories.get(team.id) ?? 0;
  const parent = parents.get(team.parentId ?? 0);
  return [
    people === 1 ? '1 member' : `${people} members`,
    places === 1 ? '1 repository' : `${places} repositories`,
    ...(parent === undefined ? [] : [`below ${parent.slug}`]),
  ].join(', ');
}

function NewTeam({ visit }: { visit: Visit }): VNode {
  const f = visit.fields('create');
  return (
    <>
      <h2 class="f3 mb-2">Create a team</h2>
      <Form f={f} submit="Create team">
        <TextField f={f} name="name" label="Name" required maxLength={MAX_TEAM_NAME_LENGTH} spellcheck={false} />
        <TextField f={f} name="description" label="Description" maxLength={MAX_TEAM_DESCRIPTION_LENGTH} />
        <TextField
          f={f}
          name="parent"
          label="Below the team"
          maxLength={MAX_TEAM_NAME_LENGTH}
          spellcheck={false}
          note="Its short name, as in its address. It then also has the roles of that team. Blank: at the top."
        />
        <Select f={f} name="privacy" label="Visible to" choices={PRIVACIES} />
      </Form>
    </>
  );
}

export const teamPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/teams',
    access: 'signed-in',
    get: list,
    forms: {
      create: {
        access: 'sudo',
        once: true,
        run: async (visit) => {
          const organization = visit.param('org');
          const parent = visit.field('parent').trim();
          const { slug } = await createTeam(visit.ctx, await organizationPermit(visit, { members: 'write' }), {
            organization,
            name: visit.field('name'),
            description: visit.field('description'),
            isSecret: visit.field('privacy') === 'secret',
            parent: parent === '' ? null : parent,
          });
          return redirect(organizationPath(organization, `teams/${slug}`), {
            tone: 'success',
            text: 'The team is created. Add its members and its repositories.',
          });
        },
      },
    },
  },
  teamPage,
];
