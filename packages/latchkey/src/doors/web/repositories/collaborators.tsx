/** Who works on a repository, in its settings: listed, added, given another role, removed. */
import type { VNode } from 'preact';
import type { Team } from '../../../actions/organizations/teams/teams.ts';
import type { Access } from '../../../actions/repositories/collaborators.ts';
import { removeCollaborator, setCollaborator } from '../../../actions/repositories/repositories.ts';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import type { Visit } from '../frame/visit.ts';
import type { FormAction } from '../frame/web-page.ts';
import { nextPagePath, organizationPath } from '../organizations/area.tsx';
import { Select } from '../parts/choice-fields.tsx';
import { Label, NextPage } from '../parts/components.tsx';
import { Form, RemoveButton } from '../parts/form.tsx';
import { UsernameField } from '../parts/text-fields.tsx';
import { asksToLowerRole, asksToRemoveCollaborator } from './questions.tsx';
import { back, nameOf, permitTo, SHOWN } from './setting-forms.tsx';

export function Collaborators({
  visit,
  people,
  ownerId,
}: {
  visit: Visit;
  people: readonly Access[];
  ownerId: number;
}): VNode {
  const f = visit.fields('collaborator');
  const others = people.filter(({ account }) => account.id !== ownerId);
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Collaborators</h2>
      {others.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {others.map(({ account, role }) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span>
                  {account.login} <Label>{role ?? 'none'}</Label>
                </span>{' '}
                <RemoveButton
                  f={visit.fields('remove-collaborator')}
                  name="login"
                  value={account.login}
                  label={`Remove ${account.login}`}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
      <NextPage
        href={nextPagePath(visit, 'people_after', people.length < SHOWN ? undefined : people.at(-1)?.account.id)}
        label="Pages of collaborators"
      >
        More
      </NextPage>
      <Form f={f} submit="Add, or change the role">
        <UsernameField f={f} />
        <Select
          f={f}
          name="role"
          label="Role"
          value="write"
          choices={REPOSITORY_ROLES.map((value) => ({ value, label: value }))}
        />
      </Form>
    </section>
  );
}

export const collaboratorForms: Readonly<Record<string, FormAction>> = {
  collaborator: {
    asks: asksToLowerRole,
    run: async (visit) => {
      const role = REPOSITORY_ROLES.find((each): each is RepositoryRole => each === visit.field('role')) ?? 'read';
      await setCollaborator(visit.ctx, await permitTo(visit), {
        ...nameOf(visit),
        login: visit.field('login'),
        role,
      });
      return back(visit, `${visit.field('login')} has the role ${role}.`);
    },
  },
  'remove-collaborator': {
    asks: asksToRemoveCollaborator,
    run: async (visit) => {
      const [permit, login] = [await permitTo(visit), visit.field('login')];
      const { role } = await removeCollaborator(visit.ctx, permit, { ...nameOf(visit), login });
      const undo = { form: 'collaborator', fields: { login, role } };
      return back(visit, `${login} no longer has a role of their own here.`, undo);
    },
  },
};

/** Teams with a role of their own here, and how many people have it by each. */
export function TeamsHere({
  organization,
  teams,
  people,
}: {
  organization: string;
  teams: readonly { readonly team: Team; readonly role: RepositoryRole }[];
  /** By the id of the team, those of teams below it included. */
  people: ReadonlyMap<number, number>;
}): VNode {
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Teams</h2>
      <div class="Box mb-2">
        <ul>
          {teams.map(({ team, role }) => (
            <li class="Box-row">
              <a class="lk-break" href={organizationPath(organization, `teams/${team.slug}`)}>
                <bdi>{team.name}</bdi>
              </a>{' '}
              <Label>{role}</Label>{' '}
              <span class="color-fg-muted">
                gives it to {people.get(team.id) === 1 ? '1 person' : `${people.get(team.id) ?? 0} people`}
              </span>
            </li>
          ))}
        </ul>
      </div>
      <p class="note">Of all roles that somebody has, by teams, by themselves or as a member, the highest counts.</p>
    </section>
  );
}
