/**
 * A load generator of its own process: raw sockets with keep-alive, one request under way on each, so that it costs
 * little beside the server.
 *
 *     node bench/load.ts PORT CONNECTIONS SECONDS [RATE [DEPTH]] < request
 *
 * As fast as it is answered, or RATE requests a second, spread evenly; DEPTH of them at a time on each connection (1
 * unless told). Prints one JSON line: requests answered after half a second of warm-up, and with it, seconds, the
 * statuses, and the latencies' percentiles in microseconds. Loopback only, bounded in time.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const [port = 0, connections = 32, seconds = 5, rate = Infinity, depth = 1] = process.argv.slice(2).map(Number);
const requests = Buffer.from((await text(process.stdin)).replace(/\r?\n/g, '\r\n').repeat(depth));
const statuses: Record<string, number> = {};
const latencies: number[] = [];
let answered = 0;
/** Including the warm-up. */
let total = 0;
let measuring = false;
/**
 * Pipelined answers are separated by the length of the first, which all must have. That costs the generator almost
 * nothing.
 */
let learned: { status: string; bytes: number } | null = null;
/** How long pipelined answers collect in the system before they are read in one piece. */
const GATHER_MS = 4;
/** Connections whose next request isn't due yet. */
const idle: (() => void)[] = [];

/** Sends requests on one connection, `depth` at once, and the next ones when all are answered. */
function worker(): void {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setNoDelay(true);
  let sentAt = 0;
  let waiting = Buffer.alloc(0);
  const send = (): void => {
    sentAt = performance.now();
    socket.write(requests);
    if (depth === 1) return;
    socket.pause();
    setTimeout(() => socket.resume(), GATHER_MS);
  };
  const next = rate === Infinity ? send : (): void => void idle.push(send);
  socket.on('connect', next);
  socket.on('error', fail);
  socket.on('data', (chunk) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    const answer = (learned ??= firstAnswer(waiting));
    if (answer === null || waiting.length < answer.bytes * depth) return;
    if (depth > 1 && waiting.length !== answer.bytes * depth)
      return fail(new Error('the answers are not of one length'));
    const { status } = answer;
    if (depth === 1) learned = null;
    waiting = waiting.subarray(answer.bytes * depth);
    total += depth;
    statuses[status] = (statuses[status] ?? 0) + depth;
    if (measuring) {
      answered += depth;
      latencies.push((performance.now() - sentAt) * 1000);
    }
    next();
  });
}

/** Status and length (`Content-Length` only) of the answer that begins here; null when it is incomplete. */
function firstAnswer(bytes: Buffer): { status: string; bytes: number } | null {
  const head = bytes.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const headers = bytes.toString('latin1', 0, head);
  const length = head + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(headers)?.[1] ?? 0);
  return bytes.length < length ? null : { status: headers.slice(9, 12), bytes: length };
}

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

if (rate !== Infinity) pace();

/**
 * Sends what is due, in every turn of the event loop. If no connection is free, the request is not made up for later.
 */
function pace(): void {
  let sentUntil = performance.now();
  const turn = (): void => {
    const now = performance.now();
    for (; sentUntil < now; sentUntil += 1000 / rate) idle.shift()?.();
    setImmediate(turn);
  };
  turn();
}

for (let i = 0; i < connections; i++) worker();
await new Promise((resolve) => setTimeout(resolve, 500));
measuring = true;
const start = performance.now();
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
measuring = false;
const took = (performance.now() - start) / 1000;
latencies.sort((a, b) => a - b);
const at = (share: number): number =>
  Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0);
const times = { seconds: took, perSecond: answered / took, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
process.stdout.write(`${JSON.stringify({ answered, total, statuses, ...times })}\n`);
process.exit();
