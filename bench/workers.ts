/**
 * Two workers against one: how many checks they answer on two cores.
 *
 * The load generator shares the machine. Each connection sends `DEPTH` requests in one piece and takes their answers in
 * one piece (HTTP pipelining), which costs it little, so that the workers are busy all the time. What it costs
 * nevertheless is not counted: two workers answer as many requests as their processor time goes into that of two cores.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import { type Served, startWorld, type World } from './server.ts';
import { load } from './token-check.ts';

const TICKS_PER_SEC = 100;
const DEPTH = 16;
const CORES = 2;

export async function benchWorkers(data: string, rounds: number): Promise<Row[]> {
  const one = await startWorld(`${data}-1`, null);
  const two = await startWorld(`${data}-2`, null, ['--workers', '2']);
  try {
    for (const world of [one, two]) await world.admin(['repo', 'add', 'ada/empty']);
    // The first of each is the warm-up.
    const costs: Record<'one' | 'two', number[]> = { one: [], two: [] };
    const measured = async (name: 'one' | 'two', world: World): Promise<number> => {
      const served = await world.another();
      try {
        return await answered(name, world, served);
      } finally {
        await served.stop();
      }
    };
    const answered = async (name: 'one' | 'two', world: World, served: Served): Promise<number> => {
      const { port, host } = new URL(served.url);
      const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
      const request =
        `GET /ada/empty.git/info/refs?service=git-upload-pack HTTP/1.1\nHost: ${host}\nAuthorization: ` +
        `${authorization}\nGit-Protocol: version=2\n\n`;
      await load(Number(port), request, { depth: DEPTH, seconds: 1 });
      const before = processorSec(served.child.pid!);
      const { perSecond, total } = await load(Number(port), request, { depth: DEPTH });
      costs[name].push(((processorSec(served.child.pid!) - before) * 1e6) / total);
      return perSecond;
    };
    const taken = await takeTurns(rounds, { one: () => measured('one', one), two: () => measured('two', two) });
    const capacity = figureOf(costs.two.slice(1).map((us) => (CORES * 1e6) / us));
    const gain = ratioOf(capacity, taken.one);
    return [
      {
        suite: 'workers',
        what: 'two workers on two cores against one (load generator not counted)',
        figure: `${spread(gain, 2)} × the throughput`,
        goal: '≥ 1.7×',
        reached: gain.median >= 1.7,
        detail:
          `one ${spread(taken.one, 0, '/s')}; two, by their processor time of ` +
          `${spread(figureOf(costs.two.slice(1)), 1, ' µs')} a request, ${spread(capacity, 0, '/s')}, and beside ` +
          `the generator ${spread(taken.two, 0, '/s')}; ${DEPTH} requests at once on each of 32 connections`,
      },
    ];
  } finally {
    await one.stop();
    await two.stop();
  }
}

/** For a process and its children. */
function processorSec(pid: number): number {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.reduce((sum, each) => {
    try {
      const fields = readFileSync(`/proc/${each}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number);
      return each === pid || fields[1] === pid ? sum + (fields[11]! + fields[12]!) / TICKS_PER_SEC : sum;
    } catch {
      return sum;
    }
  }, 0);
}
