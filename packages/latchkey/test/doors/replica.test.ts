/** PostgreSQL with a replica that takes over: what stays possible meanwhile, and what holds afterwards. */
import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { revokeToken } from '../../src/actions/tokens/tokens.ts';
import { cuttableProxy } from '../engines/cuttable-proxy.ts';
import { startPostgres } from '../engines/postgres-server.ts';
import { until } from '../waits.ts';
import { basic, call, makeWorld } from './git/server.ts';

/** How long an outage may last after its cause has ended. */
const RECOVERY_MS = 10_000;

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/**
 * An operator's PostgreSQL dies with its machine, and the replica is promoted. Commits waited for the replica, so a
 * token that was revoked a moment before is still revoked afterwards.
 */
it('a replica that takes over is found again within ten seconds, and nothing revoked comes back', async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.stop());
  const replica = await postgres.replica();
  await query(postgres.url, `alter system set synchronous_standby_names = '*'`);
  await query(postgres.url, 'select pg_reload_conf()');
  let port = Number(new URL(postgres.url).port);
  const proxy = await cuttableProxy(() => port);
  onTestFinished(proxy.close);
  const address = new URL(postgres.url);
  address.port = String(proxy.port);
  const world = await makeWorld({ database: address.href });
  onTestFinished(() => world.close());
  const { context } = world.server;
  await until(async () => (await context.store.replicasBehind()).length === 1, 'the replica is seen');
  expect(await context.metrics.registry.getSingleMetricAsString('latchkey_database_replication_lag_seconds')).toMatch(
    /^latchkey_database_replication_lag_seconds [0-9.e-]+$/m,
  );

  const ask = (token = world.full): ReturnType<typeof call> =>
    call(world.url, '/api/v3/user', { headers: { ...basic(token), 'User-Agent': 'test' } });
  expect((await ask()).status).toBe(200);
  const [{ id }] = (await query(postgres.url, `select id from tokens where name = 'reader'`)) as [{ id: string }];
  expect((await ask(world.reader)).status).toBe(200);
  await revokeToken(context, operatorPermit(), Number(id));

  await postgres.tell('kill');
  proxy.cut('loudly');
  const statuses = new Set<number>();
  await until(async () => {
    const { status, headers } = await ask();
    statuses.add(status);
    if (status === 503) expect(headers['retry-after']).toBe('5');
    return status === 503;
  }, 'the outage is said');
  expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
  expect((await ask(world.reader)).status).not.toBe(200);

  await query(replica, 'select pg_promote()');
  port = Number(new URL(replica).port);
  proxy.mend();
  const endedAt = performance.now();
  await until(async () => (await ask()).status === 200, 'checks are answered again');
  const pushed = async (): Promise<boolean> =>
    (await call(world.url, '/readyz?for=write', { headers: {} })).status === 200;
  await until(pushed, 'changes are taken again');
  expect(performance.now() - endedAt).toBeLessThan(RECOVERY_MS);
  expect((await ask(world.reader)).status).toBe(401);
  expect(await query(replica, `select count(*)::int as count from tokens where revoked_at is not null`)).toEqual([
    { count: 1 },
  ]);
});
