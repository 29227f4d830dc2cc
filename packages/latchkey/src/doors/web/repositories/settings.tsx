/** A repository's settings: what it says of itself, who may see it, who works on it, deploy keys, webhooks, its end. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { changeRepository, deleteRepository } from '../../../actions/repositories/changes.ts';
import { type Access, listAccess } from '../../../actions/repositories/collaborators.ts';
import {
  addDeployKey,
  type DeployKey,
  readDeployKeys,
  removeDeployKey,
} from '../../../actions/repositories/deploy-keys.ts';
import {
  MAX_REPOSITORY_DESCRIPTION_LENGTH,
  removeCollaborator,
  setCollaborator,
} from '../../../actions/repositories/repositories.ts';
import { type RepositoryView, viewTarget } from '../../../actions/repositories/view.ts';
import { MAX_WEBHOOKS } from '../../../actions/repositories/webhooks/events.ts';
import {
  addWebhook,
  type KnownWebhook,
  readWebhooks,
  removeWebhook,
} from '../../../actions/repositories/webhooks/webhooks.ts';
import { problem } from '../../../base/errors.ts';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { VISIBILITIES } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { nextPagePath, numberIn } from '../organizations/area.tsx';
import { Label, NextPage, Notice, Subhead } from '../parts/components.tsx';
import { Checkbox, Form, Hidden, Select, TextArea, TextField } from '../parts/form.tsx';

const MANAGE = needOf('PATCH', '/repos/{owner}/{repo}');
const HOOKS = needOf('POST', '/repos/{owner}/{repo}/hooks');
/** Rows of each list on one page. */
const SHOWN = 100;

const nameOf = (visit: Visit) => ({ owner: visit.param('owner'), name: visit.param('repo') });
const permitTo = (visit: Visit, need = MANAGE): Promise<Permit> =>
  visit.permit(need, { kind: 'repository', ...nameOf(visit) });
/** An archived repository takes no change but to be opened again: who may read its administration sees its settings. */
const SEE_SETTINGS = { sets: [{ administration: 'write' }], publicRead: false, writes: false } as const;

async function show(visit: Visit): Promise<Answer> {
  const permit = await permitTo(visit, SEE_SETTINGS);
  const view = await viewTarget(visit.ctx, permit);
  const [people, keys, hooks] = await Promise.all([
    listAccess(visit.ctx, permit, 'direct', {
      afterId: numberIn(visit.query, 'people_after') ?? 0,
      skip: 0,
      limit: SHOWN,
    }),
    readDeployKeys(visit.ctx, permit, { beforeId: numberIn(visit.query, 'keys_before'), limit: SHOWN }),
    readWebhooks(visit.ctx, permit, { beforeId: null, limit: MAX_WEBHOOKS }),
  ]);
  const { repository } = view;
  const isRow = ['remove-collaborator', 'remove-key', 'remove-hook', 'archive'].includes(
    visit.typed?.get('form') ?? '',
  );
  return page(
    `Settings of ${repository.name}`,
    <div class="lk-narrow-page">
      <Subhead title={`Settings of ${view.owner.login}/${repository.name}`} level={1}>
        <a class="btn btn-sm" href={`/${view.owner.login}/${repository.name}`}>
          To the repository
        </a>
      </Subhead>
      {visit.problem !== null && isRow ? (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      ) : null}
      <General visit={visit} view={view} />
      <Collaborators visit={visit} people={people} ownerId={view.owner.id} />
      <DeployKeys visit={visit} keys={keys} />
      <Webhooks visit={visit} hooks={hooks} />
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
        note="The old name leads on to the new one until it is taken again."
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

function RemoveButton({
  visit,
  form,
  name,
  value,
  label,
}: {
  visit: Visit;
  form: string;
  name: string;
  value: string;
  label: string;
}): VNode {
  return (
    <Form f={visit.fields(form)} submit={null} inline>
      <Hidden name={name} value={value} />
      <button type="submit" class="btn btn-danger btn-sm" aria-label={label}>
        Remove
      </button>
    </Form>
  );
}

function Collaborators({
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
                  visit={visit}
                  form="remove-collaborator"
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
      <Form f={f} submit="Let in, or change the role">
        <TextField
          f={f}
          name="login"
          label="Username"
          required
          block={false}
          maxLength={60}
          spellcheck={false}
          autocomplete="off"
        />
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

function DeployKeys({ visit, keys }: { visit: Visit; keys: readonly DeployKey[] }): VNode {
  const f = visit.fields('key');
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Deploy keys</h2>
      {keys.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {keys.map(({ id, title, fingerprint, readOnly }) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span class="lk-break">
                  <strong dir="auto">{title}</strong> <Label>{readOnly ? 'read-only' : 'read and write'}</Label>
                  <br />
                  <code class="f6">SHA256:{fingerprint}</code>
                </span>{' '}
                <RemoveButton visit={visit} form="remove-key" name="id" value={String(id)} label={`Remove ${title}`} />
              </li>
            ))}
          </ul>
        </div>
      )}
      <NextPage
        href={nextPagePath(visit, 'keys_before', keys.length < SHOWN ? undefined : keys.at(-1)?.id)}
        label="Pages of deploy keys"
      />
      <Form f={f} submit="Add deploy key">
        <TextField f={f} name="title" label="Title of the key" maxLength={255} />
        <TextArea
          f={f}
          name="key"
          label="Public key"
          required
          rows={3}
          note="Begins with ssh-ed25519, ssh-rsa or ecdsa-sha2-…"
        />
        <Checkbox f={f} name="writable" label="Allow it to push" />
      </Form>
    </section>
  );
}

function Webhooks({ visit, hooks }: { visit: Visit; hooks: readonly KnownWebhook[] }): VNode {
  const f = visit.fields('hook');
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Webhooks</h2>
      {hooks.length === 0 ? null : (
        <div class="Box mb-3">
          <ul>
            {hooks.map(({ hook, last }) => (
              <li class="Box-row d-flex flex-items-center flex-justify-between">
                <span class="lk-break">
                  <a href={`${visit.path}/hooks/${hook.id}`}>{hook.config.url}</a> ({hook.events.join(', ')}){' '}
                  {last === null ? (
                    <Label>not tried yet</Label>
                  ) : (
                    <Label tone={last.statusCode >= 200 && last.statusCode < 300 ? 'success' : 'danger'}>
                      {last.statusCode === 0 ? last.status : last.statusCode}
                    </Label>
                  )}
                </span>{' '}
                <RemoveButton
                  visit={visit}
                  form="remove-hook"
                  name="id"
                  value={String(hook.id)}
                  label={`Remove the webhook ${hook.config.url}`}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Form f={f} submit="Add webhook">
        <TextField f={f} name="config.url" label="Payload URL" type="url" required maxLength={2048} />
        <Select
          f={f}
          name="config.content_type"
          label="Content type"
          value="json"
          choices={[
            { value: 'json', label: 'application/json' },
            { value: 'form', label: 'application/x-www-form-urlencoded' },
          ]}
        />
        <TextField
          f={f}
          name="config.secret"
          label="Secret"
          type="password"
          autocomplete="off"
          maxLength={1024}
          note="Signs each delivery (X-Hub-Signature-256)."
        />
        <TextField
          f={f}
          name="events"
          label="Events"
          value="push"
          note="Names, separated by spaces: push, create, delete, ping …; * is all."
          spellcheck={false}
        />
      </Form>
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
        <p class="mb-2">
          {isArchived ? 'It can be changed and pushed to again.' : 'Read-only for everybody, until it is opened again.'}
        </p>
        <Form f={visit.fields('archive')} submit={isArchived ? 'Unarchive' : 'Archive'} tone="danger" inline>
          <Hidden name="archived" value={isArchived ? '' : 'on'} />
        </Form>
      </div>
      <div class="Box-row">
        <h2 class="f4">Delete</h2>
        <p class="mb-2">With all that is in it. It can't be brought back.</p>
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

function back(visit: Visit, text: string): Answer {
  return redirect(`/${visit.param('owner')}/${visit.param('repo')}/settings`, { tone: 'success', text });
}

function idTyped(visit: Visit): number {
  const id = visit.typed === null ? null : numberIn(visit.typed, 'id');
  if (id === null) throw problem('not_found', 'That is gone already.');
  return id;
}

export const repositorySettingPages: readonly WebPage[] = [
  {
    path: '/:owner/:repo/settings',
    access: 'sudo',
    get: show,
    forms: {
      general: {
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
        run: async (visit) => {
          const archived = visit.field('archived') === 'on';
          await changeRepository(visit.ctx, await permitTo(visit, SEE_SETTINGS), { archived });
          return back(visit, archived ? 'The repository is read-only now.' : 'The repository is open again.');
        },
      },
      collaborator: {
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
        run: async (visit) => {
          await removeCollaborator(visit.ctx, await permitTo(visit), { ...nameOf(visit), login: visit.field('login') });
          return back(visit, `${visit.field('login')} has no role of their own here any more.`);
        },
      },
      key: {
        run: async (visit) => {
          await addDeployKey(visit.ctx, await permitTo(visit), {
            title: visit.field('title'),
            key: visit.field('key'),
            readOnly: visit.field('writable') !== 'on',
          });
          return back(visit, 'The key is added.');
        },
      },
      'remove-key': {
        run: async (visit) => {
          await removeDeployKey(visit.ctx, await permitTo(visit), idTyped(visit));
          return back(visit, 'The key is removed.');
        },
      },
      hook: {
        once: true,
        run: async (visit) => {
          await addWebhook(visit.ctx, await permitTo(visit, HOOKS), {
            config: {
              url: visit.field('config.url'),
              contentType: visit.field('config.content_type'),
              secret: visit.field('config.secret'),
            },
            events: visit
              .field('events')
              .split(/[\s,]+/)
              .filter((each) => each !== ''),
          });
          return back(visit, 'The webhook is added; a ping is on its way.');
        },
      },
      'remove-hook': {
        run: async (visit) => {
          await removeWebhook(visit.ctx, await permitTo(visit, HOOKS), idTyped(visit));
          return back(visit, 'The webhook is removed.');
        },
      },
      delete: {
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
