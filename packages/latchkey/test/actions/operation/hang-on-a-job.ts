/**
 * Takes a job of the kind `work`, says so on stdout, and never ends it. Arguments: data folder, database URL or
 * nothing, what time it is.
 */
import { writeSync } from 'node:fs';
import type { Context } from '../../../src/actions/ground/context.ts';
import { JobRunner } from '../../../src/actions/instance/job-runner.ts';
import { makeLog } from '../../../src/base/log.ts';
import { openStore } from '../../../src/store/db.ts';

const [dataDir = '', databaseUrl = '', at = ''] = process.argv.slice(2);
const log = makeLog('silent');
const store = await openStore({ dataDir, databaseUrl: databaseUrl === '' ? null : databaseUrl, log });
const work = (): Promise<void> => {
  writeSync(1, 'begun\n');
  return new Promise(() => {});
};
const runner = new JobRunner({ store, log, clock: { now: () => Number(at) } } as unknown as Context, {
  handlers: { work },
  schedules: [],
});
await runner.look();
setInterval(() => {}, 1_000);
