/** A real context on a fresh database, for tests of actions, and of doors without a socket. */
import { expect, onTestFinished } from 'vitest';
import { type OpenContext, openContext } from '../../src/actions/instance/open.ts';
import { makeLog } from '../../src/base/log.ts';
import { loadSettings, type SettingSources } from '../../src/base/settings/settings.ts';
import type { Clock, UnixSeconds } from '../../src/base/time.ts';
import { auditEvent, FACTS_OF_ALL } from '../../src/catalogue/audit-events.ts';
import type { Engine } from '../../src/store/db.ts';
import { readyDatabase } from '../engines/engines.ts';

/** A clock that a test sets. */
interface TestClock extends Clock {
  /** Lets this many seconds pass. */
  advance(seconds: number): void;
  /** Sets the clock; no time passes. */
  set(to: UnixSeconds): void;
}

function testClock(at = 1_790_000_000): TestClock {
  let [now, passed] = [at, 0];
  return {
    now: () => now,
    passed: () => passed,
    advance: (seconds) => {
      now += seconds;
      passed += seconds;
    },
    set: (to) => void (now = to),
  };
}

export interface TestContext extends OpenContext {
  readonly clock: TestClock;
}

/** Opens a context with these settings; closed and removed after the test. */
export async function contextWith(
  flags: SettingSources['flags'] = {},
  engine: Engine = 'sqlite',
): Promise<TestContext> {
  const database = await readyDatabase(engine);
  onTestFinished(database.remove);
  const settings = loadSettings({
    flags: {
      data: database.dataDir,
      ...(database.databaseUrl === null ? {} : { database: database.databaseUrl }),
      ...flags,
    },
    env: {},
  });
  const clock = testClock();
  const context = await openContext(settings, makeLog('silent'), { clock });
  onTestFinished(() => context.close());
  onTestFinished(() => keptToTheCatalogue(context));
  return { ...context, clock };
}

const UNREADABLE_LOGS = new WeakSet<OpenContext['store']>();

/** For a test that makes up entries, or closes the store: its log isn't compared with the catalogue. */
export function dontReadLog({ store }: Pick<OpenContext, 'store'>): void {
  UNREADABLE_LOGS.add(store);
}

/** After every test: each recorded event is in the catalogue, with facts that it lists. */
async function keptToTheCatalogue({ store }: OpenContext): Promise<void> {
  if (UNREADABLE_LOGS.has(store)) return;
  const rows = await store.db.selectFrom('audit').select(['action', 'data_json']).distinct().execute();
  const strange = rows.flatMap(({ action, data_json }) => {
    const names = Object.keys(JSON.parse(data_json) as object);
    const listed = auditEvent(action)?.data;
    return names
      .filter((name) => listed?.includes(name) !== true && !FACTS_OF_ALL.includes(name))
      .map((name) => `${action}: ${name}`);
  });
  expect([...new Set(strange)], 'facts that src/catalogue/audit-events.ts does not list').toEqual([]);
}
