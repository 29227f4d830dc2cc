/** One team: who is in it, what it may do, the teams below it, and its end. */
import type { VNode } from 'preact';
import type { Permit } from '../../../../actions/decision/authorize.ts';
import {
  listTeamMembers,
  type PersonInTeam,
  removeTeamMember,
  setTeamMember,
} from '../../../../actions/organizations/teams/members.ts';
import {
  listTeamRepositories,
  type RepositoryOfTeam,
  removeTeamRole,
  setTeamRole,
} from '../../../../actions/organizations/teams/repositories.ts';
import { listTeams, readTeam, type Team, type TeamName } from '../../../../actions/organizations/teams/teams.ts';
import { deleteTeam } from '../../../../actions/organizations/teams/tree.ts';
import { problem } from '../../../../base/errors.ts';
import type { Need } from '../../../../catalogue/needs.ts';
import { REPOSITORY_ROLES } from '../../../../catalogue/roles.ts';
import { MAX_REPOSITORY_NAME_LENGTH } from '../../../../rules/names.ts';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../../frame/web-page.ts';
import { Select } from '../../parts/choice-fields.tsx';
import { Label, NextPage, Notice, Subhead } from '../../parts/components.tsx';
import { Form, RemoveButton } from '../../parts/form.tsx';
import { Spoken } from '../../parts/spoken.tsx';
import { TextField, UsernameField } from '../../parts/text-fields.tsx';
import { nextPagePath, numberIn, OrganizationArea, organizationPath } from '../area.tsx';
import { asksToDeleteTeam, asksToRemoveMember, asksToTakeRole } from './questions.tsx';
import { ChangeTeam, changeForm } from './team-change.tsx';
import { nameOf, permitFor } from './team-permit.ts';
import { TeamRow } from './team-row.tsx';

const ON_A_PAGE = 50;
/** The most teams below one that its page shows; the list of all teams has every one. */
const BELOW_SHOWN = 100;
const CHANGES: Need = { sets: [{ members: 'write' }], publicRead: false, writes: true };
/** Forms that stand in a row of a list: what is wrong with one is said above. */
const IN_ROWS: ReadonlySet<string> = new Set(['remove', 'take']);

async function show(visit: Visit): Promise<Answer> {
  const { ctx } = visit;
  const permit = await permitFor(visit, 'read');
  const name = nameOf(visit);
  const { team, above } = await readTeam(ctx, permit, name);
  const after = (key: string) => ({ afterId: numberIn(visit.query, key) ?? 0, skip: 0, limit: ON_A_PAGE });
  const people = await listTeamMembers(ctx, permit, name, null, after('people_after'));
  const { repositories, next } = await listTeamRepositories(ctx, permit, name, after('repositories_after'));
  const filter = { organization: name.organization, below: team.slug };
  const below = await listTeams(ctx, permit, filter, { after: '', skip: 0, limit: BELOW_SHOWN });
  const manages = permit.holds(CHANGES);
  const lastPerson = people.length < ON_A_PAGE ? undefined : people.at(-1)?.account.id;
  return page(
    `${team.slug} of ${name.organization}`,
    <OrganizationArea visit={visit}>
      <Head organization={name.organization} team={team} above={above} />
      {visit.problem !== null && IN_ROWS.has(visit.typed?.get('form') ?? '') ? (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      ) : null}
      <h2 class="f3 mt-4 mb-2">Members</h2>
      <People visit={visit} people={people} manages={manages} />
      <NextPage href={nextPagePath(visit, 'people_after', lastPerson)} label="Pages of members" />
      {manages ? <AddMember visit={visit} /> : null}
      <h2 class="f3 mt-4 mb-2">Repositories</h2>
      <Places visit={visit} repositories={repositories} />
      <NextPage href={nextPagePath(visit, 'repositories_after', next ?? undefined)} label="Pages of repositories" />
      {manages ? <GiveRole visit={visit} /> : null}
      {below.length === 0 ? null : <Below organization={name.organization} teams={below} />}
      {manages ? <ChangeTeam visit={visit} team={team} above={above.at(-1) ?? null} /> : null}
      {manages ? <Delete visit={visit} team={team} below={below.length} /> : null}
    </OrganizationArea>,
  );
}

function Head({ organization, team, above }: { organization: string; team: Team; above: readonly Team[] }): VNode {
  return (
    <>
      <Subhead title={team.name} level={1} />
      <p class="lk-break">
        <span class="lk-mono">{team.slug}</span> {team.isSecret ? <Label tone="secondary">secret</Label> : null}{' '}
        <bdi>{team.description}</bdi>
      </p>
      {above.length === 0 ? null : (
        <p class="lk-break">
          Below{' '}
          {above.map((each, i) => (
            <>
              {i === 0 ? null : ' / '}
              <a href={organizationPath(organization, `teams/${each.slug}`)}>
                <bdi>{each.name}</bdi>
              </a>
            </>
          ))}
          : its members also have the roles of {above.length === 1 ? 'that team' : 'these teams'}.
        </p>
      )}
    </>
  );
}

function People({
  visit,
  people,
  manages,
}: {
  visit: Visit;
  people: readonly PersonInTeam[];
  manages: boolean;
}): VNode {
  if (people.length === 0) return <p>Nobody yet.</p>;
  return (
    <div class="Box mb-3">
      <ul>
        {people.map(({ account, role }) => (
          <li class="Box-row d-flex flex-items-center flex-justify-between">
            <span class="lk-break">
              {account.login} <Label>{role ?? 'by a team below'}</Label>
            </span>{' '}
            {manages && role !== null ? (
              <RemoveButton
                f={visit.fields('remove')}
                name="login"
                value={account.login}
                label={`Remove ${account.login}`}
              />
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  );
}

function AddMember({ visit }: { visit: Visit }): VNode {
  const f = visit.fields('member');
  return (
    <Form f={f} submit="Add, or change the role">
      <UsernameField f={f} />
      <Select
        f={f}
        name="role"
        label="Role"
        choices={['member', 'maintainer'].map((value) => ({ value, label: value }))}
        note="Maintainers add and remove members, and may rename or delete the team."
      />
    </Form>
  );
}

function Places({ visit, repositories }: { visit: Visit; repositories: readonly RepositoryOfTeam[] }): VNode {
  if (repositories.length === 0) return <p>None that you may see.</p>;
  return (
    <div class="Box mb-3">
      <ul>
        {repositories.map(({ view: { owner, repository, role: own }, role, isInherited }) => (
          <li class="Box-row d-flex flex-items-center flex-justify-between">
            <span class="lk-break">
              <a href={`/${owner.login}/${repository.name}`}>{repository.name}</a> <Label>{role}</Label>{' '}
              {isInherited ? <Label tone="secondary">from a team above</Label> : null}
            </span>{' '}
            {own === 'admin' && !isInherited ? (
              <RemoveButton
                f={visit.fields('take')}
                name="repository"
                value={repository.name}
                label={`Remove ${repository.name}`}
              />
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  );
}

function GiveRole({ visit }: { visit: Visit }): VNode {
  const f = visit.fields('give');
  return (
    <Form f={f} submit="Give the role">
      <TextField
        f={f}
        name="repository"
        label="Repository"
        required
        maxLength={MAX_REPOSITORY_NAME_LENGTH}
        spellcheck={false}
        note="Its name. You give roles in repositories that you administer."
      />
      <Select
        f={f}
        name="role"
        label="Role in it"
        value="read"
        choices={REPOSITORY_ROLES.map((value) => ({ value, label: value }))}
      />
    </Form>
  );
}

function Below({ organization, teams }: { organization: string; teams: readonly Team[] }): VNode {
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Teams below it</h2>
      <div class="Box mb-3">
        <ul>
          {teams.map((team) => (
            <TeamRow organization={organization} team={team} />
          ))}
        </ul>
      </div>
    </>
  );
}

function Delete({ visit, team, below }: { visit: Visit; team: Team; below: number }): VNode {
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Delete</h2>
      <Form f={visit.fields('delete')} submit={`Delete ${team.slug}`} tone="danger">
        <p>
          The access that it gave ends with the next request.
          {below === 0 ? '' : ' The teams below it are deleted, too: only owners may do that.'}
        </p>
      </Form>
    </>
  );
}

/** The permit to administer the repository that a form names. */
async function repositoryPermit(visit: Visit): Promise<Permit> {
  const need: Need = { sets: [{ administration: 'write' }], publicRead: false, writes: true };
  const name = visit.field('repository').trim();
  if (name === '') throw problem('missing_field', 'Name a repository.', 'repository');
  return visit.permit(need, { kind: 'repository', owner: visit.param('org'), name });
}

function back({ organization, team }: TeamName, text: string): Answer {
  return redirect(organizationPath(organization, `teams/${team}`), { tone: 'success', text });
}

export const teamPage: WebPage = {
  path: '/organizations/:org/settings/teams/:team',
  access: 'signed-in',
  get: show,
  forms: {
    change: changeForm,
    member: {
      access: 'sudo',
      run: async (visit) => {
        const role = visit.field('role') === 'maintainer' ? 'maintainer' : 'member';
        const login = visit.field('login');
        await setTeamMember(visit.ctx, await permitFor(visit, 'write'), nameOf(visit), { login, role });
        return back(nameOf(visit), `${login} is a ${role} of the team.`);
      },
    },
    remove: {
      access: 'sudo',
      asks: asksToRemoveMember,
      run: async (visit) => {
        const login = visit.field('login');
        await removeTeamMember(visit.ctx, await permitFor(visit, 'write'), nameOf(visit), login);
        return back(nameOf(visit), `${login} is no longer in the team.`);
      },
    },
    give: {
      access: 'sudo',
      run: async (visit) => {
        const role = REPOSITORY_ROLES.find((each) => each === visit.field('role')) ?? 'read';
        const place = { ...nameOf(visit), owner: visit.param('org'), name: visit.field('repository').trim() };
        await setTeamRole(visit.ctx, await repositoryPermit(visit), place, role);
        return back(nameOf(visit), `The team has the role ${role} in ${place.name}.`);
      },
    },
    take: {
      access: 'sudo',
      asks: asksToTakeRole,
      run: async (visit) => {
        const place = { ...nameOf(visit), owner: visit.param('org'), name: visit.field('repository').trim() };
        await removeTeamRole(visit.ctx, await repositoryPermit(visit), place);
        return back(nameOf(visit), `The team has no role of its own in ${place.name} any more.`);
      },
    },
    delete: {
      access: 'sudo',
      asks: asksToDeleteTeam,
      run: async (visit) => {
        await deleteTeam(visit.ctx, await permitFor(visit, 'write'), nameOf(visit));
        return redirect(organizationPath(visit.param('org'), 'teams'), {
          tone: 'success',
          text: 'The team is deleted.',
        });
      },
    },
  },
};
