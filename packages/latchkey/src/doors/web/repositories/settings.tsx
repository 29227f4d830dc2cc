/**
 * A repository's settings: its description, its visibility, its end. Collaborators, deploy keys and webhooks have
 * their own files.
 */
import type { VNode } from 'preact';
import { countPeople } from '../../../actions/organizations/teams/members.ts';
import { teamsWithAccess } from '../../../actions/organizations/teams/repositories.ts';
import { changeRepository, deleteRepository } from '../../../actions/repositories/changes.ts';
import { listAccess } from '../../../actions/repositories/collaborators.ts';
import { listMirrors } from '../../../actions/repositories/creation/mirrors.ts';
import { readDeployKeys } from '../../../actions/repositories/deploy-keys.ts';
import { inheritedRulesets, listRulesets } from '../../../actions/repositories/refs/rulesets.ts';
import { MAX_REPOSITORY_DESCRIPTION_LENGTH } from '../../../actions/repositories/repositories.ts';
import { transferRepository } from '../../../actions/repositories/transfers.ts';
import { type RepositoryView, viewTarget } from '../../../actions/repositories/view.ts';
import { MAX_WEBHOOKS } from '../../../actions/repositories/webhooks/events.ts';
import { readWebhooks } from '../../../actions/repositories/webhooks/webhooks.ts';
import { problem } from '../../../base/errors.ts';
import { sizeInWords, usedInWords } from '../../../base/sizes-in-words.ts';
import { VISIBILITIES } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { numberIn } from '../organizations/area.tsx';
import { Select } from '../parts/choice-fields.tsx';
import { Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { Rulesets, rulesetForms } from '../rulesets/section.tsx';
import { Collaborators, collaboratorForms, TeamsHere } from './collaborators.tsx';
import { DeployKeys, deployKeyForms } from './deploy-keys.tsx';
import { Mirrors } from './mirrors.tsx';
import { Protections, protectionForms } from './protections.tsx';
import { asksToArchive, asksToChangeVisibility, asksToDelete, asksToTransfer } from './questions.tsx';
import { back, nameOf, permitTo, SEE_SETTINGS, SHOWN, transferTyped } from './setting-forms.tsx';
import { Webhooks, webhookForms } from './webhooks.tsx';

async function show(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, SEE_SETTINGS);
  const view = await viewTarget(visit.ctx, permit);
  const [people, keys, hooks, own, mirrors] = await Promise.all([
    listAccess(visit.ctx, permit, 'direct', {
      afterId: numberIn(visit.query, 'people_after') ?? 0,
      skip: 0,
      limit: SHOWN,
    }),
    readDeployKeys(visit.ctx, permit, { beforeId: numberIn(visit.query, 'keys_before'), limit: SHOWN }),
    readWebhooks(visit.ctx, permit, { beforeId: null, limit: MAX_WEBHOOKS }),
    listRulesets(visit.ctx, permit),
    listMirrors(visit.ctx, permit),
  ]);
  const teams = view.owner.kind === 'organization' ? (await teamsWithAccess(visit.ctx, permit)).slice(0, SHOWN) : [];
  const inTeams = await Promise.all(
    teams.map(async ({ team }) => [team.id, await countPeople(visit.ctx, team)] as const),
  );
  const rulesets = [...own, ...inheritedRulesets(permit)];
  const { repository } = view;
  const isRow = ['remove-collaborator', 'unprotect', 'remove-ruleset', 'remove-key', 'remove-hook', 'archive'].includes(
    visit.typed?.get('form') ?? '',
  );
  return page(
    `Settings of ${repository.name}`,
    <div class="lk-narrow-page">
      <Subhead title={`Settings of ${view.owner.login}/${repository.name}`} level={1}>
        <a class="btn btn-sm" href={`/${view.owner.login}/${repository.name}`}>
          Go to repository
        </a>
      </Subhead>
      {visit.problem !== null && isRow ? (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      ) : null}
      <General visit={visit} view={view} />
      <Usage visit={visit} view={view} />
      <Collaborators visit={visit} people={people} ownerId={view.owner.id} />
      {teams.length === 0 ? null : (
        <TeamsHere organization={view.owner.login} teams={teams} people={new Map(inTeams)} />
      )}
      <Protections visit={visit} protections={view.repository.protections} />
      <section class="mt-4" id="rulesets">
        <h2 class="f3 mb-2">Rulesets</h2>
        <p class="color-fg-muted">
          What nobody may do to branches and tags, except those who are let past. They add to what is protected.
        </p>
        <Rulesets visit={visit} rulesets={rulesets} isOrganization={false} />
      </section>
      <DeployKeys visit={visit} keys={keys} />
      <Webhooks visit={visit} hooks={hooks} />
      <Mirrors mirrors={mirrors} />
      <DangerZone visit={visit} view={view} />
    </div>,
  );
}

function General({ visit, view }: { visit: Visit; view: RepositoryView }): VNode {
  const f = visit.fields('general');
  const { repository } = view;
  return (
    <Form f={f} submit="Save">
      <TextField
        f={f}
        name="name"
        label="Repository name"
        value={repository.name}
        required
        maxLength={100}
        spellcheck={false}
        note="The old name leads to the new one until someone takes it."
      />
      <TextField
        f={f}
        name="description"
        label="Description"
        value={repository.description}
        maxLength={MAX_REPOSITORY_DESCRIPTION_LENGTH}
      />
      <Select
        f={f}
        name="visibility"
        label="Visibility"
        value={repository.visibility}
        choices={VISIBILITIES.map((value) => ({ value, label: value }))}
      />
      <TextField
        f={f}
        name="default_branch"
        label="Default branch"
        value={view.defaultBranch}
        maxLength={250}
        spellcheck={false}
      />
    </Form>
  );
}

/** The space in use and the space left: shown before a push is refused, not after. */
function Usage({ visit, view }: { visit: Visit; view: RepositoryView }): VNode {
  const { maxRepositoryMib, maxPushMib, maxFileMib } = visit.ctx.settings;
  const limit = maxRepositoryMib === 0 ? 'limited only by the disk' : sizeInWords(maxRepositoryMib);
  return (
    <section class="mt-4">
      <h2 class="f4">Size</h2>
      <p>
        {usedInWords(view.sizeKb)} of {limit}
      </p>
      {maxRepositoryMib === 0 ? null : (
        <meter min={0} max={maxRepositoryMib} high={maxRepositoryMib * 0.9} value={view.sizeKb / 1024}>
          {usedInWords(view.sizeKb)}
        </meter>
      )}
      <p class="color-fg-muted">
        {maxPushMib === 0 ? '' : `At most ${sizeInWords(maxPushMib)} per push. `}
        {maxFileMib === 0 ? '' : `At most ${sizeInWords(maxFileMib)} per file.`}
      </p>
    </section>
  );
}

function DangerZone({ visit, view }: { visit: Visit; view: RepositoryView }): VNode {
  const isArchived = view.repository.archivedAt !== null;
  const f = visit.fields('delete');
  return (
    <section class="Box Box--danger mt-5">
      <div class="Box-row">
        <h2 class="f4">{isArchived ? 'Open it again' : 'Archive'}</h2>
        <p class="mb-2">{isArchived ? 'People can push again.' : 'Read-only for everyone, until you unarchive it.'}</p>
        <Form f={visit.fields('archive')} submit={isArchived ? 'Unarchive' : 'Archive'} tone="danger" inline>
          <Hidden name="archived" value={isArchived ? '' : 'on'} />
        </Form>
      </div>
      <div class="Box-row">
        <h2 class="f4">Transfer</h2>
        <p class="mb-2">The new owner is you, or an organization for which you may make repositories.</p>
        <Form f={visit.fields('transfer')} submit="Transfer" tone="danger">
          <TextField
            f={visit.fields('transfer')}
            name="new_owner"
            label="New owner"
            required
            spellcheck={false}
            autocomplete="off"
          />
          <TextField
            f={visit.fields('transfer')}
            name="new_name"
            label="Name there"
            note={`Empty: ${view.repository.name}, as it is called.`}
            spellcheck={false}
            autocomplete="off"
          />
        </Form>
      </div>
      <div class="Box-row">
        <h2 class="f4">Delete</h2>
        <p class="mb-2">Deletes everything in it. This can't be undone.</p>
        <Form f={f} submit="Delete this repository" tone="danger">
          <TextField
            f={f}
            name="confirm"
            label={`Type ${view.owner.login}/${view.repository.name}`}
            required
            spellcheck={false}
            autocomplete="off"
          />
        </Form>
      </div>
    </section>
  );
}

export const repositorySettingPages: readonly WebPage[] = [
  {
    path: '/:owner/:repo/settings',
    access: 'sudo',
    get: show,
    forms: {
      general: {
        asks: asksToChangeVisibility,
        run: async (visit) => {
          const permit = await permitTo(visit);
          const before = await viewTarget(visit.ctx, permit);
          const branch = visit.field('default_branch');
          const { name } = await changeRepository(visit.ctx, permit, {
            name: visit.field('name'),
            description: visit.field('description'),
            visibility: VISIBILITIES.find((each) => each === visit.field('visibility')),
            ...(branch === before.defaultBranch || branch === '' ? {} : { defaultBranch: branch }),
          });
          return redirect(`/${visit.param('owner')}/${name}/settings`, { tone: 'success', text: 'Saved.' });
        },
      },
      archive: {
        asks: asksToArchive,
        run: async (visit) => {
          const archived = visit.field('archived') === 'on';
          await changeRepository(visit.ctx, await permitTo(visit, SEE_SETTINGS), { archived });
          if (!archived) return back(visit, 'Repository unarchived.');
          return back(visit, 'Repository archived. It is read-only now.', {
            form: 'archive',
            fields: { archived: '' },
          });
        },
      },
      ...collaboratorForms,
      ...protectionForms,
      ...rulesetForms({ permit: permitTo, isOrganization: false, back }),
      ...deployKeyForms,
      ...webhookForms,
      transfer: {
        asks: asksToTransfer,
        run: async (visit) => {
          const permit = await permitTo(visit, SEE_SETTINGS);
          const { owner, repository } = await transferRepository(visit.ctx, permit, transferTyped(visit));
          const there = `${owner.login}/${repository.name}`;
          return redirect(`/${there}`, { tone: 'success', text: `${there} is its new address.` });
        },
      },
      delete: {
        asks: asksToDelete,
        run: async (visit) => {
          const { owner, name } = nameOf(visit);
          if (visit.field('confirm').toLowerCase() !== `${owner}/${name}`.toLowerCase())
            throw problem('invalid', `Type ${owner}/${name} to delete it.`, 'confirm');
          await deleteRepository(visit.ctx, await permitTo(visit, SEE_SETTINGS));
          return redirect('/', { tone: 'success', text: `${owner}/${name} is deleted.` });
        },
      },
    },
  },
];
