/** Repositories as GitLab shows projects, and their owners as groups and namespaces. */

import type { Account } from '../../../actions/accounts/people.ts';
import type { ListedRepository } from '../../../actions/repositories/search.ts';
import type { RepositoryRole } from '../../../catalogue/roles.ts';
import { instant } from './dates.ts';

/**
 * GitLab's numbers: guest 10, reporter 20, developer 30, maintainer 40, owner 50. These are the closest to what
 * GitHub's roles allow.
 */
export const ACCESS_LEVELS: Readonly<Record<RepositoryRole, number>> = {
  read: 20,
  triage: 20,
  write: 30,
  maintain: 40,
  admin: 50,
};

/** The numbers that a request for a minimum level may use. */
export const ACCESS_LEVEL_VALUES = ['5', '10', '15', '20', '25', '30', '40', '50'] as const;

export interface Shown extends ListedRepository {
  readonly defaultBranch: string;
  readonly sshUrl: string | null;
}

/** What a list shows, and the beginning of the full project. */
export function presentSimpleProject(
  { owner, repository, defaultBranch, sshUrl }: Shown,
  publicUrl: string,
): Record<string, unknown> {
  const { id, name, description, createdAt, pushedAt } = repository;
  const ownerName = owner.name === '' ? owner.login : owner.name;
  const webUrl = `${publicUrl}/${owner.login}/${name}`;
  return {
    id,
    description: description === '' ? null : description,
    name,
    name_with_namespace: `${ownerName} / ${name}`,
    path: name,
    path_with_namespace: `${owner.login}/${name}`,
    created_at: instant(createdAt),
    default_branch: defaultBranch,
    tag_list: [],
    topics: [],
    ssh_url_to_repo: sshUrl,
    http_url_to_repo: `${webUrl}.git`,
    web_url: webUrl,
    readme_url: null,
    forks_count: 0,
    avatar_url: null,
    star_count: 0,
    last_activity_at: instant(pushedAt ?? createdAt),
    namespace: presentNamespace(owner, publicUrl),
  };
}

/** The full project, with the caller's access (null role = anonymous). */
export function presentProject(shown: Shown, publicUrl: string): Record<string, unknown> {
  const { owner, repository, role } = shown;
  const access = role === null ? null : { access_level: ACCESS_LEVELS[role], notification_level: 3 };
  const isGroup = owner.kind === 'organization';
  return {
    ...presentSimpleProject(shown, publicUrl),
    visibility: repository.visibility,
    archived: repository.archivedAt !== null,
    empty_repo: repository.pushedAt === null,
    updated_at: instant(repository.updatedAt),
    creator_id: owner.id,
    issues_enabled: false,
    merge_requests_enabled: false,
    wiki_enabled: false,
    jobs_enabled: false,
    snippets_enabled: false,
    ...(isGroup
      ? {}
      : {
          owner: {
            id: owner.id,
            username: owner.login,
            name: owner.name === '' ? owner.login : owner.name,
            state: 'active',
            web_url: `${publicUrl}/${owner.login}`,
          },
        }),
    permissions: { project_access: isGroup ? null : access, group_access: isGroup ? access : null },
  };
}

/** Where projects are: a person or an organization. */
export function presentNamespace({ id, login, name, kind }: Account, publicUrl: string): Record<string, unknown> {
  return {
    id,
    name: name === '' ? login : name,
    path: login,
    kind: kind === 'organization' ? 'group' : 'user',
    full_path: login,
    parent_id: null,
    avatar_url: null,
    web_url: `${publicUrl}/${login}`,
  };
}

/** An organization. */
export function presentGroup(
  { id, login, name, profile, createdAt }: Account,
  publicUrl: string,
): Record<string, unknown> {
  const title = name === '' ? login : name;
  return {
    id,
    name: title,
    path: login,
    description: typeof profile['description'] === 'string' ? profile['description'] : '',
    visibility: 'public',
    full_name: title,
    full_path: login,
    parent_id: null,
    avatar_url: null,
    created_at: instant(createdAt),
    web_url: `${publicUrl}/${login}`,
  };
}
