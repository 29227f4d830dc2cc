/**
 * Takes a job of the kind `work`, says so on stdout, and never ends it. Arguments: data folder, database URL or
 * nothing, the time.
 */
import { writeSync } from 'node:fs';
import type { Context } from '../../../src/actions/ground/context.ts';
import { SteadyTime } from '../../../src/actions/ground/steady-time.ts';
import { JobRunner } from '../../../src/actions/instance/job-runner.ts';
import { makeLog } from '../../../src/base/log.ts';
import { openStore } from '../../../src/store/open.ts';

const [dataDir = '', databaseUrl = '', at = ''] = process.argv.slice(2);
const log = makeLog('silent');
const store = await openStore({ dataDir, databaseUrl: databaseUrl === '' ? null : databaseUrl, log });
const work = (): Promise<void> => {
  writeSync(1, 'begun\n');
  return new Promise(() => {});
};
const clock = { now: () => Number(at), passed: () => 0 };
const steadyTime = new SteadyTime({ store, clock, log, databaseTime: async () => clock.now() });
const runner = new JobRunner({ store, log, clock, steadyTime } as unknown as Context, {
  handlers: { work },
  schedules: [],
});
await runner.look();
setInterval(() => {}, 1_000);
