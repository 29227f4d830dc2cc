/**
 * The audit log as evidence: the database refuses to change it, and when somebody removes that protection, the chain
 * exposes them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CHECKPOINT_PURPOSE, chainAll, checkpointLine, newestCheckpointOf } from '../../../src/actions/audit/chain.ts';
import { pruneAudit } from '../../../src/actions/audit/prune.ts';
import { type ChainReport, verifyAudit } from '../../../src/actions/audit/verify.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { JOB_HANDLERS } from '../../../src/actions/instance/job-handlers.ts';
import { KeyFile } from '../../../src/base/sealing/key-file.ts';
import { digestOfCheckpoint, ENTRY_COLUMNS, fingerprintsOf, nextCheckpoint } from '../../../src/rules/audit/chain.ts';
import { appendAudit } from '../../../src/store/audit.ts';
import { AUDIT_GUARDS, appendCheckpoint, checkpointsAfter, storedEntries } from '../../../src/store/audit-chain.ts';
import { advanceStream } from '../../../src/store/audit-streams.ts';
import type { Query } from '../../../src/store/db.ts';
import { ENGINES, freshDatabase, openAgain } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';
import { NOTHING } from './entries.ts';

const append = (tx: Query, at: number, n: number): Promise<number> =>
  appendAudit(tx, { ...NOTHING, at, action: 'org.update_profile', actorLogin: `Zoë "${n}"`, data: { fields: [n] } });

async function write(ctx: TestContext, count: number): Promise<number[]> {
  return ctx.store.transaction(async (tx) => {
    const ids: number[] = [];
    for (let n = 0; n < count; n++) ids.push(await append(tx, ctx.clock.now(), n));
    return ids;
  });
}

/** A report's first fault, and the number of faults. */
const firstOf = ({ faults: [first], faultCount }: ChainReport) =>
  first && { kind: first.kind, checkpoint: first.checkpoint, entry: first.entry, detail: first.detail, faultCount };

/** The first fault after somebody in control of the database has done this to it, and undone it again. */
async function tamperedWith(
  ctx: TestContext,
  engine: (typeof ENGINES)[number],
  tamper: (tx: Query) => Promise<unknown>,
): Promise<ReturnType<typeof firstOf>> {
  let report: ChainReport | null = null;
  const undo = new Error('undone');
  await expect(
    ctx.store.transaction(async (tx) => {
      for (const guard of AUDIT_GUARDS[engine])
        await sql`drop trigger ${sql.ref(guard)} ${
          engine === 'sqlite' ? sql`` : sql`on ${sql.ref(guard.replace(/_[a-z]+$/, ''))}`
        }`.execute(tx);
      await tamper(tx);
      report = await verifyAudit({ keys: ctx.keys, store: { ...ctx.store, db: tx } });
      throw undo;
    }),
  ).rejects.toBe(undo);
  const { faults, faultCount } = report as unknown as ChainReport;
  const others = faults.filter(({ kind }) => kind !== 'guard_missing');
  expect(faults.slice(0, 9).map(({ detail }) => detail)).toEqual(AUDIT_GUARDS[engine]);
  return firstOf({ ...(report as unknown as ChainReport), faults: others, faultCount: faultCount - 9 });
}

describe.each(ENGINES)('the audit log [%s]', (engine) => {
  it('is changed by nobody: updates, deletions and replacements are refused by the database', async () => {
    const ctx = await contextWith({}, engine);
    const [id = 0] = await write(ctx, 2);
    await chainAll(ctx);
    const { db } = ctx.store;
    const refused = /append-only/;
    await expect(db.updateTable('audit').set({ actor_login: 'eve' }).execute()).rejects.toThrow(refused);
    await expect(db.deleteFrom('audit').where('id', '=', id).execute()).rejects.toThrow(refused);
    await expect(db.updateTable('audit_checkpoints').set({ digest: '' }).execute()).rejects.toThrow(refused);
    await expect(db.deleteFrom('audit_checkpoints').execute()).rejects.toThrow(refused);
    if (engine === 'sqlite')
      await expect(
        sql`insert or replace into audit (id, at, action, data_json) values (${id}, 1, 'x', '{}')`.execute(db),
      ).rejects.toThrow(refused);
    else await expect(sql`truncate audit`.execute(db)).rejects.toThrow(refused);
    expect((await verifyAudit(ctx)).faultCount).toBe(0);
  });

  it('shows an entry put in where an id was left out, and a change that its fingerprint was fitted to', async () => {
    const ctx = await contextWith({}, engine);
    const [first = 0] = await write(ctx, 1);
    const { db } = ctx.store;
    const copyAs = (tx: Query, id: number) =>
      sql`insert into audit (id, at, action, data_json)
        select cast(${id} as bigint), at, action, data_json from audit where id = ${first}`.execute(tx);
    await copyAs(db, first + 2);
    await ctx.store.transaction(async (tx) => {
      const kept = await storedEntries(tx, { afterId: 0, throughId: first + 2, limit: 10 });
      const facts = nextCheckpoint(null, kept, ctx.clock.now());
      await appendCheckpoint(tx, {
        ...facts,
        signature: ctx.keys.sign(CHECKPOINT_PURPOSE, facts.digest),
        fingerprints: fingerprintsOf(facts.firstId, kept),
      });
    });
    expect(await verifyAudit(ctx)).toMatchObject({ faultCount: 0, entries: 2 });
    expect(await tamperedWith(ctx, engine, (tx) => copyAs(tx, first + 1))).toMatchObject({
      kind: 'entry_inserted',
      entry: first + 1,
      faultCount: 1,
    });
    const fitted = async (tx: Query): Promise<void> => {
      await tx.updateTable('audit').set({ address: '192.0.2.1' }).where('id', '=', first).execute();
      const changed = await storedEntries(tx, { afterId: 0, throughId: first + 2, limit: 10 });
      await tx
        .updateTable('audit_checkpoints')
        .set({ fingerprints: fingerprintsOf(1, changed) })
        .execute();
    };
    expect(await tamperedWith(ctx, engine, fitted)).toMatchObject({
      kind: 'range_broken',
      checkpoint: 1,
      entry: null,
      faultCount: 1,
    });
  });

  it('reveals every way of tampering with it, by the first changed entry or range', async () => {
    const ctx = await contextWith({}, engine);
    await write(ctx, 3);
    await chainAll(ctx);
    await write(ctx, 4);
    await chainAll(ctx);
    await write(ctx, 2);
    const whole = await verifyAudit(ctx);
    expect(whole).toMatchObject({ faultCount: 0, checkpoints: 2, entries: 7, unchained: 2 });

    const after = (tamper: (tx: Query) => Promise<unknown>) => tamperedWith(ctx, engine, tamper);
    const entry = (id: number) => (tx: Query) => tx.updateTable('audit').where('id', '=', id);
    expect(await after((tx) => entry(2)(tx).set({ address: '192.0.2.1' }).execute())).toEqual({
      kind: 'entry_changed',
      checkpoint: 1,
      entry: 2,
      detail: null,
      faultCount: 1,
    });
    expect(await after((tx) => tx.deleteFrom('audit').where('id', '=', 5).execute())).toMatchObject({
      kind: 'entry_removed',
      checkpoint: 2,
      entry: 5,
      faultCount: 1,
    });
    expect(
      await after((tx) =>
        sql`insert into audit (id, at, action, data_json) select 0 - 1, at, action, data_json from audit where id = 1`
          .execute(tx)
          .then(() => tx.deleteFrom('audit').where('id', '=', 6).execute())
          .then(() => entry(-1)(tx).set({ id: 6 }).execute()),
      ),
    ).toMatchObject({ kind: 'entry_changed', entry: 6 });
    expect(
      await after(async (tx) => {
        await entry(4)(tx).set({ id: 99 }).execute();
        await entry(5)(tx).set({ id: 4 }).execute();
        await entry(99)(tx).set({ id: 5 }).execute();
      }),
    ).toEqual({ kind: 'entry_moved', checkpoint: 2, entry: 4, detail: 'it was 5', faultCount: 2 });
    expect(await after((tx) => tx.deleteFrom('audit_checkpoints').where('number', '=', 1).execute())).toMatchObject({
      kind: 'checkpoint_removed',
      checkpoint: 1,
    });
    expect(await after((tx) => tx.updateTable('audit_checkpoints').set({ at: 1 }).execute())).toMatchObject({
      kind: 'checkpoint_changed',
      checkpoint: 1,
    });
    // Somebody who controls the database but doesn't have the key can make their own chain. It isn't signed.
    expect(
      await after(async (tx) => {
        await tx.deleteFrom('audit').where('id', '=', 7).execute();
        await tx.deleteFrom('audit_checkpoints').where('number', '=', 2).execute();
        await tx.updateTable('audit').where('id', '>', 7).set({ id: sql`id - 1` }).execute();
        const forged = { ...ctx, keys: { ...ctx.keys, sign: () => `${ctx.keys.ids[0]}.guessed` } };
        const store = { ...ctx.store, db: tx, settledAuditId: async () => 8 };
        await chainAll({
          ...forged,
          store: { ...store, transaction: (work: (tx: Query) => unknown) => work(tx) },
        } as unknown as TestContext);
      }),
    ).toMatchObject({ kind: 'signature_wrong', checkpoint: 2, faultCount: 1 });
    // A pruning isn't signed either.
    expect(
      await after(async (tx) => {
        await tx
          .insertInto('audit_prunings')
          .values({ checkpoint: 1, through_id: 3, at: 1, signature: `${ctx.keys.ids[0]}.guessed` })
          .execute();
        await tx.deleteFrom('audit').where('id', '<=', 3).execute();
      }),
    ).toMatchObject({ kind: 'pruning_forged', checkpoint: 1, faultCount: 4 });
    expect(await verifyAudit(ctx)).toEqual(whole);
  });

  it('is compared with a checkpoint that was kept elsewhere, which tells of an end that was cut off', async () => {
    const ctx = await contextWith({}, engine);
    await write(ctx, 3);
    await chainAll(ctx);
    const kept = (await newestCheckpointOf(ctx))!;
    expect((await verifyAudit(ctx, { keptElsewhere: [kept] })).faultCount).toBe(0);
    expect(firstOf(await verifyAudit(ctx, { keptElsewhere: [{ ...kept, digest: '0'.repeat(64) }] }))).toMatchObject({
      kind: 'checkpoint_differs',
      checkpoint: 1,
    });
    const otherKey = join(ctx.settings.data, 'other.key');
    await writeFile(otherKey, Buffer.alloc(32, 7).toString('base64'));
    const strange = { ...ctx, keys: new KeyFile(otherKey) };
    expect(firstOf(await verifyAudit(strange))).toMatchObject({ kind: 'signature_unknown', checkpoint: 1 });
    expect((await verifyAudit(strange, { withoutUnknownKeys: true })).faultCount).toBe(0);
    expect(firstOf(await verifyAudit(ctx, { keptElsewhere: [{ ...kept, number: 2 }] }))).toMatchObject({
      kind: 'checkpoint_removed',
      checkpoint: 2,
      detail: 'it was kept elsewhere',
    });
  });

  it('is pruned in whole ranges, which leaves its checkpoints, an entry and a log that is whole', async () => {
    const ctx = await contextWith({}, engine);
    await write(ctx, 3);
    await chainAll(ctx);
    ctx.clock.advance(10);
    const between = ctx.clock.now();
    await expect(pruneAudit(ctx, operatorPermit(), { before: ctx.clock.now() - 100 })).rejects.toThrow(
      'No range of the log',
    );
    await write(ctx, 2);
    await chainAll(ctx);
    await expect(pruneAudit(ctx, operatorPermit(), { before: ctx.clock.now() + 1 })).rejects.toThrow(
      'Only what is past',
    );
    expect(await pruneAudit(ctx, operatorPermit(), { before: between })).toMatchObject({
      checkpoint: 1,
      throughId: 3,
      deleted: 3,
    });
    await chainAll(ctx);
    const left = await ctx.store.db.selectFrom('audit').select(['id', 'action']).orderBy('id').execute();
    expect(left.map(({ id }) => id)).toEqual([4, 5, 6]);
    expect(left.at(-1)).toMatchObject({ action: 'audit_log.prune' });
    expect(await verifyAudit(ctx)).toMatchObject({ faultCount: 0, checkpoints: 3, entries: 3, prunedThroughId: 3 });
    await expect(ctx.store.db.deleteFrom('audit').where('id', '=', 4).execute()).rejects.toThrow(/append-only/);
    await expect(pruneAudit(ctx, operatorPermit(), { before: between })).rejects.toThrow('No range of the log');
    ctx.clock.advance(10);
    const [now, from] = [ctx.clock.now(), { afterId: 0, afterCheckpoint: 0 }];
    await ctx.store.transaction((tx) =>
      advanceStream(tx, 'file', { from, to: { afterId: 5, afterCheckpoint: 4 }, at: now }),
    );
    await expect(pruneAudit(ctx, operatorPermit(), { before: now })).rejects.toThrow('has sent what is up to 5;');
    expect(firstOf(await verifyAudit(ctx))).toMatchObject({
      kind: 'checkpoint_removed',
      checkpoint: 4,
      detail: 'the stream file has sent it',
    });
    const unsent = { before: now, unsent: true };
    await sql`drop trigger audit_unchanged ${engine === 'sqlite' ? sql`` : sql`on audit`}`.execute(ctx.store.db);
    await expect(pruneAudit(ctx, operatorPermit(), unsent)).rejects.toThrow('not as it was written');
  });

  it('is chained by a job, in ranges of 500 entries at most, once however many nodes do it', async () => {
    const ctx = await contextWith({}, engine);
    await write(ctx, 501);
    const go = new AbortController().signal;
    await Promise.all([JOB_HANDLERS['chain-audit'](ctx, null, go), JOB_HANDLERS['chain-audit'](ctx, null, go)]);
    await JOB_HANDLERS['chain-audit'](ctx, null, go);
    const made = await checkpointsAfter(ctx.store.db, 0, 10);
    expect(made.map(({ number, firstId, lastId, entries }) => [number, firstId, lastId, entries])).toEqual([
      [1, 1, 500, 500],
      [2, 501, 501, 1],
    ]);
    expect((await verifyAudit(ctx)).faultCount).toBe(0);
  });
});

describe('the chain', () => {
  it('waits on PostgreSQL for an entry that has its id but is not committed yet', async () => {
    const database = await freshDatabase('postgres');
    onTestFinished(database.remove);
    const [here, there] = [await openAgain(database), await openAgain(database)];
    const [inside, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = here.transaction(async (tx) => {
      await append(tx, 1, 1);
      inside.resolve();
      await mayEnd.promise;
    });
    await inside.promise;
    await there.transaction((tx) => append(tx, 1, 2));
    expect((await there.db.selectFrom('audit').select('id').execute()).map(({ id }) => id)).toEqual([2]);
    expect(await there.settledAuditId()).toBeNull();
    mayEnd.resolve();
    await slow;
    await vi.waitFor(async () => expect(await there.settledAuditId()).toBe(2), { timeout: 30_000 });
    expect((await there.db.selectFrom('audit').select('id').orderBy('id').execute()).map(({ id }) => id)).toEqual([
      1, 2,
    ]);
  });

  it('is described in docs/audit.md well enough to be made again', async () => {
    const ctx = await contextWith();
    await write(ctx, 1);
    await chainAll(ctx);
    const guide = await readFile(new URL('../../../../../docs/audit.md', import.meta.url), 'utf8');
    expect(guide).toContain(`[${ENTRY_COLUMNS.join(', ')}]`);
    expect(guide).toContain('[number, first_id, last_id, entries, entries_digest, previous, at]');
    const line = checkpointLine((await newestCheckpointOf(ctx))!);
    for (const field of Object.keys(line)) expect(guide).toContain(`"${field}"`);
    expect(line['digest']).toBe(digestOfCheckpoint((await newestCheckpointOf(ctx))!));
  });
});
