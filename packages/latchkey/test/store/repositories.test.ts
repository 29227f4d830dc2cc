import { expect, it } from 'vitest';
import { setSuspended } from '../../src/store/account-flags.ts';
import { listCollaborators, removeCollaborator, setCollaborator } from '../../src/store/collaborators.ts';
import { isUniqueViolation } from '../../src/store/db.ts';
import { collaboratorRole, readRepositoryFacts, readUserFacts } from '../../src/store/decision-facts.ts';
import {
  deleteRepository,
  insertRepository,
  listAllRepositories,
  listRepositories,
  moveRepository,
  repositoriesByIds,
  repositoryById,
  repositoryByName,
  setArchived,
  setDescription,
  setPushed,
  setVisibility,
} from '../../src/store/repositories.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, worldIn } from './world.ts';

forEachEngine('repositories', (open) => {
  it('are unique within their owner in any case of letters', async () => {
    const { store, acme, bob, site } = await worldIn(await open());
    expect(await repositoryByName(store.db, acme, 'sITE')).toEqual({
      renamed: false,
      repository: await repositoryById(store.db, site),
    });
    const add = (ownerId: number) =>
      store.transaction((tx) => insertRepository(tx, { ownerId, name: 'SITE', visibility: 'public', at: THEN }));
    expect(isUniqueViolation(await add(acme).catch((thrown: unknown) => thrown))).toBe(true);
    expect((await add(bob)).ownerId).toBe(bob);
  });

  it('are found under an old name until that is taken again', async () => {
    const { store, acme, site } = await worldIn(await open());
    const moved = await store.transaction((tx) => moveRepository(tx, site, { ownerId: acme, name: 'www' }, THEN + 1));
    expect(moved).toMatchObject({ id: site, name: 'www', updatedAt: THEN + 1 });
    expect(await repositoryByName(store.db, acme, 'Site')).toMatchObject({
      renamed: true,
      repository: { id: site, name: 'www' },
    });
    const next = await store.transaction((tx) =>
      insertRepository(tx, { ownerId: acme, name: 'site', visibility: 'public', at: THEN }),
    );
    expect(await repositoryByName(store.db, acme, 'Site')).toMatchObject({
      renamed: false,
      repository: { id: next.id },
    });
    await store.transaction((tx) => deleteRepository(tx, next.id));
    expect(await repositoryByName(store.db, acme, 'Site')).toBeNull();
  });

  it('can be renamed back, and a change of letters only leaves no old name behind', async () => {
    const { store, acme, site } = await worldIn(await open());
    const move = (name: string) =>
      store.transaction((tx) => moveRepository(tx, site, { ownerId: acme, name }, THEN + 1));
    await move('www');
    await move('Site');
    await move('SITE');
    expect(await repositoryByName(store.db, acme, 'site')).toMatchObject({
      renamed: false,
      repository: { name: 'SITE' },
    });
    expect(await repositoryByName(store.db, acme, 'www')).toMatchObject({ renamed: true });
    expect(isUniqueViolation(await move('docs').catch((thrown: unknown) => thrown))).toBe(true);
    expect(await store.transaction((tx) => moveRepository(tx, 999, { ownerId: acme, name: 'x' }, THEN))).toBeNull();
  });

  it('change archive and visibility once, whoever else does the same', async () => {
    const { store, site } = await worldIn(await open());
    expect(await store.transaction((tx) => setArchived(tx, site, THEN + 1, THEN + 1))).toBe(true);
    expect(await store.transaction((tx) => setArchived(tx, site, THEN + 2, THEN + 2))).toBe(false);
    expect(await store.transaction((tx) => setVisibility(tx, site, 'internal', THEN + 3))).toBe(true);
    expect(await store.transaction((tx) => setVisibility(tx, site, 'internal', THEN + 4))).toBe(false);
    expect(await repositoryById(store.db, site)).toMatchObject({
      archivedAt: THEN + 1,
      visibility: 'internal',
      updatedAt: THEN + 3,
    });
    expect(await store.transaction((tx) => setArchived(tx, site, null, THEN + 5))).toBe(true);
    await store.transaction((tx) => setDescription(tx, site, 'our site', THEN + 6));
    await store.transaction((tx) => setPushed(tx, site, THEN + 7));
    expect(await repositoryById(store.db, site)).toMatchObject({
      archivedAt: null,
      description: 'our site',
      updatedAt: THEN + 6,
      pushedAt: THEN + 7,
    });
  });

  it('are listed by owner and all together, newest first', async () => {
    const { store, acme, bob, site, docs } = await worldIn(await open());
    expect((await listRepositories(store.db, acme, { beforeId: null, limit: 1 })).map((each) => each.id)).toEqual([
      docs,
    ]);
    expect((await listRepositories(store.db, acme, { beforeId: docs, limit: 9 })).map((each) => each.id)).toEqual([
      site,
    ]);
    expect(await listRepositories(store.db, bob, { beforeId: null, limit: 9 })).toEqual([]);
    expect(await listAllRepositories(store.db, { beforeId: null, limit: 9 })).toHaveLength(2);
    expect([...(await repositoriesByIds(store.db, [site, 999])).keys()]).toEqual([site]);
    expect(await store.transaction((tx) => deleteRepository(tx, site))).toBe(true);
    expect(await store.transaction((tx) => deleteRepository(tx, site))).toBe(false);
  });
});

forEachEngine('decision facts', (open) => {
  it('gives a person with all memberships, and nobody for an organization', async () => {
    const { store, ada, cy, acme } = await worldIn(await open());
    await store.transaction((tx) => setSuspended(tx, cy, THEN + 1));
    const plain = { admin: false, hasTwoFactor: false, disabledByProviderAt: null, lockedAt: null, keeper: null };
    expect(await readUserFacts(store.db, ada)).toEqual({
      user: { id: ada, login: 'Ada', ...plain, suspendedAt: null },
      memberships: new Map([[acme, 'owner']]),
    });
    expect(await readUserFacts(store.db, cy)).toEqual({
      user: { id: cy, login: 'Cy', ...plain, suspendedAt: THEN + 1 },
      memberships: new Map(),
    });
    expect(await readUserFacts(store.db, acme)).toBeNull();
    expect(await readUserFacts(store.db, 999)).toBeNull();
  });

  it('gives owner and repository by names in any case of letters', async () => {
    const { store, site } = await worldIn(await open());
    expect(await readRepositoryFacts(store.db, 'aCME', 'sITE')).toMatchObject({
      owner: { login: 'Acme', kind: 'organization' },
      repository: await repositoryById(store.db, site),
      renamed: false,
    });
    expect(await readRepositoryFacts(store.db, 'acme', 'nothing')).toMatchObject({
      owner: { login: 'Acme' },
      repository: null,
      renamed: false,
    });
    expect(await readRepositoryFacts(store.db, 'nobody', 'site')).toBeNull();
  });

  it("follows a rename and a transfer to today's owner, and prefers the name in use", async () => {
    const { store, acme, bob, site, docs } = await worldIn(await open());
    await store.transaction((tx) => moveRepository(tx, site, { ownerId: bob, name: 'www' }, THEN + 1));
    expect(await readRepositoryFacts(store.db, 'acme', 'site')).toMatchObject({
      owner: { id: bob },
      repository: { id: site, name: 'www' },
      renamed: true,
    });
    await store.transaction((tx) => moveRepository(tx, docs, { ownerId: acme, name: 'site' }, THEN + 2));
    expect(await readRepositoryFacts(store.db, 'acme', 'site')).toMatchObject({
      owner: { id: acme },
      repository: { id: docs },
      renamed: false,
    });
  });

  it("gives a collaborator's role in one repository", async () => {
    const { store, cy, site, docs } = await worldIn(await open());
    const set = (role: 'read' | 'maintain') =>
      store.transaction((tx) => setCollaborator(tx, { repositoryId: site, userId: cy, role, at: THEN }));
    await set('read');
    await set('maintain');
    expect(await collaboratorRole(store.db, site, cy)).toBe('maintain');
    expect(await collaboratorRole(store.db, docs, cy)).toBeNull();
    expect(await listCollaborators(store.db, site, { beforeId: null, limit: 9 })).toEqual([
      { userId: cy, login: 'Cy', role: 'maintain', since: THEN },
    ]);
    expect(await store.transaction((tx) => removeCollaborator(tx, site, cy))).toBe(true);
    expect(await store.transaction((tx) => removeCollaborator(tx, site, cy))).toBe(false);
    expect(await collaboratorRole(store.db, site, cy)).toBeNull();
  });
});
