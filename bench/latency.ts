/**
 * How long a check takes inside the server while it is half busy: from when a request has been read to when its answer
 * was handed over, as the server's own metrics tell it (`latchkey_request_seconds`).
 */

import { freePort } from '../packages/latchkey/test/engines/free-port.ts';
import { figureOf, type Row, spread } from './measure.ts';
import { startWorld } from './server.ts';
import { load } from './token-check.ts';

const GOAL_MS = 1;
const SECONDS = 5;

export async function benchLatency(data: string, rounds: number): Promise<Row[]> {
  const metricsPort = await freePort();
  const world = await startWorld(data, null, ['--metrics-port', String(metricsPort)]);
  try {
    await world.admin(['repo', 'add', 'ada/empty', '--private']);
    const { port, host } = new URL(world.url);
    const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
    const request =
      `GET /ada/empty.git/info/refs?service=git-upload-pack HTTP/1.1\nHost: ${host}\nAuthorization: ` +
      `${authorization}\nGit-Protocol: version=2\n\n`;
    const peak = figureOf([...(await several(rounds, async () => (await load(Number(port), request)).perSecond))]);
    const rate = Math.round(peak.median / 2);
    const runs = await several(rounds, async () => {
      const before = await buckets(metricsPort);
      const { perSecond, p99 } = await load(Number(port), request, { seconds: SECONDS, rate });
      return {
        perSecond,
        p99Ms: p99 / 1000,
        share: shareWithin(before, await buckets(metricsPort), GOAL_MS / 1000),
        bound: boundOf(before, await buckets(metricsPort), 0.99) * 1000,
      };
    });
    const bounds = figureOf(runs.map(({ bound }) => bound));
    return [
      {
        suite: 'latency',
        what: `99th percentile of a check inside the server at half of the peak (${rate}/s)`,
        figure: `below ${spread(bounds, 2, ' ms')}`,
        goal: `< ${GOAL_MS} ms`,
        reached: bounds.median < GOAL_MS,
        detail:
          `${(Math.min(...runs.map(({ share }) => share)) * 100).toFixed(3)} % and more within ${GOAL_MS} ms; sent ` +
          `${spread(figureOf(runs.map(({ perSecond }) => perSecond)), 0, '/s')}; as the client sees it p99 ` +
          `${spread(figureOf(runs.map(({ p99Ms }) => p99Ms)), 2, ' ms')}`,
      },
    ];
  } finally {
    await world.stop();
  }
}

/** Upper bound in seconds -> how many requests took at most that long. */
type Buckets = ReadonlyMap<number, number>;

async function buckets(port: number): Promise<Buckets> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = [...text.matchAll(/^latchkey_request_seconds_bucket\{([^}]*)\} (\d+)$/gm)].filter(([, labels]) =>
    labels!.includes('door="git"'),
  );
  return new Map(
    lines.map(([, labels, count]) => [
      Number(/le="([^"]+)"/.exec(labels!)![1]!.replace('+Inf', 'Infinity')),
      Number(count),
    ]),
  );
}

function shareWithin(before: Buckets, after: Buckets, sec: number): number {
  const grown = (bound: number): number => after.get(bound)! - (before.get(bound) ?? 0);
  return grown(sec) / grown(Infinity);
}

/** The lowest bound that covers a share of the requests. */
function boundOf(before: Buckets, after: Buckets, share: number): number {
  return [...after.keys()].sort((a, b) => a - b).find((bound) => shareWithin(before, after, bound) >= share)!;
}

async function several<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work());
  return results;
}
