import { expect, it } from 'vitest';
import { DAY_SEC } from '../../src/base/time.ts';
import { endsSoon } from '../../src/rules/token-health.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../../src/store/db.ts';
import {
  deleteGrant,
  grantById,
  grantsOf,
  insertGrant,
  listGrantsTowards,
  setGrantReach,
  setGrantState,
} from '../../src/store/grants.ts';
import { spendUse, tokenByDigest } from '../../src/store/presented-tokens.ts';
import { deleteRepository } from '../../src/store/repositories.ts';
import { listedTokens } from '../../src/store/token-lists.ts';
import {
  authorizeForOrganization,
  exclude,
  excludedAmong,
  readmit,
  withdrawFromOrganization,
} from '../../src/store/token-organizations.ts';
import { endOverlap } from '../../src/store/token-secrets.ts';
import {
  countTokens,
  insertToken,
  isTokenNameTaken,
  listTokens,
  replaceSecret,
  revokeToken,
  tokenById,
  tokensByIds,
  updateToken,
} from '../../src/store/tokens.ts';
import { lastUses, MAX_ADDRESSES, recordUses } from '../../src/store/usage.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, tokenOf, worldIn } from './world.ts';

const ALL = { beforeId: null, limit: 100 };

forEachEngine('tokens', (open) => {
  it('are listed as ending soon exactly when the rule says so, over lives from a second to years', async () => {
    const store = await open();
    const { ada } = await worldIn(store);
    const lives = [
      1,
      3,
      59,
      60,
      3_601,
      DAY_SEC - 1,
      DAY_SEC,
      DAY_SEC + 1,
      2 * DAY_SEC - 1,
      2 * DAY_SEC,
      2 * DAY_SEC + 1,
    ];
    for (const days of [3, 5, 6, 30, 34, 35, 36, 90, 366, 20_000]) lives.push(days * DAY_SEC - 1, days * DAY_SEC + 3);
    const at = THEN + 20_001 * DAY_SEC;
    const lefts = [
      1,
      2,
      7,
      30,
      31,
      1_800,
      DAY_SEC / 2,
      DAY_SEC - 1,
      DAY_SEC,
      DAY_SEC + 1,
      7 * DAY_SEC,
      7 * DAY_SEC + 1,
    ];
    const made = lives.flatMap((life) =>
      [...lefts, 0, Math.floor(life / 5), Math.floor(life / 5) + 1, Math.floor(life / 2), Math.ceil(life / 2) + 1, life]
        .filter((left) => left <= life)
        .map((left) => ({ issuedAt: at + left - life, expiresAt: at + left })),
    );
    const endless = { issuedAt: THEN, expiresAt: null };
    const ids = await store.transaction(async (tx) => {
      const found = new Map<number, { issuedAt: number; expiresAt: number | null }>();
      for (const life of [...made, endless]) {
        const name = `t${found.size}`;
        const given = { name, expiresAt: life.expiresAt, at: life.issuedAt };
        found.set(await insertToken(tx, tokenOf(ada, given)), life);
      }
      return found;
    });
    const list = { userId: ada, kind: null, text: '', tab: 'ending', at } as const;
    const order = { sort: 'created', descending: true } as const;
    const listed = await listedTokens(store.db, list, order, { offset: 0, limit: 1_000 });
    const rule = [...ids].filter(([, life]) => endsSoon(life, at)).map(([id]) => id);
    expect(listed.map(({ id }) => id).sort((a, b) => a - b)).toEqual(rule);
    expect([rule.length > 50, rule.length < ids.size - 50]).toEqual([true, true]);
  });

  it('are found by the digest of their secret, with grants and selected repositories', async () => {
    const { store, bob, acme, site, docs } = await worldIn(await open());
    const id = await store.transaction((tx) =>
      insertToken(
        tx,
        tokenOf(bob, {
          expiresAt: THEN + 9,
          notBeforeAt: THEN + 1,
          allowedAddresses: ['10.0.0.0/8'],
          usesLeft: 3,
          description: 'to deploy',
          grants: [
            {
              ownerId: acme,
              selection: 'selected',
              repositoryIds: [site, docs, site],
              permissions: { contents: 'write', metadata: 'read' },
              state: 'active',
            },
            { ownerId: 0, selection: 'all', repositoryIds: [], permissions: {}, state: 'pending' },
          ],
        }),
      ),
    );
    const token = await tokenByDigest(store.db, 'digest-of-deploy');
    expect(token).toMatchObject({
      id,
      userId: bob,
      kind: 'fine-grained',
      name: 'deploy',
      description: 'to deploy',
      lastEight: 'AbCdEfGh',
      issuedAt: THEN,
      createdAt: THEN,
      expiresAt: THEN + 9,
      notBeforeAt: THEN + 1,
      revokedAt: null,
      revokedBy: null,
      secretState: 'current',
      secretEndsAt: null,
      scopes: [],
      allowedAddresses: ['10.0.0.0/8'],
      usesLeft: 3,
      ssoOrganizationIds: new Set(),
      excludedOrganizationIds: new Set(),
      parentId: null,
      familyId: null,
    });
    expect(token?.grants).toMatchObject([
      {
        ownerId: acme,
        selection: 'selected',
        repositoryIds: new Set([site, docs]),
        permissions: { contents: 'write', metadata: 'read' },
        state: 'active',
        accessGrantedAt: THEN,
      },
      {
        ownerId: 0,
        selection: 'all',
        repositoryIds: new Set(),
        permissions: {},
        state: 'pending',
        accessGrantedAt: null,
      },
    ]);
    expect(await tokenByDigest(store.db, 'DIGEST-of-deploy')).toBeNull();
    await store.transaction((tx) => deleteRepository(tx, site));
    expect((await tokenByDigest(store.db, 'digest-of-deploy'))?.grants[0]?.repositoryIds).toEqual(new Set([docs]));
  });

  it('of scopes are found with the organizations they were authorized for', async () => {
    const { store, bob, acme } = await worldIn(await open());
    const id = await store.transaction((tx) =>
      insertToken(tx, tokenOf(bob, { kind: 'classic', scopes: ['read:org', 'repo'] })),
    );
    await store.transaction((tx) => authorizeForOrganization(tx, id, acme, THEN));
    await store.transaction((tx) => authorizeForOrganization(tx, id, acme, THEN));
    expect(await tokenByDigest(store.db, 'digest-of-deploy')).toMatchObject({
      scopes: ['read:org', 'repo'],
      grants: [],
      ssoOrganizationIds: new Set([acme]),
    });
    expect(await store.transaction((tx) => withdrawFromOrganization(tx, id, acme))).toBe(true);
    expect(await store.transaction((tx) => withdrawFromOrganization(tx, id, acme))).toBe(false);
  });

  it('of scopes are found with the organizations that keep them out', async () => {
    const { store, bob, acme } = await worldIn(await open());
    const id = await store.transaction((tx) => insertToken(tx, tokenOf(bob, { kind: 'classic', scopes: ['repo'] })));
    const found = async (): Promise<unknown> =>
      (await tokenByDigest(store.db, 'digest-of-deploy'))?.excludedOrganizationIds;
    expect([await found(), await excludedAmong(store.db, acme, [id])]).toEqual([new Set(), new Set()]);
    expect(await store.transaction((tx) => exclude(tx, id, acme, THEN))).toBe(true);
    expect(await store.transaction((tx) => exclude(tx, id, acme, THEN))).toBe(false);
    expect([await found(), await excludedAmong(store.db, acme, [id])]).toEqual([new Set([acme]), new Set([id])]);
    expect(await store.transaction((tx) => readmit(tx, id, acme))).toBe(true);
    expect(await store.transaction((tx) => readmit(tx, id, acme))).toBe(false);
    expect(await found()).toEqual(new Set());
  });

  it('that are fine-grained have names of their own until they are revoked; others may share one', async () => {
    const { store, ada, bob } = await worldIn(await open());
    const add = (userId: number, kind: 'fine-grained' | 'scoped', digest: string) =>
      store.transaction((tx) =>
        insertToken(tx, tokenOf(userId, { name: 'Deploy', kind, secret: { digest, lastEight: 'x' } })),
      );
    const first = await add(bob, 'fine-grained', 'a');
    expect(isUniqueViolation(await add(bob, 'fine-grained', 'b').catch((thrown: unknown) => thrown))).toBe(true);
    expect(isForeignKeyViolation(await add(999, 'fine-grained', 'c').catch((thrown: unknown) => thrown))).toBe(true);
    await add(ada, 'fine-grained', 'd');
    await add(bob, 'scoped', 'e');
    await add(bob, 'scoped', 'f');
    expect(await isTokenNameTaken(store.db, bob, 'fine-grained', 'dEPLOY')).toBe(true);
    expect(await isTokenNameTaken(store.db, bob, 'fine-grained', 'deploy', first)).toBe(false);
    expect(await isTokenNameTaken(store.db, bob, 'classic', 'deploy')).toBe(false);
    await store.transaction((tx) => revokeToken(tx, first, 'bob', THEN + 1));
    expect(await isTokenNameTaken(store.db, bob, 'fine-grained', 'deploy')).toBe(false);
    await add(bob, 'fine-grained', 'g');
    expect(await countTokens(store.db, bob, 'fine-grained')).toBe(1);
  });

  it('are revoked once, by whoever came first, and their grants with them', async () => {
    const { store, bob, acme } = await worldIn(await open());
    const id = await store.transaction((tx) =>
      insertToken(
        tx,
        tokenOf(bob, {
          grants: [{ ownerId: acme, selection: 'all', repositoryIds: [], permissions: {}, state: 'active' }],
        }),
      ),
    );
    expect(await listGrantsTowards(store.db, acme, 'active', ALL)).toMatchObject([{ tokenId: id, userId: bob }]);
    const revoked = await Promise.all(
      ['ada', 'bob'].map((by) => store.transaction((tx) => revokeToken(tx, id, by, THEN + 1))),
    );
    expect(revoked.filter((token) => token !== null)).toHaveLength(1);
    const token = await tokenByDigest(store.db, 'digest-of-deploy');
    expect(token).toMatchObject({
      revokedAt: THEN + 1,
      revokedBy: revoked.find((each) => each !== null)!.revokedBy,
      grants: [{ state: 'revoked' }],
    });
    expect(await listGrantsTowards(store.db, acme, 'active', ALL)).toEqual([]);
    expect(await store.transaction((tx) => updateToken(tx, id, { expiresAt: null }, THEN + 2))).toBeNull();
    const replaced = { secret: { digest: 'new', lastEight: 'n' }, expiresAt: null, overlapEndsAt: null, at: THEN + 2 };
    expect(await store.transaction((tx) => replaceSecret(tx, id, replaced))).toBeNull();
    expect(await tokenByDigest(store.db, 'new')).toBeNull();
  });

  it('change what is named and nothing else', async () => {
    const { store, bob } = await worldIn(await open());
    const id = await store.transaction((tx) =>
      insertToken(tx, tokenOf(bob, { expiresAt: THEN + 9, allowedAddresses: ['10.0.0.1'] })),
    );
    await store.transaction((tx) => updateToken(tx, id, { name: 'Ship', allowedAddresses: null }, THEN + 1));
    expect(await tokenById(store.db, id)).toMatchObject({
      name: 'Ship',
      allowedAddresses: null,
      expiresAt: THEN + 9,
      updatedAt: THEN + 1,
      issuedAt: THEN,
    });
    expect(await isTokenNameTaken(store.db, bob, 'fine-grained', 'ship')).toBe(true);
    await store.transaction((tx) =>
      updateToken(
        tx,
        id,
        { description: 'd', scopes: ['api'], expiresAt: null, notBeforeAt: 5, usesLeft: 2 },
        THEN + 2,
      ),
    );
    expect(await tokenById(store.db, id)).toMatchObject({
      name: 'Ship',
      description: 'd',
      scopes: ['api'],
      expiresAt: null,
      notBeforeAt: 5,
      usesLeft: 2,
    });
    expect(await tokenById(store.db, 999)).toBeNull();
  });

  it('keep replaced secrets, so that reuse is recognised', async () => {
    const { store, bob } = await worldIn(await open());
    const id = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const replace = (digest: string, overlapEndsAt: number | null) =>
      store.transaction((tx) =>
        replaceSecret(tx, id, {
          secret: { digest, lastEight: digest },
          expiresAt: THEN + 99,
          overlapEndsAt,
          at: THEN + 1,
        }),
      );
    const states = async () => {
      const found = await Promise.all(
        ['digest-of-deploy', 'second', 'third'].map((digest) => tokenByDigest(store.db, digest)),
      );
      return found.map((token) => token && [token.id, token.secretState, token.secretEndsAt, token.lastEight]);
    };
    await replace('second', THEN + 50);
    expect(await states()).toEqual([[id, 'overlapping', THEN + 50, 'second'], [id, 'current', null, 'second'], null]);
    await replace('third', THEN + 60);
    expect(await states()).toEqual([
      [id, 'replaced', THEN + 1, 'third'],
      [id, 'overlapping', THEN + 60, 'third'],
      [id, 'current', null, 'third'],
    ]);
    expect(await store.transaction((tx) => endOverlap(tx, id, THEN + 2))).toBe(true);
    expect(await store.transaction((tx) => endOverlap(tx, id, THEN + 2))).toBe(false);
    expect((await states())[1]).toEqual([id, 'replaced', THEN + 2, 'third']);
    expect(await tokenById(store.db, id)).toMatchObject({ issuedAt: THEN + 1, expiresAt: THEN + 99, createdAt: THEN });
  });

  it('with a limit are used up exactly, however many use them at once', async () => {
    const { store, bob } = await worldIn(await open());
    const id = await store.transaction((tx) => insertToken(tx, tokenOf(bob, { usesLeft: 3 })));
    const left = await Promise.all(Array.from({ length: 6 }, () => store.transaction((tx) => spendUse(tx, id))));
    expect(left.toSorted()).toEqual([0, 1, 2, null, null, null]);
  });

  it('are listed newest first, by kind, with the revoked ones only when asked for', async () => {
    const { store, ada, bob } = await worldIn(await open());
    const add = (name: string, kind: 'fine-grained' | 'classic') =>
      store.transaction((tx) => insertToken(tx, tokenOf(bob, { name, kind })));
    const [a, b, c] = [await add('a', 'fine-grained'), await add('b', 'classic'), await add('c', 'fine-grained')];
    await store.transaction((tx) => revokeToken(tx, a, 'bob', THEN));
    const ids = async (filter: Parameters<typeof listTokens>[2], beforeId: number | null = null) =>
      (await listTokens(store.db, bob, filter, { beforeId, limit: 2 })).map((token) => token.id);
    expect(await ids({})).toEqual([c, b]);
    expect(await ids({ revokedToo: true }, b)).toEqual([a]);
    expect(await ids({ kind: 'fine-grained' })).toEqual([c]);
    expect(await listTokens(store.db, ada, {}, ALL)).toEqual([]);
    expect([...(await tokensByIds(store.db, [a, c, 999])).keys()].toSorted()).toEqual([a, c].toSorted());
  });
});

forEachEngine('grants', (open) => {
  it('change reach and state only from the state in which they were read', async () => {
    const { store, bob, acme, site, docs } = await worldIn(await open());
    const tokenId = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const id = await store.transaction((tx) =>
      insertGrant(
        tx,
        tokenId,
        {
          ownerId: acme,
          selection: 'selected',
          repositoryIds: [site],
          permissions: { contents: 'read' },
          state: 'pending',
        },
        THEN,
      ),
    );
    const decided = await Promise.all(
      (['active', 'denied'] as const).map((to) =>
        store.transaction((tx) => setGrantState(tx, id, ['pending'], to, THEN + 1)),
      ),
    );
    expect(decided.toSorted()).toEqual([false, true]);
    await store.transaction((tx) => setGrantState(tx, id, ['active', 'denied'], 'active', THEN + 2));
    expect(
      await store.transaction((tx) =>
        setGrantReach(tx, id, { selection: 'selected', repositoryIds: [docs], permissions: { issues: 'write' } }, 9),
      ),
    ).toBe(true);
    expect(await grantById(store.db, id)).toMatchObject({
      repositoryIds: new Set([docs]),
      permissions: { issues: 'write' },
      state: 'active',
      accessGrantedAt: THEN + 2,
    });
    await store.transaction((tx) => setGrantReach(tx, id, { selection: 'all', repositoryIds: [], permissions: {} }, 9));
    expect(await grantById(store.db, id)).toMatchObject({ selection: 'all', repositoryIds: new Set() });
    expect(
      await store.transaction((tx) =>
        setGrantReach(tx, 999, { selection: 'all', repositoryIds: [], permissions: {} }, 9),
      ),
    ).toBe(false);
    expect(await store.transaction((tx) => deleteGrant(tx, id))).toBe(true);
    expect(await store.transaction((tx) => deleteGrant(tx, id))).toBe(false);
    expect(await grantById(store.db, id)).toBeNull();
    expect(await grantsOf(store.db, [tokenId])).toEqual(new Map());
  });

  it('cannot select a repository that is not there', async () => {
    const { store, bob, acme, site } = await worldIn(await open());
    const grant = { ownerId: acme, selection: 'selected', permissions: {}, state: 'active' } as const;
    const tokenId = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const error = await store
      .transaction((tx) => insertGrant(tx, tokenId, { ...grant, repositoryIds: [site, 999] }, THEN))
      .catch((thrown: unknown) => thrown);
    expect(isForeignKeyViolation(error)).toBe(true);
    expect(await grantsOf(store.db, [tokenId])).toEqual(new Map());
  });
});

forEachEngine('last use', (open) => {
  it('keeps the newest use and the last five distinct addresses', async () => {
    const { store, bob } = await worldIn(await open());
    const tokenId = await store.transaction((tx) => insertToken(tx, tokenOf(bob)));
    const use = (usedAt: number, address: string, addresses = [address]) =>
      store.transaction((tx) =>
        recordUses(tx, [{ tokenId, usedAt, address, agent: 'git/2.39', purpose: `push ${usedAt}`, addresses }]),
      );
    for (const n of [1, 2, 3, 4]) await use(THEN + n, `10.0.0.${n}`);
    expect((await lastUses(store.db, [tokenId])).get(tokenId)?.addresses).toHaveLength(MAX_ADDRESSES - 1);
    await use(THEN + 5, '10.0.0.2');
    await use(THEN + 9, '10.0.0.6', ['10.0.0.6', '10.0.0.5']);
    await use(THEN + 6, '10.0.0.7');
    expect(await lastUses(store.db, [tokenId])).toEqual(
      new Map([
        [
          tokenId,
          {
            tokenId,
            usedAt: THEN + 9,
            address: '10.0.0.6',
            agent: 'git/2.39',
            purpose: `push ${THEN + 9}`,
            addresses: ['10.0.0.6', '10.0.0.5', '10.0.0.2', '10.0.0.4', '10.0.0.3'],
          },
        ],
      ]),
    );
    expect(await lastUses(store.db, [])).toEqual(new Map());
  });

  it('is written in batches of any size, without the tokens that are gone', async () => {
    const { store, bob } = await worldIn(await open());
    const ids = await store.transaction(async (tx) => {
      const added: number[] = [];
      for (let n = 0; n < 600; n++) added.push(await insertToken(tx, tokenOf(bob, { name: `t${n}` })));
      return added;
    });
    const uses = [...ids, 999_999].map((tokenId) => ({
      tokenId,
      usedAt: THEN,
      address: '::1',
      agent: '',
      purpose: 'read',
      addresses: ['::1'],
    }));
    await store.transaction((tx) => recordUses(tx, uses));
    const known = await lastUses(store.db, [...ids, 999_999]);
    expect(known.size).toBe(600);
    expect(known.has(999_999)).toBe(false);
  });
});
