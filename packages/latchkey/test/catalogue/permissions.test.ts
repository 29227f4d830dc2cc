import { describe, expect, it } from 'vitest';
import { PERMISSIONS, permissionNamed } from '../../src/catalogue/permissions.ts';
import facts from './reference-facts.json' with { type: 'json' };

describe('the permission catalogue', () => {
  it('has the 20 account, 28 repository and 28 organization permissions of the seed', () => {
    const count = (group: string): number =>
      PERMISSIONS.filter((permission) => permission.group === group && permission.source === 'github').length;
    expect([count('account'), count('repository'), count('organization')]).toEqual([20, 28, 28]);
    expect(PERMISSIONS.filter(({ source }) => source === 'github-2026')).toHaveLength(12);
  });

  it.each(facts.githubPermissions)('%s is as GitHub has it: %s, %s (%s)', (name, group, levels, since) => {
    expect(permissionNamed(name!)).toMatchObject({
      group,
      levels: levels!.split(','),
      source: since === 'seed' ? 'github' : 'github-2026',
    });
  });

  it('has no name twice', () => {
    expect(new Set(PERMISSIONS.map(({ name }) => name)).size).toBe(PERMISSIONS.length);
  });
});
