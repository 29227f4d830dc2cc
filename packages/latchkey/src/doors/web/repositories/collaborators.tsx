/** Who works on a repository, in its settings: listed, added, given another role, removed. */
import type { VNode } from 'preact';
import type { Access } from '../../../actions/repositories/collaborators.ts';
import { removeCollaborator, setCollaborator } from '../../../actions/repositories/repositories.ts';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import type { Visit } from '../frame/visit.ts';
import type { FormAction } from '../frame/web-page.ts';
import { nextPagePath } from '../organizations/area.tsx';
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
