/**
 * `npm run fuzz`: a million hostile inputs at the real thing. Readers of strangers' text and bytes are called as they
 * are; every door of a real server gets requests, over kept connections and byte by byte. Prints a table of its own
 * counts.
 *
 * Exit codes: 0 = no answer of 5xx, none missing, no fault or secret in the log, no memory that grows, every reader as
 * it promises; 1 = something isn't so; 2 = it was told something that it does not understand. Everything stays on
 * loopback and in a temporary folder.
 */
import { columns } from '../chaos/table.ts';
import { judgesMemory, readArguments, USAGE } from './arguments.ts';
import { diceOf } from './dice.ts';
import { readHostile } from './parsers.ts';
import { throwRequests } from './throw.ts';

/** Inputs that are not counted. */
const WARM_UP = 20_000;
const MOST_GROWTH_MIB = 8;

const told = argumentsOrEnd();
const thrown = await throwRequests(told);
// Code is compiled and caches are filled first.
await readHostile(diceOf(told.seed + 2), WARM_UP);
const before = heapMib();
const { counts, faults } = await readHostile(diceOf(told.seed), told.inputs - thrown.sent);
const grown = heapMib() - before;
const failures = [
  ...thrown.failures,
  ...faults.map((fault) => `READER: ${fault}`),
  ...(judgesMemory(told) && grown > MOST_GROWTH_MIB ? [`GROWTH: the readers hold ${grown.toFixed(1)} MiB more`] : []),
];
const readers = [...counts.values()].reduce((sum, count) => sum + count, 0);
const lines = [
  ...thrown.lines,
  '',
  ...columns([['reader', 'inputs'], ...[...counts].map(([name, count]) => [name, String(count)])]),
  '',
  `the readers' memory: ${grown <= 0 ? 'no more' : `${grown.toFixed(1)} MiB more`} afterwards`,
  `inputs: ${thrown.sent + readers}, of which ${thrown.sent} requests to a server and ${readers} to readers, ` +
    `seed ${told.seed}`,
  ...failures.slice(0, 40),
  `FAILURES ${failures.length}`,
];
process.stdout.write(`${lines.join('\n')}\n`);
process.exit(failures.length === 0 ? 0 : 1);

/** What is held after a collection. */
function heapMib(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

function argumentsOrEnd(): ReturnType<typeof readArguments> {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
