import { describe, expect, it } from 'vitest';
import { acceptedPermissions } from '../../src/catalogue/needs.ts';
import { type Level, type PermissionName, permissionNamed, wholeOf } from '../../src/catalogue/permissions.ts';
import { githubRoutes, needOf } from '../../src/catalogue/routes/github.ts';
import data from '../../src/catalogue/routes/github-endpoints.json' with { type: 'json' };
import { scopeNamed } from '../../src/catalogue/scopes/scopes.ts';

const routes = githubRoutes();
const NO_TOKEN = 'github:no_token';

describe('GitHub’s endpoints', () => {
  it('are all there: 1,036 that take fine-grained tokens, 187 that do not', () => {
    expect(routes.filter(({ fineGrained }) => fineGrained)).toHaveLength(1036);
    expect(routes.filter(({ fineGrained }) => !fineGrained)).toHaveLength(187);
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(1223);
  });

  it('name only permissions that exist, at levels that can be chosen, and scopes that exist', () => {
    for (const { method, path, need } of routes) {
      for (const set of need.sets) {
        for (const [name, level] of Object.entries(set) as [PermissionName, Level][]) {
          if (name !== NO_TOKEN)
            expect(permissionNamed(wholeOf(name))?.levels, `${method} ${path}: ${name}`).toContain(level);
        }
      }
      for (const scope of need.scopes ?? [])
        expect(scopeNamed('classic', scope), `${method} ${path}: ${scope}`).toBeDefined();
      expect(need.scopes, `${method} ${path}`).not.toEqual([]);
    }
  });

  it('say in the header what GitHub says', () => {
    for (const [method, path, sets] of data.fineGrained) {
      if (sets !== '?')
        expect(acceptedPermissions(needOf(method!, path!)), `${method} ${path}`).toBe(
          sets === '' ? 'allows_permissionless_access=true' : sets,
        );
    }
  });

  it('are never open to every token but where GitHub says so', () => {
    const permissionless = new Set(
      data.fineGrained.filter(([, , sets]) => sets === '').map(([method, path]) => `${method} ${path}`),
    );
    const open = routes.filter(({ need }) => need.sets.length === 0).map(({ method, path }) => `${method} ${path}`);
    expect(open).toHaveLength(81);
    expect(open.filter((name) => !permissionless.has(name))).toEqual([]);
  });

  it('ask no account for a permission over organizations, which no token holds there', () => {
    const isOfOrganizations = (name: string): boolean =>
      permissionNamed(wholeOf(name as PermissionName))?.group === 'organization';
    const unreachable = routes.filter(
      ({ need: { sets }, target }) =>
        sets.length > 0 &&
        target.kind.startsWith('account') &&
        sets.every((set) => Object.keys(set).some(isOfOrganizations)),
    );
    expect(unreachable.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('name parameters of their own path as the target', () => {
    for (const { path, target } of routes) {
      for (const [key, parameter] of Object.entries(target))
        if (key !== 'kind') expect(path, path).toContain(`{${parameter}}`);
    }
  });

  it('change nothing when they are public, and read nothing public of the instance', () => {
    expect(routes.filter(({ need }) => need.publicRead && need.writes)).toEqual([]);
    expect(routes.filter(({ need, target }) => need.publicRead && target.kind === 'instance')).toEqual([]);
    expect(routes.filter(({ need, path }) => need.publicRead && path.includes('projectsV2'))).toEqual([]);
  });

  it('are refused to every token when they are for apps or carry everything away', () => {
    const closed = routes.filter(({ need }) => need.sets.some((set) => NO_TOKEN in set));
    expect(closed.every(({ fineGrained }) => !fineGrained)).toBe(true);
    expect(
      closed
        .map(({ path }) => path.split('/')[1])
        .filter((first, i, all) => all.indexOf(first) === i)
        .sort(),
    ).toEqual([
      'agents',
      'app',
      'app-manifests',
      'applications',
      'installation',
      'marketplace_listing',
      'orgs',
      'repos',
      'user',
      'users',
    ]);
    expect(closed).toHaveLength(50);
    expect(needOf('POST', '/user/migrations').sets).toEqual([{ [NO_TOKEN]: 'write' }]);
  });
});

describe('a need', () => {
  it('comes from the endpoint as it is declared', () => {
    expect(needOf('GET', '/repos/{owner}/{repo}')).toEqual({
      sets: [{ metadata: 'read' }],
      publicRead: true,
      writes: false,
    });
    expect(needOf('GET', '/repos/{owner}/{repo}/branches')).toEqual({
      sets: [{ contents_rest: 'read' }],
      publicRead: true,
      writes: false,
    });
    expect(needOf('GET', '/repos/{owner}/{repo}/contents/{path}').sets).toEqual([{ repository_files: 'read' }]);
    expect(needOf('PUT', '/repos/{owner}/{repo}/contents/{path}')).toEqual({
      sets: [{ contents_rest: 'write' }, { contents_rest: 'write', workflows: 'write' }],
      publicRead: false,
      writes: true,
    });
    expect(needOf('DELETE', '/repos/{owner}/{repo}')).toEqual({
      sets: [{ administration: 'write' }],
      publicRead: false,
      scopes: ['delete_repo'],
      writes: false,
    });
    expect(needOf('GET', '/user')).toEqual({ sets: [], publicRead: false, gitlabScopes: ['read_user'], writes: false });
    expect(needOf('GET', '/orgs/{org}')).toEqual({ sets: [], publicRead: true, writes: false });
    expect(needOf('GET', '/user/emails')).toMatchObject({ sets: [{ emails: 'read' }], scopes: ['user:email'] });
  });

  it('is refused for an endpoint that GitHub does not have', () => {
    expect(() => needOf('GET', '/repos/{owner}/{repository}')).toThrow(
      'GitHub has no endpoint GET /repos/{owner}/{repository}',
    );
    expect(() => needOf('PATCH', '/user/emails')).toThrow('GitHub has no endpoint PATCH /user/emails');
  });

  it('is not opened by repo where the endpoint is about an organization’s runners and secrets', () => {
    expect(needOf('POST', '/orgs/{org}/actions/runners/registration-token').scopes).toEqual(['admin:org']);
    expect(needOf('PUT', '/orgs/{org}/actions/secrets/{secret_name}/repositories/{repository_id}').scopes).toEqual([
      'admin:org',
    ]);
  });

  it('is not opened by workflow alone, nor in private repositories by public_repo', () => {
    expect(routes.filter(({ need }) => need.scopes?.includes('workflow'))).toEqual([]);
    expect(routes.filter(({ need }) => need.scopes?.includes('public_repo'))).toEqual([]);
    expect(needOf('GET', '/orgs/{org}/dependabot/alerts').scopes).toEqual(['security_events']);
  });

  it('names two scopes that are demanded together', () => {
    expect(needOf('DELETE', '/user/packages/{package_type}/{package_name}')).toMatchObject({
      scopes: ['delete:packages'],
      alsoScopes: ['read:packages'],
      sets: [{ packages: 'write' }],
    });
    expect(needOf('GET', '/repos/{owner}/{repo}/collaborators')).toMatchObject({
      scopes: ['repo'],
      alsoScopes: ['read:org'],
    });
    expect(needOf('GET', '/orgs/{org}/teams/{team_slug}/repos').scopes).toEqual(['read:org', 'repo']);
  });

  it('lets a token delete webhooks only with a scope that says so', () => {
    expect(needOf('DELETE', '/repos/{owner}/{repo}/hooks/{hook_id}').scopes).toEqual(['repo', 'admin:repo_hook']);
  });

  it('closes the gaps of GitHub’s fine-grained tokens', () => {
    expect(needOf('POST', '/repos/{owner}/{repo}/check-runs').sets).toEqual([{ checks: 'write' }]);
    expect(needOf('GET', '/orgs/{org}/packages').sets).toEqual([{ organization_packages: 'read' }]);
    expect(needOf('GET', '/users/{username}/projectsV2').sets).toEqual([{ projects: 'read' }]);
    expect(needOf('POST', '/orgs/{org}/personal-access-tokens').sets).toEqual([
      { organization_personal_access_tokens: 'write' },
    ]);
    expect(needOf('GET', '/enterprises/{enterprise}/teams').sets).toEqual([{ instance_organizations: 'read' }]);
    expect(needOf('GET', '/app').sets).toEqual([{ [NO_TOKEN]: 'read' }]);
  });

  it('lets an archived repository be unarchived, deleted, forked and watched, not changed', () => {
    expect(needOf('PATCH', '/repos/{owner}/{repo}').writes).toBe(false);
    expect(needOf('POST', '/repos/{owner}/{repo}/forks').writes).toBe(false);
    expect(needOf('PUT', '/repos/{owner}/{repo}/subscription').writes).toBe(false);
    expect(needOf('POST', '/repos/{owner}/{repo}/git/refs').writes).toBe(true);
    expect(needOf('POST', '/markdown').writes).toBe(false);
  });
});

describe('a target', () => {
  const targetOf = (method: string, path: string): unknown =>
    routes.find((route) => route.method === method && route.path === path)?.target;
  it.each([
    ['GET', '/repos/{owner}/{repo}/branches', { kind: 'repository', owner: 'owner', name: 'repo' }],
    [
      'POST',
      '/repos/{template_owner}/{template_repo}/generate',
      { kind: 'repository', owner: 'template_owner', name: 'template_repo' },
    ],
    ['PUT', '/orgs/{org}/teams/{team_slug}/repos/{owner}/{repo}', { kind: 'repository', owner: 'owner', name: 'repo' }],
    ['GET', '/orgs/{org}/members', { kind: 'organization', login: 'org' }],
    ['GET', '/organizations/{org}/settings/billing/usage', { kind: 'organization', login: 'org' }],
    ['GET', '/organizations', { kind: 'none' }],
    ['GET', '/teams/{team_id}/members', { kind: 'team', id: 'team_id' }],
    ['GET', '/user', { kind: 'self' }],
    ['PUT', '/user/starred/{owner}/{repo}', { kind: 'self' }],
    ['GET', '/user/{account_id}', { kind: 'account-by-id', id: 'account_id' }],
    ['GET', '/users', { kind: 'none' }],
    ['GET', '/users/{username}/keys', { kind: 'account', login: 'username' }],
    ['GET', '/gists/{gist_id}', { kind: 'self' }],
    ['GET', '/enterprises/{enterprise}/teams', { kind: 'instance' }],
    ['GET', '/agents/repos/{owner}/{repo}/tasks', { kind: 'repository', owner: 'owner', name: 'repo' }],
    ['GET', '/emojis', { kind: 'none' }],
  ])('of %s %s is %j', (method, path, target) => {
    expect(targetOf(method, path)).toEqual(target);
  });
});
