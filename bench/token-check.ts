/**
 * What a token check costs over HTTP: the git door's answer to `info/refs` in protocol version 2, which needs no
 * process, beside a bare `node:http` server that answers the same bytes to anybody. Same Node, keep-alive, 32
 * connections.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { type Figure, figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import type { World } from './server.ts';

export interface Load {
  /** Requests answered, including the warm-up. */
  readonly total: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly statuses: Record<string, number>;
  readonly p50: number;
  readonly p99: number;
}

const CONNECTIONS = 32;
const SECONDS = 3;

/**
 * Sends one request repeatedly to a loopback port, as fast as it is answered or `rate` times a second, `depth` at once
 * on each connection; every answer must have the status.
 */
export async function load(
  port: number,
  request: string,
  { status = '200', connections = CONNECTIONS, seconds = SECONDS, rate = Infinity, depth = 1 } = {},
): Promise<Load> {
  const { stdout } = await run(
    process.execPath,
    [join(import.meta.dirname, 'load.ts'), ...[port, connections, seconds, rate, depth].map(String)],
    { input: request },
  );
  const result = JSON.parse(stdout) as Load;
  if (Object.keys(result.statuses).join() !== status)
    throw new Error(`expected ${status} throughout, got ${JSON.stringify(result.statuses)}`);
  return result;
}

/** A bare `node:http` server in its own process that always sends the same answer. */
export async function startBare(
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ port: number; pid: number; stop(): void }> {
  const program = `
    const headers = ${JSON.stringify(headers)};
    const body = Buffer.from(${JSON.stringify(body.toString('base64'))}, 'base64').toString('latin1');
    const answer = (request, response) => response.writeHead(200, headers).end(body, 'latin1');
    require('node:http').createServer(answer)
      .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), pid: child.pid!, stop: () => void child.kill() };
}

/** Processor seconds that a process has used so far. Linux: clock ticks are hundredths. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One run: requests a second, and the server's processor microseconds for each, which a busy machine disturbs less. */
export async function measured(pid: number, work: () => Promise<Load>, costs: number[]): Promise<number> {
  const before = processorSeconds(pid);
  const result = await work();
  costs.push(((processorSeconds(pid) - before) * 1e6) / result.total);
  return result.perSecond;
}

/** A request in the form of the load generator and of `fetch`. */
export interface Question {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function textOf({ path, headers }: Question, url: string): string {
  return `GET ${path} HTTP/1.1\nHost: ${new URL(url).host}\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('')}\n`;
}

/**
 * The throughput of a question compared with a bare `node:http` server that sends the same bytes to anybody. Both are
 * started again in each round: of two processes of the same program, one may be a fifth faster for its whole life.
 */
export async function againstBare(
  world: World,
  question: Question,
  rounds: number,
  { warmUpSeconds = 1, seconds = SECONDS } = {},
): Promise<{ ratio: Figure; detail: string }> {
  const sample = await fetch(`${world.url}${question.path}`, { headers: question.headers });
  const body = Buffer.from(await sample.arrayBuffer());
  if (sample.status !== 200) throw new Error(`${question.path} is answered with ${sample.status}: ${body.toString()}`);
  const headers = Object.fromEntries(
    [...sample.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)),
  );
  const costs = { latchkey: [] as number[], bare: [] as number[] };
  const asked = async (pid: number, url: string, side: keyof typeof costs): Promise<number> => {
    const text = textOf(question, url);
    await load(Number(new URL(url).port), text, { seconds: warmUpSeconds });
    return measured(pid, () => load(Number(new URL(url).port), text, { seconds }), costs[side]);
  };
  const taken = await takeTurns(rounds, {
    latchkey: async () => {
      const served = await world.another();
      try {
        return await asked(served.child.pid!, served.url, 'latchkey');
      } finally {
        await served.stop();
      }
    },
    bare: async () => {
      const bare = await startBare(headers, body);
      try {
        return await asked(bare.pid, `http://127.0.0.1:${bare.port}`, 'bare');
      } finally {
        bare.stop();
      }
    },
  });
  return {
    ratio: ratioOf(taken.latchkey, taken.bare),
    detail:
      `Latchkey ${spread(taken.latchkey, 0, '/s')}, bare ${spread(taken.bare, 0, '/s')}; processor time a request ` +
      `${spread(figureOf(costs.latchkey), 0, ' µs')} and ${spread(figureOf(costs.bare), 0, ' µs')}; ${rounds} ` +
      `pairs of processes`,
  };
}

export async function benchTokenCheck(world: World, rounds: number): Promise<Row[]> {
  const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
  const { ratio, detail } = await againstBare(
    world,
    {
      path: '/ada/work.git/info/refs?service=git-upload-pack',
      headers: { Authorization: authorization, 'Git-Protocol': 'version=2', 'User-Agent': 'git/2.39.5', Accept: '*/*' },
    },
    rounds,
  );
  return [
    {
      suite: 'token check',
      what: 'git info/refs (v2) with a token, against bare node:http with the same bytes',
      figure: `${spread(ratio, 2)} of the throughput`,
      goal: '≥ 0.85',
      reached: ratio.median >= 0.85,
      detail,
    },
  ];
}
