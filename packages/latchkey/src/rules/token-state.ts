/**
 * The state of a token, in one word: what a request with it would be told first, the most final reason before all
 * others. Pages, both REST dialects, introspection and the command line all show this one.
 *
 * Invariant: a token is in one of the `LIFELESS` states exactly when `decide` refuses the credential itself, and the
 * state is among the reasons that it gives (held by `test/rules/token-state.test.ts`).
 */
import { DAY_SEC, type UnixSeconds } from '../base/time.ts';
import { BY_ROTATION, type Grant, type GrantState, type Policy, type TokenRecord, type UserRecord } from './model.ts';
import { MAX_STEP_SEC } from './steady-clock.ts';

/**
 * - `revoked`, `replaced` (another token took its place by rotation), `expired`, `used_up`: over for good.
 * - `owner_suspended` (by an administrator), `owner_disabled_by_provider`, `account_locked`, `not_yet_valid`: nothing
 *   works now, but may later.
 * - `blocked` (by a policy), `pending` (an owner has to approve), `denied`, `access_revoked` (an organization took its
 *   access back): the token lives, but none of its grants gives anything. It can still read what is public.
 * - `active`: at least one grant gives what it says, or the token has none and reads what is public.
 */
export type TokenState =
  | 'revoked'
  | 'replaced'
  | 'expired'
  | 'used_up'
  | 'owner_suspended'
  | 'owner_disabled_by_provider'
  | 'account_locked'
  | 'not_yet_valid'
  | 'blocked'
  | 'pending'
  | 'denied'
  | 'access_revoked'
  | 'active';

/** States that never change again. */
const OVER: ReadonlySet<TokenState> = new Set(['revoked', 'replaced', 'expired', 'used_up']);
/** States in which the credential itself is refused, whatever the request. */
export const LIFELESS: ReadonlySet<TokenState> = new Set([
  ...OVER,
  'owner_suspended',
  'owner_disabled_by_provider',
  'account_locked',
  'not_yet_valid',
]);

/** True for a token that will never work again. */
export function isOver(state: TokenState): boolean {
  return OVER.has(state);
}

/** What a grant gives today. `blocked`: it was granted or requested, but the owner's policy keeps the token out. */
export type GrantAccess = GrantState | 'blocked';

/** Why a policy may object to a token. */
export type PolicyObjection = 'kind' | 'lifetime';

type Life = Pick<TokenRecord, 'revokedAt' | 'revokedBy' | 'expiresAt' | 'usesLeft' | 'notBeforeAt'>;
type Lifetime = Pick<TokenRecord, 'kind' | 'issuedAt' | 'expiresAt'>;

export function isRevoked({ revokedAt, revokedBy }: Pick<Life, 'revokedAt' | 'revokedBy'>): boolean {
  return revokedAt !== null && revokedBy !== BY_ROTATION;
}

/** True when GitLab's rotation replaced it with another token. */
export function isRotatedAway({ revokedAt, revokedBy }: Pick<Life, 'revokedAt' | 'revokedBy'>): boolean {
  return revokedAt !== null && revokedBy === BY_ROTATION;
}

/** True from the very second at which it ends. */
export function isExpired({ expiresAt }: Pick<Life, 'expiresAt'>, at: UnixSeconds): boolean {
  return expiresAt !== null && expiresAt <= at;
}

export function isUsedUp({ usesLeft }: Pick<Life, 'usesLeft'>): boolean {
  return usesLeft !== null && usesLeft <= 0;
}

export function isNotYetValid({ notBeforeAt }: Pick<Life, 'notBeforeAt'>, at: UnixSeconds): boolean {
  return notBeforeAt !== null && at < notBeforeAt;
}

/** The longest time for which the old secret of a rotation works beside the new one. */
export const MAX_OVERLAP_SEC = 7 * DAY_SEC;

/**
 * True when the presented secret opens nothing any more. The token may live on with another secret. An overlap that
 * ends later than any can was begun by a clock that was ahead, and is over.
 */
export function isSecretOver(
  { secretState, secretEndsAt }: Pick<TokenRecord, 'secretState' | 'secretEndsAt'>,
  at: UnixSeconds,
): boolean {
  if (secretState !== 'overlapping') return secretState === 'replaced';
  return secretEndsAt === null || secretEndsAt <= at || secretEndsAt > at + MAX_OVERLAP_SEC + MAX_STEP_SEC;
}

export function isKindForbidden({ kind }: Pick<Lifetime, 'kind'>, policy: Policy): boolean {
  return !policy.kinds[kind].allowed;
}

/**
 * True when it lives longer than the policy allows.
 * @param isAdmin administrators may be exempt
 */
export function isOverLifetime({ kind, issuedAt, expiresAt }: Lifetime, policy: Policy, isAdmin: boolean): boolean {
  const cap = policy.kinds[kind].maxLifetimeDays;
  if (cap === null || (policy.exemptAdministrators && isAdmin)) return false;
  return expiresAt === null || expiresAt - issuedAt > cap * DAY_SEC;
}

/** The life that policies judge: of a derived token that of the person's token behind it. */
export function lifeOf(token: Pick<TokenRecord, 'derived'> & Lifetime): Lifetime {
  return token.derived?.root ?? token;
}

/** Why a policy objects to somebody's token; null = it doesn't. */
export function policyObjection(token: Lifetime, policy: Policy, isAdmin: boolean): PolicyObjection | null {
  if (isKindForbidden(token, policy)) return 'kind';
  return isOverLifetime(token, policy, isAdmin) ? 'lifetime' : null;
}

/** What a grant gives under the policy of its resource owner. A grant that was denied or revoked stays so. */
export function grantAccess({ state }: Pick<Grant, 'state'>, objection: PolicyObjection | null): GrantAccess {
  return objection !== null && (state === 'active' || state === 'pending') ? 'blocked' : state;
}

/** If none of several grants gives anything, the one that is easiest to fix names the state. */
const BY_HOPE = ['pending', 'blocked', 'denied', 'revoked'] as const;

/**
 * @param access one for each of its grants. Classic and scoped tokens have no grants; they have one for the instance:
 * `active` or `blocked`
 */
export function tokenState(
  token: Life,
  user: Pick<UserRecord, 'suspendedAt' | 'disabledByProviderAt' | 'lockedAt'>,
  access: readonly GrantAccess[],
  at: UnixSeconds,
): TokenState {
  if (isRevoked(token)) return 'revoked';
  if (isRotatedAway(token)) return 'replaced';
  if (isExpired(token, at)) return 'expired';
  if (isUsedUp(token)) return 'used_up';
  if (user.suspendedAt !== null) return 'owner_suspended';
  if (user.disabledByProviderAt !== null) return 'owner_disabled_by_provider';
  if (user.lockedAt !== null) return 'account_locked';
  if (isNotYetValid(token, at)) return 'not_yet_valid';
  if (access.length === 0 || access.includes('active')) return 'active';
  const first = BY_HOPE.find((each) => access.includes(each)) ?? 'revoked';
  return first === 'revoked' ? 'access_revoked' : first;
}
