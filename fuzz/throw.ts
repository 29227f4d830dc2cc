/** Throws requests at a server, and judges what comes back. */
import { columns } from '../chaos/table.ts';
import { type FuzzArguments, judgesMemory } from './arguments.ts';
import { diceOf } from './dice.ts';
import { type Answered, bytesOf, keptConnections, sendRaw } from './exchange.ts';
import { builtRoutes, DOORS, type HostileRequest, hostileRequest } from './requests.ts';
import { type FuzzedServer, startFuzzed } from './server.ts';

/** Fewer than the server's places, so that nobody is asked to come back later. */
const AT_ONCE = 12;
const MOST_FAILURES = 20;
/** Of all requests: caches fill and code is compiled until then. */
const WARM_SHARE = 0.4;
/** Flat: the last samples' middle is above that of the first ones after warming up by no more than this. */
const [MOST_GROWTH, MOST_GROWTH_MIB] = [0.1, 24];
const SAMPLES = 60;
const MINUTE_MS = 60_000;

interface Outcome {
  readonly lines: readonly string[];
  readonly failures: readonly string[];
  readonly sent: number;
}

export async function throwRequests(told: FuzzArguments): Promise<Outcome> {
  const server = await startFuzzed();
  const judge = new Judge();
  const endAt = performance.now() + told.minutes * MINUTE_MS;
  const samples: number[] = [];
  const sentKept = await throwSome(server, told.requests, { told, endAt, samples, judge, raw: false });
  const sentRaw = await throwSome(server, told.raw, { told, endAt: endAt + MINUTE_MS, samples: [], judge, raw: true });
  if (server.memory() === 0) judge.failures.push('GONE: the server has ended');
  const { secrets, faults, bytes } = await server.stop();
  const { words, flat } = flatness(samples);
  const kib = Math.ceil(bytes / 1024);
  return {
    sent: sentKept + sentRaw,
    failures: [
      ...judge.failures,
      ...secrets.map((line) => `SECRET IN THE LOG: ${line}`),
      ...faults.map((line) => `FAULT IN THE LOG: ${line}`),
      ...(flat || !judgesMemory(told) ? [] : [`GROWTH: ${words}`]),
    ],
    lines: [
      ...judge.table(),
      '',
      `requests over kept connections: ${sentKept}; byte by byte, each on its own: ${sentRaw}`,
      `the server's log at level trace: ${kib} KiB, ${secrets.length} secrets, ${faults.length} faults`,
      `the server's memory: ${words}`,
    ],
  };
}

interface Throwing {
  readonly told: FuzzArguments;
  readonly endAt: number;
  readonly samples: number[];
  readonly judge: Judge;
  readonly raw: boolean;
}

/** Gives how many were sent: all, or as many as there was time for. */
async function throwSome(server: FuzzedServer, count: number, how: Throwing): Promise<number> {
  const { told, endAt, samples, judge, raw } = how;
  const routes = await builtRoutes();
  const dice = diceOf(told.seed + (raw ? 1 : 0));
  const kept = keptConnections(server.port, AT_ONCE);
  const every = Math.max(1, Math.floor(count / SAMPLES));
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < count && performance.now() < endAt && judge.failures.length < MOST_FAILURES) {
      if (sent++ % every === 0) samples.push(server.memory());
      const request = hostileRequest(dice, routes, server.loot);
      const answer = raw ? await sendRaw(server.port, bytesOf(dice, request)) : await kept.send(request);
      judge.hear(request, answer, raw);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  kept.close();
  return sent;
}

/** What the server says to what isn't HTTP. Requests over kept connections are. */
const UNREADABLE = 'That is not a request this server can read.';

/** Counts answers, and keeps those that must not be. */
class Judge {
  readonly failures: string[] = [];
  readonly #counts = new Map<string, number>();

  /** @param raw written byte by byte */
  hear({ door, method, path }: HostileRequest, { status, text }: Answered, raw: boolean): void {
    const kind = status === 0 ? 'none' : `${Math.floor(status / 100)}xx`;
    this.#counts.set(`${door} ${kind}`, (this.#counts.get(`${door} ${kind}`) ?? 0) + 1);
    const told = `${status} for ${method} ${JSON.stringify(path.slice(0, 300))}: ${JSON.stringify(text.slice(0, 300))}`;
    if (status >= 500 || status === 0) this.failures.push(`ANSWER: ${told}`);
    else if (!raw && text.startsWith(UNREADABLE)) this.failures.push(`NOT READ: ${told}`);
    else if (status >= 400 && method !== 'HEAD' && !hasWords(text)) this.failures.push(`NO WORDS: ${told}`);
    else if (/\bat \S+ \(.*:\d+:\d+\)|node:internal/.test(text)) this.failures.push(`STACK TRACE: ${told}`);
  }

  table(): string[] {
    const kinds = ['2xx', '3xx', '4xx', '5xx', 'none'];
    const cell = (door: string, kind: string): string => String(this.#counts.get(`${door} ${kind}`) ?? 0);
    return columns([['door', ...kinds], ...DOORS.map((door) => [door, ...kinds.map((kind) => cell(door, kind))])]);
  }
}

/** True when a refusal says something: a sentence, or an error of OAuth. */
function hasWords(answer: string): boolean {
  const isRaw = answer.startsWith('HTTP/1.1 ');
  const body = isRaw ? answer.slice(answer.indexOf('\r\n\r\n')) : answer;
  // A method that was spoiled into HEAD: its answer has a head alone.
  if (isRaw && body.trim() === '') return true;
  return /[a-z]{2,} [a-z]{2,}|"error":"[a-z_]{4,}"/i.test(body);
}

function flatness(samples: readonly number[]): { words: string; flat: boolean } {
  const late = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const part = Math.max(1, Math.floor(late.length / 4));
  const middle = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const [first, last, most] = [middle(late.slice(0, part)), middle(late.slice(-part)), Math.max(...samples)];
  const flat = last <= Math.max(first * (1 + MOST_GROWTH), first + MOST_GROWTH_MIB);
  return {
    words: `${[first, last, most].map((mib) => mib.toFixed(0)).join(', ')} MiB (warm, at the end, at most)`,
    flat,
  };
}
