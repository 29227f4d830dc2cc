import { expect, it, onTestFinished, vi } from 'vitest';
import { makeLog } from '../../src/base/log.ts';
import { insertUser, listAccounts } from '../../src/store/accounts.ts';
import type { Store } from '../../src/store/db.ts';
import { openStore } from '../../src/store/open.ts';
import { bumpRevision } from '../../src/store/revision.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { freshDatabase } from '../engines/engines.ts';
import { THEN } from './world.ts';

it('without LISTEN and NOTIFY, a change returns only when no node answers from what it was before', async () => {
  const database = await freshDatabase('postgres');
  onTestFinished(database.remove);
  const url = new URL(database.databaseUrl!);
  const port = Number(url.port);
  let refused = 0;
  // An engine of this protocol that knows neither word.
  const proxy = await cuttableProxy(
    () => port,
    (sent) => {
      const text = sent.toString('latin1');
      if (!/(?:listen|notify) latchkey/.test(text)) return sent;
      refused++;
      return Buffer.from(text.replace(/(?:listen|notify)(?= latchkey)/g, 'unable'), 'latin1');
    },
  );
  onTestFinished(proxy.close);
  url.port = String(proxy.port);
  const open = async (): Promise<Store> => {
    const store = await openStore({ dataDir: database.dataDir, databaseUrl: url.href, log: makeLog('silent') });
    onTestFinished(() => store.close());
    return store;
  };
  const [changer, other] = [await open(), await open()];
  let known = -1;
  const node = other.join((revision) => void (known = revision))!;
  onTestFinished(() => node.leave());
  await vi.waitFor(() => expect(node.trusts()).toBe(true), { timeout: 30_000 });
  for (let i = 0; i < 3; i++) {
    const revision = await changer.transaction(async (tx) => {
      await bumpRevision(tx);
      return (await tx.selectFrom('revision').select('revision').executeTakeFirstOrThrow()).revision;
    });
    expect(node.trusts() ? known : revision, 'what a node that trusts its memory knows').toBeGreaterThanOrEqual(
      revision,
    );
  }
  expect(refused).toBeGreaterThan(3);
});

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
