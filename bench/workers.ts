/**
 * Two workers against one: what a check costs the processor, and from that what two cores give.
 *
 * The load generator shares the machine, so throughput alone would measure the generator, too. What is compared is requests for each second of processor time
 * that the server's processes used: two workers on two cores give twice that of one, less what each request costs more.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { ratioOf, spread, takeTurns, type Row } from './measure.ts';
import { startWorld } from './server.ts';
import { load } from './token-check.ts';

const TICKS_PER_SEC = 100;

export async function benchWorkers(data: string, rounds: number): Promise<Row[]> {
  const one = await startWorld(`${data}-1`, null);
  const two = await startWorld(`${data}-2`, null, ['--workers', '2']);
  try {
    for (const world of [one, two]) await world.admin(['repo', 'add', 'ada/empty']);
    const rates = new Map<string, number[]>([['one', []], ['two', []]]);
    const measured = async (name: string, world: typeof one): Promise<number> => {
      const { port, host } = new URL(world.url);
      const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
      const request = `GET /ada/empty.git/info/refs?service=git-upload-pack HTTP/1.1\nHost: ${host}\nAuthorization: ${authorization}\nGit-Protocol: version=2\n\n`;
      const before = processorSec(world.child.pid!);
      const { perSecond, seconds } = await load(Number(port), request);
      rates.get(name)!.push(perSecond);
      return (perSecond * seconds) / (processorSec(world.child.pid!) - before);
    };
    const taken = await takeTurns(rounds, { one: () => measured('one', one), two: () => measured('two', two) });
    const ratio = ratioOf(taken.two, taken.one);
    const gain = 2 * ratio.median;
    return [{
      suite: 'workers', what: 'two workers on two cores against one (load generator not counted)', figure: `${gain.toFixed(2)}× (${(2 * ratio.min).toFixed(2)}–${(2 * ratio.max).toFixed(2)})`, goal: '≥ 1.7×', reached: gain >= 1.7,
      detail: `requests for each second of the server's processor time: ${spread(taken.one, 0)} with one, ${spread(taken.two, 0)} with two; throughput beside the generator ${median(rates.get('one')!)}/s and ${median(rates.get('two')!)}/s`,
    }];
  } finally {
    await one.stop();
    await two.stop();
  }
}

const median = (values: readonly number[]): string => values.toSorted((a, b) => a - b)[values.length >> 1]!.toFixed(0);

/** Of a process and those that it started. */
function processorSec(pid: number): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.reduce((sum, each) => {
    try {
      const fields = readFileSync(`/proc/${each}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number);
      return each === pid || fields[1] === pid ? sum + (fields[11]! + fields[12]!) / TICKS_PER_SEC : sum;
    } catch {
      return sum;
    }
  }, 0);
}
