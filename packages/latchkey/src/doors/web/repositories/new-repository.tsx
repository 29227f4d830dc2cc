/**
 * The page that makes a repository.
 */
import { organizationsOf } from '../../../actions/organizations/organizations.ts';
import { createRepository } from '../../../actions/repositories/changes.ts';
import { MAX_REPOSITORY_DESCRIPTION_LENGTH } from '../../../actions/repositories/repositories.ts';
import { problem } from '../../../base/errors.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
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
  const owners = await ownersOf(visit);
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
        <Checkbox
          f={f}
          name="readme"
          label="Start with a README"
          note="Leave it out to push a repository you already have."
        />
      </Form>
    </div>,
  );
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
  });
  return redirect(`/${view.owner.login}/${view.repository.name}`, {
    tone: 'success',
    text: 'Repository created.',
  });
}

export const newRepositoryPages: readonly WebPage[] = [
  { path: '/new', access: 'signed-in', get: newRepository, forms: { repository: { once: true, run: create } } },
];
