/**
 * Opens a store when told to on stdin, and prints the migrations it ran on stdout. Arguments: data folder, database URL
 * or nothing.
 */
import { makeLog } from '../../../src/base/log.ts';
import { openStore } from '../../../src/store/open.ts';
import { once } from '../../waits.ts';

const [dataDir = '', databaseUrl = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const store = await openStore({
  dataDir,
  databaseUrl: databaseUrl === '' ? null : databaseUrl,
  log: makeLog('info', 'json', 1),
});
process.stdout.write(`revision ${await store.revision()}\n`);
await store.close();
process.stdin.destroy();
