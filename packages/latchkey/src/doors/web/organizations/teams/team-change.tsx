/** The form that changes a team: its name, what it is for, who knows of it, and the team above it. */
import type { VNode } from 'preact';
import type { Team } from '../../../../actions/organizations/teams/teams.ts';
import { changeTeam } from '../../../../actions/organizations/teams/tree.ts';
import { MAX_TEAM_DESCRIPTION_LENGTH, MAX_TEAM_NAME_LENGTH } from '../../../../rules/names.ts';
import type { Visit } from '../../frame/visit.ts';
import { type FormAction, redirect } from '../../frame/web-page.ts';
import { Select } from '../../parts/choice-fields.tsx';
import { Form } from '../../parts/form.tsx';
import { TextField } from '../../parts/text-fields.tsx';
import { organizationPath } from '../area.tsx';
import { nameOf, permitFor } from './team-permit.ts';

export const PRIVACIES = [
  { value: 'closed', label: 'every member of the organization' },
  { value: 'secret', label: 'its members and owners only' },
];

export function ChangeTeam({ visit, team, above }: { visit: Visit; team: Team; above: Team | null }): VNode {
  const f = visit.fields('change');
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Change</h2>
      <Form f={f} submit="Save the team">
        <TextField
          f={f}
          name="name"
          label="Name"
          value={team.name}
          required
          maxLength={MAX_TEAM_NAME_LENGTH}
          spellcheck={false}
          note="Its short name, and with it the address, is made of it."
        />
        <TextField
          f={f}
          name="description"
          label="Description"
          value={team.description}
          maxLength={MAX_TEAM_DESCRIPTION_LENGTH}
        />
        <TextField
          f={f}
          name="parent"
          label="Below the team"
          value={above?.slug ?? ''}
          maxLength={MAX_TEAM_NAME_LENGTH}
          spellcheck={false}
          note="Its short name. Only owners move a team: it brings other roles. Blank: at the top."
        />
        <Select
          f={f}
          name="privacy"
          label="Visible to"
          value={team.isSecret ? 'secret' : 'closed'}
          choices={PRIVACIES}
        />
      </Form>
    </>
  );
}

export const changeForm: FormAction = {
  access: 'sudo',
  run: async (visit) => {
    const parent = visit.field('parent');
    const name = nameOf(visit);
    const { slug } = await changeTeam(visit.ctx, await permitFor(visit, 'write'), name, {
      name: visit.field('name'),
      description: visit.field('description'),
      isSecret: visit.field('privacy') === 'secret',
      parent: parent === '' ? null : parent,
    });
    return redirect(organizationPath(name.organization, `teams/${slug}`), { tone: 'success', text: 'Saved.' });
  },
};
