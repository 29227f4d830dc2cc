/**
 * How often a password may be guessed.
 *
 * Three counts, so that guessing is slow and nobody is locked out by somebody else's guesses: by account and address together; by
 * address, whatever the account; and by account over all addresses. The last one does not bind a browser on which the person has
 * signed in before, and a new password by mail makes any browser such a one: so there is always a way in for the owner.
 *
 * Invariant: an account that does not exist is counted like one that does, by the name that was typed.
 */
import { isIPv6 } from 'node:net';
import { problem } from '../base/errors.ts';
import { digestOf } from '../base/secret.ts';
import { HOUR_SEC, MINUTE_SEC } from '../base/time.ts';
import { nameKey } from '../rules/names.ts';
import { countFailure, failuresOf, forgetFailures } from '../store/sign-in-failures.ts';
import type { Context } from './context.ts';

export interface Attempt {
  /** The login or e-mail address as it was typed. */
  readonly typedName: string;
  readonly address: string;
  /** True when the browser is one on which this person has signed in before. */
  readonly knownDevice: boolean;
}

/** A limit: so many failures in so many seconds. */
export const PAIR_LIMIT = { failures: 10, windowSec: 15 * MINUTE_SEC };
/** Many people may share an address: a class, an office. */
export const ADDRESS_LIMIT = { failures: 100, windowSec: 15 * MINUTE_SEC };
export const ACCOUNT_LIMIT = { failures: 50, windowSec: HOUR_SEC };

/** What an attempt counts against. */
interface Subject {
  readonly subject: string;
  readonly limit: { readonly failures: number; readonly windowSec: number };
  /** False when it is counted, but does not bind this attempt. */
  readonly binds: boolean;
}

export function subjectsOf({ typedName, address, knownDevice }: Attempt): readonly Subject[] {
  const name = digestOf(nameKey(typedName.trim()));
  const network = networkOf(address);
  return [
    { subject: `pair ${name} ${network}`, limit: PAIR_LIMIT, binds: true },
    { subject: `address ${network}`, limit: ADDRESS_LIMIT, binds: true },
    { subject: `account ${name}`, limit: ACCOUNT_LIMIT, binds: !knownDevice },
  ];
}

/** An IPv4 address, or the /64 that one customer gets of IPv6. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? [] : tail.split(':');
  const whole = [...groups, ...Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0'), ...rest];
  return whole.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

/** True when one of the limits that bind is reached. */
export async function tooManyFailures(ctx: Context, subjects: readonly Subject[]): Promise<boolean> {
  const counts = await failuresOf(ctx.store.db, subjects.map(({ subject }) => subject), ctx.clock.now());
  return subjects.some(({ subject, limit, binds }) => binds && (counts.get(subject) ?? 0) >= limit.failures);
}

/** @throws Problem when one of the limits that bind is reached. */
export async function refuseTooManyFailures(ctx: Context, subjects: readonly Subject[]): Promise<void> {
  if (await tooManyFailures(ctx, subjects)) {
    throw problem('limit_reached', 'There were too many failed attempts. Wait a quarter of an hour, or choose a new password by mail.');
  }
}

export async function noteFailure(ctx: Context, subjects: readonly Subject[]): Promise<void> {
  const at = ctx.clock.now();
  for (const { subject, limit } of subjects) await countFailure(ctx.store.db, subject, at, at + limit.windowSec);
}

/** After a success: what the person mistyped before no longer counts. The count of the address goes on, since an attacker may own an account, too. */
export async function forgetOwnFailures(ctx: Context, [pair]: readonly Subject[]): Promise<void> {
  await forgetFailures(ctx.store.db, pair!.subject);
}
