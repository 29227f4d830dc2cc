/**
 * Accounts that are closed: by an administrator (suspended), or by an identity provider (disabled).
 *
 * Invariant: two flags. Signing in lifts neither; a provider never lifts the administrator's.
 */
import { problem } from '../../base/errors.ts';
import type { Account } from '../../store/accounts.ts';

/** Who closed an account; the administrator first, whose flag stays when the provider's is lifted. */
export type Closer = 'administrator' | 'provider';

/** Null = nobody did. */
export function closedBy({
  suspendedAt,
  disabledByProviderAt,
}: Pick<Account, 'suspendedAt' | 'disabledByProviderAt'>): Closer | null {
  if (suspendedAt !== null) return 'administrator';
  return disabledByProviderAt === null ? null : 'provider';
}

/** What somebody is told who can't sign in. */
export const CLOSED_WORDS: Readonly<Record<Closer, string>> = {
  administrator: 'This account is suspended. Ask an administrator.',
  provider:
    'This account is disabled by its identity provider. Ask whoever manages accounts there, or an administrator here.',
};

/** Demanded of whoever signs in. @throws Problem for a closed account */
export function demandOpen(account: Account): void {
  const closer = closedBy(account);
  if (closer !== null) throw problem('unprocessable', CLOSED_WORDS[closer]);
}
