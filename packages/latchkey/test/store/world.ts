/**
 * The small world of the store's tests: Ada owns Acme, Bob is a member, Cy an outsider; a private and a public
 * repository.
 */
import { insertOrganization, insertUser } from '../../src/store/accounts.ts';
import type { Query, Store } from '../../src/store/db.ts';
import { grantsOf } from '../../src/store/grants.ts';
import { setMembership } from '../../src/store/memberships.ts';
import { insertRepository } from '../../src/store/repositories.ts';
import type { NewRequest } from '../../src/store/requests.ts';
import { insertToken, type NewToken } from '../../src/store/tokens.ts';

/** When everything in this world was made. */
export const THEN = 1_790_000_000;

export interface World {
  readonly store: Store;
  readonly ada: number;
  readonly bob: number;
  readonly cy: number;
  readonly acme: number;
  /** Private. */
  readonly site: number;
  /** Public. */
  readonly docs: number;
}

export async function worldIn(store: Store): Promise<World> {
  return store.transaction(async (tx) => {
    const [ada, bob, cy] = await Promise.all(
      ['Ada', 'Bob', 'Cy'].map((login) => insertUser(tx, { login, passwordDigest: null, at: THEN })),
    );
    const acme = await insertOrganization(tx, { login: 'Acme', at: THEN });
    await setMembership(tx, { organizationId: acme.id, userId: ada!.id, role: 'owner', at: THEN });
    await setMembership(tx, { organizationId: acme.id, userId: bob!.id, role: 'member', at: THEN });
    const site = await insertRepository(tx, { ownerId: acme.id, name: 'Site', visibility: 'private', at: THEN });
    const docs = await insertRepository(tx, { ownerId: acme.id, name: 'docs', visibility: 'public', at: THEN });
    return { store, ada: ada!.id, bob: bob!.id, cy: cy!.id, acme: acme.id, site: site.id, docs: docs.id };
  });
}

/** A fine-grained token called `deploy`, with digest `digest-of-deploy`; anything can be changed. */
export function tokenOf(userId: number, given: Partial<NewToken> = {}): NewToken {
  const name = given.name ?? 'deploy';
  return {
    userId,
    kind: 'fine-grained',
    name,
    secret: { digest: `digest-of-${name}`, lastEight: 'AbCdEfGh' },
    expiresAt: null,
    at: THEN,
    ...given,
  };
}

/** Adds Bob's token with a pending grant for Acme, and returns the fields of a request about it. */
export async function waitingGrant(tx: Query, world: World): Promise<NewRequest> {
  const reach = { selection: 'selected', repositoryIds: [world.site], permissions: { contents: 'write' } } as const;
  const tokenId = await insertToken(
    tx,
    tokenOf(world.bob, { grants: [{ ownerId: world.acme, state: 'pending', ...reach }] }),
  );
  const [grant] = (await grantsOf(tx, [tokenId])).get(tokenId)!;
  return {
    tokenId,
    grantId: grant!.id,
    organizationId: world.acme,
    userId: world.bob,
    reason: 'to deploy',
    at: THEN,
    ...reach,
  };
}
