/**
 * Memory over time: a bounded, mixed load, as a busy team makes it, on a server that nothing happens to; resident
 * memory is read every minute.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { QUIET_GIT, run } from '../bench/command.ts';
import { withToken } from '../bench/server.ts';
import type { ChaosArguments } from './arguments.ts';
import { pagesOf, statusOf } from './ask.ts';
import type { Outcome } from './faulty-time.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { chanceOf } from './random.ts';
import { columns } from './table.ts';
import { Visitor } from './visitor.ts';
import { PASSWORD, type World } from './world.ts';

/** The most resident memory of each process that answers. */
const MOST_MIB = 250;
/** Until then, caches fill and code is compiled. */
const WARM_MINUTES = 4;
/** Flat: the middle of the last quarter is above that of the first by no more than this share. */
const MOST_GROWTH = 0.05;
const MINUTE_MS = 60_000;
/** So many failures are printed. */
const MOST_TOLD = 20;

/** How often each thing is requested, in addition to the load of tokens and pushes. */
const PAGE_EVERY_MS = 250;
const CLONE_EVERY_MS = 1_500;
const CHECK_EVERY_MS = 20;
const SIGN_IN_EVERY_MS = 2_000;
const EXPORT_EVERY_MS = 15_000;
const PAGES = ['/login', '/help', '/help/token_expired', '/password_reset', '/ada'];
const PAGES_OF_ONES_OWN = ['/settings/tokens', '/settings/personal-access-tokens', '/settings/security-log'];

export async function runSoak(world: World, { minutes, paceMs }: ChaosArguments): Promise<Outcome> {
  const ledger = new Ledger();
  const load = new Load(world, ledger, chanceOf(1), paceMs);
  await load.prepare();
  const over = new AbortController();
  const counts = new Map<string, number>();
  const failures: string[] = [];
  const samples: number[] = [];
  const loops = Object.entries(ASKERS).map(async ([name, { everyMs, ask }]) => {
    for (let turn = 0; !over.signal.aborted; turn++) {
      const next = performance.now() + everyMs;
      const went = await ask(world, turn).then(
        () => true,
        (error: unknown) => {
          failures.push(`${name}, in minute ${samples.length + 1}: ${wordsOf(error)}`);
          return false;
        },
      );
      const key = went ? name : `${name} that failed`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      await pause(Math.max(0, next - performance.now()), undefined, { signal: over.signal }).catch(() => undefined);
    }
  });
  load.start();
  for (let minute = 1; minute <= minutes; minute++) {
    await pause(MINUTE_MS);
    samples.push(Math.max(...world.answering().map(residentMib)));
    process.stderr.write(`minute ${minute}: ${samples.at(-1)?.toFixed(0)} MiB\n`);
  }
  over.abort();
  await load.stop();
  await Promise.all(loops);
  const { lines, held } = verdictOf(samples, [
    ...counts,
    ['pushes', ledger.counts.pushed],
    ['changes of tokens', ledger.counts.made],
  ]);
  const told = failures.slice(0, MOST_TOLD);
  return { lines: [...lines, ...(told.length === 0 ? [] : ['', 'What failed, at first:', ...told])], held };
}

/** What was said about it, on one line, without the token that stands in the URL of a clone. */
function wordsOf(error: unknown): string {
  return String(error)
    .replaceAll(/:\/\/[^@\s]*@/g, '://')
    .replaceAll(/\s+/g, ' ');
}

interface Asker {
  readonly everyMs: number;
  readonly ask: (world: World, turn: number) => Promise<unknown>;
}

const ASKERS: Readonly<Record<string, Asker>> = {
  pages: {
    everyMs: PAGE_EVERY_MS,
    ask: ({ url }, turn) => new Visitor(url).see(PAGES[turn % PAGES.length] ?? '/'),
  },
  'sign-ins': {
    everyMs: SIGN_IN_EVERY_MS,
    ask: async ({ url }) => {
      const ada = new Visitor(url);
      await ada.signIn('ada', PASSWORD);
      for (const page of PAGES_OF_ONES_OWN) await ada.see(page);
    },
  },
  'checks of a token': {
    everyMs: CHECK_EVERY_MS,
    ask: ({ url, tokens }) => statusOf(url, { method: 'GET', path: '/user', token: tokens.pusher }),
  },
  clones: {
    everyMs: CLONE_EVERY_MS,
    ask: async (world, turn) => {
      const { url, tokens, options } = world;
      for await (const repositories of pagesOf<{ name: string }>(url, '/user/repos?per_page=5', tokens.pusher)) {
        const name = repositories[turn % Math.max(1, repositories.length)]?.name;
        if (name === undefined) return;
        const to = join(options.folder, 'clone');
        const remote = withToken(url, tokens.pusher, `/ada/${name}.git`);
        try {
          await run('git', ['clone', '-q', '--bare', remote, to], { env: QUIET_GIT });
        } finally {
          await rm(to, { recursive: true, force: true });
        }
        return;
      }
    },
  },
  exports: {
    everyMs: EXPORT_EVERY_MS,
    ask: ({ url, tokens }) =>
      statusOf(url, { method: 'GET', path: '/enterprise/audit-log?format=jsonl', token: tokens.auditor }),
  },
};

/** Resident memory of a process, in MiB. */
function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function verdictOf(samples: readonly number[], counts: readonly (readonly [string, number])[]): Outcome {
  const late = samples.slice(WARM_MINUTES);
  const quarter = Math.max(1, Math.floor(late.length / 4));
  const [first, last] = [middle(late.slice(0, quarter)), middle(late.slice(-quarter))];
  const highest = Math.max(...late);
  const isFlat = last <= first * (1 + MOST_GROWTH);
  const [atFirst, atLast, atMost] = [first, last, highest].map((mib) => `${mib.toFixed(0)} MiB`);
  const words = `after minute ${WARM_MINUTES}: ${atFirst} at first, ${atLast} at last, ${atMost} at most`;
  return {
    lines: [
      ...columns([['minute', 'MiB'], ...samples.map((mib, i) => [String(i + 1), mib.toFixed(0)])]),
      '',
      ...columns(counts.map(([name, count]) => [name, String(count)])),
      '',
      `${words}: ${isFlat ? 'flat' : 'NOT FLAT'}${highest <= MOST_MIB ? '' : `, ABOVE ${MOST_MIB} MiB`}`,
    ],
    held: late.length > 0 && isFlat && highest <= MOST_MIB,
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
