/** What operators read of an instance as numbers: tokens, jobs, mails, sign-ins, the database. */
import { AggregatorRegistry } from 'prom-client';
import { expect, it, test } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { signIn } from '../../src/actions/accounts/sign-in.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { deliverMail, queueMail } from '../../src/actions/ground/mail.ts';
import { gaugesOf } from '../../src/actions/instance/gauges.ts';
import { Secret } from '../../src/base/secret.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { insertUser } from '../../src/store/accounts.ts';
import { insertJob } from '../../src/store/jobs.ts';
import { insertToken, revokeToken } from '../../src/store/tokens.ts';
import { contextWith, dontReadLog, type TestContext } from '../actions/context.ts';
import { ENGINES } from '../engines/engines.ts';
import { tokenOf } from '../store/world.ts';

/** Reads all series as Prometheus would: name and labels → value. */
function reading(ctx: TestContext): () => Promise<Map<string, number>> {
  for (const series of gaugesOf(ctx)) ctx.metrics.add(series);
  return async () => {
    const lines = (await ctx.metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('latchkey_'));
    return new Map(lines.map((line) => [line.replace(/ [^ ]+$/, ''), Number(line.replace(/.* /, ''))]));
  };
}

test.each(ENGINES)('tokens are counted by state, and those that end within a week apart [%s]', async (engine) => {
  const ctx = await contextWith({}, engine);
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { id: ada } = await insertUser(tx, { login: 'ada', passwordDigest: null, at });
    const made = async (given: Parameters<typeof tokenOf>[1]): Promise<number> =>
      insertToken(tx, tokenOf(ada, { at, ...given }));
    for (const [n, expiresAt] of [null, at + 7 * DAY_SEC, at + 7 * DAY_SEC + 1, at + 1].entries())
      await made({ name: `lives ${n}`, expiresAt });
    await made({ name: 'ended', expiresAt: at });
    await made({ name: 'spent', usesLeft: 0, expiresAt: at + DAY_SEC });
    await made({ name: 'later', notBeforeAt: at + 1, expiresAt: at + DAY_SEC });
    await revokeToken(tx, await made({ name: 'gone', expiresAt: at + DAY_SEC }), 'ada', at);
  });
  const values = await reading(ctx)();
  const states = [...values].filter(([series]) => series.startsWith('latchkey_tokens{'));
  expect(Object.fromEntries(states)).toEqual({
    'latchkey_tokens{state="active"}': 4,
    'latchkey_tokens{state="expired"}': 1,
    'latchkey_tokens{state="used_up"}': 1,
    'latchkey_tokens{state="not_yet_valid"}': 1,
    'latchkey_tokens{state="revoked"}': 1,
  });
  expect(values.get('latchkey_tokens_ending_in_7_days')).toBe(2);
  expect(values.get('latchkey_database_bytes')).toBeGreaterThan(100_000);
  expect([...values.keys()].join('\n')).toMatch(
    new RegExp(`latchkey_build_info\\{version="[0-9.]+[^"]*",node="[0-9.]+",engine="${engine}"\\}`),
  );
});

it('says how long the oldest job waits that nobody has taken', async () => {
  const ctx = await contextWith();
  const read = reading(ctx);
  expect((await read()).get('latchkey_jobs_late_seconds')).toBe(0);
  const job = { kind: 'deliver-mail', payload: null, uniqueKey: null, at: ctx.clock.now() };
  await ctx.store.transaction((tx) => insertJob(tx, { ...job, runAt: ctx.clock.now() - 90 }));
  await ctx.store.transaction((tx) => insertJob(tx, { ...job, runAt: ctx.clock.now() + 90 }));
  expect((await read()).get('latchkey_jobs_late_seconds')).toBe(90);
});

it('counts sign-ins and mails by how they ended, from zero on', async () => {
  const ctx = await contextWith({ smtp: 'smtp://127.0.0.1:1' });
  const read = reading(ctx);
  const ended = async (name: string): Promise<Record<string, number>> => {
    const outcome = new RegExp(`^latchkey_${name}\\{outcome="(.+)"\\}$`);
    return Object.fromEntries(
      [...(await read())].flatMap(
        ([series, value]) =>
          outcome
            .exec(series)
            ?.slice(1)
            .map((how) => [how, value]) ?? [],
      ),
    );
  };
  expect(await ended('sign_ins_total')).toEqual({ succeeded: 0, failed: 0 });
  expect(await ended('webhook_deliveries_total')).toEqual({ delivered: 0, failed: 0 });
  const password = new Secret('correct horse battery staple');
  const { id } = await addUser(ctx, operatorPermit(), {
    login: 'ada',
    email: 'ada@example.org',
    verified: true,
    admin: false,
    password,
  });
  const visitor = { address: '127.0.0.1', userAgent: null };
  const form = { name: 'ada', device: new Secret('') };
  await expect(signIn(ctx, { ...form, password: new Secret('no') }, visitor)).rejects.toThrow('wrong');
  await signIn(ctx, { ...form, password }, visitor);
  expect(await ended('sign_ins_total')).toEqual({ succeeded: 1, failed: 1 });
  const facts = { token: { name: 'ci', lastEight: 'AbCdEfGh', path: '/' }, by: 'ada', address: null, right: '' };
  await ctx.store.transaction((tx) => queueMail(ctx, tx, { userId: id }, 'token_created', facts));
  expect(await deliverMail(ctx)).toMatchObject({ failed: 1 });
  expect(await ended('mails_total')).toEqual({ sent: 0, kept: 0, failed: 1, given_up: 0 });
});

it('what the database can’t say leaves the rest readable', async () => {
  const ctx = await contextWith();
  const read = reading(ctx);
  dontReadLog(ctx);
  await ctx.store.close();
  const values = await read();
  expect(values.get('latchkey_ready{for="check"}')).toBe(0);
  expect([...values.keys()].filter((series) => /^latchkey_(?:jobs|tokens)/.test(series))).toEqual([]);
});

it('workers add up what each counts, and not what all of them know', async () => {
  const ctx = await contextWith();
  await ctx.store.transaction(async (tx) => {
    const { id: ada } = await insertUser(tx, { login: 'ada', passwordDigest: null, at: ctx.clock.now() });
    await insertToken(tx, tokenOf(ada, {}));
  });
  ctx.metrics.happened('signIn', 'failed');
  await reading(ctx)();
  const worker = await ctx.metrics.registry.getMetricsAsJSON();
  const text = await AggregatorRegistry.aggregate([worker, worker]).metrics();
  expect(text).toContain('latchkey_tokens{state="active"} 1\n');
  expect(text).toMatch(/^latchkey_build_info\{.*\} 1$/m);
  expect(text).toMatch(/^latchkey_memory_trusted [01]$/m);
  expect(text).toContain('latchkey_sign_ins_total{outcome="failed"} 2\n');
});
