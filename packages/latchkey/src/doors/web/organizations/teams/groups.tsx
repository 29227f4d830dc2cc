/** For owners: which groups of identity providers and directories give a membership, a role, or a team. */
import type { VNode } from 'preact';
import {
  addGroupRule,
  type GroupRuleView,
  type GroupSource,
  readGroupRules,
  removeGroupRule,
} from '../../../../actions/provisioning/group-rules.ts';
import { MAX_TEAM_NAME_LENGTH } from '../../../../rules/names.ts';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../../frame/web-page.ts';
import { Select } from '../../parts/choice-fields.tsx';
import { Label, Subhead } from '../../parts/components.tsx';
import { Form, RemoveButton } from '../../parts/form.tsx';
import { TextField } from '../../parts/text-fields.tsx';
import { idTyped, OrganizationArea, organizationPath, organizationPermit } from '../area.tsx';

const permitTo = (visit: Visit, writes: boolean) =>
  organizationPermit(visit, { organization_administration: writes ? 'write' : 'read' }, writes);

async function show(visit: Visit): Promise<Answer> {
  const { rules, sources, people } = await readGroupRules(visit.ctx, await permitTo(visit, false));
  return page(
    `Groups of ${visit.param('org')}`,
    <OrganizationArea visit={visit}>
      <Subhead title="Groups" level={1} />
      <p class="color-fg-muted mb-3">
        Whoever is in a group at your identity provider, or in a group of your directory, is a member here, and in a
        team if you name one. Nobody whom you added by hand is changed or removed. The last owner always stays.
      </p>
      {rules.length === 0 ? <p>No group gives anything yet.</p> : <Rules visit={visit} rules={rules} />}
      {people.size === 0 ? null : (
        <p class="note mb-4">
          {[...people].map(([name, count]) => `${count} ${count === 1 ? 'person' : 'people'} by ${name}`).join(', ')}.
        </p>
      )}
      {sources.length === 0 ? <NoSources /> : <NewRule visit={visit} sources={sources} />}
    </OrganizationArea>,
  );
}

function Rules({ visit, rules }: { visit: Visit; rules: readonly GroupRuleView[] }): VNode {
  return (
    <div class="Box mb-2">
      <ul>
        {rules.map(({ rule, source, team }) => (
          <li class="Box-row d-flex flex-items-center flex-justify-between">
            <div class="lk-break">
              <strong>{rule.group}</strong>{' '}
              {source === null ? <Label tone="attention">its source is gone</Label> : null}
              <p class="mb-0 color-fg-muted">
                {source === null ? '' : `${source.label}: `}
                {rule.role === 'owner' ? 'owner' : 'member'}
                {team === null ? null : (
                  <>
                    , {rule.team?.role ?? 'member'} of{' '}
                    <a href={organizationPath(visit.param('org'), `teams/${team.slug}`)}>{team.name}</a>
                  </>
                )}
              </p>
            </div>
            <RemoveButton
              f={visit.fields('remove')}
              name="id"
              value={String(rule.id)}
              label={`Remove the rule for ${rule.group}`}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}

function NoSources(): VNode {
  return (
    <p class="note">
      There is nothing to take groups from: an administrator sets up an identity provider, or connects a directory on
      the page Provisioning.
    </p>
  );
}

function NewRule({ visit, sources }: { visit: Visit; sources: readonly GroupSource[] }): VNode {
  const f = visit.fields('add');
  return (
    <>
      <h2 class="f3 mb-2">Add a group</h2>
      <Form f={f} submit="Add the group">
        <Select
          f={f}
          name="source"
          label="Group of"
          choices={sources.map(({ name, label }) => ({ value: name, label }))}
          note="A directory’s groups count at once, a provider’s when somebody signs in."
        />
        <TextField
          f={f}
          name="group"
          label="Group"
          required
          spellcheck={false}
          note="Its name or number as the provider says it, whole and to the letter. Entra says numbers."
        />
        <Select
          f={f}
          name="role"
          label="Role in the organization"
          choices={['member', 'owner'].map((value) => ({ value, label: value }))}
        />
        <TextField
          f={f}
          name="team"
          label="Team"
          maxLength={MAX_TEAM_NAME_LENGTH}
          spellcheck={false}
          note="Its short name, as in its address. Blank: none."
        />
        <Select
          f={f}
          name="team_role"
          label="Role in the team"
          choices={['member', 'maintainer'].map((value) => ({ value, label: value }))}
        />
      </Form>
    </>
  );
}

async function asksToRemove(visit: Visit): Promise<Question> {
  const { rules } = await readGroupRules(visit.ctx, await permitTo(visit, false));
  const found = rules.find(({ rule }) => rule.id === idTyped(visit));
  const name = found?.rule.group ?? 'it';
  return {
    title: `Remove the rule for ${name}?`,
    lead:
      found?.source?.kind === 'provider'
        ? `Whom ${name} brought loses what it gave when they sign in the next time.`
        : `Whom ${name} brought loses what it gave with the next request.`,
    act: 'Remove the rule',
    consequences: [
      { title: 'Memberships and teams that nothing else gives end' },
      { title: 'Stays: whom you added by hand, and the last owner', stays: true },
    ],
    subject: null,
    within: OrganizationArea,
  };
}

export const groupPages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/groups',
    access: 'sudo',
    get: show,
    forms: {
      add: {
        once: true,
        run: async (visit) => {
          const team = visit.field('team');
          const { rule } = await addGroupRule(visit.ctx, await permitTo(visit, true), {
            source: visit.field('source'),
            group: visit.field('group'),
            role: visit.field('role') === 'owner' ? 'owner' : 'member',
            team: team === '' ? null : team,
            teamRole: visit.field('team_role') === 'maintainer' ? 'maintainer' : 'member',
          });
          return redirect(visit.path, { tone: 'success', text: `${rule.group} is added.` });
        },
      },
      remove: {
        asks: asksToRemove,
        run: async (visit) => {
          await removeGroupRule(visit.ctx, await permitTo(visit, true), idTyped(visit));
          return redirect(visit.path, { tone: 'success', text: 'The rule is removed.' });
        },
      },
    },
  },
];
