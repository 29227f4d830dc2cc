/**
 * One resource owner of the fine-grained form: who it is, which of their repositories, and which permissions there.
 */
import type { VNode } from 'preact';
import { type FormOwner, type FoundRepository, MAX_FOUND } from '../../../../actions/tokens/form.ts';
import { MAX_JUSTIFICATION_LENGTH, MAX_SELECTED_REPOSITORIES } from '../../../../rules/grant-draft.ts';
import type { RepositorySelection } from '../../../../rules/model.ts';
import { type Choice, Radios, Select } from '../../parts/choice-fields.tsx';
import { Label } from '../../parts/components.tsx';
import type { Fields } from '../../parts/fields.ts';
import { TextArea, TextField } from '../../parts/text-fields.tsx';
import { OTHER_OWNER } from './draft.ts';
import { PermissionPicker } from './permission-picker.tsx';
import { SearchBox } from './search-box.tsx';

/** What the section shows, loaded beforehand. */
export interface SectionFacts {
  readonly prefix: string;
  /** As chosen: a login, '' for oneself, or one that is not in `owners`. */
  readonly owner: string;
  /** The chosen owner, if the form offers it. */
  readonly known: FormOwner | null;
  readonly owners: readonly FormOwner[];
  readonly selection: RepositorySelection;
  readonly chosenRepositories: readonly string[];
  readonly words: string;
  readonly found: readonly FoundRepository[];
  readonly permissions: Readonly<Record<string, string>>;
  /** What is searched for among them. */
  readonly permissionWords: string;
}

const OWNER_WORDS: Readonly<Record<FormOwner['kind'], string>> = {
  self: ' (you)',
  user: ' (you collaborate there)',
  organization: '',
  instance: ' (this server)',
};

export function OwnerSection({ f, facts }: { f: Fields; facts: SectionFacts }): VNode {
  const { prefix, owner, known, owners } = facts;
  const self = owners.find(({ kind }) => kind === 'self')?.login ?? '';
  const isOther = known === null && owner !== '';
  const choices: Choice[] = [
    ...owners.map(({ login, kind }) => ({ value: login, label: `${login}${OWNER_WORDS[kind]}` })),
    { value: OTHER_OWNER, label: 'Somebody else, for their public repositories …' },
  ];
  const chosen = new Map([[`${prefix}target_name`, isOther ? OTHER_OWNER : (known?.login ?? self)]]);
  return (
    <div data-section={prefix}>
      <Select
        f={withValues(f, chosen)}
        name={`${prefix}target_name`}
        label="Resource owner"
        choices={choices}
        note="Whose repositories and settings it reaches."
      />
      <div class="lk-other-owner" data-shown={isOther ? 'on' : 'off'}>
        <TextField
          f={withValues(f, new Map([[`${prefix}other_owner`, isOther ? owner : '']]))}
          name={`${prefix}other_owner`}
          label="Name of the other owner"
          note="Used with “Somebody else”: to contribute to a repository that you can see."
        />
      </div>
      <div data-live id={`justification-${prefix}`}>
        {known?.needsApproval === true ? <Justification f={f} prefix={prefix} owner={known.login} /> : null}
      </div>
      {known?.kind === 'instance' ? (
        <input type="hidden" name={`${prefix}selection`} value="public" />
      ) : (
        <Repositories f={f} facts={facts} />
      )}
      <PermissionPicker
        f={f}
        prefix={prefix}
        ownerKind={known?.kind ?? 'user'}
        publicOnly={facts.selection === 'public'}
        chosen={facts.permissions}
        words={facts.permissionWords}
      />
    </div>
  );
}

/** The same fields, some with other values than were typed. */
function withValues(f: Fields, values: ReadonlyMap<string, string>): Fields {
  return Object.assign(Object.create(f) as Fields, {
    value: (name: string, otherwise?: string) => values.get(name) ?? f.value(name, otherwise),
    id: f.id,
    complaints: f.complaints,
    error: (name: string) => f.error(name),
  });
}

function Justification({ f, prefix, owner }: { f: Fields; prefix: string; owner: string }): VNode {
  return (
    <TextArea
      f={f}
      name={`${prefix}reason`}
      label="Justification"
      rows={1}
      maxLength={MAX_JUSTIFICATION_LENGTH}
      note={`Until ${owner} approves it, it reads only what is public.`}
    />
  );
}

function Repositories({ f, facts }: { f: Fields; facts: SectionFacts }): VNode {
  const { prefix, selection } = facts;
  const choices: Choice[] = [
    { value: 'public', label: 'Public repositories', note: 'Read-only.' },
    {
      value: 'all',
      label: 'All repositories',
      note: 'Current and future ones. Reads public ones, too.',
    },
    {
      value: 'selected',
      label: 'Only select repositories',
      note: `Up to ${MAX_SELECTED_REPOSITORIES}. Reads public ones, too.`,
    },
  ];
  return (
    <>
      <Radios
        f={withValues(f, new Map([[`${prefix}selection`, selection]]))}
        name={`${prefix}selection`}
        label="Repository access"
        choices={choices}
      />
      <div class="lk-selected" data-shown={selection === 'selected' ? 'on' : 'off'}>
        <RepositorySearch f={f} facts={facts} />
      </div>
    </>
  );
}

/** The server searches: an owner may have thousands. */
function RepositorySearch({ f, facts }: { f: Fields; facts: SectionFacts }): VNode {
  const { prefix, chosenRepositories, found, words } = facts;
  const error = f.error(`${prefix}repositories`);
  const others = found.slice(0, MAX_FOUND).filter(({ name }) => !chosenRepositories.includes(name));
  return (
    <fieldset class="lk-repositories" id={`${f.id}-${prefix}repositories`} tabIndex={-1}>
      <legend class="text-bold f5 mb-1">Selected repositories</legend>
      {error === '' ? null : <p class="lk-error">{error}</p>}
      <SearchBox
        id={`${f.id}-${prefix}repository_search`}
        name={`${prefix}repository_search`}
        label="Search repositories"
        words={words}
        placeholder="Search repositories"
        button={{ label: 'Search', class: 'btn' }}
      />
      <div data-live id={`repositories-${prefix}`} aria-live="polite">
        {chosenRepositories.map((name) => (
          <RepositoryTick
            id={f.id}
            prefix={prefix}
            name={name}
            visibility={found.find((each) => each.name === name)?.visibility}
            checked
          />
        ))}
        {others.map(({ name, visibility }) => (
          <RepositoryTick id={f.id} prefix={prefix} name={name} visibility={visibility} />
        ))}
        {others.length === 0 && chosenRepositories.length === 0 ? (
          <p class="note">
            {words === ''
              ? 'There is no repository here that you can see.'
              : `No repository has “${words}” in its name.`}
          </p>
        ) : null}
        {found.length > MAX_FOUND ? <p class="note">There are more. Type a part of the name to find them.</p> : null}
      </div>
    </fieldset>
  );
}

function RepositoryTick({
  id,
  prefix,
  name,
  visibility,
  checked = false,
}: {
  id: string;
  prefix: string;
  name: string;
  visibility?: string | undefined;
  checked?: boolean;
}): VNode {
  const inputId = `${id}-${prefix}repositories-${name}`;
  return (
    <div class="form-checkbox my-1">
      <label for={inputId}>
        <input type="checkbox" id={inputId} name={`${prefix}repositories`} value={name} checked={checked} /> {name}
        {visibility === undefined ? null : (
          <>
            {' '}
            <Label>{visibility}</Label>
          </>
        )}
      </label>
    </div>
  );
}
