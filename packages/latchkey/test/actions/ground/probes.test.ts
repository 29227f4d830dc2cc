/** How soon something that stops answering is noticed. Time is the test's own, so a busy machine changes nothing. */
import { expect, it } from 'vitest';
import { Probes, QUICK, SLOW } from '../../../src/actions/ground/probes.ts';
import { Timeline } from '../../store/cluster-world.ts';

const LOOK_EVERY_MS = 10;

/** A database, and a disk and a clock that are tried less often; all are silent from `cutAt` on. */
function worldCutAt(cutAt: number) {
  const timeline = new Timeline();
  const stopwatch = {
    now: () => timeline.now,
    pause: (ms: number) => new Promise<void>((resolve) => timeline.after(ms, resolve)),
  };
  const answers = async (): Promise<void> => {
    await stopwatch.pause(1);
    if (timeline.now >= cutAt) await new Promise(() => undefined);
  };
  return { timeline, stopwatch, probes: new Probes({ database: [answers, QUICK], disk: [answers, SLOW] }, stopwatch) };
}

/** Looks again and again; returns when the database was first said to be absent. */
async function noticedAt(cutAt: number): Promise<number> {
  const { timeline, stopwatch, probes } = worldCutAt(cutAt);
  let at = Number.POSITIVE_INFINITY;
  const looking = async (): Promise<void> => {
    while ((await probes.look()).database === null) await stopwatch.pause(LOOK_EVERY_MS);
    at = timeline.now;
  };
  void looking();
  await timeline.runUntil(cutAt + 5_000);
  return at;
}

it('a database that goes silent is noticed in less than a second, at whatever moment it does', async () => {
  const delays: number[] = [];
  // Over more than one turn of what is tried every two seconds.
  for (let cutAt = 2_000; cutAt < 4_300; cutAt += 15) delays.push((await noticedAt(cutAt)) - cutAt);
  expect(Math.max(...delays)).toBeLessThan(1_000);
  // It isn't noticed before a slow one would have answered.
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(600);
});

it('what never answered is said to be absent within a second, by every look', async () => {
  const { timeline, probes } = worldCutAt(0);
  const said: unknown[] = [];
  for (const lookAt of [0, 500, 2_000])
    timeline.at(lookAt, () => void probes.look().then((found) => said.push([timeline.now - lookAt < 1_000, found])));
  await timeline.runUntil(10_000);
  const absent = { database: 'no_answer', disk: 'no_answer' };
  expect(said).toEqual([
    [true, absent],
    [true, absent],
    [true, absent],
  ]);
});
