/**
 * Repositories in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `minimal-repository`, `repository`, `full-repository`. Features that
 * this server doesn't have (issues, forks, stars, pages) are reported as off or zero.
 */
import type { RepositoryView } from '../../../actions/repositories/view.ts';
import { isoInstant } from '../../../base/time.ts';
import { REPOSITORY_ROLES, type RepositoryRole } from '../../../catalogue/roles.ts';
import { htmlUrl, nodeId, simpleUser } from './accounts.ts';

/** The address of a repository in the API. */
export function repositoryUrl(
  apiUrl: string,
  { owner, repository }: Pick<RepositoryView, 'owner' | 'repository'>,
): string {
  return `${apiUrl}/repos/${owner.login}/${repository.name}`;
}

/** GitHub's five flags for a role. */
export function roleFlags(role: RepositoryRole | null) {
  const rank = role === null ? -1 : REPOSITORY_ROLES.indexOf(role);
  return { admin: rank >= 4, maintain: rank >= 3, push: rank >= 2, triage: rank >= 1, pull: rank >= 0 };
}

/** The addresses of everything in a repository: name of the field → what follows the repository's address. */
const ADDRESSES = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const;

/** `minimal-repository` and `repository`: what lists show. */
export function listedRepository(apiUrl: string, view: RepositoryView) {
  const { owner, repository, role, defaultBranch, sizeKb, sshUrl } = view;
  const url = repositoryUrl(apiUrl, view);
  const html = `${htmlUrl(apiUrl)}/${owner.login}/${repository.name}`;
  const addresses = Object.fromEntries(Object.entries(ADDRESSES).map(([field, rest]) => [field, url + rest])) as Record<
    keyof typeof ADDRESSES,
    string
  >;
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: `${owner.login}/${repository.name}`,
    private: repository.visibility !== 'public',
    owner: simpleUser(apiUrl, owner),
    html_url: html,
    description: repository.description === '' ? null : repository.description,
    fork: false,
    url,
    ...addresses,
    clone_url: `${html}.git`,
    git_url: `${html}.git`,
    // Without SSH, the address that works.
    ssh_url: sshUrl ?? `${html}.git`,
    svn_url: html,
    mirror_url: null,
    homepage: repository.homepage === '' ? null : repository.homepage,
    language: null,
    license: null,
    topics: [],
    forks: 0,
    forks_count: 0,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    open_issues: 0,
    open_issues_count: 0,
    size: sizeKb,
    default_branch: defaultBranch,
    is_template: false,
    has_issues: false,
    has_projects: false,
    has_wiki: false,
    has_pages: false,
    has_downloads: false,
    has_discussions: false,
    archived: repository.archivedAt !== null,
    disabled: false,
    visibility: repository.visibility,
    // A repository without a push shows its creation time, as on GitHub.
    pushed_at: isoInstant(repository.pushedAt ?? repository.createdAt),
    created_at: isoInstant(repository.createdAt),
    updated_at: isoInstant(repository.updatedAt),
    permissions: roleFlags(role),
    web_commit_signoff_required: false,
    allow_forking: false,
  };
}

/** `full-repository`: a single repository. */
export function fullRepository(apiUrl: string, view: RepositoryView) {
  return {
    ...listedRepository(apiUrl, view),
    network_count: 0,
    subscribers_count: 0,
    temp_clone_token: null,
    ...(view.owner.kind === 'organization' ? { organization: simpleUser(apiUrl, view.owner) } : {}),
  };
}
