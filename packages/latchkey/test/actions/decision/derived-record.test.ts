/**
 * Whatever a derived token leaves out, and whatever becomes of the token behind it: it never may what that one may not
 * today, nor what it was narrowed to.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derivedRecord } from '../../../src/actions/decision/derived-record.ts';
import { SharedParts } from '../../../src/actions/decision/shared-parts.ts';
import { RememberedToken } from '../../../src/actions/decision/token-record.ts';
import { includesAddress } from '../../../src/base/address.ts';
import { changesLastingAccess } from '../../../src/catalogue/lasting-access.ts';
import { demandsNoPermission } from '../../../src/catalogue/needs.ts';
import type { PermissionSet } from '../../../src/catalogue/permissions.ts';
import { decide } from '../../../src/rules/decide.ts';
import { type Narrowing, NOT_NARROWED, narrowedAddresses } from '../../../src/rules/derivation.ts';
import type { Question, TokenRecord } from '../../../src/rules/model.ts';
import type { RefRule } from '../../../src/rules/refs/ref-rules.ts';
import type { DerivedToken } from '../../../src/store/derived-tokens.ts';
import type { StoredToken } from '../../../src/store/presented-tokens.ts';
import { NOW, questions } from '../../rules/questions.ts';

const parts = new SharedParts();
const pick = <T>(...values: T[]) => fc.constantFrom<T | null>(null, null, ...values);
const narrowings: fc.Arbitrary<Narrowing> = fc.record({
  permissions: pick<PermissionSet>({}, { contents: 'read' }, { contents: 'write', issues: 'read' }, { git: 'write' }),
  repositoryIds: pick<readonly number[]>([100], [100, 101], []),
  scopes: pick<readonly string[]>([], ['repo'], ['public_repo'], ['read_repository']),
  refRules: pick<readonly RefRule[]>(
    [{ pattern: 'refs/heads/agent/**', allow: ['create'] }],
    [{ pattern: 'refs/heads/**', allow: ['create', 'update', 'force', 'delete'] }],
  ),
  allowedAddresses: pick<readonly string[]>(['192.0.2.0/25'], ['10.0.0.0/8', '2001:db8::1/128'], []),
});
const moves = pick<NonNullable<Question['move']>>(
  { ref: 'refs/heads/agent/a', act: 'create' },
  { ref: 'refs/heads/main', act: 'force' },
);
const scopes = pick<readonly string[]>(['repo'], ['read:org'], ['user']);

/** Without these, most questions would end at the credential. */
const LIVING = {
  issuedAt: NOW - 10,
  expiresAt: null,
  notBeforeAt: null,
  revokedAt: null,
  usesLeft: null,
  allowedAddresses: null,
  secretState: 'current' as const,
};

/** A question of a token behind another, and of that one. */
const asked = fc
  .tuple(questions, narrowings, narrowings, moves, scopes, fc.boolean())
  .filter(([{ bearer }]) => bearer.via === 'token')
  .map(([question, narrowing, today, move, scopesNeeded, isLiving]) => {
    if (question.bearer.via !== 'token') throw new Error('filtered');
    const token = { ...question.bearer.token, ...(isLiving ? LIVING : {}) };
    const user = {
      ...question.bearer.user,
      ...(isLiving ? { suspendedAt: null, disabledByProviderAt: null, lockedAt: null } : {}),
    };
    const common = {
      ...question,
      ...(move === null ? {} : { move }),
      need: { ...question.need, ...(scopesNeeded === null ? {} : { scopes: scopesNeeded }) },
    };
    const holder = { user, memberships: new Map() };
    const stored = {
      ...token,
      hasOverlap: false,
      refRules: today.refRules ?? token.refRules,
    } as unknown as StoredToken;
    const ask = (record: TokenRecord): Question => ({ ...common, bearer: { via: 'token', token: record, user } });
    const derive = (by: Narrowing, changes: Partial<DerivedToken> = {}): Question =>
      ask(derivedRecord(stored, derivedToken(by, question.at + 60, changes), holder, parts));
    return { narrowing, common, root: ask(new RememberedToken(stored, holder, parts)), derive };
  });

function derivedToken(narrowing: Narrowing, expiresAt: number, changes: Partial<DerivedToken>): DerivedToken {
  return {
    id: 3,
    tokenId: 7,
    secretDigest: '',
    parentId: null,
    name: 'child',
    lastEight: '12345678',
    agent: null,
    session: null,
    workload: null,
    narrowing,
    createdAt: expiresAt - 60,
    expiresAt,
    revokedAt: null,
    revokedBy: null,
    ...changes,
  };
}

const may = (question: Question): boolean => decide(question).allowed;
const seen = { allowed: 0 };

describe('a derived token', () => {
  it('may only what the token behind it may today', () => {
    fc.assert(
      fc.property(asked, ({ root, narrowing, derive }) => {
        const allowed = may(derive(narrowing));
        if (allowed) seen.allowed++;
        expect(!allowed || may(root)).toBe(true);
      }),
      { numRuns: 1_500 },
    );
    expect(seen.allowed, 'the law was tried on both answers').toBeGreaterThan(10);
  });

  it('may what that one may when nothing is left out, but for what outlasts it', () => {
    fc.assert(
      fc.property(asked, ({ root, derive }) => {
        expect(may(derive(NOT_NARROWED))).toBe(may(root) && !root.need.sets.some(changesLastingAccess));
      }),
      { numRuns: 1_000 },
    );
  });

  it('may only what each thing that was left out leaves by itself', () => {
    fc.assert(
      fc.property(asked, ({ narrowing, derive }) => {
        if (!may(derive(narrowing))) return;
        for (const field of Object.keys(narrowing) as (keyof Narrowing)[])
          expect(may(derive({ ...NOT_NARROWED, [field]: narrowing[field] }))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('changes and reads nothing private outside its repositories', () => {
    fc.assert(
      fc.property(asked, ({ narrowing, common: { target, need }, derive }) => {
        const ids = narrowing.repositoryIds;
        if (ids === null || !may(derive(narrowing))) return;
        const isWithin = target.kind === 'repository' && ids.includes(target.repository?.id ?? -1);
        const isOpen = need.publicRead || (need.scopes === undefined && demandsNoPermission(need));
        expect(isWithin || isOpen).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  });

  it.each<[string, Partial<DerivedToken>]>([
    ['ended', { revokedAt: 1, revokedBy: 'ada' }],
    ['past its end', { expiresAt: 1 }],
  ])('may nothing once it is %s', (_name, changes) => {
    fc.assert(fc.property(asked, ({ narrowing, derive }) => !may(derive(narrowing, changes))));
  });
});

it('what two lists of addresses have in common is what is in both', () => {
  const blocks = fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/32', '192.0.2.0/24', '2001:db8::/32');
  const lists = fc.option(fc.array(blocks, { maxLength: 3 }));
  const addresses = fc.constantFrom('10.1.2.3', '10.1.9.9', '10.9.9.9', '192.0.2.1', '2001:db8::5', '::1');
  fc.assert(
    fc.property(lists, lists, addresses, (a, b, address) => {
      const within = (list: readonly string[] | null): boolean => list === null || includesAddress(list, address);
      expect(within(narrowedAddresses(a, b))).toBe(within(a) && within(b));
    }),
  );
});
