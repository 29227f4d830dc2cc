/** What the entries that a database lost require after it was restored. */
import { expect, it } from 'vitest';
import { AUDIT_EVENTS, type AuditAction } from '../../src/catalogue/audit-events.ts';
import { type LostEntry, lostTime } from '../../src/catalogue/lost-time.ts';

const entry = (action: AuditAction, given: Partial<LostEntry> = {}): LostEntry => ({
  id: 1,
  action,
  userId: 7,
  tokenId: 3,
  previousTokenId: null,
  ...given,
});

/** If what these took away comes back, it does no harm. */
const HARMLESS: readonly AuditAction[] = [
  // No entry comes back that wasn't there.
  'audit_log.prune',
  // Objects that nothing named, and locks, give nobody a right.
  'git_lfs.prune',
  'git_lfs.unlock',
  // What comes back is a protection.
  'protected_branch.destroy',
  'repository_ruleset.destroy',
  // A request gives nothing before it is approved.
  'personal_access_token.request_cancelled',
  // All derived tokens end at a restore.
  'personal_access_token.end_derived',
  // Every session ends at a restore.
  'user_session.close_service',
  'user_session.revoke',
];

it('whatever takes something away is done again or told', () => {
  const removing = (Object.keys(AUDIT_EVENTS) as AuditAction[]).filter(
    (action) => AUDIT_EVENTS[action].operation === 'remove' && !HARMLESS.includes(action),
  );
  const forgotten = removing.filter((action) => {
    const { tokenIds, suspendedIds, lockedIds, byHand } = lostTime([entry(action)]);
    return tokenIds.size + suspendedIds.size + lockedIds.size + byHand.size === 0;
  });
  expect(forgotten).toEqual([]);
});

it('a successor ends with the token that it replaced', () => {
  const { tokenIds } = lostTime([
    entry('personal_access_token.credential_regenerated', { tokenId: 9, previousTokenId: 4 }),
  ]);
  expect([...tokenIds]).toEqual([9, 4]);
});

it('who was suspended and let in again is not suspended, and a new password locks until there is another', () => {
  const { suspendedIds, lockedIds } = lostTime([
    entry('user.suspend'),
    entry('user.suspend', { userId: 8 }),
    entry('user.unsuspend'),
    entry('user.change_password', { userId: 5 }),
  ]);
  expect([[...suspendedIds], [...lockedIds]]).toEqual([[8], [5]]);
});

it('what only gave or used something asks for nothing', () => {
  const asked = lostTime([entry('personal_access_token.create'), entry('user.login'), entry('git.push')]);
  expect([asked.tokenIds.size, asked.suspendedIds.size, asked.lockedIds.size, asked.byHand.size]).toEqual([0, 0, 0, 0]);
});
