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
/**
 * When a token ends soon: in the last of so many equal parts of its life, at most 7 days before its end, at least one
 * day; but of a life that is shorter than two days never more than the last half. In SQL: `store/token-lists.ts`.
 */
export const ENDING_SOON = { mostSec: 7 * DAY_SEC, leastSec: DAY_SEC, parts: 5, partsOfShort: 2 } as const;
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

/** True for a living token that `ENDING_SOON` speaks of. No division: SQL's engines don't agree on one. */
export function endsSoon(
  { issuedAt, expiresAt }: { readonly issuedAt: UnixSeconds; readonly expiresAt: UnixSeconds | null },
  at: UnixSeconds,
): boolean {
  if (expiresAt === null || expiresAt <= at) return false;
  const { mostSec, leastSec, parts, partsOfShort } = ENDING_SOON;
  const [left, life] = [expiresAt - at, expiresAt - issuedAt];
  return left <= mostSec && (left * parts <= life || (left <= leastSec && left * partsOfShort <= life));
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
