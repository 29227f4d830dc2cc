/**
 * What a token check costs over HTTP: the git door's answer to `info/refs` in protocol version 2, which needs no process, beside a bare
 * `node:http` server that answers the same bytes to anybody. Same Node, keep-alive, 32 connections.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { figureOf, ratioOf, spread, takeTurns, type Row } from './measure.ts';
import { withToken, type World } from './server.ts';

export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
  readonly statuses: Record<string, number>;
  readonly p50: number;
  readonly p99: number;
}

const CONNECTIONS = 32;
const SECONDS = 3;

/** Sends one request over and over to a loopback port, as fast as it is answered or `rate` times a second; every answer must have the status. */
export async function load(port: number, request: string, { status = '200', connections = CONNECTIONS, seconds = SECONDS, rate = Infinity } = {}): Promise<Load> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'load.ts'), ...[port, connections, seconds, rate].map(String)], { input: request });
  const result = JSON.parse(stdout) as Load;
  if (Object.keys(result.statuses).join() !== status) throw new Error(`expected ${status} throughout, got ${JSON.stringify(result.statuses)}`);
  return result;
}

/** A bare `node:http` server in a process of its own that answers a constant. */
export async function startBare(headers: Record<string, string>, body: Buffer): Promise<{ port: number; pid: number; stop(): void }> {
  const program = `
    const headers = ${JSON.stringify(headers)};
    const body = Buffer.from(${JSON.stringify(body.toString('base64'))}, 'base64').toString('latin1');
    require('node:http').createServer((request, response) => { response.writeHead(200, headers); response.end(body, 'latin1'); })
      .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), pid: child.pid!, stop: () => void child.kill() };
}

/** Processor seconds that a process has used until now. Linux: clock ticks are hundredths. */
export function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One run: requests a second, and processor microseconds of the server for each, which a busy machine disturbs less. */
export async function measured(pid: number, work: () => Promise<Load>, costs: number[]): Promise<number> {
  const before = processorSeconds(pid);
  const result = await work();
  costs.push(((processorSeconds(pid) - before) * 1e6) / (result.perSecond * result.seconds));
  return result.perSecond;
}

export async function benchTokenCheck(world: World, rounds: number): Promise<Row[]> {
  const url = new URL(withToken(world.url, world.token, '/ada/work.git/info/refs?service=git-upload-pack'));
  const authorization = `Basic ${Buffer.from(`ada:${world.token}`).toString('base64')}`;
  const request = `GET ${url.pathname}${url.search} HTTP/1.1\nHost: ${url.host}\nAuthorization: ${authorization}\nGit-Protocol: version=2\nUser-Agent: git/2.39.5\nAccept: */*\n\n`;
  const sample = await fetch(`${world.url}${url.pathname}${url.search}`, { headers: { authorization, 'git-protocol': 'version=2' } });
  const body = Buffer.from(await sample.arrayBuffer());
  const headers = Object.fromEntries([...sample.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name)));
  const bare = await startBare(headers, body);
  try {
    const costs = { latchkey: [] as number[], bare: [] as number[] };
    const taken = await takeTurns(rounds, {
      latchkey: () => measured(world.child.pid!, () => load(Number(url.port), request), costs.latchkey),
      bare: () => measured(bare.pid, () => load(bare.port, request), costs.bare),
    });
    const ratio = ratioOf(taken.latchkey, taken.bare);
    return [{
      suite: 'token check', what: 'git info/refs (v2) with a token, against bare node:http with the same bytes', figure: `${spread(ratio, 2)} of the throughput`, goal: '≥ 0.85',
      reached: ratio.median >= 0.85, detail: `Latchkey ${spread(taken.latchkey, 0, '/s')}, bare ${spread(taken.bare, 0, '/s')}; processor time a request ${spread(figureOf(costs.latchkey), 0, ' µs')} and ${spread(figureOf(costs.bare), 0, ' µs')}`,
    }];
  } finally {
    bare.stop();
  }
}
