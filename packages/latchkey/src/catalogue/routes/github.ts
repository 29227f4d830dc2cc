/**
 * GitHub's REST endpoints as routes: what each needs, and what it is about.
 *
 * `github-endpoints.json` holds the facts as GitHub publishes them; this file turns them into needs, by these rules:
 * - *Sets*: as listed; `contents` becomes the part that REST needs, so that GitLab's `read_api`, which doesn't clone,
 *   is enough. If the data names no set, or the endpoint takes no fine-grained token on GitHub, `GAPS` says what it
 *   takes here, or that no token opens it.
 * - *Public read*: only if the data says so and nothing is changed; not if "public" refers to something other than
 *   the target (`PUBLIC_OF_ANOTHER_THING`).
 * - *Writes*: every method except GET and HEAD, except where an archived repository accepts it
 *   (`WORKS_WHEN_ARCHIVED`).
 * - *Classic scopes*: alternatives, as listed, interpreted by `readScopes`.
 * - *GitLab's scopes*: `read_user` for people, as in GitLab; `api` where something changes although the permission is
 *   for reading.
 *
 * Never: a need looser than the endpoint's own text.
 */

import { once } from '../../base/once.ts';
import type { Need } from '../needs.ts';
import type { Level, PermissionName, PermissionPart, PermissionSet } from '../permissions.ts';
import data from './github-endpoints.json' with { type: 'json' };

/** What a path names. A string is the name of the path parameter. */
export type RouteTarget =
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string }
  /** `team`: the slug of a team there, whose maintainers may do more than other members. */
  | { readonly kind: 'organization'; readonly login: string; readonly team?: string }
  /** A team by its number. The target is its organization. */
  | { readonly kind: 'team'; readonly id: string }
  | { readonly kind: 'account'; readonly login: string }
  | { readonly kind: 'account-by-id'; readonly id: string }
  /** A repository by its number. */
  | { readonly kind: 'repository-by-id'; readonly id: string }
  /** The caller's own account: nobody is asked to sign in first. */
  | { readonly kind: 'self' }
  | { readonly kind: 'instance' }
  /** Nobody's resources in particular: licences, search, the server itself. */
  | { readonly kind: 'none' };

export interface GithubRoute {
  readonly method: string;
  /** With parameters in braces, as GitHub writes it: `/repos/{owner}/{repo}`. */
  readonly path: string;
  readonly need: Need;
  readonly target: RouteTarget;
  /** True when GitHub itself accepts a fine-grained token here. */
  readonly fineGrained: boolean;
}

/**
 * No token of any kind holds this: the endpoint is for the credentials of an app, or would reveal more than any
 * permission says.
 */
const NO_TOKEN = 'github:no_token';

/**
 * What endpoints need when GitHub names no permission: one at `read` for GET, at `write` otherwise. The first matching
 * pattern counts.
 */
const GAPS: readonly { readonly paths: RegExp; readonly takes: PermissionName }[] = [
  {
    paths: /^\/(?:app|app-manifests|applications|installation|marketplace_listing)(?:\/|$)|\/installations?(?:\/|$)/,
    takes: NO_TOKEN,
  },
  // an export of every repository, including those the token doesn't reach; tasks of all repositories at once
  { paths: /\/migrations(?:\/|$)|^\/agents\/tasks/, takes: NO_TOKEN },
  { paths: /^\/enterprises\/\{enterprise\}\/teams/, takes: 'instance_organizations' },
  { paths: /^\/enterprises\//, takes: 'instance_policies' },
  { paths: /^\/agents\//, takes: 'copilot_agent_settings' },
  { paths: /\/check-(?:runs|suites)(?:\/|$)/, takes: 'checks' },
  { paths: /^\/orgs\/\{org\}\/packages/, takes: 'organization_packages' },
  { paths: /\/packages(?:\/|$)/, takes: 'packages' },
  { paths: /\/personal-access-token-requests/, takes: 'organization_personal_access_token_requests' },
  { paths: /\/personal-access-tokens/, takes: 'organization_personal_access_tokens' },
  { paths: /\/organization-fine-grained-permissions$/, takes: 'organization_custom_org_roles' },
  { paths: /\/notifications|\/subscription$/, takes: 'watching' },
  { paths: /\/projectsV2/, takes: 'projects' },
  { paths: /\/copilot-spaces/, takes: 'knowledge_bases' },
  { paths: /\/deployment_protection_rule$/, takes: 'deployments' },
  { paths: /\/compare\/|\/assets$/, takes: 'contents' },
  { paths: /\/hovercard$/, takes: 'metadata' },
  { paths: /\/transfer$|^\/user\/repository_invitations/, takes: 'administration' },
];

/**
 * The data calls these public when a project, codespace or invitation is public. The target doesn't say whether it is.
 */
const PUBLIC_OF_ANOTHER_THING = /\/projectsV2|^\/user\/(?:codespaces|repository_invitations)/;
/** These use POST only because the request is long. */
const READS_BY_POST = /^\/markdown|\/attestations\/bulk-list$/;
/**
 * Unarchiving, deleting, moving, copying and watching change nothing that archiving protects (GitHub docs, "Archiving
 * repositories").
 */
const WORKS_WHEN_ARCHIVED = /^\/repos\/\{\w+\}\/\{\w+\}(?:\/(?:forks|generate|transfer|subscription|notifications))?$/;

/** Each endpoint by its name, worked out on first use: a start needs a tenth of them, and all of them take 18 ms. */
const endpoints = once(
  (): ReadonlyMap<string, () => GithubRoute> =>
    new Map(
      [
        ...data.fineGrained.map(([method = '', path = '', sets = '', isPublic = '', scopes = '']) => {
          return { method, path, sets, isPublic: isPublic === 'public', scopes, fineGrained: true };
        }),
        ...data.others.map(([method = '', path = '', scopes = '']) => {
          return { method, path, sets: null, isPublic: false, scopes, fineGrained: false };
        }),
      ].map((listed) => [`${listed.method} ${listed.path}`, once(() => routeOf(listed))]),
    ),
);

/** Every endpoint: the 1,036 that accept fine-grained tokens on GitHub, and 187 that don't. */
export const githubRoutes = once((): readonly GithubRoute[] => [...endpoints().values()].map((read) => read()));

/**
 * The need of an endpoint. `path` as GitHub writes it.
 * @throws Error when GitHub has no such endpoint, so that a typo in a route shows at start
 */
export function needOf(method: string, path: string): Need {
  const read = endpoints().get(`${method} ${path}`);
  if (read === undefined) throw new Error(`GitHub has no endpoint ${method} ${path}`);
  return read().need;
}

/** True when GitHub has this endpoint. */
export function hasGithubRoute(method: string, path: string): boolean {
  return endpoints().has(`${method} ${path}`);
}

/** An endpoint as in the data. */
interface ListedEndpoint {
  readonly method: string;
  readonly path: string;
  /** `a=read; b=write`; null or `?` = the data doesn't say. */
  readonly sets: string | null;
  readonly isPublic: boolean;
  readonly scopes: string;
  readonly fineGrained: boolean;
}

function routeOf(listed: ListedEndpoint): GithubRoute {
  const { method, path, fineGrained } = listed;
  const reads = method === 'GET' || READS_BY_POST.test(path);
  const isGap = listed.sets === null || listed.sets === '?';
  const sets = (isGap ? gapSets(path, reads) : parseSets(listed.sets)).map((set) => overRest(path, reads, set));
  const target = targetOf(path, sets);
  const need: Need = {
    sets,
    publicRead: listed.isPublic && reads && !PUBLIC_OF_ANOTHER_THING.test(path),
    writes: !reads && !WORKS_WHEN_ARCHIVED.test(path),
    ...readScopes(method, path, target, sets, listed.scopes),
    ...readGitlabScopes(path, reads, sets),
  };
  return { method, path, need, target, fineGrained };
}

/**
 * Reads `a=read; b=write,c=read`, the form of `X-Accepted-GitHub-Permissions`. The empty text means that nothing is
 * needed.
 */
function parseSets(text: string): PermissionSet[] {
  if (text === '') return [];
  return text
    .split('; ')
    .map((set) => Object.fromEntries(set.split(',').map((pair) => pair.split('='))) as PermissionSet);
}

function gapSets(path: string, reads: boolean): PermissionSet[] {
  const level: Level = reads ? 'read' : 'write';
  const gap = GAPS.find(({ paths }) => paths.test(path));
  return [{ [gap?.takes ?? NO_TOKEN]: level }];
}

/** Contents over REST: single files need the part for files, everything else needs more than clone. */
function overRest(path: string, reads: boolean, set: PermissionSet): PermissionSet {
  const isFile = reads && /^\/repos\/\{owner\}\/\{repo\}\/(?:contents\/\{path\}|readme(?:\/\{dir\})?)$/.test(path);
  const part: PermissionPart = isFile ? 'repository_files' : 'contents_rest';
  return Object.fromEntries(Object.entries(set).map(([name, level]) => [name === 'contents' ? part : name, level]));
}

/** What a path of this form is about. For endpoints that GitHub doesn't have, named as it would name them. */
export function githubTarget(path: string): RouteTarget {
  return targetOf(path, []);
}

function targetOf(path: string, sets: readonly PermissionSet[]): RouteTarget {
  const [first, second = '', third = ''] = path.slice(1).split('/');
  const parameter = (segment: string): string => segment.slice(1, -1);
  // A team's place in a repository belongs to that repository: the token must reach it, not just its organization.
  if (/\/teams\/.*\/repos\/\{owner\}\/\{repo\}$/.test(path) && sets.length > 0)
    return { kind: 'repository', owner: 'owner', name: 'repo' };
  switch (first) {
    case 'repos':
    case 'networks':
      return { kind: 'repository', owner: parameter(second), name: parameter(third) };
    case 'agents':
      return second === 'repos' ? { kind: 'repository', owner: 'owner', name: 'repo' } : { kind: 'self' };
    case 'orgs':
    case 'organizations':
      if (second === '') return { kind: 'none' };
      return path.startsWith('/orgs/{org}/teams/{team_slug}')
        ? { kind: 'organization', login: 'org', team: 'team_slug' }
        : { kind: 'organization', login: parameter(second) };
    case 'teams':
      return { kind: 'team', id: parameter(second) };
    case 'users':
      // What somebody sees of an organization belongs to that.
      return path.endsWith('/orgs/{org}') ? { kind: 'organization', login: 'org' } : personOf(first, second);
    case 'user':
      return personOf(first, second);
    case 'enterprises':
      return { kind: 'instance' };
    case 'gists':
    case 'notifications':
    case 'issues':
    case 'assignments':
    case 'classrooms':
      return { kind: 'self' };
    default:
      return { kind: 'none' };
  }
}

/** People's profiles, for `read_user`; reporting leaked tokens, for anyone who finds one. */
function readGitlabScopes(path: string, reads: boolean, sets: readonly PermissionSet[]): Pick<Need, 'gitlabScopes'> {
  if (path === '/credentials/revoke') return { gitlabScopes: [] };
  if (sets.length > 0)
    return !reads && sets.some((set) => Object.values(set).every((level) => level === 'read'))
      ? { gitlabScopes: ['api'] }
      : {};
  return reads && /^\/user(?:\/\{account_id\}|s(?:\/.*)?)?$/.test(path) ? { gitlabScopes: ['read_user'] } : {};
}

function personOf(first: string, second: string): RouteTarget {
  if (!second.startsWith('{')) return { kind: first === 'user' ? 'self' : 'none' };
  const parameter = second.slice(1, -1);
  return parameter === 'username' ? { kind: 'account', login: parameter } : { kind: 'account-by-id', id: parameter };
}

/** Scopes that an endpoint's text requires although the data lists none: GitHub docs, "Scopes for OAuth apps". */
const SCOPES_BY_TABLE: Readonly<Record<string, readonly string[]>> = {
  'DELETE /repos/{owner}/{repo}/hooks/{hook_id}': ['repo', 'admin:repo_hook'],
  'GET /user/repository_invitations': ['repo:invite'],
  'PATCH /user/repository_invitations/{invitation_id}': ['repo:invite'],
  'DELETE /user/repository_invitations/{invitation_id}': ['repo:invite'],
};

/**
 * The classic scopes of an endpoint, read as its text means them (OpenAPI descriptions, @octokit/openapi 23.0.2):
 * - `workflow` is about the files that a call touches, and `public_repo` about whether what it touches is public.
 *   Permissions tell these cases apart, so they decide; on a list of a whole organization `public_repo` does not count.
 * - `user` and `admin:org` on an endpoint that any token may read only add private fields to its answer.
 * - `admin:org` "and, if the repository is private, `repo`": `repo` alone is never enough.
 * - `read:packages` or `read:org` "and" another one: both.
 * - "Any token" applies to public resources: a private repository needs `repo`, as everything does that isn't listed
 *   otherwise.
 */
function readScopes(
  method: string,
  path: string,
  target: RouteTarget,
  sets: readonly PermissionSet[],
  listed: string,
): Pick<Need, 'scopes' | 'alsoScopes' | 'scopesOnlyIfPrivate'> {
  const byTable = SCOPES_BY_TABLE[`${method} ${path}`];
  if (byTable !== undefined) return { scopes: byTable };
  const names = listed.replace(/\?$/, '').split('|');
  const has = (name: string): boolean => names.includes(name);
  if (target.kind === 'repository' && sets.length === 0) return { scopes: ['repo'], scopesOnlyIfPrivate: true };
  if (listed === '' || has('workflow')) return {};
  if (sets.length === 0 && (path === '/user' || path === '/orgs/{org}')) return {};
  if (has('public_repo'))
    return target.kind === 'organization' && method === 'GET'
      ? { scopes: names.filter((name) => name !== 'public_repo') }
      : {};
  if (target.kind === 'organization' && listed === 'admin:org|repo?') return { scopes: ['admin:org'] };
  if (has('read:packages') && names.length > 1)
    return { scopes: names.filter((name) => name !== 'read:packages'), alsoScopes: ['read:packages'] };
  if (listed === 'read:org|repo' && path !== '/orgs/{org}/teams/{team_slug}/repos')
    return { scopes: ['repo'], alsoScopes: ['read:org'] };
  return { scopes: names, ...(listed.endsWith('?') ? { scopesOnlyIfPrivate: true } : {}) };
}
