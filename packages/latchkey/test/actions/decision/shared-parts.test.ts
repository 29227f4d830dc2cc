import { expect, it } from 'vitest';
import { SharedParts } from '../../../src/actions/decision/shared-parts.ts';
import type { RepositoryRecord } from '../../../src/rules/model.ts';
import { ACME, SITE } from '../../rules/questions.ts';

const target = (changes: Partial<RepositoryRecord> = {}) => ({
  kind: 'repository' as const,
  owner: { ...ACME },
  repository: { ...SITE, ...changes },
  fullName: 'acme/site',
});

it('people of one role share a repository as it stands towards them', () => {
  const parts = new SharedParts();
  const first = parts.target(target());
  expect(parts.target(target())).toBe(first);
});

it('a repository that has changed is never taken for what it was', () => {
  const parts = new SharedParts();
  parts.target(target({ visibility: 'public' }));
  expect(parts.target(target({ visibility: 'private' })).repository?.visibility).toBe('private');
  expect(parts.target(target({ archivedAt: 7 })).repository?.archivedAt).toBe(7);
  expect(parts.target(target({ role: 'read' })).repository?.role).toBe('read');
});

it('nothing is shared between two servers of one process', () => {
  const [one, other] = [new SharedParts(), new SharedParts()];
  expect(one.target(target())).not.toBe(other.target(target()));
  expect(one.tokens.of('key', () => ({}) as never)).not.toBe(other.tokens.of('key', () => ({}) as never));
});
