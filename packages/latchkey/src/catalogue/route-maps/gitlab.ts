/**
 * GitLab's project API as a route map, as far as its scopes and our permissions go.
 *
 * Source: GitLab docs "REST API resources"; the permission for an area is GitHub's of the same name. Projects are
 * named by path (`/projects/acme%2Fsite`): only the service knows its numbers, so a project by number is refused.
 */

import type { Need } from '../needs.ts';
import type { Level, PermissionName, PermissionSet } from '../permissions.ts';
import { GITLAB_ROUTES } from '../routes/gitlab.ts';
import type { Conditions } from './conditions.ts';
import type { MapRow, MapTarget } from './route-map.ts';

const PROJECT = '/projects/{owner}%2F{repo}';
const ON_PROJECT: MapTarget = { kind: 'repository', owner: '{owner}', name: '{repo}' };

/** Areas below a project: GET reads, every other method writes, but for what `catalogue/routes/gitlab` has itself. */
const AREAS: Readonly<Record<string, PermissionName>> = {
  access_requests: 'administration',
  access_tokens: 'administration',
  badges: 'administration',
  boards: 'issues',
  deploy_keys: 'administration',
  deploy_tokens: 'administration',
  deployments: 'deployments',
  environments: 'environments',
  events: 'metadata',
  feature_flags: 'contents_rest',
  forks: 'metadata',
  hooks: 'repository_hooks',
  integrations: 'repository_hooks',
  invitations: 'administration',
  issues: 'issues',
  jobs: 'actions',
  labels: 'issues',
  languages: 'metadata',
  members: 'administration',
  merge_requests: 'pull_requests',
  milestones: 'issues',
  packages: 'packages',
  pages: 'pages',
  pipeline_schedules: 'actions',
  pipelines: 'actions',
  protected_branches: 'administration',
  protected_tags: 'administration',
  registry: 'packages',
  releases: 'contents_rest',
  repository: 'contents_rest',
  runners: 'administration',
  snippets: 'contents_rest',
  starrers: 'metadata',
  statuses: 'statuses',
  triggers: 'actions',
  users: 'metadata',
  variables: 'actions_variables',
  vulnerability_findings: 'security_events',
  wikis: 'contents_rest',
};

/**
 * What names a second project, by a number that only the service knows: the project of a merge request or a link, the
 * other side of a comparison, where a commit or a fork starts or goes. Nobody may send one.
 */
const OTHER_PROJECT = [
  'target_project_id',
  'to_project_id',
  'from_project_id',
  'start_project',
  'namespace',
  'namespace_id',
  'namespace_path',
];
const NONE_OTHER = Object.fromEntries(OTHER_PROJECT.map((name) => [name, null]));
/** In a body, of the requests that can: they are read as JSON. Commits, whose bodies are large, aren't. */
const NONE_IN_BODY: Conditions = [{ in: 'json', name: 'target_project_id', values: null }];

const READING_METHODS = ['GET'];
const WRITING_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** Paths below the root of the API. What is listed one by one goes before its area. */
export function gitlabRows(): MapRow[] {
  const listed = listedRows();
  const requests = new Set(listed.map(({ method, path }) => `${method} ${path}`));
  return [...listed, ...areaRows().filter(({ method, path }) => !requests.has(`${method} ${path}`))].map((row) =>
    row.target === ON_PROJECT ? { ...row, query: NONE_OTHER } : row,
  );
}

function listedRows(): MapRow[] {
  const rows = GITLAB_ROUTES.map((route): MapRow => {
    const path = route.path.replace('/projects/{id}', PROJECT).replace(/\{(path|branch|tag_name)\}/, '{$1...}');
    return { method: route.method, path, need: route.need, target: targetOf(route.target, path) };
  });
  const admin: Need = { sets: [{ administration: 'write' }], publicRead: false, writes: false };
  return [
    ...rows,
    ...['PUT', 'DELETE'].map((method): MapRow => ({ method, path: PROJECT, need: admin, target: ON_PROJECT })),
    // They write to a branch.
    ...['merge', 'rebase'].map(
      (act): MapRow => ({
        method: 'PUT',
        path: `${PROJECT}/merge_requests/{iid}/${act}`,
        need: { sets: [only('contents_rest', 'write')], publicRead: false, writes: true },
        target: ON_PROJECT,
      }),
    ),
    ...(
      [
        ['merge_requests', 'pull_requests'],
        ['issues/{iid}/links', 'issues'],
      ] as const
    ).map(
      ([area, permission]): MapRow => ({
        method: 'POST',
        path: `${PROJECT}/${area}`,
        need: { sets: [only(permission, 'write')], publicRead: false, writes: true },
        target: ON_PROJECT,
        conditions: NONE_IN_BODY,
      }),
    ),
    // They write to another project, which the body names by its number.
    ...['move', 'clone'].map(
      (act): MapRow => ({
        method: 'POST',
        path: `${PROJECT}/issues/{iid}/${act}`,
        need: { sets: [only('issues', 'write')], publicRead: false, writes: true },
        target: { kind: 'unknown' },
      }),
    ),
  ];
}

function targetOf(kind: (typeof GITLAB_ROUTES)[number]['target'], path: string): MapTarget {
  if (kind === 'project') return ON_PROJECT;
  if (kind === 'none') return { kind: 'nobody' };
  return kind === 'group' ? { kind: 'organization', login: /\{\w+\}/.exec(path)?.[0] ?? '' } : { kind };
}

function areaRows(): MapRow[] {
  return Object.entries(AREAS).flatMap(([area, permission]) => {
    const reading: Need = {
      sets: [only(permission, 'read')],
      publicRead: permission !== 'administration' && permission !== 'repository_hooks',
      writes: false,
    };
    const writing: Need = { sets: [only(permission, 'write')], publicRead: false, writes: true };
    const paths = [`${PROJECT}/${area}`, `${PROJECT}/${area}/{rest...}`];
    return [
      ...READING_METHODS.map((method) => ({ method, need: reading })),
      ...WRITING_METHODS.map((method) => ({ method, need: writing })),
    ].flatMap(({ method, need }) => paths.map((path): MapRow => ({ method, path, need, target: ON_PROJECT })));
  });
}

function only(permission: PermissionName, level: Level): PermissionSet {
  return { [permission]: level } as PermissionSet;
}
