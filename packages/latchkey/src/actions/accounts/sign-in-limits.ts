/**
 * How often a password may be guessed.
 *
 * Three counts, so that guessing is slow and nobody is locked out by somebody else's guesses: by account and network
 * together; by network, whatever the account; and by account over all networks. The last one does not bind a browser on
 * which the person has signed in before, and a new password by mail makes any browser such a one: so there is always a
 * way in for the owner.
 *
 * Invariant: an account that does not exist is counted like one that does, by the name that was typed.
 */
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import { digestOf } from '../../base/secret.ts';
import { nameKey } from '../../rules/names.ts';
import type { Context } from '../ground/context.ts';
import { consumeRateLimit, peekRateLimit, type RateBucket } from '../ground/rate-limit.ts';

export interface Attempt {
  /** The account's login, or what was typed where there is none. */
  readonly name: string;
  readonly address: string;
  /** True when the browser is one on which this person has signed in before. */
  readonly knownDevice: boolean;
}

interface Subject {
  readonly bucket: RateBucket;
  readonly key: string;
  /** False when it is counted, but does not bind this attempt. */
  readonly binds: boolean;
}

function subjectsOf({ name, address, knownDevice }: Attempt): readonly Subject[] {
  const account = digestOf(nameKey(name.trim()));
  const network = networkOf(address);
  return [
    { bucket: 'failed-sign-ins', key: `${account} ${network}`, binds: true },
    { bucket: 'failed-sign-ins-address', key: network, binds: true },
    { bucket: 'failed-sign-ins-account', key: account, binds: !knownDevice },
  ];
}

/** True when one of the limits that bind is reached. */
async function isGuessingTooOften(ctx: Context, attempt: Attempt): Promise<boolean> {
  const bound = subjectsOf(attempt).filter(({ binds }) => binds);
  const allowances = await Promise.all(bound.map(async ({ bucket, key }) => peekRateLimit(ctx, bucket, key)));
  return allowances.some((allowance) => allowance?.allowed === false);
}

/** @throws Problem when one of the limits that bind is reached. */
export async function refuseGuessing(ctx: Context, attempt: Attempt): Promise<void> {
  if (await isGuessingTooOften(ctx, attempt)) {
    throw problem(
      'limit_reached',
      'There were too many failed attempts. Wait a quarter of an hour, or choose a new password by mail.',
    );
  }
}

/** Counts a failed attempt. */
export async function noteFailure(ctx: Context, attempt: Attempt): Promise<void> {
  await Promise.all(subjectsOf(attempt).map(async ({ bucket, key }) => consumeRateLimit(ctx, bucket, key)));
}
