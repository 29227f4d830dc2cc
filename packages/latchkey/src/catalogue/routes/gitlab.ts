/**
 * GitLab's REST endpoints that are served here, as routes: what each needs, and what it is about.
 *
 * Source: GitLab docs "REST API" (personal access tokens, users, projects, repositories, repository files, branches,
 * tags, commits, groups) and "Access token scopes" for what a scope alone opens.
 * Invariant: a need names permissions of the one vocabulary; scopes stand beside it only where GitLab lets any token of
 * the API in.
 */
import type { Need } from '../needs.ts';

/**
 * What a path names. `project` and `group`: by number, or by URL-encoded full path; `self`: the caller's own account;
 * `none`: nobody's resources in particular.
 */
type GitlabTarget = 'project' | 'group' | 'self' | 'instance' | 'none';

export interface GitlabRoute {
  readonly method: string;
  /** Below `/api/v4`, with parameters in braces: `/projects/{id}`. */
  readonly path: string;
  readonly need: Need;
  readonly target: GitlabTarget;
}

/** Reading with any scope of the API. GitLab also allows these with `read_user`. */
const SIGNED_IN: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: ['read_user'] };
/** About the token that makes the request: any scope will do, even one that allows nothing else (GitLab since 15.4). */
const ANY_TOKEN: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };
const PEOPLE: Need = { sets: [], publicRead: true, writes: false, gitlabScopes: ['read_user'] };
const PEOPLE_WRITE: Need = { sets: [{ instance_users: 'write' }], publicRead: false, writes: true };
const GROUP_WRITE: Need = { sets: [{ organization_administration: 'write' }], publicRead: false, writes: true };
const TOKENS_READ: Need = { sets: [{ personal_access_tokens: 'read' }], publicRead: false, writes: false };
const TOKENS_WRITE: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: true };
const KEYS_READ: Need = { sets: [{ keys: 'read' }], publicRead: false, writes: false };
const KEYS_WRITE: Need = { sets: [{ keys: 'write' }], publicRead: false, writes: true };
const SELF_ROTATE: Need = { sets: [{ token_rotation: 'write' }], publicRead: false, writes: true };
const TOKENS_OF_ALL: Need = { sets: [{ instance_personal_access_tokens: 'write' }], publicRead: false, writes: true };
/** The list only shows projects whose need is met. */
const PROJECTS: Need = { sets: [], publicRead: true, writes: false };
const PROJECT: Need = { sets: [{ metadata: 'read' }], publicRead: true, writes: false };
const FILE: Need = { sets: [{ repository_files: 'read' }], publicRead: true, writes: false };
const READ: Need = { sets: [{ contents_rest: 'read' }], publicRead: true, writes: false };
const WRITE: Need = { sets: [{ contents_rest: 'write' }], publicRead: false, writes: true };

/** Of protected refs; and of a project's tokens, which ask for the right to the owner's machine accounts, too. */
const ADMINISTRATION_READ: Need = { sets: [{ administration: 'read' }], publicRead: false, writes: false };
const ADMINISTRATION_WRITE: Need = { sets: [{ administration: 'write' }], publicRead: false, writes: true };
const MACHINES_READ: Need = {
  sets: [{ organization_personal_access_tokens: 'read' }],
  publicRead: false,
  writes: false,
};
const MACHINES_WRITE: Need = {
  sets: [{ members: 'write', organization_personal_access_tokens: 'write' }],
  publicRead: false,
  writes: true,
};

/** Lists of accounts: whoever has a credential may look. */
const SOMEBODY: Need = { sets: [], publicRead: false, writes: false };
const MEMBERS: Need = { sets: [{ members: 'read' }], publicRead: false, writes: false };
const PROJECT_MEMBERS: Need = { sets: [{ metadata: 'read' }], publicRead: false, writes: false };
const STATUSES_READ: Need = { sets: [{ statuses: 'read' }], publicRead: true, writes: false };
const STATUSES_WRITE: Need = { sets: [{ statuses: 'write' }], publicRead: false, writes: true };

const ROWS: readonly (readonly [method: string, path: string, need: Need, target: GitlabTarget])[] = [
  ['GET', '/version', SIGNED_IN, 'self'],
  ['GET', '/metadata', SIGNED_IN, 'self'],
  ['GET', '/user', SIGNED_IN, 'self'],
  ['GET', '/user/keys', KEYS_READ, 'self'],
  ['POST', '/user/keys', KEYS_WRITE, 'self'],
  ['GET', '/user/keys/{key_id}', KEYS_READ, 'self'],
  ['DELETE', '/user/keys/{key_id}', KEYS_WRITE, 'self'],
  ['GET', '/users', PEOPLE, 'none'],
  ['GET', '/users/{id}', PEOPLE, 'none'],
  ['PUT', '/users/{id}', PEOPLE_WRITE, 'instance'],
  ['GET', '/personal_access_tokens', TOKENS_READ, 'self'],
  ['GET', '/personal_access_tokens/self', ANY_TOKEN, 'self'],
  ['DELETE', '/personal_access_tokens/self', ANY_TOKEN, 'self'],
  ['POST', '/personal_access_tokens/self/rotate', SELF_ROTATE, 'self'],
  ['GET', '/personal_access_tokens/self/associations', ANY_TOKEN, 'self'],
  ['GET', '/personal_access_tokens/{id}', TOKENS_READ, 'self'],
  ['DELETE', '/personal_access_tokens/{id}', TOKENS_WRITE, 'self'],
  ['POST', '/personal_access_tokens/{id}/rotate', TOKENS_WRITE, 'self'],
  ['POST', '/user/personal_access_tokens', TOKENS_WRITE, 'self'],
  ['POST', '/users/{user_id}/personal_access_tokens', TOKENS_OF_ALL, 'instance'],
  ['GET', '/projects', PROJECTS, 'none'],
  ['GET', '/users/{user_id}/projects', PROJECTS, 'none'],
  ['GET', '/projects/{id}', PROJECT, 'project'],
  ['GET', '/projects/{id}/repository/tree', READ, 'project'],
  ['GET', '/projects/{id}/repository/files/{path}', FILE, 'project'],
  ['GET', '/projects/{id}/repository/files/{path}/raw', FILE, 'project'],
  ['POST', '/projects/{id}/repository/files/{path}', WRITE, 'project'],
  ['PUT', '/projects/{id}/repository/files/{path}', WRITE, 'project'],
  ['DELETE', '/projects/{id}/repository/files/{path}', WRITE, 'project'],
  ['GET', '/projects/{id}/repository/branches', READ, 'project'],
  ['GET', '/projects/{id}/repository/branches/{branch}', READ, 'project'],
  ['POST', '/projects/{id}/repository/branches', WRITE, 'project'],
  ['DELETE', '/projects/{id}/repository/branches/{branch}', WRITE, 'project'],
  ['GET', '/projects/{id}/repository/tags', READ, 'project'],
  ['GET', '/projects/{id}/repository/tags/{tag_name}', READ, 'project'],
  ['POST', '/projects/{id}/repository/tags', WRITE, 'project'],
  ['DELETE', '/projects/{id}/repository/tags/{tag_name}', WRITE, 'project'],
  ['GET', '/projects/{id}/repository/commits', READ, 'project'],
  ['GET', '/projects/{id}/repository/commits/{sha}', READ, 'project'],
  ['POST', '/projects/{id}/repository/commits', WRITE, 'project'],
  ['GET', '/projects/{id}/repository/commits/{sha}/diff', READ, 'project'],
  ['GET', '/projects/{id}/repository/commits/{sha}/refs', READ, 'project'],
  ['GET', '/projects/{id}/repository/compare', READ, 'project'],
  ['GET', '/projects/{id}/repository/merge_base', READ, 'project'],
  ['GET', '/projects/{id}/repository/archive', READ, 'project'],
  ['GET', '/projects/{id}/repository/archive.tar.gz', READ, 'project'],
  ['GET', '/projects/{id}/repository/archive.tgz', READ, 'project'],
  ['GET', '/projects/{id}/repository/archive.tar', READ, 'project'],
  ['GET', '/projects/{id}/repository/archive.zip', READ, 'project'],
  ['GET', '/projects/{id}/access_tokens', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/access_tokens', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/access_tokens/{token_id}', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/access_tokens/{token_id}/rotate', ADMINISTRATION_WRITE, 'project'],
  ['DELETE', '/projects/{id}/access_tokens/{token_id}', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/remote_mirrors', ADMINISTRATION_READ, 'project'],
  ['GET', '/projects/{id}/remote_mirrors/{mirror_id}', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/remote_mirrors/{mirror_id}/sync', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/mirror/pull', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/mirror/pull', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/deploy_keys', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/deploy_keys', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/deploy_keys/{key_id}', ADMINISTRATION_READ, 'project'],
  ['DELETE', '/projects/{id}/deploy_keys/{key_id}', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/deploy_tokens', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/deploy_tokens', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/deploy_tokens/{token_id}', ADMINISTRATION_READ, 'project'],
  ['DELETE', '/projects/{id}/deploy_tokens/{token_id}', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/groups/{id}/access_tokens', MACHINES_READ, 'group'],
  ['POST', '/groups/{id}/access_tokens', MACHINES_WRITE, 'group'],
  ['GET', '/groups/{id}/access_tokens/{token_id}', MACHINES_READ, 'group'],
  ['POST', '/groups/{id}/access_tokens/{token_id}/rotate', MACHINES_WRITE, 'group'],
  ['DELETE', '/groups/{id}/access_tokens/{token_id}', MACHINES_WRITE, 'group'],
  ['GET', '/groups/{id}/service_accounts', MACHINES_READ, 'group'],
  ['POST', '/groups/{id}/service_accounts', MACHINES_WRITE, 'group'],
  ['DELETE', '/groups/{id}/service_accounts/{user_id}', MACHINES_WRITE, 'group'],
  ['GET', '/groups/{id}/service_accounts/{user_id}/personal_access_tokens', MACHINES_READ, 'group'],
  ['POST', '/groups/{id}/service_accounts/{user_id}/personal_access_tokens', MACHINES_WRITE, 'group'],
  ['DELETE', '/groups/{id}/service_accounts/{user_id}/personal_access_tokens/{token_id}', MACHINES_WRITE, 'group'],
  ['POST', '/groups/{id}/service_accounts/{user_id}/personal_access_tokens/{token_id}/rotate', MACHINES_WRITE, 'group'],
  ['GET', '/projects/{id}/protected_branches', ADMINISTRATION_READ, 'project'],
  ['GET', '/projects/{id}/protected_branches/{name}', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/protected_branches', ADMINISTRATION_WRITE, 'project'],
  ['DELETE', '/projects/{id}/protected_branches/{name}', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/projects/{id}/protected_tags', ADMINISTRATION_READ, 'project'],
  ['GET', '/projects/{id}/protected_tags/{name}', ADMINISTRATION_READ, 'project'],
  ['POST', '/projects/{id}/protected_tags', ADMINISTRATION_WRITE, 'project'],
  ['DELETE', '/projects/{id}/protected_tags/{name}', ADMINISTRATION_WRITE, 'project'],
  ['GET', '/openapi.json', PROJECTS, 'none'],
  ['GET', '/search', SOMEBODY, 'none'],
  ['GET', '/namespaces', SOMEBODY, 'self'],
  ['GET', '/namespaces/{id}', SOMEBODY, 'self'],
  ['GET', '/groups', SOMEBODY, 'none'],
  ['GET', '/groups/{id}/members', MEMBERS, 'group'],
  ['GET', '/groups/{id}/members/all', MEMBERS, 'group'],
  ['GET', '/groups/{id}/members/{user_id}', MEMBERS, 'group'],
  ['GET', '/projects/{id}/members', PROJECT_MEMBERS, 'project'],
  ['GET', '/projects/{id}/members/all', PROJECT_MEMBERS, 'project'],
  ['GET', '/projects/{id}/members/{user_id}', PROJECT_MEMBERS, 'project'],
  ['GET', '/projects/{id}/repository/commits/{sha}/statuses', STATUSES_READ, 'project'],
  ['POST', '/projects/{id}/statuses/{sha}', STATUSES_WRITE, 'project'],
  ['GET', '/merge_requests', SOMEBODY, 'self'],
  ['GET', '/projects/{id}/merge_requests', PROJECT, 'project'],
  ['GET', '/projects/{id}/issues', PROJECT, 'project'],
  ['GET', '/projects/{id}/labels', PROJECT, 'project'],
  ['GET', '/projects/{id}/milestones', PROJECT, 'project'],
  ['GET', '/projects/{id}/forks', PROJECT, 'project'],
  ['GET', '/projects/{id}/repository/commits/{sha}/merge_requests', READ, 'project'],
  ['GET', '/groups/{id}', PROJECTS, 'group'],
  ['PUT', '/groups/{id}', GROUP_WRITE, 'group'],
  ['GET', '/groups/{id}/projects', PROJECTS, 'group'],
];

/** Every endpoint that `/api/v4` answers. */
export const GITLAB_ROUTES: readonly GitlabRoute[] = ROWS.map(([method, path, need, target]) => ({
  method,
  path,
  need,
  target,
}));

/**
 * The route of an endpoint.
 * @throws Error when there is none, so that a typo shows at start
 */
export function gitlabRoute(method: string, path: string): GitlabRoute {
  const route = GITLAB_ROUTES.find((one) => one.method === method && one.path === path);
  if (route === undefined) throw new Error(`there is no endpoint ${method} ${path}`);
  return route;
}
