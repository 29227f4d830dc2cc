/** What `npm run fuzz` is told. */
import { parseArgs } from 'node:util';

export interface FuzzArguments {
  /** Inputs in all. What the requests below don't make up, the parsers do. */
  readonly inputs: number;
  /** Requests over kept connections. */
  readonly requests: number;
  /** Requests written byte by byte, each on a connection of its own. */
  readonly raw: number;
  /** Requests end after this time, however many there were. */
  readonly minutes: number;
  readonly seed: number;
}

/** Memory is judged in runs of at least so many inputs: in shorter ones caches still fill. */
const LONG_RUN = 100_000;

/** Whether growth of memory is a failure. */
export function judgesMemory({ inputs }: FuzzArguments): boolean {
  return inputs >= LONG_RUN;
}

export const USAGE = `usage: npm run fuzz -- [--inputs N] [--requests N] [--raw N] [--minutes N] [--seed N]
`;

/** @throws Error with a sentence for whoever typed them. */
export function readArguments(args: readonly string[]): FuzzArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '1000000' },
      requests: { type: 'string', default: '150000' },
      raw: { type: 'string', default: '20000' },
      minutes: { type: 'string', default: '12' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const told = {
    inputs: whole('--inputs', values.inputs),
    requests: whole('--requests', values.requests),
    raw: whole('--raw', values.raw),
    minutes: whole('--minutes', values.minutes),
    seed: whole('--seed', values.seed),
  };
  if (told.requests + told.raw > told.inputs)
    throw new Error('--requests and --raw are among --inputs: it is too small');
  return told;
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${name} is a whole number above 0, not ${text}`);
  return Number(text);
}
