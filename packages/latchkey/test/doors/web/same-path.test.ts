/**
 * Whose address is this? Somebody with a stopwatch asks wherever an address can be typed. What the server does is the
 * same whether nobody, somebody or an account has it: the database hears the same statements in the same order.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { StatementSync } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { addEmail, removeEmails } from '../../../src/actions/accounts/emails.ts';
import { askForPasswordLink } from '../../../src/actions/accounts/new-password.ts';
import { signIn } from '../../../src/actions/accounts/sign-in.ts';
import { invite, signUp } from '../../../src/actions/accounts/sign-up.ts';
import { authorize, operatorPermit, type Permit } from '../../../src/actions/decision/authorize.ts';
import { createToken } from '../../../src/actions/tokens/tokens.ts';
import { Secret } from '../../../src/base/secret.ts';
import { type WebWorld, webWorld } from './visitor.ts';

const VISITOR = { address: '203.0.113.9', userAgent: 'a browser' };
const NEXT = new Secret('a passphrase of nobody else');

afterEach(() => vi.restoreAllMocks());

/** Counts of limits are written later, for all together. */
const IS_OF_ONE = /^(?:select|insert|update|delete)(?!.*rate_windows)/s;
const doing = new AsyncLocalStorage<object>();

/** What the database hears of something that is done, and of nothing else that the server does meanwhile. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const here = {};
  const spies = (['all', 'run', 'get', 'iterate'] as const).map((name) => {
    const real = StatementSync.prototype[name] as (...args: unknown[]) => unknown;
    return vi.spyOn(StatementSync.prototype, name).mockImplementation(function (
      this: StatementSync,
      ...args: unknown[]
    ) {
      if (doing.getStore() === here && IS_OF_ONE.test(this.sourceSQL)) heard.push(this.sourceSQL);
      return real.apply(this, args) as never;
    });
  });
  await doing.run(here, work).catch(() => undefined);
  for (const spy of spies) spy.mockRestore();
  return heard;
}

/** Eve's, by a token that may change her addresses. */
async function evesPermit({ ctx }: WebWorld): Promise<Permit> {
  const { secret } = await createToken(ctx, operatorPermit(), {
    userLogin: 'eve',
    kind: 'classic',
    name: 'mail',
    description: '',
    scopes: ['user'],
    grants: [],
  });
  const verdict = await authorize(ctx, {
    need: { sets: [{ emails: 'write' }], publicRead: false, writes: true },
    target: { kind: 'account', login: null },
    credential: { form: 'bearer', secret },
    ...VISITOR,
    purpose: 'test',
  });
  if (!verdict.allowed) throw new Error(verdict.explanation.reason);
  return verdict.permit;
}

test('an address costs the same statements, whether an account has it, claims it, or nobody does', async () => {
  const world = await webWorld({ signUp: 'open' });
  const { ctx } = world;
  for (const login of ['ada', 'cy', 'eve']) await world.addPerson(login);
  const eve = await evesPermit(world);
  await addEmail(ctx, { ...eve, actor: { ...eve.actor, userId: 2 } }, 'claimed@example.org');
  let people = 0;
  const asked = (address: string): Readonly<Record<string, () => Promise<unknown>>> => ({
    'claimed by a token': () => addEmail(ctx, eve, address),
    'taken back': () => removeEmails(ctx, eve, [address]),
    'a sign-in': () => signIn(ctx, { name: address, password: NEXT, device: new Secret('d') }, VISITOR),
    'a link for a new password': () => askForPasswordLink(ctx, address, VISITOR),
    'an invitation': () => invite(ctx, operatorPermit(), address),
    'a sign-up': () =>
      signUp(ctx, null, { login: `new-${++people}`, email: address, password: NEXT, device: new Secret('d') }, VISITOR),
  });
  const path = async (address: string): Promise<Record<string, string[]>> => {
    const heard: Record<string, string[]> = {};
    for (const [what, work] of Object.entries(asked(address))) heard[what] = await statementsOf(work);
    return heard;
  };
  // What is made once.
  await path('first@example.org');
  const nobody = await path('nobody@example.org');
  expect(await path('ada@example.org')).toEqual(nobody);
  expect(await path('claimed@example.org')).toEqual(nobody);
  for (const [what, heard] of Object.entries(nobody)) expect([what, heard.length > 0]).toEqual([what, true]);
  // A name that somebody has, too.
  const signsIn = (name: string) =>
    statementsOf(async () => signIn(ctx, { name, password: NEXT, device: new Secret('d') }, VISITOR));
  expect(await signsIn('cy')).toEqual(await signsIn('nobody-here'));
});

test('failures to sign in with a login do not show at an address, so they do not tell whose it is', async () => {
  const world = await webWorld();
  const { ctx } = world;
  await world.addPerson('ada');
  const tries = async (name: string, times: number): Promise<string> => {
    let said = '';
    for (let n = 0; n < times; n++) {
      const form = { name, password: new Secret(`wrong ${n}`), device: new Secret('d') };
      said = await signIn(ctx, form, { ...VISITOR, address: `198.51.100.${n}` }).then(
        () => 'in',
        (error: Error) => error.message,
      );
    }
    return said;
  };
  const most = 52;
  expect(await tries('ada', most)).toContain('too many failed attempts');
  expect(await tries('ada@example.org', 1)).toBe(await tries('nobody@example.org', 1));
  expect(await tries('ada@example.org', most)).toContain('too many failed attempts');
});
