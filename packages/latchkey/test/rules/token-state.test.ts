import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decide } from '../../src/rules/decide.ts';
import { BY_ROTATION, type TokenRecord, type UserRecord } from '../../src/rules/model.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../src/rules/policy.ts';
import {
  type GrantAccess,
  grantAccess,
  isOver,
  isSecretOver,
  LIFELESS,
  policyObjection,
  type TokenState,
  tokenState,
} from '../../src/rules/token-state.ts';
import { ADA, ask, DAY, grant, NOW, onSite, questions, token } from './questions.ts';

const SUSPENDED: UserRecord = { ...ADA, suspendedAt: NOW - 1 };
const DISABLED: UserRecord = { ...ADA, disabledByProviderAt: NOW - 1 };
const LOCKED: UserRecord = { ...ADA, lockedAt: NOW - 1 };
const REVOKED = { revokedAt: NOW - 1, revokedBy: 'ada' };
const ROTATED = { revokedAt: NOW - 1, revokedBy: BY_ROTATION };

/** [what, the token, what its grants give, state, its owner] */
const TABLE: readonly [string, Partial<TokenRecord>, readonly GrantAccess[], TokenState, UserRecord?][] = [
  ['one grant in force', {}, ['active'], 'active'],
  ['no grant at all: it reads what is public', {}, [], 'active'],
  ['one grant in force, one that waits', {}, ['active', 'pending'], 'active'],
  ['one that waits, one in force', {}, ['pending', 'active'], 'active'],
  ['one grant in force, all others lost', {}, ['blocked', 'denied', 'revoked', 'active'], 'active'],
  ['one grant that waits', {}, ['pending'], 'pending'],
  ['one that waits, one that was denied', {}, ['denied', 'pending'], 'pending'],
  ['one that waits, one kept out by a policy', {}, ['blocked', 'pending'], 'pending'],
  ['one kept out by a policy', {}, ['blocked'], 'blocked'],
  ['one kept out by a policy, one denied', {}, ['denied', 'blocked'], 'blocked'],
  ['one that was denied', {}, ['denied'], 'denied'],
  ['one denied, one taken back', {}, ['revoked', 'denied'], 'denied'],
  ['one that an organization took back', {}, ['revoked'], 'access_revoked'],
  ['a beginning to come', { notBeforeAt: NOW + 1 }, ['active'], 'not_yet_valid'],
  ['a beginning that has come', { notBeforeAt: NOW }, ['active'], 'active'],
  ['a beginning to come, and it waits for approval', { notBeforeAt: NOW + 1 }, ['pending'], 'not_yet_valid'],
  ['a beginning to come, and a policy keeps it out', { notBeforeAt: NOW + 1 }, ['blocked'], 'not_yet_valid'],
  ['a second before its end', { expiresAt: NOW + 1 }, ['active'], 'active'],
  ['the second of its end', { expiresAt: NOW }, ['active'], 'expired'],
  ['without an end', { expiresAt: null }, ['active'], 'active'],
  ['ended while it waited', { expiresAt: NOW }, ['pending'], 'expired'],
  ['its last use left', { usesLeft: 1 }, ['active'], 'active'],
  ['no use left', { usesLeft: 0 }, ['active'], 'used_up'],
  ['no use left, and ended', { usesLeft: 0, expiresAt: NOW }, ['active'], 'expired'],
  ['revoked', REVOKED, ['revoked'], 'revoked'],
  ['revoked by nobody in particular', { revokedAt: NOW, revokedBy: null }, ['revoked'], 'revoked'],
  ['revoked and ended', { ...REVOKED, expiresAt: NOW - 5 }, ['revoked'], 'revoked'],
  ['replaced by rotation', ROTATED, ['active'], 'replaced'],
  ['replaced by rotation, ended since', { ...ROTATED, expiresAt: NOW - 1 }, ['active'], 'replaced'],
  ['its owner is suspended', {}, ['active'], 'owner_suspended', SUSPENDED],
  ['its owner is suspended, and it ended', { expiresAt: NOW }, ['active'], 'expired', SUSPENDED],
  ['its owner is suspended before it begins', { notBeforeAt: NOW + 1 }, ['active'], 'owner_suspended', SUSPENDED],
  ['a provider disabled its owner', {}, ['active'], 'owner_disabled_by_provider', DISABLED],
  ['both disabled its owner', {}, ['active'], 'owner_suspended', { ...DISABLED, suspendedAt: NOW }],
  ['its account is locked', {}, ['active'], 'account_locked', LOCKED],
  ['its owner is suspended while it waits', {}, ['pending'], 'owner_suspended', SUSPENDED],
  ['an old secret overlaps: the token itself lives', { secretState: 'overlapping' }, ['active'], 'active'],
];

describe('the state of a token', () => {
  it.each(TABLE)('with %s', (_what, changes, access, state, user = ADA) => {
    expect(tokenState(token(changes), user, access, NOW)).toBe(state);
  });

  it('is one of those in which nothing works exactly when the decision refuses the credential, and says why', () => {
    const reasonOf: Partial<Record<TokenState, string>> = {
      owner_suspended: 'owner_suspended',
      owner_disabled_by_provider: 'owner_disabled_by_provider',
      account_locked: 'account_locked',
    };
    fc.assert(
      fc.property(questions, fc.constantFrom(null, 'ada', BY_ROTATION), (question, revokedBy) => {
        if (question.bearer.via !== 'token') return;
        const { user } = question.bearer;
        const record = { ...question.bearer.token, revokedBy, secretState: 'current' as const };
        const state = tokenState(record, user, ['active'], question.at);
        const decision = decide({
          ...question,
          bearer: { via: 'token', token: { ...record, allowedAddresses: null }, user },
          need: { sets: [], publicRead: true, writes: false },
          target: onSite({ visibility: 'public' }),
        });
        expect(decision.allowed).toBe(!LIFELESS.has(state));
        if (!decision.allowed)
          expect(decision.refusals.map(({ reason }) => reason)).toContain(reasonOf[state] ?? `token_${state}`);
      }),
    );
  });

  it('is final in four states, in which the credential is refused, too', () => {
    const states = [...new Set(TABLE.map(([, , , state]) => state))];
    expect(states.filter(isOver).sort()).toEqual(['expired', 'replaced', 'revoked', 'used_up']);
    expect(states.filter((state) => isOver(state) && !LIFELESS.has(state))).toEqual([]);
    expect(states).toHaveLength(13);
  });
});

describe('what a grant gives', () => {
  it.each([
    ['active', null, 'active'],
    ['active', 'kind', 'blocked'],
    ['active', 'lifetime', 'blocked'],
    ['pending', null, 'pending'],
    ['pending', 'kind', 'blocked'],
    ['denied', 'kind', 'denied'],
    ['denied', null, 'denied'],
    ['revoked', 'lifetime', 'revoked'],
  ] as const)('in state %s, the policy objecting to %s', (state, objection, access) => {
    expect(grantAccess({ state }, objection)).toBe(access);
  });

  const policy = (changes: Partial<StoredPolicy>) =>
    effectivePolicy({ ...NO_POLICY, exemptAdministrators: true }, { ...NO_POLICY, ...changes });
  const CAP_OF_ONE = policy({ maxLifetimeDays: { ...NO_POLICY.maxLifetimeDays, 'fine-grained': 1 } });
  const NO_KIND = policy({ allowed: { ...NO_POLICY.allowed, 'fine-grained': false } });

  it.each([
    ['a life within the cap', token({ expiresAt: NOW }), CAP_OF_ONE, false, null],
    ['a second more than the cap', token({ expiresAt: NOW + 1 }), CAP_OF_ONE, false, 'lifetime'],
    ['no end under a cap', token({ expiresAt: null }), CAP_OF_ONE, false, 'lifetime'],
    ['no end of an exempt administrator', token({ expiresAt: null }), CAP_OF_ONE, true, null],
    ['a forbidden kind', token(), NO_KIND, false, 'kind'],
    ['a forbidden kind of an administrator', token(), NO_KIND, true, 'kind'],
    ['another kind than the forbidden one', token({ kind: 'classic' }), NO_KIND, false, null],
  ] as const)('under a policy: %s', (_what, record, under, isAdmin, objection) => {
    expect(policyObjection(record, under, isAdmin)).toBe(objection);
  });

  it('is what the decision says, grant by grant', () => {
    const need = { sets: [{ contents: 'read' as const }], publicRead: false, writes: false };
    fc.assert(
      fc.property(
        questions,
        fc.constantFrom('active', 'pending', 'denied', 'revoked'),
        ({ target }, state: 'active' | 'pending' | 'denied' | 'revoked') => {
          if (target.kind !== 'repository' || target.owner === null) return;
          const policy = { ...target.owner.policy, allowedAddresses: null };
          const record = token({ grants: [grant({ state })], ssoOrganizationIds: new Set([10]) });
          const decision = decide(
            ask({
              bearer: { via: 'token', token: record, user: ADA },
              need,
              target: onSite({ role: 'write' }, { policy }),
            }),
          );
          expect(decision.allowed).toBe(grantAccess({ state }, policyObjection(record, policy, false)) === 'active');
        },
      ),
    );
  });
});

test('an overlapping secret opens its token until the second it ends, a replaced one opens nothing', () => {
  const over = (secretState: TokenRecord['secretState'], secretEndsAt: number | null) =>
    isSecretOver({ secretState, secretEndsAt }, NOW);
  expect([over('current', null), over('overlapping', NOW + 1), over('overlapping', NOW)]).toEqual([false, false, true]);
  expect([over('overlapping', null), over('replaced', NOW + DAY)]).toEqual([true, true]);
});
