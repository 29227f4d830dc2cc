/** What a token reaches is described in everyday words. */
import { expect, test } from 'vitest';
import { type GrantFacts, grantWords, reachWords } from '../../src/rules/right/reach-words.ts';

const own: GrantFacts = {
  owner: 'ada',
  ownerKind: 'self',
  selection: 'all',
  repositoryNames: [],
  permissions: { contents: 'read', metadata: 'read' },
};

test.each<[Partial<GrantFacts>, string]>([
  [{}, 'read code in all your repositories'],
  [
    { ownerKind: 'organization', owner: 'octo', selection: 'selected', repositoryNames: ['a', 'b'] },
    'read code in octo/a and octo/b',
  ],
  [
    { ownerKind: 'organization', owner: 'octo', selection: 'selected', repositoryNames: ['a', 'b', 'c'] },
    'read code in 3 repositories of octo',
  ],
  [
    { ownerKind: 'organization', owner: 'octo', selection: 'selected', repositoryNames: ['site'] },
    'read code in octo/site',
  ],
  [
    { permissions: { contents: 'write', workflows: 'write', metadata: 'read' } },
    'read and write code and write workflows in all your repositories',
  ],
  [{ permissions: { metadata: 'read' } }, 'read metadata in all your repositories'],
  [{ selection: 'public', permissions: {} }, 'read public repositories'],
  [{ selection: 'public', permissions: { gists: 'write' } }, 'write gists of your account'],
  [
    { ownerKind: 'organization', owner: 'octo', permissions: { organization_projects: 'admin' } },
    'administer projects of the organization octo',
  ],
  [
    { permissions: { issues: 'read', pull_requests: 'read', pages: 'read', actions: 'read', deployments: 'read' } },
    'read issues, pull requests, pages and 2 more in all your repositories',
  ],
])('the reach %j is said as "%s"', (facts, words) => {
  expect(grantWords({ ...own, ...facts })).toBe(words);
});

test('scopes are said as deeds, without those that another includes, three at most', () => {
  expect(reachWords('classic', [], [])).toBe('read public information');
  expect(reachWords('classic', ['read:user', 'user', 'gist'], [])).toBe(
    'read and change your profile and account; write gists',
  );
  expect(reachWords('classic', ['gist', 'notifications', 'delete_repo', 'workflow'], [])).toBe(
    'write gists; read notifications, watch and unwatch repositories; and 2 more things',
  );
});
