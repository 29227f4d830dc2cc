/**
 * Every scope alone against every need, for somebody who may do everything, compared with GitHub's and GitLab's
 * documentation.
 *
 * The expectation is derived here from facts recorded independently of the code (`endpoint-facts.json`,
 * `../catalogue/reference-facts.json`) by the few rules below, each with its reason.
 */
import { describe, expect, it } from 'vitest';
import { SharedParts } from '../../src/actions/decision/shared-parts.ts';
import { RememberedToken } from '../../src/actions/decision/token-record.ts';
import type { Need } from '../../src/catalogue/needs.ts';
import { githubRoutes, type RouteTarget } from '../../src/catalogue/routes/github.ts';
import { GITLAB_ROUTES } from '../../src/catalogue/routes/gitlab.ts';
import { decide } from '../../src/rules/decide.ts';
import type { Question, Target, TokenKind } from '../../src/rules/model.ts';
import type { StoredToken } from '../../src/store/presented-tokens.ts';
import reference from '../catalogue/reference-facts.json' with { type: 'json' };
import { ACME, ADA, CLONE, DAY, NOW, OPEN_POLICY, PUSH, SITE, token } from '../rules/questions.ts';
import facts from './endpoint-facts.json' with { type: 'json' };

type Visibility = 'private' | 'public';
const VISIBILITIES: readonly Visibility[] = ['private', 'public'];

// --- what the code says
// ------------------------------------------------------------------------------------------------

const PARTS = new SharedParts();

/** Ada is an administrator, and owns Acme and its site: only the token's scopes can prevent anything. */
const ALMIGHTY = { ...ADA, admin: true };

function tokenWith(kind: TokenKind, scopes: readonly string[]): StoredToken {
  return {
    ...token({ kind, scopes, grants: [] }),
    description: '',
    createdAt: NOW - DAY,
    updatedAt: NOW - DAY,
    parentId: null,
    familyId: null,
    hasOverlap: false,
  };
}

function targetFor(kind: RouteTarget['kind'] | 'project' | 'group', visibility: Visibility): Target {
  const acme = { ...ACME, role: 'owner' as const };
  switch (kind) {
    case 'repository':
    case 'project':
      return {
        kind: 'repository',
        owner: acme,
        repository: { ...SITE, visibility, role: 'admin' },
        fullName: 'acme/site',
      };
    case 'organization':
    case 'team':
    case 'group':
      return { kind: 'organization', owner: acme, fullName: 'acme' };
    case 'instance':
      return { kind: 'instance' };
    default:
      return {
        kind: 'account',
        owner: { id: 1, login: 'ada', kind: 'user', role: null, policy: OPEN_POLICY },
        fullName: 'ada',
      };
  }
}

function opens(kind: TokenKind, scopes: readonly string[], need: Need, target: Target): boolean {
  const question: Question = {
    bearer: {
      via: 'token',
      token: new RememberedToken(tokenWith(kind, scopes), { user: ALMIGHTY, memberships: new Map() }, PARTS),
      user: ALMIGHTY,
    },
    need,
    target,
    at: NOW,
    address: '192.0.2.7',
  };
  return decide(question).allowed;
}

/** `METHOD path` of every GitHub endpoint that a token with these scopes may call. */
function opened(kind: TokenKind, scopes: readonly string[], visibility: Visibility): string[] {
  const listed = new Set([...facts.endpoints, ...facts.others].map(([method, path]) => `${method} ${path}`));
  return githubRoutes()
    .filter(({ method, path }) => listed.has(`${method} ${path}`))
    .filter(({ need, target }) => opens(kind, scopes, need, targetFor(target.kind, visibility)))
    .map(({ method, path }) => `${method} ${path}`);
}

// --- what the documentation says
// ---------------------------------------------------------------------------------------

interface Fact {
  readonly method: string;
  readonly path: string;
  /** Permission sets as `name=level`; null = the documentation names none. */
  readonly sets: readonly (readonly string[])[] | null;
  readonly isPublic: boolean;
  readonly scopes: readonly string[];
  readonly onlyIfPrivate: boolean;
}

const FACTS: readonly Fact[] = [
  ...facts.endpoints.map(([method, path, sets, isPublic, scopes]) => ({
    method: method!,
    path: path!,
    sets: setsOf(sets!),
    isPublic: isPublic === 'public',
    scopes: scopes!
      .replace('?', '')
      .split('|')
      .filter((name) => name !== ''),
    onlyIfPrivate: scopes!.endsWith('?'),
  })),
  ...facts.others.map(([method, path, scopes]) => ({
    method: method!,
    path: path!,
    sets: null,
    isPublic: false,
    scopes: scopes!.split('|'),
    onlyIfPrivate: false,
  })),
];

function setsOf(text: string): string[][] | null {
  return text === '?' ? null : text.split('; ').map((set) => set.split(',').filter((pair) => pair !== ''));
}

const CLASSIC_TREE = new Map(
  reference.classicScopes.map(([name, , includes]) => [name!, new Set([name!, ...includes!.split(' ')])]),
);
const GITLAB_TREE = new Map(
  reference.gitlabScopes.map(([name, includes]) => [name!, new Set([name!, ...includes!.split(' ')])]),
);
const GROUP_OF = new Map(reference.githubPermissions.map(([name, group]) => [name!, group!]));

const isOnRepository = ({ path }: Fact): boolean =>
  /^\/(?:repos|networks)\/|^\/agents\/repos\/|\/teams\/.*\/repos\/\{owner\}\/\{repo\}$/.test(path);
const isRead = ({ method, path }: Fact): boolean =>
  method === 'GET' || path.startsWith('/markdown') || path.endsWith('/attestations/bulk-list');

/**
 * Open to everybody: a read that the data calls public, of a public repository or of no repository. Projects,
 * codespaces and invitations can be public separately.
 */
function isOpenToAll(fact: Fact, visibility: Visibility): boolean {
  if (!fact.isPublic || !isRead(fact) || /projectsV2|^\/user\/(?:codespaces|repository_invitations)/.test(fact.path))
    return false;
  return !isOnRepository(fact) || visibility === 'public';
}

/**
 * Docs "Scopes for OAuth apps": the scope for each thing, where an endpoint names none. `+` = reading needs this level.
 */
const SCOPES_FOR: Readonly<Record<string, string>> = {
  blocking: 'user',
  'emails=read': 'user:email',
  'emails=write': 'user',
  'followers=read': 'read:user user:follow',
  'followers=write': 'user:follow',
  gists: 'gist',
  interaction_limits: 'user',
  'keys=read': 'read:public_key',
  plan: 'read:user',
  private_repository_invitations: 'repo:invite',
  profile: 'user',
  starring: 'public_repo',
  watching: 'notifications',
  user_events: 'read:user',
  'organization_projects=read': 'read:org read:project',
  'organization_projects=write': 'write:org project',
  'organization_projects=admin': 'admin:org project',
  'members=read': 'read:org',
  'members=write': 'write:org',
  organization_hooks: 'admin:org_hook',
  deployments: 'repo_deployment',
  statuses: 'repo:status',
  security_events: 'security_events',
  'repository_hooks=read': 'read:repo_hook',
  'repository_hooks=write': 'write:repo_hook',
  workflows: 'workflow',
  secret_scanning_alerts: 'security_events',
  vulnerability_alerts: 'security_events',
  organization_self_hosted_runners: 'manage_runners:org',
  organization_runner_custom_images: 'manage_runners:org',
  organization_copilot_seat_management: 'manage_billing:copilot',
  'organization_copilot_metrics=read': 'manage_billing:copilot',
  organization_copilot_content_exclusion: 'copilot',
  'team_discussions=read': 'read:discussion',
  'team_discussions=write': 'write:discussion',
  codespaces_user_secrets: 'codespace:secrets',
  codespaces: 'codespace',
  codespaces_lifecycle_admin: 'codespace',
  codespaces_metadata: 'codespace',
  'organization_network_configurations=read': 'read:network_configurations',
  'organization_network_configurations=write': 'write:network_configurations',
};
/** Scopes about repositories: somebody who may do something in one may see that it exists. */
const SEEING = ['repo:status', 'repo_deployment', 'security_events', 'read:repo_hook', 'delete_repo', 'codespace'];
/** "repo" leaves these to other scopes. */
const NOT_REPO = ['workflows', 'codespaces', 'codespaces_lifecycle_admin', 'codespaces_metadata'];

function classicGives(held: ReadonlySet<string>, pair: string, inPublic: boolean, fact: Fact): boolean {
  const [permission] = pair.split('=');
  const own = (SCOPES_FOR[pair] ?? SCOPES_FOR[permission!] ?? '').split(' ').filter((name) => name !== '');
  if (own.some((scope) => held.has(scope))) return true;
  const group = GROUP_OF.get(permission!);
  if (group === 'organization')
    return (
      held.has('admin:org') &&
      permission !== 'organization_hooks' &&
      permission !== 'organization_network_configurations'
    );
  if (group !== 'repository' || NOT_REPO.includes(permission!)) return false;
  if (held.has('repo')) return true;
  if (pair === 'metadata=read' && SEEING.some((scope) => held.has(scope))) return true;
  return held.has('public_repo') && inPublic && isOnRepository(fact);
}

/**
 * What an endpoint's text means by the scopes that it names: all of `allOf`, and one of `anyOf`. Null = the permissions
 * decide.
 */
function namedScopes({
  method,
  path,
  scopes,
  sets,
  onlyIfPrivate,
}: Fact): { anyOf: readonly string[]; allOf: readonly string[] } | null {
  // deleting a webhook needs what creating one needs, or the scope that adds just that; invitations have a separate
  // scope
  if (method === 'DELETE' && path === '/repos/{owner}/{repo}/hooks/{hook_id}')
    return { anyOf: ['repo', 'admin:repo_hook'], allOf: [] };
  if (path.startsWith('/user/repository_invitations')) return { anyOf: ['repo:invite'], allOf: [] };
  // "workflow" is for workflow files only, "public_repo" for public repositories, "user" and "admin:org" for private
  // fields of what all may read
  if (scopes.length === 0 || scopes.includes('workflow')) return null;
  if (sets?.every((set) => set.length === 0) === true && (path === '/user' || path === '/orgs/{org}')) return null;
  if (scopes.includes('public_repo')) {
    const isOrganizationList = path.startsWith('/orgs/') && method === 'GET';
    return isOrganizationList ? { anyOf: scopes.filter((name) => name !== 'public_repo'), allOf: [] } : null;
  }
  // "admin:org, and if the repository is private, repo too" also appears on endpoints without a repository
  if (scopes.join() === 'admin:org,repo' && onlyIfPrivate && path.startsWith('/orgs/'))
    return { anyOf: ['admin:org'], allOf: [] };
  if (scopes[0] === 'read:packages' && scopes.length === 2) return { anyOf: [scopes[1]!], allOf: ['read:packages'] };
  if (scopes.join() === 'read:org,repo' && path !== '/orgs/{org}/teams/{team_slug}/repos')
    return { anyOf: ['repo'], allOf: ['read:org'] };
  return { anyOf: scopes, allOf: [] };
}

function classicExpects(scope: string, fact: Fact, visibility: Visibility): boolean {
  const held = CLASSIC_TREE.get(scope)!;
  const inPublic = isOnRepository(fact) && visibility === 'public';
  if (isOpenToAll(fact, visibility)) return true;
  // to a scope that isn't about repositories, a private repository doesn't exist
  if (
    isOnRepository(fact) &&
    !inPublic &&
    !['repo', 'workflow', 'read:packages', ...SEEING].some((name) => held.has(name))
  )
    return false;
  const named = namedScopes(fact);
  const has = (name: string): boolean => held.has(name);
  if (named !== null && !(fact.onlyIfPrivate && inPublic)) return named.anyOf.some(has) && named.allOf.every(has);
  if (fact.sets === null)
    return ['admin:enterprise', 'site_admin', ...(isRead(fact) ? ['read:enterprise'] : [])].some((name) =>
      held.has(name),
    );
  // any token will do, but a private repository needs the scope for private repositories
  if (isOnRepository(fact) && !inPublic && fact.sets.some((set) => set.length === 0)) return held.has('repo');
  return fact.sets.some((set) => set.every((pair) => classicGives(held, pair, inPublic, fact)));
}

/**
 * Docs "Access token scopes": `api` everything, `read_api` every read, `read_user` people, `read_repository` files,
 * runners and chat their own; the others no API.
 */
function gitlabExpects(scope: string, fact: Fact, visibility: Visibility): boolean {
  if (isOpenToAll(fact, visibility) || fact.path === '/credentials/revoke') return true;
  const isInstance = fact.path.startsWith('/enterprises/');
  const isForApps = fact.path.startsWith('/user/installations/');
  const demands = (allowed: (pair: string) => boolean): boolean =>
    (fact.sets ?? []).some((set) => set.length > 0 && set.every(allowed));
  const demandsNothing = fact.sets?.some((set) => set.length === 0) === true;
  switch (scope) {
    case 'api':
      return !isInstance && !isForApps;
    case 'read_api':
      return (
        !isInstance &&
        !isForApps &&
        isRead(fact) &&
        (demandsNothing || fact.sets === null || demands((pair) => pair.endsWith('=read')))
      );
    case 'read_user':
      return (
        (demandsNothing && isRead(fact) && /^\/(?:user|user\/\{account_id\}|users(?:\/.*)?)$/.test(fact.path)) ||
        demands((pair) =>
          /^(?:emails|followers|gpg_keys|keys|git_signing_ssh_public_keys|user_events)=read$/.test(pair),
        )
      );
    case 'read_repository':
      return (
        fact.method === 'GET' &&
        /^\/repos\/\{owner\}\/\{repo\}\/(?:contents\/\{path\}|readme(?:\/\{dir\})?)$/.test(fact.path)
      );
    case 'manage_runner':
      return demands((pair) => pair.startsWith('organization_self_hosted_runners='));
    case 'ai_features':
      return demands((pair) => /^copilot_(?:messages|editor_context|requests)=/.test(pair));
    default:
      return false;
  }
}

// --- both beside each other
// --------------------------------------------------------------------------------------------

function difference(got: readonly string[], wanted: readonly string[]): { tooMuch: string[]; tooLittle: string[] } {
  return { tooMuch: got.filter((one) => !wanted.includes(one)), tooLittle: wanted.filter((one) => !got.includes(one)) };
}

const nameOf = ({ method, path }: Fact): string => `${method} ${path}`;
const SAME = { tooMuch: [], tooLittle: [] };
const WORKFLOWS: Need = { sets: [{ workflows: 'write' }], publicRead: false, writes: true };

/** Clone, push, push with workflow files. */
function gitAnswers(kind: TokenKind, scope: string, visibility: Visibility): boolean[] {
  const target = targetFor('repository', visibility);
  const [clone, push, workflows] = [CLONE, PUSH, WORKFLOWS].map((need) => opens(kind, [scope], need, target));
  return [clone!, push!, push! && workflows!];
}

it('the scope matrix knows every endpoint that accepts fine-grained tokens, and those that name a scope', () => {
  expect(facts.endpoints).toHaveLength(1036);
  expect(
    FACTS.filter(({ method, path }) => !githubRoutes().some((route) => route.method === method && route.path === path)),
  ).toEqual([]);
});

describe.each([...CLASSIC_TREE.keys()])('the classic scope %s', (scope) => {
  it.each(VISIBILITIES)('opens what GitHub opens with it, where a repository is %s', (visibility) => {
    const wanted = FACTS.filter((fact) => classicExpects(scope, fact, visibility)).map(nameOf);
    expect(difference(opened('classic', [scope], visibility), wanted)).toEqual(SAME);
  });

  it('clones and pushes with repo only, workflow files with nothing alone', () => {
    expect(gitAnswers('classic', scope, 'private')).toEqual([scope === 'repo', scope === 'repo', false]);
    expect(gitAnswers('classic', scope, 'public')).toEqual([true, scope === 'repo' || scope === 'public_repo', false]);
  });
});

describe.each([...GITLAB_TREE.keys()])('GitLab’s scope %s', (scope) => {
  it.each(VISIBILITIES)('opens what it says, at GitHub’s endpoints, where a repository is %s', (visibility) => {
    const wanted = FACTS.filter((fact) => gitlabExpects(scope, fact, visibility)).map(nameOf);
    expect(difference(opened('scoped', [scope], visibility), wanted)).toEqual(SAME);
  });

  it('clones and pushes as GitLab says', () => {
    const git = reference.gitlabScopes.find(([name]) => name === scope)![2];
    expect(gitAnswers('scoped', scope, 'private')).toEqual([git !== 'none', git === 'pull+push', git === 'pull+push']);
    expect(gitAnswers('scoped', scope, 'public')).toEqual([true, git === 'pull+push', git === 'pull+push']);
  });

  it('opens at GitLab’s endpoints what GitLab opens with it', () => {
    const got = GITLAB_ROUTES.filter(({ need, target }) =>
      opens('scoped', [scope], need, targetFor(target, 'private')),
    );
    const wanted = GITLAB_ROUTES.map(({ method, path }) => `${method} ${path}`).filter((name) =>
      gitlabOpens(scope, name),
    );
    expect(
      difference(
        got.map(({ method, path }) => `${method} ${path}`),
        wanted,
      ),
    ).toEqual(SAME);
  });
});

/** GitLab docs, "Access token scopes" and the pages of the endpoints. */
function gitlabOpens(scope: string, name: string): boolean {
  const isAboutItself = /^(?:GET|DELETE) \/personal_access_tokens\/self/.test(name);
  const isOpen =
    /^GET \/(?:users(?:\/\{id\})?|projects|users\/\{user_id\}\/projects|groups\/\{id\}(?:\/projects)?)$/.test(name) ||
    name === 'GET /openapi.json';
  if (isAboutItself || isOpen) return true;
  switch (scope) {
    case 'api':
      return name !== 'POST /users/{user_id}/personal_access_tokens' && name !== 'PUT /users/{id}';
    case 'read_api':
      return name.startsWith('GET ');
    case 'read_user':
      return /^GET \/(?:user|version|metadata|user\/keys(?:\/\{key_id\})?)$/.test(name);
    case 'read_repository':
      return name.startsWith('GET /projects/{id}/repository/files/');
    case 'self_rotate':
      return name === 'POST /personal_access_tokens/self/rotate';
    default:
      return false;
  }
}

it('api and admin_mode together create tokens for others, neither alone', () => {
  const { need } = GITLAB_ROUTES.find(({ path }) => path === '/users/{user_id}/personal_access_tokens')!;
  expect(
    [['api', 'admin_mode'], ['api'], ['admin_mode']].map((scopes) =>
      opens('scoped', scopes, need, { kind: 'instance' }),
    ),
  ).toEqual([true, false, false]);
});

it('no scope at all opens what is public, and what any token may do', () => {
  const isForAnyToken = (fact: Fact): boolean =>
    fact.sets?.some((set) => set.length === 0) === true && namedScopes(fact) === null && !isOnRepository(fact);
  const wanted = FACTS.filter((fact) => isOpenToAll(fact, 'private') || isForAnyToken(fact)).map(nameOf);
  expect(difference(opened('classic', [], 'private'), wanted)).toEqual(SAME);
});
