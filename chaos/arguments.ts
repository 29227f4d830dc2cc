/** What `npm run chaos` is told. */
import { parseArgs } from 'node:util';
import { FAULTS } from './faults.ts';
import type { Engine } from './world.ts';

export interface ChaosArguments {
  readonly engine: Engine;
  readonly minutes: number;
  /** Ends earlier, after this many kills; Infinity = only the time counts. */
  readonly kills: number;
  readonly seed: number;
  readonly workers: number;
  /** Names of faults. */
  readonly faults: readonly string[];
  /** How many faults strike between two checks at rest. */
  readonly checkEvery: number;
  /** The pause of every client between two requests of a kind. */
  readonly paceMs: number;
  /** How long PostgreSQL stays down after it was killed. */
  readonly awaySec: number;
  /** No faults: memory over time. */
  readonly soak: boolean;
}

export const USAGE = `usage: npm run chaos -- [--engine sqlite|postgres] [--minutes N] [--kills N] [--seed N]
                        [--workers N] [--fault NAME]... [--away-sec N]
                        [--check-every N] [--pace-ms N]
       npm run chaos -- --soak [--engine sqlite|postgres] [--minutes N] [--workers N]
faults: ${FAULTS.map(({ name }) => name).join(', ')}
`;

/** @throws Error with a sentence for the person who typed them */
export function readArguments(args: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: 'string', default: 'sqlite' },
      minutes: { type: 'string' },
      kills: { type: 'string' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      workers: { type: 'string' },
      fault: { type: 'string', multiple: true, default: [] },
      'away-sec': { type: 'string', default: '2' },
      'check-every': { type: 'string', default: '1' },
      'pace-ms': { type: 'string', default: '15' },
      soak: { type: 'boolean', default: false },
    },
  });
  const { engine, fault: faults, soak } = values;
  if (engine !== 'sqlite' && engine !== 'postgres')
    throw new Error(`--engine is sqlite or postgres, not ${JSON.stringify(engine)}`);
  for (const name of faults)
    if (!FAULTS.some((known) => known.name === name)) throw new Error(`there is no fault ${JSON.stringify(name)}`);
  return {
    engine,
    minutes: amount('--minutes', values.minutes ?? (soak ? '60' : '5')),
    kills: values.kills === undefined ? Infinity : whole('--kills', values.kills),
    seed: whole('--seed', values.seed),
    workers: whole('--workers', values.workers ?? (soak ? '1' : '2')),
    faults,
    checkEvery: whole('--check-every', values['check-every']),
    paceMs: whole('--pace-ms', values['pace-ms']),
    awaySec: amount('--away-sec', values['away-sec']),
    soak,
  };
}

function amount(name: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text) || Number(text) === 0) throw new Error(`${name} is a number above 0, not ${text}`);
  return Number(text);
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${name} is a whole number above 0, not ${text}`);
  return Number(text);
}
