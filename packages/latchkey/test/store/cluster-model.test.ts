import { describe, expect, it } from 'vitest';
import { BEAT_MS, type Board, Membership, SETTLE_MS, settle } from '../../src/store/cluster.ts';
import { Database, LocalStopwatch, seeded, Timeline, Wire } from './cluster-world.ts';

const SCHEDULES = 1_200;
const NODES = 3;
const LASTS_MS = 20_000;

/** A machine: the real protocol, and a memory that is only the revision it has reached. */
class Machine {
  remembers = -1;
  readonly wire: Wire;
  readonly stopwatch: LocalStopwatch;
  readonly board: Board;
  readonly membership: Membership;
  dead = false;

  constructor(
    timeline: Timeline,
    database: Database,
    random: () => number,
    id: string,
    quality: { lossRate: number; slowness: number },
  ) {
    this.wire = new Wire(timeline, random, quality);
    this.stopwatch = new LocalStopwatch(timeline, random);
    this.board = this.wire.board(database);
    // What the revision was about is read over the same connection.
    this.membership = new Membership(this.board, this.stopwatch, id, async (revision) => {
      await this.wire.call(() => null);
      this.remembers = Math.max(this.remembers, revision);
    });
    const beat = (): void => {
      if (this.dead) return;
      void this.membership.beat();
      timeline.after(BEAT_MS * (0.8 + random() * 0.4), beat);
    };
    beat();
  }

  crash(): void {
    this.dead = true;
    this.wire.dead = true;
    this.stopwatch.dead = true;
  }
}

interface Outcome {
  readonly violations: string[];
  readonly checks: number;
  readonly settledEarly: number;
  readonly settledByTime: number;
  /** The same as `settledEarly`, where nobody was told. */
  readonly settledByBeats: number;
}

async function play(seed: number): Promise<Outcome> {
  const random = seeded(seed);
  const timeline = new Timeline();
  const database = new Database();
  const quality = { lossRate: random() < 0.3 ? 0.15 : 0.01, slowness: random() < 0.3 ? 0.1 : 0.01 };
  /** An engine without LISTEN/NOTIFY: nobody hears of a change before its next heartbeat. */
  const isDeaf = seed % 4 === 0;
  let born = 0;
  const start = (): Machine => new Machine(timeline, database, random, `node ${++born}`, quality);
  const machines = Array.from({ length: NODES }, start);
  const outcome = { violations: [] as string[], checks: 0, settledEarly: 0, settledByTime: 0, settledByBeats: 0 };
  /** The revision of every change that has returned by now. */
  let returned = 0;

  const check = (): void => {
    for (const { dead, membership, remembers } of machines) {
      if (dead || !membership.trusts()) continue;
      outcome.checks++;
      if (remembers < returned)
        outcome.violations.push(
          `seed ${seed}, ${timeline.now} ms: a node trusts revision ${remembers} after ${returned} had returned`,
        );
    }
    timeline.after(random() * 40, check);
  };

  const change = (): void => {
    const changer = machines[Math.floor(random() * NODES)]!;
    if (!changer.dead) {
      // The commit has happened; its answer comes a moment later.
      const revision = ++database.revision;
      for (const machine of machines)
        if (random() < 0.8 && !isDeaf)
          timeline.after(random() * 20, () => {
            if (!machine.dead) void machine.membership.beat();
          });
      const committedAt = timeline.now;
      void settle(changer.board, changer.stopwatch, revision).then(() => {
        if (changer.dead) return;
        returned = Math.max(returned, revision);
        const isEarly = timeline.now - committedAt < SETTLE_MS * 0.9;
        if (isEarly && isDeaf) outcome.settledByBeats++;
        if (isEarly) outcome.settledEarly++;
        else outcome.settledByTime++;
      });
    }
    timeline.after(100 + random() * 900, change);
  };

  const trouble = (): void => {
    const place = Math.floor(random() * NODES);
    const machine = machines[place]!;
    if (random() < 0.25) {
      machine.crash();
      timeline.after(random() * 3_000, () => {
        machines[place] = start();
      });
    } else if (!machine.wire.cut) {
      machine.wire.cut = true;
      timeline.after(random() * 6_000, () => {
        machine.wire.cut = false;
      });
    }
    timeline.after(500 + random() * 4_000, trouble);
  };

  timeline.after(50, check);
  timeline.after(300, change);
  timeline.after(1_000, trouble);
  await timeline.runUntil(LASTS_MS);
  return outcome;
}

describe('revocation on three nodes', () => {
  it(`is never overtaken, in ${SCHEDULES} schedules of delays, losses, cuts and crashes`, {
    timeout: 240_000,
  }, async () => {
    const outcomes: Outcome[] = [];
    for (let seed = 1; seed <= SCHEDULES; seed++) outcomes.push(await play(seed));
    expect(outcomes.flatMap((outcome) => outcome.violations)).toEqual([]);
    // The run covered all cases: trust after returned changes, changes that were acknowledged, and changes that had to
    // wait.
    const sum = (of: (outcome: Outcome) => number): number =>
      outcomes.reduce((total, outcome) => total + of(outcome), 0);
    expect(sum((outcome) => outcome.checks)).toBeGreaterThan(SCHEDULES * 100);
    expect(sum((outcome) => outcome.settledEarly)).toBeGreaterThan(SCHEDULES);
    expect(sum((outcome) => outcome.settledByTime)).toBeGreaterThan(SCHEDULES);
    expect(sum((outcome) => outcome.settledByBeats)).toBeGreaterThan(SCHEDULES / 4);
  });
});

describe('a change', () => {
  const quiet = { lossRate: 0, slowness: 0 };

  async function settling(prepare: (machines: Machine[], timeline: Timeline) => void): Promise<number> {
    const timeline = new Timeline();
    const database = new Database();
    const random = seeded(7);
    const machines = Array.from(
      { length: NODES },
      (_, n) => new Machine(timeline, database, random, `node ${n}`, quiet),
    );
    await timeline.runUntil(1_000);
    prepare(machines, timeline);
    database.revision++;
    for (const machine of machines) if (!machine.dead) void machine.membership.beat();
    let took = -1;
    const startedAt = timeline.now;
    void settle(machines[0]!.board, machines[0]!.stopwatch, database.revision).then(() => {
      took = timeline.now - startedAt;
    });
    await timeline.runUntil(startedAt + 10_000);
    return took;
  }

  it('returns as soon as every node has heard of it', async () => {
    expect(await settling(() => {})).toBeLessThan(60);
  });

  it('waits for a node that is cut off, but no longer than its lease lasts', async () => {
    const took = await settling((machines) => {
      machines[2]!.wire.cut = true;
    });
    expect(took).toBeGreaterThan(1_500);
    expect(took).toBeLessThan(SETTLE_MS * 1.1);
  });

  it('does not wait for a node that has left', async () => {
    const timeline = new Timeline();
    const database = new Database();
    const machine = new Machine(timeline, database, seeded(7), 'node', quiet);
    await timeline.runUntil(1_000);
    expect(machine.membership.trusts()).toBe(true);
    let left = false;
    void machine.membership.leave().then(() => {
      left = true;
    });
    expect(machine.membership.trusts()).toBe(false);
    await timeline.runUntil(2_000);
    expect(left).toBe(true);
    expect(database.behind(99)).toEqual([]);
  });

  it('after which a silent node was taken off the board is the last one to wait for it', async () => {
    const timeline = new Timeline();
    const database = new Database();
    const random = seeded(7);
    const [here, there] = ['here', 'there'].map((id) => new Machine(timeline, database, random, id, quiet));
    await timeline.runUntil(1_000);
    there!.crash();
    const took: number[] = [];
    for (let round = 0; round < 2; round++) {
      database.revision++;
      void here!.membership.beat();
      const startedAt = timeline.now;
      void settle(here!.board, here!.stopwatch, database.revision).then(() => took.push(timeline.now - startedAt));
      await timeline.runUntil(startedAt + 10_000);
    }
    expect(took[0]).toBeGreaterThan(1_500);
    expect(took[1]).toBeLessThan(60);
  });
});

describe('a lease', () => {
  it('is held without a gap where every round trip takes half a second, also while things change', async () => {
    const timeline = new Timeline();
    const database = new Database();
    const stopwatch = new LocalStopwatch(timeline, seeded(7));
    const call = <T>(statement: () => T): Promise<T> =>
      new Promise((resolve) =>
        timeline.after(250, () => {
          const value = statement();
          timeline.after(250, () => resolve(value));
        }),
      );
    const board: Board = {
      join: (id) => call(() => database.join(id)),
      beat: (id) => call(() => (database.beat(id) ? database.revision : null)),
      ack: (id, revision) => call(() => database.ack(id, revision)),
      leave: (id) => call(() => database.leave(id)),
      behind: (revision) => call(() => database.behind(revision)),
      remove: (id, beat) => call(() => database.remove(id, beat)),
    };
    const membership = new Membership(board, stopwatch, 'far', async (_revision, anew) => {
      if (!anew) await call(() => null);
    });
    const every = (ms: number, run: () => void): void => {
      run();
      timeline.after(ms, () => every(ms, run));
    };
    every(BEAT_MS, () => void membership.beat());
    timeline.after(5_000, () => every(10_000, () => database.revision++));
    await timeline.runUntil(3_000);
    const gaps: number[] = [];
    every(25, () => membership.trusts() || gaps.push(timeline.now));
    await timeline.runUntil(60_000);
    expect(gaps).toEqual([]);
  });
});
