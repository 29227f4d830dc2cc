/** What is unhealthy about a token, as findings that its owner can act on. */
import { DAY_SEC, type UnixSeconds } from '../base/time.ts';
import type { PermissionSet } from '../catalogue/permissions.ts';
import type { RepositorySelection, TokenKind } from './model.ts';
import { isExpired } from './token-state.ts';

export type Finding = 'never-ends' | 'idle' | 'over-powered' | 'ending-soon' | 'ended';

/** The facts that findings are based on. */
export interface HealthFacts {
  readonly kind: TokenKind;
  readonly scopes: readonly string[];
  readonly grants: readonly { readonly selection: RepositorySelection; readonly permissions: PermissionSet }[];
  readonly createdAt: UnixSeconds;
  /** When its secret was made: a regenerated token begins a new life. */
  readonly issuedAt: UnixSeconds;
  readonly expiresAt: UnixSeconds | null;
  readonly usedAt: UnixSeconds | null;
}

/** A token that wasn't used for this long is idle. */
export const IDLE_SEC = 90 * DAY_SEC;
/** The most time before its end in which a token ends soon. */
export const MAX_ENDING_SOON_SEC = 7 * DAY_SEC;
/** Scopes that allow almost everything their owner can do in some area. */
const BROAD_SCOPES: ReadonlySet<string> = new Set([
  'repo',
  'admin:org',
  'admin:enterprise',
  'site_admin',
  'delete_repo',
  'api',
  'sudo',
  'admin_mode',
]);

/** Everything that is wrong with a living token, the most serious first. */
export function findingsOf(facts: HealthFacts, at: UnixSeconds): readonly Finding[] {
  const { expiresAt, usedAt, createdAt } = facts;
  if (isExpired(facts, at)) return ['ended'];
  const findings: Finding[] = [];
  if (endsSoon(facts, at)) findings.push('ending-soon');
  if (expiresAt === null) findings.push('never-ends');
  if (at - (usedAt ?? createdAt) > IDLE_SEC) findings.push('idle');
  if (isOverPowered(facts)) findings.push('over-powered');
  return findings;
}

/**
 * True for a living token in the last fifth of its life: at most 7 days before its end, at least one; but never more
 * than half of a life that is shorter than two days, so that none ends soon from the start.
 */
export function endsSoon(
  { issuedAt, expiresAt }: { readonly issuedAt: UnixSeconds; readonly expiresAt: UnixSeconds | null },
  at: UnixSeconds,
): boolean {
  if (expiresAt === null || expiresAt <= at) return false;
  const life = expiresAt - issuedAt;
  return expiresAt - at <= Math.min(MAX_ENDING_SOON_SEC, Math.max(life / 5, Math.min(DAY_SEC, life / 2)));
}

function isOverPowered({ kind, scopes, grants }: HealthFacts): boolean {
  if (kind !== 'fine-grained') return scopes.some((scope) => BROAD_SCOPES.has(scope));
  return grants.some(
    ({ selection, permissions }) =>
      selection === 'all' &&
      Object.entries(permissions).some(
        ([name, level]) => level === 'admin' || (level === 'write' && name === 'administration'),
      ),
  );
}
