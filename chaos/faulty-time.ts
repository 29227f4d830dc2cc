/** One run: load without pause, a fault now and then, and after each the ledger held against the server. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ChaosArguments } from './arguments.ts';
import { Checks } from './checks.ts';
import { chooseFault, FAULTS, type Fault } from './faults.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { chanceOf } from './random.ts';
import { type FaultCount, faultLines, ledgerLines } from './table.ts';
import type { World } from './world.ts';

/** Faults strike during work: something must have been acknowledged since the last one, or this long has passed. */
const WORK_LIMIT_MS = 20_000;
const FIRST_PUSH_LIMIT_MS = 120_000;
/** The longest delay of a fault after that. */
const DELAY_MS = 250;
const LOOK_EVERY_MS = 10;

export interface Outcome {
  readonly lines: readonly string[];
  /** False when anything was lost, or nobody knows. */
  readonly held: boolean;
}

export async function runFaults(world: World, told: ChaosArguments): Promise<Outcome> {
  const chance = chanceOf(told.seed);
  const ledger = new Ledger();
  const load = new Load(world, ledger, chanceOf(told.seed + 1), told.paceMs);
  const checks = new Checks(world, ledger, chanceOf(told.seed + 2));
  const { faults, missing } = possibleFaults(world, told.faults);
  const counts = new Map<string, FaultCount>();
  const startedAt = performance.now();
  const endsAt = startedAt + told.minutes * 60_000;
  let kills = 0;
  let last = 'nothing yet';
  const striking = { world, chance, awayMs: told.awaySec * 1000 };
  const goesOn = (): boolean => performance.now() < endsAt && kills < told.kills && ledger.losses.length === 0;
  const strikeOnce = async (): Promise<void> => {
    load.start();
    await untilWorked(ledger);
    await pause(chance.below(DELAY_MS));
    const fault = chooseFault(faults, chance);
    last = fault.name;
    await fault.strike(striking);
    kills += fault.kills;
    if (fault.mend !== undefined) {
      const stopped = load.stop();
      await fault.mend(striking);
      await stopped;
    }
    note(counts, fault, await world.untilWhole(fault.mayPileUp === true ? 1 : told.workers));
  };
  await load.prepare();
  try {
    while (goesOn()) {
      for (let strikes = 0; strikes < told.checkEvery && goesOn(); strikes++) await strikeOnce();
      await load.stop();
      await checks.sinceLast();
      await load.sweep();
    }
    await world.kill();
    await world.startAgain();
    await world.untilWhole();
    await checks.everything();
    if (ledger.counts.made === 0 || ledger.counts.pushed === 0) ledger.lose('nothing was acknowledged at all');
  } catch (error) {
    ledger.stuck = `after ${last}: ${String(error)}`;
    await load.stop();
  }
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const heading = `${told.engine}, seed ${told.seed}, ${told.workers} workers: ${kills} kills in ${minutes} minutes`;
  return {
    lines: [heading, '', ...faultLines(counts, missing), '', ...ledgerLines(ledger, checks)],
    held: ledger.losses.length === 0 && ledger.stuck === null,
  };
}

function possibleFaults(world: World, wanted: readonly string[]): { faults: Fault[]; missing: string[] } {
  const chosen = FAULTS.filter(
    ({ name, engine }) =>
      (engine === null || engine === world.options.engine) && (wanted.length === 0 || wanted.includes(name)),
  );
  const faults = chosen.filter((fault) => fault.lacks(world) === null);
  if (faults.length === 0) throw new Error('none of these faults can happen here');
  return {
    faults,
    missing: chosen.flatMap((fault) => {
      const lack = fault.lacks(world);
      return lack === null ? [] : [`${fault.name}: not tried, it needs ${lack}`];
    }),
  };
}

async function untilWorked({ counts }: Ledger): Promise<void> {
  const done = (): number => counts.made + counts.replaced + counts.revoked + counts.pushed;
  const before = done();
  // A run without a push shows nothing.
  const limitMs = counts.pushed === 0 ? FIRST_PUSH_LIMIT_MS : WORK_LIMIT_MS;
  const until = performance.now() + limitMs;
  while ((done() === before || counts.pushed === 0) && performance.now() < until) await pause(LOOK_EVERY_MS);
}

function note(counts: Map<string, FaultCount>, { name }: Fault, backMs: number): void {
  const count = counts.get(name) ?? { times: 0, backMs: [] };
  count.times++;
  count.backMs.push(backMs);
  counts.set(name, count);
}
