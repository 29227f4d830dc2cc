/** Finding a permission by what one wants to do. */
import { describe, expect, it } from 'vitest';
import { COMMON_PERMISSIONS, searchPermissions } from '../../src/catalogue/permission-search.ts';
import { PERMISSIONS } from '../../src/catalogue/permissions.ts';

const found = (words: string): string[] => searchPermissions(PERMISSIONS, words).map(({ name }) => name);

describe('a search among permissions', () => {
  it.each([
    ['push', 'contents'],
    ['clone', 'contents'],
    ['deploy key', 'administration'],
    ['comment', 'issues'],
    ['webhook', 'repository_hooks'],
    ['publish packages', 'packages'],
    ['pull_requests', 'pull_requests'],
    ['Commit status', 'statuses'],
    ['audit log', 'organization_audit_log'],
  ])('for %s finds %s first', (words, name) => {
    expect(found(words)[0]).toBe(name);
  });

  it('finds by endpoint what no name and no sentence says', () => {
    expect(found('/pulls')).toContain('pull_requests');
    expect(found('PUT /repos/{owner}/{repo}/contents')).toContain('contents');
  });

  it('finds nothing for nothing, nor for what is nowhere', () => {
    expect([found(' '), found('zebra crossing')]).toEqual([[], []]);
  });

  it('knows each of the common ones', () => {
    expect(COMMON_PERMISSIONS.filter((name) => !PERMISSIONS.some((each) => each.name === name))).toEqual([]);
  });
});
