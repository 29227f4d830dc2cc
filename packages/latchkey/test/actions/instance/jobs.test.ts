import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Context } from '../../../src/actions/ground/context.ts';
import { SteadyTime } from '../../../src/actions/ground/steady-time.ts';
import { handlersOf, JOB_HANDLERS, type JobHandler, SCHEDULES } from '../../../src/actions/instance/job-handlers.ts';
import { JobPlaces, PLACES, SLOW_SEC } from '../../../src/actions/instance/job-places.ts';
import {
  JobRunner,
  type JobRunnerOptions,
  LEASE_SEC,
  MAX_ATTEMPTS,
  retryDelaySec,
} from '../../../src/actions/instance/job-runner.ts';
import { makeLog } from '../../../src/base/log.ts';
import type { Store } from '../../../src/store/db.ts';
import { freeJobs } from '../../../src/store/free-jobs.ts';
import { countJobs, insertJob, takeJobs } from '../../../src/store/jobs.ts';
import { ENGINES, forEachEngine, openAgain, readyDatabase } from '../../engines/engines.ts';
import { THEN } from '../../store/world.ts';
import { once } from '../../waits.ts';

const WITHIN = { timeout: 20_000, interval: 5 };

type Handlers = Readonly<Record<string, JobHandler<never>>>;

const everyPlace = () => new JobPlaces(() => 0).wanted();

/** A clock that stands still until it is moved. */
function stoppedClock(): { now(): number; passed(): number; at: number; ran: number } {
  return {
    at: THEN,
    ran: 0,
    passed() {
      return this.ran;
    },
    now() {
      return this.at;
    },
  };
}

function nodeOn(store: Store, handlers: Handlers, clock = stoppedClock(), options: JobRunnerOptions = {}): JobRunner {
  const log = makeLog('silent');
  const steadyTime = new SteadyTime({ store, clock, log, databaseTime: async () => clock.now() });
  const ctx = { store, clock, log, steadyTime } as unknown as Context;
  // It only looks on request, so that the test decides what happens when.
  const runner = new JobRunner(ctx, { handlers, schedules: [], pollMs: 3_600_000, ...options });
  onTestFinished(() => runner.close(0));
  return runner;
}

const order = (
  store: Store,
  job: { kind?: string; payload?: unknown; runAt?: number; uniqueKey?: string; lane?: string } = {},
): Promise<void> =>
  store.transaction((tx) =>
    insertJob(tx, { kind: 'work', payload: 1, runAt: THEN, uniqueKey: null, at: THEN, ...job }),
  );
const idle = (runner: JobRunner): Promise<void> =>
  vi.waitFor(() => expect(runner.running).toBe(0), { timeout: 20_000, interval: 5 });

forEachEngine('a job', (open) => {
  it('exists only if the change that requested it does', async () => {
    const store = await open();
    await expect(
      store.transaction(async (tx) => {
        await insertJob(tx, { kind: 'work', payload: 1, runAt: THEN, uniqueKey: null, at: THEN });
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await countJobs(store.db, THEN)).toEqual({ waiting: 0, due: 0, dead: 0 });
  });

  it('is done when it is due, with what it was told, and leaves no row', async () => {
    const store = await open();
    const clock = stoppedClock();
    const seen: unknown[] = [];
    const runner = nodeOn(store, { work: async (_ctx, payload) => void seen.push(payload) }, clock);
    await order(store, { payload: { mail: 7 }, runAt: THEN + 10 });
    await runner.look();
    expect(seen).toEqual([]);
    clock.at = THEN + 10;
    await runner.look();
    await idle(runner);
    expect(seen).toEqual([{ mail: 7 }]);
    expect(await countJobs(store.db, clock.at)).toEqual({ waiting: 0, due: 0, dead: 0 });
  });

  it('that fails is tried again, later each time, and given up in the end', async () => {
    const store = await open();
    const clock = stoppedClock();
    let runs = 0;
    const runner = nodeOn(
      store,
      {
        work: async () => {
          runs++;
          throw new Error('no mail server');
        },
      },
      clock,
    );
    await order(store);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await runner.look();
      await idle(runner);
      expect(runs).toBe(attempt);
      clock.at += retryDelaySec(attempt) - 1;
      await runner.look();
      await idle(runner);
      expect(runs).toBe(attempt);
      clock.at += 1;
    }
    expect(await countJobs(store.db, clock.at)).toEqual({ waiting: 0, due: 0, dead: 1 });
    expect(await store.db.selectFrom('jobs').select('last_error').executeTakeFirst()).toEqual({
      last_error: 'no mail server',
    });
  });

  it('of a key waits once, with the newest payload and the earliest time', async () => {
    const store = await open();
    const seen: unknown[] = [];
    const runner = nodeOn(store, { work: async (_ctx, payload) => void seen.push(payload) });
    await order(store, { uniqueKey: 'k', payload: 'old', runAt: THEN });
    await order(store, { uniqueKey: 'k', payload: 'new', runAt: THEN + 100 });
    await runner.look();
    await idle(runner);
    expect(seen).toEqual(['new']);
  });

  it('that is requested again while it runs, runs once more', async () => {
    const store = await open();
    const seen: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    const runner = nodeOn(store, {
      work: async (_ctx, payload) => {
        seen.push(payload);
        if (seen.length === 1) await gate.promise;
      },
    });
    await order(store, { uniqueKey: 'k', payload: 'first' });
    await runner.look();
    await order(store, { uniqueKey: 'k', payload: 'second' });
    await runner.look();
    expect(seen).toEqual(['first']);
    gate.resolve();
    await vi.waitFor(() => expect(seen).toEqual(['first', 'second']), { timeout: 20_000 });
    await vi.waitFor(async () => expect(await countJobs(store.db, THEN)).toMatchObject({ waiting: 0 }), {
      timeout: 20_000,
    });
  });

  it('that comes by itself runs once after a time without nodes, then at its hour, also when it fails', async () => {
    const store = await open();
    const clock = stoppedClock();
    let runs = 0;
    const options = { schedules: [{ kind: 'work', everySec: 3_600 }] };
    const runner = nodeOn(
      store,
      {
        work: async () => {
          runs++;
          throw new Error('no');
        },
      },
      clock,
      options,
    );
    const other = nodeOn(
      store,
      {
        work: async () => {
          runs++;
          throw new Error('no');
        },
      },
      clock,
      options,
    );
    await Promise.all([runner.look(), other.look()]);
    await Promise.all([idle(runner), idle(other)]);
    expect(runs).toBe(1);
    clock.at += 3_600 * 100;
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      await runner.look();
      await idle(runner);
      clock.at += retryDelaySec(attempt);
    }
    expect(await countJobs(store.db, clock.at)).toMatchObject({ waiting: 1, dead: 0 });
  });

  it('of a kind that this release does not know is left to others', async () => {
    const store = await open();
    const runner = nodeOn(store, { work: async () => {} });
    await order(store, { kind: 'from-the-next-release' });
    await runner.look();
    expect(runner.running).toBe(0);
    expect(await countJobs(store.db, THEN)).toMatchObject({ waiting: 1 });
  });

  it('that does not end when the node stops is aborted, and released at once', async () => {
    const store = await open();
    let stopped = false;
    const runner = nodeOn(store, {
      work: (_ctx, _payload, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            stopped = true;
            resolve();
          }),
        ),
    });
    await order(store);
    await runner.look();
    expect(await freeJobs(store.db, ['work'], THEN, everyPlace())).toEqual([]);
    await runner.close(1);
    expect(stopped).toBe(true);
    expect(await freeJobs(store.db, ['work'], THEN, everyPlace())).toHaveLength(1);
  });

  it('of a receiver that answers is done at once however many others hang, and so is one of the server', async () => {
    const store = await open();
    const clock = stoppedClock();
    const done: unknown[] = [];
    const hanging = new Set<unknown>();
    const work: JobHandler<never> = async (_ctx, lane: string, signal) => {
      if (!lane.startsWith('hangs')) return void done.push(lane);
      hanging.add(lane);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };
    const runner = nodeOn(store, { work }, clock);
    const jobOf = (lane: string) => order(store, { lane, payload: lane });
    // It also looks by itself when a receiver turns out to hang.
    const lookUntil = (claim: () => void) =>
      vi.waitFor(async () => {
        await runner.look();
        claim();
      }, WITHIN);
    await jobOf('known');
    await runner.look();
    await idle(runner);
    for (let n = 0; n < PLACES.slow + PLACES.new; n++) await jobOf(`hangs ${n}`);
    await jobOf('new');
    await runner.look();
    expect(hanging.size).toBe(PLACES.new);
    // Unknown ones wait for a moment: those that hang move on, while there are places to hang in.
    while (hanging.size < PLACES.slow + PLACES.new) {
      clock.ran += SLOW_SEC;
      const before = hanging.size;
      await lookUntil(() => expect(hanging.size).toBe(before + PLACES.new));
    }
    const { size } = hanging;
    for (const lane of ['known', 'known', 'known']) await jobOf(lane);
    await order(store, { payload: 'of the server' });
    await lookUntil(() => expect(done.toSorted()).toEqual(['known', 'known', 'known', 'known', 'of the server']));
    // The unknown one is not among them.
    await vi.waitFor(() => expect(runner.running).toBe(size), WITHIN);
  });

  it('whose runner went silent is free again after its lease, and that runner’s word no longer counts', async () => {
    const store = await open();
    const clock = stoppedClock();
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const silent = nodeOn(
      store,
      {
        work: async () => {
          runs++;
          await gate.promise;
        },
      },
      stoppedClock(),
    );
    await order(store);
    await silent.look();
    const heir = nodeOn(
      store,
      {
        work: async () => {
          runs++;
          throw new Error('tried');
        },
      },
      clock,
    );
    clock.at = THEN + LEASE_SEC - 1;
    await heir.look();
    expect(runs).toBe(1);
    clock.at = THEN + LEASE_SEC;
    await heir.look();
    await idle(heir);
    expect(runs).toBe(2);
    gate.resolve();
    await idle(silent);
    expect(await countJobs(store.db, clock.at)).toMatchObject({ waiting: 1 });
  });
});

describe.each(ENGINES)('several nodes [%s]', (engine) => {
  it('do each of many jobs once', async () => {
    const database = await readyDatabase(engine);
    onTestFinished(database.remove);
    const stores = [await openAgain(database), await openAgain(database), await openAgain(database)];
    const seen: unknown[] = [];
    const runners = stores.map((store) => nodeOn(store, { work: async (_ctx, payload) => void seen.push(payload) }));
    const count = 60;
    await stores[0]!.transaction(async (tx) => {
      for (let n = 0; n < count; n++)
        await insertJob(tx, { kind: 'work', payload: n, runAt: THEN, uniqueKey: null, at: THEN });
    });
    await vi.waitFor(
      async () => {
        await Promise.all(runners.map((runner) => runner.look()));
        expect(await countJobs(stores[0]!.db, THEN)).toMatchObject({ waiting: 0 });
      },
      { timeout: 25_000, interval: 5 },
    );
    expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it('take over from one that was killed', async () => {
    const database = await readyDatabase(engine);
    onTestFinished(database.remove);
    const store = await openAgain(database);
    await order(store);
    const script = fileURLToPath(new URL('hang-on-a-job.ts', import.meta.url));
    const child = spawn(process.execPath, [script, database.dataDir, database.databaseUrl ?? '', String(THEN)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(String(said)).toBe('begun\n');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(
      await store.transaction(async (tx) =>
        takeJobs(tx, await freeJobs(tx, ['work'], THEN + LEASE_SEC - 1, everyPlace()), 'me', THEN, THEN + 9).catch(
          () => [],
        ),
      ),
    ).toEqual([]);
    let runs = 0;
    const clock = stoppedClock();
    clock.at = THEN + LEASE_SEC;
    const runner = nodeOn(store, { work: async () => void runs++ }, clock);
    await runner.look();
    await idle(runner);
    expect(runs).toBe(1);
    expect(await countJobs(store.db, clock.at)).toMatchObject({ waiting: 0 });
  });
});

describe('the registry', () => {
  it('has a handler for everything that comes by itself', () => {
    for (const { kind } of SCHEDULES) expect(JOB_HANDLERS[kind]).toBeTypeOf('function');
  });

  it('waits ten seconds, then twice as long each time, an hour at most', () => {
    expect([1, 2, 3, 9, 10, 16].map(retryDelaySec)).toEqual([10, 20, 40, 2_560, 3_600, 3_600]);
  });
});

it('a job of repositories is left to other nodes by one whose copy somebody else fills', () => {
  const all = Object.keys(handlersOf({ readOnly: false }));
  const left = new Set(Object.keys(handlersOf({ readOnly: true })));
  expect(all.filter((kind) => !left.has(kind)).toSorted()).toEqual([
    'check-repositories',
    'clear-leftovers',
    'inspect-repositories',
    'note-high-water',
    'settle-account-folder',
    'settle-folder',
    'settle-pushes',
    'sync-mirror',
  ]);
});
