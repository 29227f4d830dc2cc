/**
 * A clock that is wrong for a second, forward or back, causes nothing that can't be undone.
 *
 * The story: a machine wakes up with a date a year ahead, and its upkeep runs before a time server corrects it.
 */
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { beginSession, SUDO_SEC, signedInBy } from '../../../src/actions/accounts/sessions.ts';
import { isSudo } from '../../../src/actions/accounts/sudo.ts';
import { takeCode } from '../../../src/actions/accounts/two-factor.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { consumeRateLimit, peekRateLimit } from '../../../src/actions/ground/rate-limit.ts';
import { SteadyTime } from '../../../src/actions/ground/steady-time.ts';
import { JOB_HANDLERS, SCHEDULES } from '../../../src/actions/instance/job-handlers.ts';
import { JobPlaces } from '../../../src/actions/instance/job-places.ts';
import { JobRunner, LEASE_SEC } from '../../../src/actions/instance/job-runner.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import { DAY_SEC, HOUR_SEC } from '../../../src/base/time.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { freeJobs } from '../../../src/store/free-jobs.ts';
import { takeJobs } from '../../../src/store/jobs.ts';
import { insertAuthenticator } from '../../../src/store/second-factors.ts';
import { countLiving } from '../../../src/store/token-upkeep.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();
const GO = new AbortController().signal;
const YEAR_SEC = 367 * DAY_SEC;
const VISITOR = { address: '127.0.0.1', userAgent: null };

async function withTokens(engine: (typeof ENGINES)[number], count: number): Promise<TestContext> {
  const ctx = await contextWith({}, engine);
  await addUser(ctx, OPERATOR, {
    login: 'bob',
    email: 'bob@example.org',
    verified: true,
    admin: false,
    password: null,
  });
  for (let i = 0; i < count; i++)
    await createToken(ctx, OPERATOR, {
      userLogin: 'bob',
      kind: 'classic',
      name: `t${i}`,
      description: '',
      scopes: ['repo'],
      grants: [],
      expiresInDays: null,
    });
  return ctx;
}

/** Runs every scheduled job now. */
async function upkeep(ctx: TestContext): Promise<void> {
  for (const { kind } of SCHEDULES) await JOB_HANDLERS[kind](ctx, null, GO);
}

/** Lets this many hours pass, with upkeep every hour. */
async function live(ctx: TestContext, hours: number): Promise<void> {
  for (let i = 0; i < hours; i++) {
    ctx.clock.advance(HOUR_SEC);
    await ctx.steadyTime.look();
  }
}

describe.each(ENGINES)('a wrong clock [%s]', (engine) => {
  it('ends none of 21 tokens when it is 367 days ahead, however often upkeep runs meanwhile', async () => {
    const ctx = await withTokens(engine, 21);
    await live(ctx, 30);
    const right = ctx.clock.now();
    ctx.clock.set(right + YEAR_SEC);
    for (let i = 0; i < 5; i++) await upkeep(ctx);
    // Even if nobody corrects it: tokens are marked after a day, and their owners are told.
    await live(ctx, 20);
    await upkeep(ctx);
    expect(await countLiving(ctx.store.db)).toBe(21);
    ctx.clock.set(right + 20 * HOUR_SEC);
    await upkeep(ctx);
    expect(await countLiving(ctx.store.db)).toBe(21);
  });

  it('is not believed by a process that starts with it', async () => {
    const ctx = await withTokens(engine, 3);
    await live(ctx, 30);
    ctx.clock.set(ctx.clock.now() + YEAR_SEC);
    const { store, clock, log } = ctx;
    const started = new SteadyTime({ store, clock, log, databaseTime: async () => clock.now() });
    expect(await started.look()).toMatchObject({ steadySec: 0 });
  });

  it('that is behind the newest entry of the log ends nothing', async () => {
    const ctx = await withTokens(engine, 1);
    await live(ctx, 30);
    expect((await ctx.steadyTime.look()).steadySec).toBeGreaterThan(DAY_SEC);
    ctx.clock.set(ctx.clock.now() + 90);
    await addUser(ctx, OPERATOR, {
      login: 'ada',
      email: 'ada@example.org',
      verified: true,
      admin: false,
      password: null,
    });
    ctx.clock.set(ctx.clock.now() - 90);
    expect(await ctx.steadyTime.look()).toMatchObject({ steadySec: 0 });
  });

  it('of a node ends nothing where the clock of the database is right', async () => {
    const ctx = await withTokens(engine, 3);
    const right = { now: () => ctx.clock.now(), passed: () => ctx.clock.passed() };
    const ahead = { now: () => right.now() + YEAR_SEC, passed: right.passed };
    const { store, log } = ctx;
    const steadyTime = new SteadyTime({ store, log, clock: ahead, databaseTime: async () => right.now() });
    for (let i = 0; i < 30; i++) {
      ctx.clock.advance(HOUR_SEC);
      await steadyTime.look();
    }
    await upkeep({ ...ctx, clock: { ...ctx.clock, ...ahead }, steadyTime });
    expect(await countLiving(store.db)).toBe(3);
    expect(await steadyTime.agrees()).toBe(false);
    const runner = new JobRunner({ ...ctx, clock: ahead, steadyTime }, { pollMs: 3_600_000 });
    await runner.look();
    expect(runner.running).toBe(0);
    await runner.close(0);
  });

  it('that was set back gives upkeep its turns again, and reclaims jobs that were leased until next year', async () => {
    const ctx = await withTokens(engine, 0);
    const right = ctx.clock.now();
    ctx.clock.set(right + YEAR_SEC);
    let runs = 0;
    const runner = new JobRunner(ctx, {
      handlers: { 'clear-jobs': async () => void runs++ },
      schedules: [{ kind: 'clear-jobs', everySec: DAY_SEC }],
      pollMs: 3_600_000,
    });
    // A look may join one that began before, with the clock as it was then.
    const ranInAll = async (times: number): Promise<void> => {
      await expect.poll(async () => runner.look().then(() => runs)).toBe(times);
      await expect.poll(() => runner.running).toBe(0);
    };
    await ranInAll(1);
    ctx.clock.set(right);
    await ranInAll(2);
    await runner.close(0);
    ctx.clock.advance(DAY_SEC);
    const { store } = ctx;
    const at = ctx.clock.now();
    const ids = await freeJobs(store.db, ['clear-jobs'], at, new JobPlaces(() => 0).wanted());
    const ahead = at + YEAR_SEC;
    expect(await store.transaction((tx) => takeJobs(tx, ids, 'ahead', ahead, ahead + LEASE_SEC))).toHaveLength(1);
    expect(await freeJobs(store.db, ['clear-jobs'], at, new JobPlaces(() => 0).wanted())).toEqual(ids);
    expect(await store.transaction((tx) => takeJobs(tx, ids, 'right', at, at + LEASE_SEC))).toHaveLength(1);
    expect(await freeJobs(store.db, ['clear-jobs'], at, new JobPlaces(() => 0).wanted())).toEqual([]);
  });

  it('does not lock people out afterwards: codes and limits start again', async () => {
    const ctx = await withTokens(engine, 0);
    const bob = (await accountByLogin(ctx.store.db, 'bob'))!;
    const secret = new OtpSecret({ size: 20 }).base32;
    const code = (): string =>
      new TOTP({ secret: OtpSecret.fromBase32(secret) }).generate({ timestamp: ctx.clock.now() * 1000 });
    const key = ctx.keys.seal('second_factors.secret', bob.id, secret);
    await ctx.store.transaction((tx) => insertAuthenticator(tx, bob.id, { key, at: ctx.clock.now(), step: 0 }));
    const right = ctx.clock.now();
    for (const moved of [YEAR_SEC, -YEAR_SEC, 0]) {
      ctx.clock.set(right + moved);
      expect(await takeCode(ctx, bob, code(), VISITOR)).toBe(true);
      expect(await takeCode(ctx, bob, code(), VISITOR)).toBe(false);
      for (let i = 0; i < 5; i++) await consumeRateLimit(ctx, 'link-mails', 'bob');
      expect(await consumeRateLimit(ctx, 'link-mails', 'bob')).toMatchObject({ allowed: false });
      expect(await peekRateLimit(ctx, 'link-mails', 'bob')).toMatchObject({ allowed: false });
    }
  });

  it('ends what expires only for as long as it is ahead: afterwards each token has the end that it had', async () => {
    const ctx = await withTokens(engine, 0);
    const made = await createToken(ctx, OPERATOR, {
      userLogin: 'bob',
      kind: 'classic',
      name: 'month',
      description: '',
      scopes: ['repo'],
      grants: [],
      expiresInDays: 30,
    });
    const seen = async () => {
      const [token] = await listTokens(ctx, OPERATOR, 'bob');
      return { state: token?.state, expiresAt: token?.expiresAt };
    };
    const right = ctx.clock.now();
    for (const [moved, state] of [
      [YEAR_SEC, 'expired'],
      [-YEAR_SEC, 'active'],
      [0, 'active'],
    ] as const) {
      ctx.clock.set(right + moved);
      await upkeep(ctx);
      expect(await seen()).toEqual({ state, expiresAt: made.token.expiresAt });
    }
  });

  it('opens nothing for a year: sessions and sudo mode dated in the future are not accepted', async () => {
    const ctx = await withTokens(engine, 0);
    const bob = (await accountByLogin(ctx.store.db, 'bob'))!;
    const right = ctx.clock.now();
    const begin = () => ctx.store.transaction((tx) => beginSession(tx, ctx.clock.now(), bob.id, VISITOR));
    const honest = await begin();
    ctx.clock.set(right + YEAR_SEC);
    const early = await begin();
    expect(await signedInBy(ctx, honest, VISITOR)).toBeNull();
    ctx.clock.set(right);
    const session = (await signedInBy(ctx, honest, VISITOR))!.session;
    expect(isSudo(ctx, session)).toBe(true);
    expect(isSudo(ctx, { ...session, sudoUntil: right + YEAR_SEC + SUDO_SEC })).toBe(false);
    expect(await signedInBy(ctx, early, VISITOR)).toBeNull();
  });
});
