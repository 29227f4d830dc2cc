/**
 * What is made while a clock is a year ahead must not open anything for a year once the clock is right again: links for
 * a new password, sign-in codes of commands, the old secret of a rotation. Nor does a clock that goes back give
 * anything a longer life.
 */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { handPasswordLink, RESET_SEC, readPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { beginSession, signedInBy } from '../../../src/actions/accounts/sessions.ts';
import { isFresh, isSudo } from '../../../src/actions/accounts/sudo.ts';
import { authorize, authorizeIdentity, operatorPermit, type Permit } from '../../../src/actions/decision/authorize.ts';
import { redeemCode, redeemDevice } from '../../../src/actions/tokens/code-redemption.ts';
import {
  approveCode,
  beginDeviceAuthorization,
  deviceByUserCode,
} from '../../../src/actions/tokens/device-authorization.ts';
import { regenerateToken, rotateToken } from '../../../src/actions/tokens/secrets.ts';
import { createToken, listTokens } from '../../../src/actions/tokens/tokens.ts';
import { Secret } from '../../../src/base/secret.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import { readLoginRequest } from '../../../src/rules/login-request.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { readUserFacts } from '../../../src/store/decision-facts.ts';
import { ENGINES } from '../../engines/engines.ts';
import { contextWith, type TestContext } from '../context.ts';

const OPERATOR = operatorPermit();
const YEAR_SEC = 367 * DAY_SEC;
const VISITOR = { address: '127.0.0.1', userAgent: null };
const NEED = { sets: [], publicRead: false, writes: true };
const ASKED = { need: NEED, target: { kind: 'account', login: null }, ...VISITOR, purpose: 'a test' } as const;

async function withBob(engine: (typeof ENGINES)[number]): Promise<TestContext> {
  const ctx = await contextWith({}, engine);
  const email = 'bob@example.org';
  await addUser(ctx, OPERATOR, { login: 'bob', email, verified: true, admin: false, password: null });
  return ctx;
}

async function bobIn(ctx: TestContext): Promise<Permit> {
  const facts = (await readUserFacts(ctx.store.db, (await accountByLogin(ctx.store.db, 'bob'))!.id))!;
  const bob = { bearer: { via: 'session', user: facts.user }, facts, endsOverlap: false } as const;
  const verdict = await authorizeIdentity(ctx, ASKED, bob);
  if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
  return verdict.permit;
}

/** A classic token of bob's for a month. */
const monthOf = (ctx: TestContext) =>
  createToken(ctx, OPERATOR, {
    userLogin: 'bob',
    kind: 'classic',
    name: 'month',
    description: '',
    scopes: ['user'],
    grants: [],
    expiresInDays: 30,
  });

async function opens(ctx: TestContext, text: string): Promise<boolean> {
  const credential = { form: 'bearer', secret: new Secret(text) } as const;
  return (await authorize(ctx, { ...ASKED, credential, door: 'github' })).allowed;
}

/** Makes something a year ahead of time, and sets the clock right again. */
async function ahead<T>(ctx: TestContext, make: () => Promise<T>): Promise<T> {
  const right = ctx.clock.now();
  ctx.clock.set(right + YEAR_SEC);
  const made = await make();
  ctx.clock.set(right);
  return made;
}

describe.each(ENGINES)('after a clock that was a year ahead [%s]', (engine) => {
  it('a link for a new password that was made meanwhile opens nothing, and the next works for its hour', async () => {
    const ctx = await withBob(engine);
    const link = async () => new Secret((await handPasswordLink(ctx, OPERATOR, 'bob')).split('/').at(-1)!);
    const early = await ahead(ctx, link);
    expect(await readPasswordLink(ctx, early)).toBeNull();
    const honest = await link();
    expect(await readPasswordLink(ctx, honest)).toMatchObject({ login: 'bob' });
    ctx.clock.advance(RESET_SEC);
    expect(await readPasswordLink(ctx, honest)).toBeNull();
  });

  it('sign-in codes that were made meanwhile give no token', async () => {
    const ctx = await withBob(engine);
    const request = readLoginRequest(new URLSearchParams({ scope: 'contents:read', resource_owner: 'bob' }));
    if ('error' in request) throw new Error(request.error);
    const verifier = new Secret('v'.repeat(43));
    const redirectUri = 'http://127.0.0.1:5555/callback';
    const challenge = createHash('sha256').update(verifier.reveal()).digest('base64url');
    const levels = new Map([['contents', 'read']] as const);
    const choice = { name: 'laptop', levels, owners: ['bob'], expiresInDays: 7 };
    const code = async () =>
      approveCode(ctx, await bobIn(ctx), { request: request.request, redirectUri, challenge, ...VISITOR }, choice);
    const early = await ahead(ctx, code);
    const redeemed = (given: Secret) => redeemCode(ctx, { code: given, redirectUri, verifier }, VISITOR);
    expect(await redeemed(early)).toMatchObject({ error: 'invalid_grant' });
    expect(await redeemed(await code())).toMatchObject({ username: expect.stringContaining('bob') });
    const device = await ahead(ctx, async () => beginDeviceAuthorization(ctx, request.request, VISITOR.address));
    expect(await deviceByUserCode(ctx, await bobIn(ctx), device!.userCode)).toBeNull();
    expect(await redeemDevice(ctx, device!.deviceCode, VISITOR)).toMatchObject({ error: 'expired_token' });
  });

  it('the old secret of a rotation that began meanwhile is over, and the new one works', async () => {
    const ctx = await withBob(engine);
    const { secret: old, token } = await monthOf(ctx);
    const renewed = await ahead(ctx, () => rotateToken(ctx, OPERATOR, token.id, { expiresInDays: 30 }));
    expect(await opens(ctx, old.reveal())).toBe(false);
    expect(await opens(ctx, renewed.secret.reveal())).toBe(true);
  });

  it('a token that was made meanwhile shows its end, and a new secret gives it the one it should have', async () => {
    const ctx = await withBob(engine);
    const { token } = await ahead(ctx, () => monthOf(ctx));
    const ends = async () =>
      (await listTokens(ctx, OPERATOR, 'bob')).map(({ expiresAt }) => expiresAt! - ctx.clock.now());
    expect(await ends()).toEqual([YEAR_SEC + 30 * DAY_SEC]);
    await regenerateToken(ctx, OPERATOR, token.id, { expiresInDays: 30 });
    expect(await ends()).toEqual([30 * DAY_SEC]);
  });
});

describe.each(ENGINES)('a clock that goes back a year [%s]', (engine) => {
  it('opens neither sessions nor sudo mode; they work when it is right, and what began meanwhile ended', async () => {
    const ctx = await withBob(engine);
    const bob = (await accountByLogin(ctx.store.db, 'bob'))!;
    const begin = () => ctx.store.transaction((tx) => beginSession(tx, ctx.clock.now(), bob.id, VISITOR));
    const honest = await begin();
    const { session } = (await signedInBy(ctx, honest, VISITOR))!;
    const right = ctx.clock.now();
    ctx.clock.set(right - YEAR_SEC);
    expect(await signedInBy(ctx, honest, VISITOR)).toBeNull();
    expect([isSudo(ctx, session), isFresh(ctx, session)]).toEqual([false, false]);
    const late = await begin();
    expect(await signedInBy(ctx, late, VISITOR)).not.toBeNull();
    ctx.clock.set(right);
    expect(await signedInBy(ctx, late, VISITOR)).toBeNull();
    expect((await signedInBy(ctx, honest, VISITOR))?.account.login).toBe('bob');
    expect([isSudo(ctx, session), isFresh(ctx, session)]).toEqual([true, true]);
  });

  it('ends tokens, links and codes that are made meanwhile when it is right again, and none before it', async () => {
    const ctx = await withBob(engine);
    const { secret } = await monthOf(ctx);
    const right = ctx.clock.now();
    ctx.clock.set(right - YEAR_SEC);
    expect(await opens(ctx, secret.reveal())).toBe(true);
    const link = new Secret((await handPasswordLink(ctx, OPERATOR, 'bob')).split('/').at(-1)!);
    expect(await readPasswordLink(ctx, link)).toMatchObject({ login: 'bob' });
    ctx.clock.set(right);
    expect(await readPasswordLink(ctx, link)).toBeNull();
    expect(await opens(ctx, secret.reveal())).toBe(true);
  });
});
