import { expect, it } from 'vitest';
import { NO_POLICY } from '../../src/rules/policy.ts';
import { type AuditEntry, appendAudit, listAudit, type NewAuditEntry } from '../../src/store/audit.ts';
import { setPolicy, storedPolicies, storedPolicy } from '../../src/store/policies.ts';
import {
  cancelRequests,
  countPendingRequests,
  decideRequest,
  insertRequest,
  listRequests,
  requestById,
} from '../../src/store/requests.ts';
import { forEachEngine } from '../engines/engines.ts';
import { THEN, waitingGrant, worldIn } from './world.ts';

const ALL = { beforeId: null, limit: 100 };

forEachEngine('requests', (open) => {
  it('are decided once: of two owners at the same moment exactly one decides', async () => {
    const world = await worldIn(await open());
    const { store, ada, bob, acme, site } = world;
    const id = await store.transaction(async (tx) => insertRequest(tx, await waitingGrant(tx, world)));
    expect(await requestById(store.db, id)).toMatchObject({
      organizationId: acme,
      reason: 'to deploy',
      repositoryIds: [site],
      permissions: { contents: 'write' },
      state: 'pending',
      decidedAt: null,
    });
    expect(await countPendingRequests(store.db, acme)).toBe(1);
    const decide = (state: 'approved' | 'denied', by: number) =>
      store.transaction((tx) => decideRequest(tx, id, { state, by, reason: 'because', at: THEN + 1 }));
    const outcomes = await Promise.all([
      decide('approved', ada),
      decide('denied', bob),
      decide('approved', bob),
      decide('denied', ada),
    ]);
    const [winner, ...others] = outcomes.filter((each) => each !== null);
    expect(others).toEqual([]);
    expect(await requestById(store.db, id)).toEqual(winner);
    expect(winner).toMatchObject({ decidedAt: THEN + 1, decisionReason: 'because' });
    expect(await countPendingRequests(store.db, acme)).toBe(0);
  });

  it('are cancelled while they wait, by token or by grant, and never after a decision', async () => {
    const world = await worldIn(await open());
    const { store, ada } = world;
    const [request, first] = await store.transaction(async (tx) => {
      const waiting = await waitingGrant(tx, world);
      return [waiting, await insertRequest(tx, waiting)];
    });
    const again = () => store.transaction((tx) => insertRequest(tx, request));
    await store.transaction((tx) => decideRequest(tx, first, { state: 'denied', by: ada, reason: null, at: THEN }));
    const second = await again();
    expect(await store.transaction((tx) => cancelRequests(tx, { tokenId: request.tokenId }, THEN))).toEqual([second]);
    const third = await again();
    expect(await store.transaction((tx) => cancelRequests(tx, { grantId: request.grantId }, THEN))).toEqual([third]);
    expect((await listRequests(store.db, { tokenId: request.tokenId }, ALL)).map((each) => each.state)).toEqual([
      'cancelled',
      'cancelled',
      'denied',
    ]);
  });

  it('are listed newest first by organization, person, token, grant and state', async () => {
    const world = await worldIn(await open());
    const { store, ada, bob, acme } = world;
    const [request, first, second] = await store.transaction(async (tx) => {
      const waiting = await waitingGrant(tx, world);
      return [waiting, await insertRequest(tx, waiting), await insertRequest(tx, waiting)];
    });
    await store.transaction((tx) => decideRequest(tx, first, { state: 'approved', by: ada, reason: null, at: THEN }));
    const ids = async (filter: Parameters<typeof listRequests>[1], page = ALL as Parameters<typeof listRequests>[2]) =>
      (await listRequests(store.db, filter, page)).map((each) => each.id);
    expect(await ids({ organizationId: acme })).toEqual([second, first]);
    expect(await ids({ organizationId: acme, state: 'pending' })).toEqual([second]);
    expect(await ids({ userId: bob, grantId: request.grantId }, { beforeId: second, limit: 1 })).toEqual([first]);
    expect(await ids({ userId: ada })).toEqual([]);
  });
});

forEachEngine('policies', (open) => {
  it('are kept per organization and for the instance', async () => {
    const { store, acme, bob } = await worldIn(await open());
    expect(await storedPolicy(store.db, acme)).toBeNull();
    const strict = { ...NO_POLICY, requiresApproval: true, allowedAddresses: ['10.0.0.0/8'] };
    await store.transaction((tx) => setPolicy(tx, acme, NO_POLICY, THEN));
    await store.transaction((tx) => setPolicy(tx, acme, strict, THEN + 1));
    await store.transaction((tx) => setPolicy(tx, 0, { ...NO_POLICY, exemptAdministrators: true }, THEN));
    expect(await storedPolicy(store.db, acme)).toEqual(strict);
    expect(await storedPolicies(store.db, [0, acme, bob])).toEqual(
      new Map([
        [0, { ...NO_POLICY, exemptAdministrators: true }],
        [acme, strict],
      ]),
    );
    expect(await storedPolicies(store.db, [])).toEqual(new Map());
  });

  it('stored before a choice existed make no such choice', async () => {
    const { store, acme } = await worldIn(await open());
    await store.db
      .insertInto('policies')
      .values({ account_id: acme, policy_json: '{"requiresSso":true}', updated_at: THEN })
      .execute();
    expect(await storedPolicy(store.db, acme)).toEqual({ ...NO_POLICY, requiresSso: true });
  });
});

const ENTRY: NewAuditEntry = {
  at: THEN,
  action: 'personal_access_token.create',
  actorId: 1,
  actorLogin: 'ada',
  userId: 1,
  organizationId: null,
  repositoryId: null,
  tokenId: 7,
  actorTokenId: null,
  address: '::1',
  userAgent: 'curl',
  data: { name: 'ünï', scopes: ['repo'] },
};

forEachEngine('audit', (open) => {
  it('gives back what was written, newest first, narrowed by each filter', async () => {
    const store = await open();
    const add = (given: Partial<NewAuditEntry>): Promise<AuditEntry> =>
      store.transaction(async (tx) => ({ id: await appendAudit(tx, { ...ENTRY, ...given }), ...ENTRY, ...given }));
    const first = await add({});
    const second = await add({ at: THEN + 1, organizationId: 5, actorId: 2, action: 'personal_access_token.revoke' });
    const third = await add({ at: THEN + 2, organizationId: 5, userId: 2, tokenId: null });
    const list = (filter: Parameters<typeof listAudit>[1], page: Parameters<typeof listAudit>[2] = ALL) =>
      listAudit(store.db, filter, page);
    expect(await list({})).toEqual([third, second, first]);
    expect(await list({}, { beforeId: third.id, limit: 1 })).toEqual([second]);
    expect(await list({ organizationId: 5 })).toEqual([third, second]);
    expect(await list({ userId: 1, tokenId: 7 })).toEqual([second, first]);
    expect(await list({ actorId: 2 })).toEqual([second]);
    expect(await list({ action: 'personal_access_token.create', sinceAt: THEN + 1 })).toEqual([third]);
  });

  it('is written with the change or not at all', async () => {
    const store = await open();
    const failed = store.transaction(async (tx) => {
      await appendAudit(tx, ENTRY);
      throw new Error('changed my mind');
    });
    await expect(failed).rejects.toThrow('changed my mind');
    expect(await listAudit(store.db, {}, ALL)).toEqual([]);
  });
});
