import { expect, it } from 'vitest';
import { NOT_NARROWED } from '../../src/rules/derivation.ts';
import {
  deleteEndedDerived,
  derivedByDigest,
  derivedById,
  endDerived,
  hasDerived,
  insertDerived,
  livingDerived,
  type NewDerivedToken,
  secretInState,
} from '../../src/store/derived-tokens.ts';
import { knownDigests } from '../../src/store/token-secrets.ts';
import { insertToken, replaceSecret } from '../../src/store/tokens.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, tokenOf, worldIn } from './world.ts';

const ALL = { beforeId: null, limit: 100 };
const mark = (digest: string) => ({ digest, lastEight: digest.slice(-8) });

forEachEngine('derived tokens', (open) => {
  it('are found by their digest, counted and listed while they live, and end with what they came from', async () => {
    const { store, bob } = await worldIn(await open());
    const { db } = store;
    const tokenId = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const secretDigest = (await secretInState(db, tokenId, 'current'))!;
    const made = (digest: string, given: Partial<NewDerivedToken> = {}): NewDerivedToken => ({
      secret: mark(digest),
      tokenId,
      secretDigest,
      parentId: null,
      name: 'job',
      agent: 'bot/1',
      session: null,
      workload: null,
      narrowing: { ...NOT_NARROWED, permissions: { contents: 'read' }, repositoryIds: [7] },
      createdAt: THEN,
      expiresAt: THEN + 60,
      ...given,
    });
    const first = await store.transaction((tx) => insertDerived(tx, made('digest-one')));
    const second = await store.transaction((tx) => insertDerived(tx, made('digest-two', { parentId: first })));
    expect(await derivedByDigest(db, 'digest-one')).toEqual({
      id: first,
      tokenId,
      secretDigest,
      parentId: null,
      name: 'job',
      lastEight: 'gest-one',
      agent: 'bot/1',
      session: null,
      workload: null,
      createdAt: THEN,
      expiresAt: THEN + 60,
      revokedAt: null,
      revokedBy: null,
      narrowing: { ...NOT_NARROWED, permissions: { contents: 'read' }, repositoryIds: [7] },
    });
    expect(await knownDigests(db, ['digest-one', 'digest-nine', secretDigest])).toEqual(
      new Set(['digest-one', secretDigest]),
    );
    expect((await livingDerived(db, tokenId, THEN, ALL)).map(({ id }) => id)).toEqual([second, first]);
    expect((await livingDerived(db, tokenId, THEN, { beforeId: second, limit: 9 })).map(({ id }) => id)).toEqual([
      first,
    ]);
    expect([await hasDerived(db, tokenId, THEN, 2), await hasDerived(db, tokenId, THEN, 3)]).toEqual([true, false]);
    expect(await livingDerived(db, tokenId, THEN + 60, ALL)).toEqual([]);
    expect(await store.transaction((tx) => endDerived(tx, first, 'ada', THEN + 1))).toHaveLength(2);
    expect(await store.transaction((tx) => endDerived(tx, first, 'ada', THEN + 2))).toEqual([]);
    const late = await store.transaction((tx) => insertDerived(tx, made('digest-three', { parentId: first })));
    expect(await derivedByDigest(db, 'digest-three'), 'one that is made while its parent ends').toMatchObject({
      revokedAt: THEN + 1,
      revokedBy: 'ada',
    });
    await store.transaction((tx) => deleteEndedDerived(tx, THEN + 61));
    expect(await derivedById(db, late)).toBeNull();
  });

  it('know the secret that they were made with, current or in an overlap', async () => {
    const { store, bob } = await worldIn(await open());
    const id = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const before = await secretInState(store.db, id, 'current');
    expect(await secretInState(store.db, id, 'overlapping')).toBeNull();
    const renewal = { secret: mark('digest-new'), expiresAt: null, overlapEndsAt: THEN + 9, at: THEN };
    await store.transaction((tx) => replaceSecret(tx, id, renewal));
    expect(await secretInState(store.db, id, 'overlapping')).toBe(before);
    expect(await secretInState(store.db, id, 'current')).toBe('digest-new');
  });
});
