import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/actions/decision/authenticate.ts';
import { MAX_SUBJECTS, Memory, UNUSED_SEC } from '../../../src/actions/decision/memory.ts';
import { SecretLookup } from '../../../src/actions/decision/secret-lookup.ts';
import type { Context } from '../../../src/actions/ground/context.ts';
import { digestOf, Secret } from '../../../src/base/secret.ts';
import { systemClock } from '../../../src/base/time.ts';
import { mintTokenText } from '../../../src/rules/token-text.ts';
import { setSuspended } from '../../../src/store/account-flags.ts';
import type { Store } from '../../../src/store/db.ts';
import { bumpRevision, CHANGES_KEPT, deleteOldChanges, subjectOf } from '../../../src/store/revision.ts';
import { insertToken, revokeToken } from '../../../src/store/tokens.ts';
import { forEachEngine } from '../../engines/engines.ts';
import { THEN, tokenOf, worldIn } from '../../store/world.ts';

/** A memory, and how often each key was read from the store. */
function remembering(store: Store) {
  let now = 0;
  const memory = new Memory(store, { passed: () => now });
  const reads: string[] = [];
  const ask = async (key: string, about: readonly number[] | null): Promise<void> => {
    await memory.refresh();
    await memory.recall(
      key,
      async () => {
        reads.push(key);
        return { key };
      },
      about === null ? {} : { subjects: () => about },
    );
  };
  return { memory, reads, ask, pass: (sec: number) => void (now += sec) };
}

forEachEngine('memory', (open) => {
  it('forgets what a change was about, and nothing else', async () => {
    const store = await open();
    const { reads, ask } = remembering(store);
    const [mine, yours] = [[subjectOf('token', 1), subjectOf('account', 9)], [subjectOf('token', 2)]];
    const all = async (): Promise<string[]> => {
      reads.length = 0;
      await ask('mine', mine);
      await ask('yours', yours);
      await ask('anything', null);
      return [...reads];
    };
    expect(await all()).toEqual(['mine', 'yours', 'anything']);
    expect(await all()).toEqual([]);
    await store.transaction((tx) => bumpRevision(tx, subjectOf('token', 1)));
    expect(await all()).toEqual(['mine', 'anything']);
    await store.transaction((tx) => bumpRevision(tx, subjectOf('account', 9), subjectOf('repository', 2)));
    expect(await all()).toEqual(['mine', 'anything']);
    await store.transaction((tx) => bumpRevision(tx));
    expect(await all()).toEqual(['mine', 'yours', 'anything']);
    expect(await all()).toEqual([]);
  });

  it('never tells what a change overtook while it was being read', async () => {
    const store = await open();
    const memory = new Memory(store, systemClock);
    const subjects = (): number[] => [subjectOf('token', 1)];
    await memory.refresh();
    const gate = Promise.withResolvers<{ alive: boolean }>();
    const slow = memory.recall('token', () => gate.promise, { subjects });
    await store.transaction((tx) => bumpRevision(tx, subjectOf('token', 1)));
    await memory.refresh();
    gate.resolve({ alive: true });
    expect(await slow).toEqual({ alive: true });
    expect(await memory.recall('token', async () => ({ alive: false }), { subjects })).toEqual({ alive: false });
  });

  it('forgets everything after more changes than are kept', async () => {
    const store = await open();
    const { reads, ask } = remembering(store);
    await ask('mine', [subjectOf('token', 1)]);
    await store.transaction(async (tx) => {
      await bumpRevision(tx, subjectOf('token', 2));
      await tx
        .updateTable('revision')
        .set((row) => ({ revision: row('revision', '+', CHANGES_KEPT) }))
        .execute();
      await deleteOldChanges(tx);
    });
    await ask('mine', [subjectOf('token', 1)]);
    expect(reads).toEqual(['mine', 'mine']);
  });

  it('stays bounded when ever new things change', async () => {
    const store = await open();
    const { reads, ask } = remembering(store);
    await ask('mine', [subjectOf('token', 1)]);
    const many = Array.from({ length: MAX_SUBJECTS / 2 + 1 }, (_, n) => ({ subject: subjectOf('token', n + 2) }));
    for (let round = 0; round < 2; round++) {
      await store.transaction(async (tx) => {
        await bumpRevision(tx, subjectOf('repository', 1));
        const { revision } = await tx.selectFrom('revision').select('revision').executeTakeFirstOrThrow();
        for (let start = 0; start < many.length; start += 5_000)
          await tx
            .insertInto('revision_changes')
            .values(many.slice(start, start + 5_000).map((row) => ({ subject: row.subject + round * 1e6, revision })))
            .execute();
      });
      await ask('mine', [subjectOf('token', 1)]);
    }
    expect(reads).toEqual(['mine', 'mine']);
  });

  it('drops what nobody reads, and keeps what is read in time', async () => {
    const store = await open();
    const { memory, reads, ask, pass } = remembering(store);
    const [mine, ended] = [[subjectOf('token', 1)], [subjectOf('token', 2)]];
    await ask('mine', mine);
    await ask('ended', ended);
    for (let n = 0; n < 3; n++) {
      await store.transaction((tx) => bumpRevision(tx, subjectOf('token', 2)));
      await ask('mine', mine);
      pass(UNUSED_SEC);
      await ask(`another ${n}`, []);
    }
    await ask('mine', mine);
    expect(reads.filter((key) => key === 'mine')).toHaveLength(1);
    // "mine", and what was asked for last.
    expect(memory.counts.entries).toBe(3);
    await store.transaction((tx) => bumpRevision(tx, subjectOf('token', 1)));
    await ask('mine', mine);
    expect(reads.filter((key) => key === 'mine')).toHaveLength(2);
  });

  it('never tells what was changed, however long ago it was last asked for', async () => {
    const store = await open();
    const { memory, pass } = remembering(store);
    const alive = [1, 2, 3, 4].map(() => 0);
    let told = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('ask', 'ask', 'change', 'pass'), fc.nat(3)), {
          minLength: 30,
          maxLength: 60,
        }),
        async (steps) => {
          for (const [what, n] of steps) {
            if (what === 'pass') pass((UNUSED_SEC * (n + 1)) / 3);
            if (what === 'change') {
              await store.transaction((tx) => bumpRevision(tx, subjectOf('token', n + 1)));
              alive[n] = (alive[n] ?? 0) + 1;
            }
            if (what !== 'ask') continue;
            await memory.refresh();
            const value = await memory.recall(`${n}`, async () => ({ version: alive[n] }), {
              subjects: () => [subjectOf('token', n + 1)],
            });
            expect(value?.version).toBe(alive[n]);
            told++;
          }
        },
      ),
      { seed: 16, numRuns: 30 },
    );
    expect(told).toBeGreaterThan(100);
    expect(memory.counts.hits).toBeGreaterThan(50);
  });

  it('of a token goes with it and its owner, and stays through a flood of made-up ones', async () => {
    const store = await open();
    const { bob } = await worldIn(store);
    const ctx = {
      store,
      memory: new Memory(store, systemClock),
      secrets: new SecretLookup(store),
    } as unknown as Context;
    const text = mintTokenText('classic', randomBytes, null);
    const bear = async (secret: string) => {
      await ctx.memory.refresh();
      return authenticate(ctx, { form: 'bearer', secret: new Secret(secret) });
    };
    const id = await store.transaction((tx) =>
      insertToken(
        tx,
        tokenOf(bob, {
          kind: 'classic',
          scopes: ['repo'],
          secret: { digest: digestOf(text), lastEight: text.slice(-8) },
        }),
      ),
    );
    expect(await bear(text)).toMatchObject({ bearer: { via: 'token', token: { id, revokedAt: null } } });

    const flood = await Promise.all(
      Array.from({ length: 2_000 }, () => bear(mintTokenText('classic', randomBytes, null))),
    );
    expect(flood.every((found) => 'reason' in found && found.reason === 'token_unknown')).toBe(true);
    expect(ctx.secrets.queries).toBeLessThan(20);
    expect(ctx.memory.counts.entries).toBe(2);
    const { hits } = ctx.memory.counts;
    await bear(text);
    expect(ctx.memory.counts.hits).toBe(hits + 1);

    await store.transaction((tx) => setSuspended(tx, bob, THEN));
    expect(await bear(text)).toMatchObject({ bearer: { user: { suspendedAt: THEN } } });
    await store.transaction((tx) => revokeToken(tx, id, 'bob', THEN));
    expect(await bear(text)).toMatchObject({ bearer: { token: { revokedAt: THEN } } });
  });
});

describe('the look-up of secrets', () => {
  it('tells everybody who waits when the store fails, and works again afterwards', async () => {
    const failing = {
      db: {
        selectFrom: () => {
          throw new Error('no database');
        },
      },
    } as unknown as Store;
    const secrets = new SecretLookup(failing);
    await expect(Promise.all([secrets.isKnown('a'), secrets.isKnown('b')])).rejects.toThrow('no database');
    await expect.poll(() => secrets.isKnown('c').catch(String)).toContain('no database');
  });
});
