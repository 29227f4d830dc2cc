/**
 * A load generator of its own process: raw sockets with keep-alive, one request under way on each, so that it costs little beside the server.
 *
 *     node bench/load.ts PORT CONNECTIONS SECONDS [RATE] < request
 *
 * As fast as it is answered, or RATE requests a second, spread evenly. Prints one JSON line: requests answered, seconds, the statuses, and the latencies' percentiles in microseconds. Loopback only, bounded in time.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const [port = 0, connections = 32, seconds = 5, rate = Infinity] = process.argv.slice(2).map(Number);
const request = Buffer.from((await text(process.stdin)).replace(/\r?\n/g, '\r\n'));
const statuses: Record<string, number> = {};
const latencies: number[] = [];
let answered = 0;
let measuring = false;
/** Those that wait for their next request to be due. */
const idle: (() => void)[] = [];

/** Reads whole answers off one connection (Content-Length only) and sends the next request after each. */
function worker(): void {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setNoDelay(true);
  let sentAt = 0;
  let waiting = Buffer.alloc(0);
  const send = (): void => {
    sentAt = performance.now();
    socket.write(request);
  };
  const next = rate === Infinity ? send : (): void => void idle.push(send);
  socket.on('connect', next);
  socket.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
  socket.on('data', (chunk) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    const head = waiting.indexOf('\r\n\r\n');
    if (head < 0) return;
    const headers = waiting.toString('latin1', 0, head);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(headers)?.[1] ?? 0);
    if (waiting.length < head + 4 + length) return;
    waiting = waiting.subarray(head + 4 + length);
    if (measuring) {
      answered++;
      const status = headers.slice(9, 12);
      statuses[status] = (statuses[status] ?? 0) + 1;
      latencies.push((performance.now() - sentAt) * 1000);
    }
    next();
  });
}

if (rate !== Infinity) pace();

/** Sends what is due, as often as the event loop turns. What no connection is free for is not made up for later. */
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
const at = (share: number): number => Math.round(latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0);
process.stdout.write(`${JSON.stringify({ answered, seconds: took, perSecond: answered / took, statuses, p50: at(0.5), p90: at(0.9), p99: at(0.99) })}\n`);
process.exit();
