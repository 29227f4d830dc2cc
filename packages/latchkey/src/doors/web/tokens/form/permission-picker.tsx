/**
 * Permissions to choose from: the groups that a resource owner can give, each permission with exactly its own levels.
 */
import type { VNode } from 'preact';
import type { FormOwner } from '../../../../actions/tokens/form.ts';
import { type Level, PERMISSIONS, type Permission, type PermissionGroup } from '../../../../catalogue/permissions.ts';
import type { Fields } from '../../parts/fields.ts';

const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  read: 'Read-only',
  write: 'Read and write',
  admin: 'Admin',
};

/** Like `LEVEL_WORDS`, but also for permissions that can't be read. */
export function levelWords({ levels }: Permission, level: Level): string {
  return level === 'write' && !levels.includes('read') ? 'Write' : LEVEL_WORDS[level];
}

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

const NOTES: Readonly<Record<PermissionGroup, string>> = {
  repository: 'What it may do in the repositories chosen above. Metadata (read-only) joins by itself.',
  account: 'What it may do with your own account.',
  organization: 'What it may do with the organization itself.',
  instance: 'What it may do with this server.',
};

interface Props {
  readonly f: Fields;
  readonly prefix: string;
  readonly ownerKind: FormOwner['kind'];
  /** True when only public repositories are chosen, which are read-only. */
  readonly publicOnly: boolean;
  readonly chosen: Readonly<Record<string, string>>;
}

export function PermissionPicker({ f, prefix, ownerKind, publicOnly, chosen }: Props): VNode {
  const groups = GROUPS_OF[ownerKind];
  const listId = `${f.id}-${prefix}permissions`;
  // A choice that can't be given is still shown, with its error: nothing typed is lost.
  const misplaced = PERMISSIONS.filter(
    ({ group, name }) => !groups.includes(group) && (f.error(prefix + name) !== '' || f.error(name) !== ''),
  );
  return (
    <fieldset class="form-group">
      <legend class="text-bold f5 mb-1">Permissions</legend>
      <p class="note mb-2">
        Choose as little as will do.{' '}
        {publicOnly && ownerKind !== 'instance'
          ? 'Public repositories are readable without any; choose repositories above to give more.'
          : null}
      </p>
      <div class="lk-needs-script mb-2">
        <label for={`${listId}-search`} class="sr-only">
          Search permissions
        </label>
        <input
          id={`${listId}-search`}
          type="search"
          class="form-control input-block"
          placeholder="Search permissions"
          data-filter={listId}
          autocomplete="off"
        />
      </div>
      <div id={listId}>
        {misplaced.map((permission) => (
          <PermissionRow f={f} prefix={prefix} permission={permission} level={chosen[permission.name] ?? ''} />
        ))}
        {groups.map((group) => (
          <Group f={f} prefix={prefix} group={group} chosen={chosen} isIdle={group === 'repository' && publicOnly} />
        ))}
      </div>
    </fieldset>
  );
}

/**
 * @param isIdle true where only public repositories are chosen. Scripts hide it until something is chosen; without
 * scripts it stays, since nothing would bring it back
 */
function Group({
  f,
  prefix,
  group,
  chosen,
  isIdle,
}: {
  f: Fields;
  prefix: string;
  group: PermissionGroup;
  chosen: Readonly<Record<string, string>>;
  isIdle: boolean;
}): VNode {
  const rows = PERMISSIONS.filter((permission) => permission.group === group);
  const count = rows.filter(({ name }) => (chosen[name] ?? '') !== '').length;
  const open = count > 0 || rows.some(({ name }) => f.error(prefix + name) !== '');
  return (
    <details class="lk-group" open={open} data-group={group} data-shown={isIdle && count === 0 ? 'off' : 'on'}>
      <summary>
        <span class="text-bold">{TITLES[group]}</span>{' '}
        <span class="Counter">
          {count}
          <span class="sr-only"> chosen</span>
        </span>
      </summary>
      <p class="note px-3">{NOTES[group]}</p>
      {rows.map((permission) => (
        <PermissionRow f={f} prefix={prefix} permission={permission} level={chosen[permission.name] ?? ''} />
      ))}
    </details>
  );
}

function PermissionRow({
  f,
  prefix,
  permission,
  level,
}: {
  f: Fields;
  prefix: string;
  permission: Permission;
  level: string;
}): VNode {
  const name = prefix + permission.name;
  const id = `${f.id}-${name}`;
  const error = f.error(name);
  const isOffered = level === '' || (permission.levels as readonly string[]).includes(level);
  return (
    <div class="lk-permission" data-words={`${permission.title} ${permission.name}`.toLowerCase().replaceAll('_', ' ')}>
      <div class="lk-permission-name">
        <label for={id}>{permission.title}</label> <code class="lk-field-name">{permission.name}</code>
        {error === '' ? null : (
          <p class="lk-error" id={`${id}-error`}>
            {error}
          </p>
        )}
      </div>
      <select
        id={id}
        name={name}
        class="form-select select-sm"
        {...(error === '' ? {} : { 'aria-describedby': `${id}-error`, 'aria-invalid': 'true' })}
      >
        <option value="" selected={level === ''}>
          No access
        </option>
        {permission.levels.map((each) => (
          <option value={each} selected={each === level}>
            {levelWords(permission, each)}
          </option>
        ))}
        {isOffered ? null : (
          <option value={level} selected>
            {level}
          </option>
        )}
      </select>
    </div>
  );
}
