/** How owners filter lists of tokens, and how a token's permissions appear in them. */
import type { VNode } from 'preact';
import type { OrganizationTokenFilterInput } from '../../../actions/organizations/tokens.ts';
import { type Level, type PermissionSet, permissionNamed } from '../../../catalogue/permissions.ts';
import type { Visit } from '../frame/visit.ts';
import { levelWords } from '../tokens/form/level-words.ts';

const FILTERS = [
  { name: 'owner', label: 'Owner', placeholder: 'login' },
  { name: 'repository', label: 'Repository', placeholder: 'name' },
  { name: 'permission', label: 'Permission', placeholder: 'contents_write' },
] as const;

/** The filters in the address. */
export function filterInputOf({ query }: Visit): OrganizationTokenFilterInput {
  const text = (name: string): string | undefined => (query.get(name) ?? '').trim() || undefined;
  const owner = text('owner');
  return {
    owners: owner === undefined ? undefined : [owner],
    repository: text('repository'),
    permission: text('permission'),
  };
}

export function TokenFilter({ visit }: { visit: Visit }): VNode {
  return (
    <form method="get" class="lk-filter mb-3" role="search">
      {FILTERS.map(({ name, label, placeholder }) => (
        <div>
          <label for={`filter-${name}`} class="f6">
            {label}
          </label>
          <input
            id={`filter-${name}`}
            name={name}
            class="form-control input-sm"
            value={visit.query.get(name) ?? ''}
            placeholder={placeholder}
            maxLength={100}
            spellcheck={false}
            autocomplete="off"
          />
        </div>
      ))}
      <button type="submit" class="btn btn-sm">
        Filter
      </button>
    </form>
  );
}

export function PermissionList({
  permissions,
  repositoryNames,
}: {
  permissions: PermissionSet;
  repositoryNames: readonly string[];
}): VNode | null {
  const entries = Object.entries(permissions);
  if (entries.length === 0 && repositoryNames.length === 0) return null;
  return (
    <details class="f6 mt-1">
      <summary>Permissions and repositories</summary>
      <ul class="pl-3 mt-1">
        {entries.map(([name, level]) => {
          const permission = permissionNamed(name);
          return (
            <li>
              {permission === undefined ? name : permission.title} <code class="lk-field-name">{name}</code>:{' '}
              {permission === undefined ? level : levelWords(permission, level as Level)}
            </li>
          );
        })}
        {repositoryNames.length === 0 ? null : <li>in {repositoryNames.join(', ')}</li>}
      </ul>
    </details>
  );
}
