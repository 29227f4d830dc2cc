import { expect, it } from 'vitest';
import { deleteAccount } from '../../src/store/account-deletion.ts';
import { setSuspended } from '../../src/store/account-flags.ts';
import {
  accountById,
  accountByLogin,
  accountsByIds,
  insertOrganization,
  insertUser,
  listAccounts,
  passwordDigestOf,
  setAdmin,
  setPasswordDigest,
  setProfile,
  setTwoFactor,
  userByEmail,
} from '../../src/store/accounts.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../../src/store/db.ts';
import {
  deleteEmail,
  emailsOf,
  holderOfVerified,
  insertEmail,
  setPrimaryEmail,
  verifyEmail,
} from '../../src/store/emails.ts';
import {
  countOwners,
  listMembers,
  membershipRole,
  removeMembership,
  setMembership,
} from '../../src/store/memberships.ts';
import { tokenByDigest } from '../../src/store/presented-tokens.ts';
import { deleteRepository, listRepositories } from '../../src/store/repositories.ts';
import { insertToken } from '../../src/store/tokens.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, tokenOf, worldIn } from './world.ts';

const ALL = { beforeId: null, limit: 100 };

forEachEngine('accounts', (open) => {
  it('are found by login in any case of letters, and keep the spelling they were given', async () => {
    const { store, ada } = await worldIn(await open());
    expect(await accountByLogin(store.db, 'aDA')).toEqual({
      id: ada,
      kind: 'user',
      ownedBy: null,
      login: 'Ada',
      name: '',
      createdAt: THEN,
      suspendedAt: null,
      disabledByProviderAt: null,
      lockedAt: null,
      recoveredAt: null,
      admin: false,
      twoFactorAt: null,
      timeZone: null,
      profile: {},
    });
    expect(await accountByLogin(store.db, 'ad')).toBeNull();
    expect(await accountById(store.db, ada)).toMatchObject({ login: 'Ada' });
    expect(await accountById(store.db, 999)).toBeNull();
  });

  it("share one namespace: an organization cannot take a person's login in other letters", async () => {
    const { store } = await worldIn(await open());
    const error = await store
      .transaction((tx) => insertOrganization(tx, { login: 'ADA', at: THEN }))
      .catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error)).toBe(true);
    expect(isForeignKeyViolation(error)).toBe(false);
  });

  it('tell a name that is taken from a row that is missing', async () => {
    const { store, acme } = await worldIn(await open());
    const error = await store
      .transaction((tx) => setMembership(tx, { organizationId: acme, userId: 999, role: 'member', at: THEN }))
      .catch((thrown: unknown) => thrown);
    expect(isForeignKeyViolation(error)).toBe(true);
    expect(isUniqueViolation(error)).toBe(false);
    expect(isUniqueViolation(new Error('another'))).toBe(false);
    expect(isForeignKeyViolation(null)).toBe(false);
  });

  it('are suspended and restored once, whoever else does the same', async () => {
    const { store, bob } = await worldIn(await open());
    expect(await store.transaction((tx) => setSuspended(tx, bob, THEN + 5))).toBe(true);
    expect(await store.transaction((tx) => setSuspended(tx, bob, THEN + 9))).toBe(false);
    expect((await accountById(store.db, bob))?.suspendedAt).toBe(THEN + 5);
    expect(await store.transaction((tx) => setSuspended(tx, bob, null))).toBe(true);
    expect(await store.transaction((tx) => setSuspended(tx, bob, null))).toBe(false);
    expect((await accountById(store.db, bob))?.suspendedAt).toBeNull();
  });

  it('keep administrator, second factor, profile and password digest', async () => {
    const { store, cy } = await worldIn(await open());
    await store.transaction(async (tx) => {
      await setAdmin(tx, cy, true);
      await setTwoFactor(tx, cy, THEN + 1);
      await setProfile(tx, cy, { name: 'Cyrus', profile: { bio: 'ünïcode ☂' } });
      await setPasswordDigest(tx, cy, '$argon2id$x');
    });
    expect(await accountById(store.db, cy)).toMatchObject({
      admin: true,
      twoFactorAt: THEN + 1,
      name: 'Cyrus',
      profile: { bio: 'ünïcode ☂' },
    });
    expect(await passwordDigestOf(store.db, cy)).toBe('$argon2id$x');
    expect(await passwordDigestOf(store.db, 999)).toBeNull();
  });

  it('are listed by kind, newest first, a page at a time', async () => {
    const { store, ada, bob, cy, acme } = await worldIn(await open());
    expect((await listAccounts(store.db, 'user', { beforeId: null, limit: 2 })).map((user) => user.id)).toEqual([
      cy,
      bob,
    ]);
    expect((await listAccounts(store.db, 'user', { beforeId: bob, limit: 2 })).map((user) => user.id)).toEqual([ada]);
    expect((await listAccounts(store.db, 'organization', ALL)).map((org) => org.id)).toEqual([acme]);
    expect([...(await accountsByIds(store.db, [ada, acme, 999])).keys()].toSorted()).toEqual([ada, acme].toSorted());
    expect(await accountsByIds(store.db, [])).toEqual(new Map());
  });

  it('cannot be deleted while they own repositories, and take everything else along', async () => {
    const { store, ada, acme, site, docs } = await worldIn(await open());
    const error = await store
      .transaction((tx) => deleteAccount(tx, { id: acme, login: 'Acme' }, THEN))
      .catch((thrown: unknown) => thrown);
    expect(isForeignKeyViolation(error)).toBe(true);
    expect(await listRepositories(store.db, acme, ALL)).toHaveLength(2);
    await store.transaction(async (tx) => {
      await insertToken(
        tx,
        tokenOf(ada, {
          grants: [{ ownerId: acme, selection: 'all', repositoryIds: [], permissions: {}, state: 'active' }],
        }),
      );
      await deleteRepository(tx, site);
      await deleteRepository(tx, docs);
      expect(await deleteAccount(tx, { id: acme, login: 'Acme' }, THEN)).toBe(true);
      expect(await deleteAccount(tx, { id: acme, login: 'Acme' }, THEN)).toBe(false);
    });
    expect((await tokenByDigest(store.db, 'digest-of-deploy'))?.grants).toEqual([]);
    await store.transaction((tx) => deleteAccount(tx, { id: ada, login: 'Ada' }, THEN));
    expect(await tokenByDigest(store.db, 'digest-of-deploy')).toBeNull();
  });

  it('never give an id a second time', async () => {
    const store = await open();
    const add = (login: string) => store.transaction((tx) => insertUser(tx, { login, passwordDigest: null, at: THEN }));
    const first = await add('first');
    await store.transaction((tx) => deleteAccount(tx, first, THEN));
    expect((await add('second')).id).toBeGreaterThan(first.id);
  });
});

forEachEngine('e-mail addresses', (open) => {
  it('are claimed by many and belong to who verified them, in any case of letters, with one primary', async () => {
    const { store, ada, bob } = await worldIn(await open());
    const add = (userId: number, address: string, primary: boolean) =>
      store.transaction((tx) => insertEmail(tx, { userId, address, verifiedAt: null, primary, at: THEN }));
    const first = await add(ada, 'Ada@example.com', true);
    const second = await add(ada, 'ada@example.org', false);
    const taken = async (work: Promise<unknown>): Promise<boolean> =>
      isUniqueViolation(await work.catch((thrown: unknown) => thrown));
    expect(await taken(add(ada, 'aDA@EXAMPLE.com', false)), 'once for each person').toBe(true);
    const claimed = await add(bob, 'aDA@EXAMPLE.com', false);
    expect((await userByEmail(store.db, 'ADA@example.COM'))?.login).toBe('Ada');
    expect(await holderOfVerified(store.db, 'ada@example.com')).toBeNull();
    expect(await store.transaction((tx) => verifyEmail(tx, claimed, THEN))).toBe(true);
    expect((await userByEmail(store.db, 'ADA@example.COM'))?.login).toBe('Bob');
    expect(await taken(store.transaction((tx) => verifyEmail(tx, first, THEN)))).toBe(true);
    expect(await holderOfVerified(store.db, 'ada@example.com')).toBe(bob);
    expect(await userByEmail(store.db, 'ada')).toBeNull();

    expect(await store.transaction((tx) => verifyEmail(tx, second, THEN + 1))).toBe(true);
    expect(await store.transaction((tx) => verifyEmail(tx, second, THEN + 2))).toBe(false);
    await store.transaction((tx) => setPrimaryEmail(tx, ada, second));
    expect((await emailsOf(store.db, ada)).map((email) => [email.id, email.primary, email.verifiedAt])).toEqual([
      [second, true, THEN + 1],
      [first, false, null],
    ]);
    expect(await store.transaction((tx) => deleteEmail(tx, ada, second))).toBe(false);
    expect(await store.transaction((tx) => deleteEmail(tx, bob, first))).toBe(false);
    expect(await store.transaction((tx) => deleteEmail(tx, ada, first))).toBe(true);
  });
});

forEachEngine('memberships', (open) => {
  it('give one role each, which can be changed and ended', async () => {
    const { store, ada, bob, cy, acme } = await worldIn(await open());
    expect(await membershipRole(store.db, acme, bob)).toBe('member');
    expect(await membershipRole(store.db, acme, cy)).toBeNull();
    await store.transaction((tx) =>
      setMembership(tx, { organizationId: acme, userId: bob, role: 'owner', at: THEN + 1 }),
    );
    expect(await countOwners(store.db, acme)).toBe(2);
    expect(await listMembers(store.db, acme, ALL)).toEqual([
      { userId: bob, login: 'Bob', role: 'owner', since: THEN },
      { userId: ada, login: 'Ada', role: 'owner', since: THEN },
    ]);
    expect(await store.transaction((tx) => removeMembership(tx, acme, bob))).toBe(true);
    expect(await store.transaction((tx) => removeMembership(tx, acme, bob))).toBe(false);
    expect(await membershipRole(store.db, acme, bob)).toBeNull();
  });
});
