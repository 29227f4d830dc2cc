import { expect, it, onTestFinished } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import { insertUser, listAccounts } from '../../src/store/accounts.ts';
import { openStore } from '../../src/store/open.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { freshDatabase } from '../engines/engines.ts';
import { THEN } from './world.ts';

it('a change that meets a fail-over of PostgreSQL waits for it, and happens once', async () => {
  const database = await freshDatabase('postgres');
  onTestFinished(database.remove);
  const url = new URL(database.databaseUrl!);
  const databasePort = Number(url.port);
  const proxy = await cuttableProxy(() => databasePort);
  onTestFinished(proxy.close);
  url.port = String(proxy.port);
  const store = await openStore({ dataDir: database.dataDir, databaseUrl: url.href, log: makeLog('silent') });
  onTestFinished(() => store.close());
  proxy.cut('loudly');
  let tries = 0;
  const change = store.transaction((tx) => insertUser(tx, { login: 'ada', passwordDigest: null, at: THEN }));
  const failing = store.db
    .selectFrom('accounts')
    .selectAll()
    .execute()
    .catch(() => {
      tries++;
    });
  await failing;
  expect(tries).toBe(1);
  proxy.mend();
  await change;
  expect((await listAccounts(store.db, 'user', { beforeId: null, limit: 9 })).map((user) => user.login)).toEqual([
    'ada',
  ]);
});
