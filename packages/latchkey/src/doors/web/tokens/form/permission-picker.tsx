/**
 * Permissions: those that were added, one row each with a sentence, and below them the others to add, the common ones
 * first, found by name, by what they open, and by endpoint.
 *
 * Without scripts a level is chosen in either list, and *Show summary* or *Find* sorts the rows anew.
 */
import type { VNode } from 'preact';
import type { FormOwner } from '../../../../actions/tokens/form.ts';
import { COMMON_PERMISSIONS, searchPermissions } from '../../../../catalogue/permission-search.ts';
import { PERMISSIONS, type Permission, type PermissionGroup } from '../../../../catalogue/permissions.ts';
import type { Fields } from '../../parts/fields.ts';
import { PermissionRow } from './permission-row.tsx';
import { ScopeHint } from './scope-hint.tsx';
import { SearchBox } from './search-box.tsx';

const GROUPS_OF: Readonly<Record<FormOwner['kind'], readonly PermissionGroup[]>> = {
  self: ['repository', 'account'],
  user: ['repository'],
  organization: ['repository', 'organization'],
  instance: ['instance'],
};

const TITLES: Readonly<Record<PermissionGroup, string>> = {
  repository: 'Repository permissions',
  account: 'Account permissions',
  organization: 'Organization permissions',
  instance: 'Instance permissions',
};

interface Props {
  readonly f: Fields;
  readonly prefix: string;
  readonly ownerKind: FormOwner['kind'];
  /** True when only public repositories are chosen, which are read-only. */
  readonly publicOnly: boolean;
  readonly chosen: Readonly<Record<string, string>>;
  /** What is searched for. */
  readonly words: string;
  /** True for a token of a machine account, which has no scopes of another kind. */
  readonly forMachine?: boolean;
}

export function PermissionPicker({
  f,
  prefix,
  ownerKind,
  publicOnly,
  chosen,
  words,
  forMachine = false,
}: Props): VNode {
  const groups = GROUPS_OF[ownerKind];
  // A choice that can't be given is still shown, with its error: nothing typed is lost.
  const isChosen = ({ name }: Permission): boolean =>
    (chosen[name] ?? '') !== '' || f.error(prefix + name) !== '' || f.error(name) !== '';
  const metadata = PERMISSIONS.find(({ name }) => name === 'metadata');
  // Where another permission of repositories brings it along, nothing is to be chosen or removed.
  const isImplied = PERMISSIONS.some((each) => each !== metadata && each.group === 'repository' && isChosen(each));
  const added = PERMISSIONS.filter((each) => isChosen(each) && !(isImplied && each === metadata));
  const others = PERMISSIONS.filter((permission) => groups.includes(permission.group) && !added.includes(permission));
  return (
    <fieldset class="form-group lk-picker">
      <legend class="text-bold f5 mb-1">Permissions</legend>
      <div id={`added-${prefix}`} data-live>
        {added.map((permission) => (
          <PermissionRow f={f} prefix={prefix} permission={permission} level={chosen[permission.name] ?? ''} isAdded />
        ))}
        <p class="note px-3 pb-2 mb-0">
          {added.length === 0
            ? 'None yet: it reads public repositories only.'
            : 'Metadata (read) is always included where a repository is.'}
          {publicOnly && ownerKind !== 'instance' ? ' Choose repositories above to give it more.' : null}
        </p>
      </div>
      <details class="lk-picker-add" open={added.length === 0 || words !== ''}>
        <summary class="text-bold">Add a permission</summary>
        <SearchBox
          id={`${f.id}-${prefix}permission_search`}
          name={`${prefix}permission_search`}
          label="Search permissions"
          words={words}
          placeholder="What should it do? push, comment, deploy key, /pulls"
          button={{ label: 'Find', class: 'btn lk-needs-no-script' }}
        />
        <div id={`others-${prefix}`} data-live>
          <ScopeHint words={words} forMachine={forMachine} />
          {words.trim() === '' ? (
            <Groups f={f} prefix={prefix} groups={groups} others={others} />
          ) : (
            <Found f={f} prefix={prefix} found={searchPermissions(others, words)} words={words} />
          )}
        </div>
      </details>
    </fieldset>
  );
}

interface Offered {
  readonly f: Fields;
  readonly prefix: string;
}

function Found({ f, prefix, found, words }: Offered & { found: readonly Permission[]; words: string }): VNode {
  return found.length === 0 ? (
    <p class="note px-3">No permission left to add is about “{words.trim()}”.</p>
  ) : (
    <>
      {found.map((permission) => (
        <PermissionRow f={f} prefix={prefix} permission={permission} level="" />
      ))}
    </>
  );
}

/** The common ones, then the rest of each group, folded. */
function Groups({
  f,
  prefix,
  groups,
  others,
}: Offered & { groups: readonly PermissionGroup[]; others: readonly Permission[] }): VNode {
  const common = COMMON_PERMISSIONS.flatMap((name) => others.find((each) => each.name === name) ?? []);
  return (
    <>
      {common.length === 0 ? null : <p class="lk-picker-head mb-0">Used most</p>}
      {common.map((permission) => (
        <PermissionRow f={f} prefix={prefix} permission={permission} level="" />
      ))}
      {groups.map((group) => {
        const rest = others.filter((each) => each.group === group && !common.includes(each));
        return rest.length === 0 ? null : (
          <details class="lk-group" data-group={group}>
            <summary>
              <span class="text-bold">{TITLES[group]}</span>{' '}
              <span class="color-fg-muted">
                {rest.length} {common.some((each) => each.group === group) ? 'more' : ''}
              </span>
            </summary>
            {rest.map((permission) => (
              <PermissionRow f={f} prefix={prefix} permission={permission} level="" isBrief />
            ))}
          </details>
        );
      })}
    </>
  );
}
