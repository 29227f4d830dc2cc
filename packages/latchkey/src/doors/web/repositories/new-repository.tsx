/**
 * The page that makes a repository.
 */
import { organizationsOf } from '../../../actions/organizations/organizations.ts';
import { createRepository } from '../../../actions/repositories/creation/new-repository.ts';
import { MAX_REPOSITORY_DESCRIPTION_LENGTH } from '../../../actions/repositories/repositories.ts';
import { problem } from '../../../base/errors.ts';
import { gitignores, type License, licenses } from '../../../catalogue/first-files/first-files.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { MAX_REF_BYTES } from '../../../git/objects/names.ts';
import { VISIBILITIES, type Visibility } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox, Radios, Select } from '../parts/choice-fields.tsx';
import { Subhead } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const VISIBILITY_NOTES: Readonly<Record<Visibility, string>> = {
  public: 'Anyone can read it, without signing in.',
  internal: 'Anyone with an account here can read it.',
  private: 'Only you, and the people you let in.',
};

async function newRepository(visit: Visit): Promise<Answer> {
  const [owners, templates, terms] = await Promise.all([ownersOf(visit), gitignores(), licenses()]);
  const f = visit.fields('repository');
  return page(
    'New repository',
    <div class="lk-narrow lk-narrow-wide">
      <Subhead title="New repository" level={1} />
      <Form f={f} submit="Create repository">
        <Select
          f={f}
          name="owner"
          label="Owner"
          value={owners[0] ?? ''}
          choices={owners.map((value) => ({ value, label: value }))}
        />
        <TextField
          f={f}
          name="name"
          label="Repository name"
          required
          maxLength={100}
          spellcheck={false}
          note="Letters, digits, and . - _"
        />
        <TextField
          f={f}
          name="description"
          label="Description"
          maxLength={MAX_REPOSITORY_DESCRIPTION_LENGTH}
          note="Optional."
        />
        <Radios
          f={f}
          name="visibility"
          label="Visibility"
          value="private"
          choices={VISIBILITIES.map((value) => ({ value, label: value, note: VISIBILITY_NOTES[value] }))}
        />
        <fieldset class="Box p-3 mb-3">
          <legend class="text-bold px-1">First commit</legend>
          <p class="note mb-2">
            Choose nothing here to push a repository you already have. What you choose is committed in your name.
          </p>
          <Checkbox f={f} name="readme" label="Start with a README" />
          <Select
            f={f}
            name="gitignore_template"
            label=".gitignore"
            choices={[NONE, ...templates.map(({ name }) => ({ value: name, label: name }))]}
            note="Files of that language which git leaves out."
          />
          <Select
            f={f}
            name="license_template"
            label="Licence"
            choices={[NONE, ...featuredFirst(terms).map(({ key, name }) => ({ value: key, label: name }))]}
            note="What others may do with it. Its text goes into a file named LICENSE."
          />
        </fieldset>
        <TextField
          f={f}
          name="default_branch"
          label="Default branch"
          block={false}
          maxLength={MAX_REF_BYTES}
          spellcheck={false}
          note={`Blank: the owner’s usual one, ${visit.ctx.settings.defaultBranch} unless an organization has its own.`}
        />
        <Radios
          f={f}
          name="object_format"
          label="Object format"
          value="sha1"
          note="How git names commits and files. It can’t be changed later."
          choices={[
            { value: 'sha1', label: 'SHA-1', note: 'What every git and every other server takes.' },
            {
              value: 'sha256',
              label: 'SHA-256',
              note: 'Git before 2.29 can’t clone it, and many other servers don’t take it.',
            },
          ]}
        />
      </Form>
    </div>,
  );
}

const NONE = { value: '', label: 'None' };

/** Those that most people choose come first. */
function featuredFirst(all: readonly License[]): readonly License[] {
  return [...all.filter(({ featured }) => featured), ...all.filter(({ featured }) => !featured)];
}

/** More organizations than anybody belongs to; otherwise the newest ones. */
const MAX_OWNERS = 1_000;

/** The possible owners: the person, and their organizations. */
async function ownersOf(visit: Visit): Promise<string[]> {
  const { account } = visit.user;
  const organizations = await organizationsOf(visit.ctx, account.id, { beforeId: null, limit: MAX_OWNERS });
  return [account.login, ...organizations.map(({ login }) => login).sort()];
}

async function create(visit: Visit): Promise<Answer> {
  const owner = visit.field('owner') || visit.user.account.login;
  const isOwn = owner.toLowerCase() === visit.user.account.login.toLowerCase();
  if (!isOwn && !(await ownersOf(visit)).some((each) => each.toLowerCase() === owner.toLowerCase()))
    throw problem('invalid', 'Choose one of the owners in the list.', 'owner');
  const permit = isOwn
    ? await visit.permit(needOf('POST', '/user/repos'), { kind: 'account', login: owner })
    : await visit.permit(needOf('POST', '/orgs/{org}/repos'), { kind: 'organization', login: owner });
  const view = await createRepository(visit.ctx, permit, {
    owner,
    name: visit.field('name'),
    description: visit.field('description'),
    visibility: VISIBILITIES.find((each) => each === visit.field('visibility')) ?? 'private',
    readme: visit.field('readme') === 'on',
    gitignore: visit.field('gitignore_template'),
    license: visit.field('license_template'),
    defaultBranch: visit.field('default_branch').trim() || undefined,
    objectFormat: visit.field('object_format') === 'sha256' ? 'sha256' : 'sha1',
  });
  return redirect(`/${view.owner.login}/${view.repository.name}`, {
    tone: 'success',
    text: 'Repository created.',
  });
}

export const newRepositoryPages: readonly WebPage[] = [
  { path: '/new', access: 'signed-in', get: newRepository, forms: { repository: { once: true, run: create } } },
];
