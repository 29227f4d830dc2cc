import { describe, expect, it } from 'vitest';
import {
  atLeast,
  type Level,
  levelIn,
  type PermissionName,
  permissionNamed,
  wholeOf,
} from '../../src/catalogue/permissions.ts';
import {
  expandScopes,
  leastScope,
  leastScopeGiving,
  normaliseScopes,
  type ScopeDialect,
  scopeNamed,
  scopeReach,
  scopesInclude,
  scopesOf,
  unknownScopes,
} from '../../src/catalogue/scopes/scopes.ts';
import facts from './reference-facts.json' with { type: 'json' };

/** The level that scopes give on a private or a public repository, or an account. */
function level(
  dialect: ScopeDialect,
  scopes: readonly string[],
  permission: PermissionName,
  inPublic = false,
): Level | undefined {
  const levels = scopeReach(dialect, scopes)
    .filter(({ selection }) => inPublic || selection === 'all')
    .map(({ permissions }) => levelIn(permissions, permission));
  return levels.reduce((best, next) => (next !== undefined && !atLeast(best, next) ? next : best), undefined);
}

describe('GitHub’s scope tree', () => {
  it('has the scopes of the reference, no more and no fewer', () => {
    expect(
      scopesOf('classic')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(facts.classicScopes.map(([name]) => name).sort());
  });

  it.each(facts.classicScopes)('%s stands under %s and includes [%s]', (name, parent, includes) => {
    const scope = scopeNamed('classic', name!)!;
    expect(scope.parent).toBe(parent);
    expect([...scope.allIncluded].sort()).toEqual(
      includes!
        .split(' ')
        .filter((included) => included !== '')
        .sort(),
    );
  });

  it('is stored as GitHub stores it', () => {
    expect(normaliseScopes('classic', ['user', 'gist', 'user:email'])).toEqual(['gist', 'user']);
    expect(normaliseScopes('classic', ['repo', 'repo', 'public_repo', 'workflow'])).toEqual(['repo', 'workflow']);
    expect(normaliseScopes('classic', [])).toEqual([]);
    const everyBox = facts.classicScopes.map(([name]) => name!).filter((name) => name !== 'site_admin');
    expect(normaliseScopes('classic', everyBox)).toEqual(facts.classicEveryBoxTicked);
  });

  it('lets a scope stand for what it includes, and nothing else for it', () => {
    expect(scopesInclude('classic', ['admin:org'], 'read:org')).toBe(true);
    expect(scopesInclude('classic', ['read:org'], 'write:org')).toBe(false);
    expect(scopesInclude('classic', ['repo'], 'workflow')).toBe(false);
    expect(scopesInclude('classic', [], 'gist')).toBe(false);
    expect(scopesInclude('classic', ['no_such_scope'], 'repo')).toBe(false);
    expect([...expandScopes('classic', ['user'])].sort()).toEqual(['read:user', 'user', 'user:email', 'user:follow']);
  });

  it('names unknown scopes once each', () => {
    expect(unknownScopes('classic', ['repo', 'api', 'api', 'Repo', 'toString', '__proto__'])).toEqual([
      'api',
      'Repo',
      'toString',
      '__proto__',
    ]);
    expect(unknownScopes('scoped', ['api', 'repo', 'granular'])).toEqual(['repo', 'granular']);
  });
});

describe('GitLab’s scopes', () => {
  it('are those of the reference', () => {
    expect(
      scopesOf('scoped')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(facts.gitlabScopes.map(([name]) => name).sort());
  });

  it.each(facts.gitlabScopes)('%s includes [%s] and gives Git: %s', (name, includes, git) => {
    expect([...scopeNamed('scoped', name!)!.allIncluded].sort()).toEqual(
      includes!
        .split(' ')
        .filter((included) => included !== '')
        .sort(),
    );
    const expected = { 'pull+push': ['write', 'admin'], pull: ['read'], none: [undefined] }[git!]!;
    expect(expected).toContain(level('scoped', [name!], 'git'));
  });

  it('are stored as chosen, each once', () => {
    expect(normaliseScopes('scoped', ['read_user', 'api', 'api'])).toEqual(['api', 'read_user']);
  });

  it('divide contents: read_api reads but does not clone, write_repository pushes but calls no API', () => {
    expect(level('scoped', ['read_api'], 'contents_rest')).toBe('read');
    expect(level('scoped', ['read_api'], 'repository_files')).toBe('read');
    expect(level('scoped', ['read_api'], 'contents')).toBeUndefined();
    expect(scopeReach('scoped', ['write_repository'])).toEqual([
      { selection: 'all', permissions: { git: 'write', workflows: 'write' } },
    ]);
    expect(scopeReach('scoped', ['read_repository'])).toEqual([
      { selection: 'all', permissions: { git: 'read', repository_files: 'read' } },
    ]);
    expect(scopeReach('scoped', ['self_rotate'])).toEqual([
      { selection: 'public', permissions: { token_rotation: 'write' } },
    ]);
    expect(level('scoped', ['api'], 'contents')).toBe('write');
    expect(level('scoped', ['api'], 'token_rotation')).toBe('write');
  });

  it('give the instance only with admin_mode and api together', () => {
    expect(level('scoped', ['api'], 'instance_users', true)).toBeUndefined();
    expect(scopeReach('scoped', ['admin_mode'])).toEqual([]);
    expect(level('scoped', ['api', 'admin_mode'], 'instance_users', true)).toBe('write');
  });
});

describe('what scopes stand for', () => {
  it('is nothing without a scope, or with one that nobody knows', () => {
    expect(scopeReach('classic', [])).toEqual([]);
    expect(scopeReach('classic', ['api', 'constructor'])).toEqual([]);
  });

  it('is every repository permission for repo, except those with a scope of their own', () => {
    for (const permission of [
      'contents',
      'administration',
      'repository_hooks',
      'statuses',
      'deployments',
      'security_events',
      'issues',
      'secrets',
      'git',
    ] as const)
      expect(level('classic', ['repo'], permission), permission).toBe('write');
    for (const permission of [
      'workflows',
      'packages',
      'codespaces',
      'organization_hooks',
      'members',
      'gists',
      'emails',
      'personal_access_tokens',
    ] as const)
      expect(level('classic', ['repo'], permission, true), permission).toBeUndefined();
    expect(scopeReach('classic', ['repo'])).toHaveLength(1);
  });

  it('stops at public repositories for public_repo, whatever stands beside it', () => {
    expect(level('classic', ['public_repo'], 'contents')).toBeUndefined();
    expect(level('classic', ['public_repo'], 'contents', true)).toBe('write');
    for (const other of scopesOf('classic')) {
      if (other.name !== 'repo')
        expect(level('classic', ['public_repo', other.name], 'contents'), other.name).toBeUndefined();
    }
  });

  it('makes no private repository visible unless a scope is about repositories', () => {
    const about = scopesOf('classic')
      .filter(({ name }) => scopeReach('classic', [name]).some(({ selection }) => selection === 'all'))
      .map(({ name }) => name);
    expect(about.sort()).toEqual([
      'admin:repo_hook',
      'codespace',
      'delete_repo',
      'read:packages',
      'read:repo_hook',
      'repo',
      'repo:status',
      'repo_deployment',
      'security_events',
      'workflow',
      'write:packages',
      'write:repo_hook',
    ]);
    expect(scopeReach('classic', ['admin:org', 'gist']).map(({ selection }) => selection)).toEqual(['public']);
  });

  it('holds for account and organization permissions in every repository that the scopes reach', () => {
    expect(level('classic', ['repo', 'read:org'], 'members')).toBe('read');
  });

  it('is the sum of what its parts stand for: a parent gives at least what its children give', () => {
    for (const dialect of ['classic', 'scoped'] as const) {
      for (const scope of scopesOf(dialect)) {
        for (const included of scope.allIncluded) {
          for (const { selection, permissions } of scopeReach(dialect, [included])) {
            for (const [name, held] of Object.entries(permissions) as [PermissionName, Level][])
              expect(
                atLeast(level(dialect, [scope.name], name, selection === 'public'), held),
                `${scope.name} > ${included}: ${name}`,
              ).toBe(true);
          }
        }
      }
    }
  });

  it('uses known permissions at levels that can be chosen', () => {
    for (const dialect of ['classic', 'scoped'] as const) {
      for (const { name, gives, source } of scopesOf(dialect)) {
        expect(source, name).not.toBe('');
        for (const [permission, held] of Object.entries(gives) as [PermissionName, Level][]) {
          expect(permissionNamed(wholeOf(permission))?.levels, `${name}: ${permission}`).toContain(held);
        }
      }
    }
  });
});

describe('the scope to suggest', () => {
  it('is the one that gives least', () => {
    expect(leastScopeGiving('classic', 'git', 'write')).toBe('repo');
    expect(leastScopeGiving('classic', 'statuses', 'write')).toBe('repo:status');
    expect(leastScopeGiving('classic', 'emails', 'read')).toBe('user:email');
    expect(leastScopeGiving('scoped', 'git', 'read')).toBe('read_repository');
    expect(leastScopeGiving('scoped', 'git', 'write')).toBe('write_repository');
    expect(leastScopeGiving('scoped', 'contents_rest', 'read')).toBe('read_api');
    expect(leastScopeGiving('classic', 'acme:deploy', 'write')).toBeNull();
    expect(leastScope('classic', ['admin:org', 'write:org', 'repo'])).toBe('write:org');
    expect(leastScope('classic', [])).toBeNull();
  });
});
