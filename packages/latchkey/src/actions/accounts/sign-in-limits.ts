/**
 * How often somebody may guess a password.
 *
 * Three counters keep guessing slow without letting an attacker lock the owner out: per account and network together;
 * per network, whatever the account; and per account across all networks. The last one doesn't apply to a browser on
 * which the person has signed in before, and a password reset by mail makes any browser one of those, so the owner
 * always has a way in.
 *
 * Invariant: a guess is counted before it is checked, across all nodes.
 * Invariant: an account that doesn't exist is counted like one that does, by the name that was typed.
 */
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import { digestOf } from '../../base/secret.ts';
import { nameKey } from '../../rules/names.ts';
import type { Context } from '../ground/context.ts';
import { consumeRateLimit, peekRateLimit, type RateBucket, refundRateLimit } from '../ground/rate-limit.ts';

export interface Attempt {
  /** The account's login, or what was typed when there is none. */
  readonly name: string;
  readonly address: string;
  /** True when this person has signed in with this browser before. */
  readonly knownDevice: boolean;
}

interface Subject {
  readonly bucket: RateBucket;
  readonly key: string;
  /** False when the attempt is counted but not limited. */
  readonly binds: boolean;
}

/**
 * By what was typed, not by whose it is: otherwise failures with a login would show in the answer to an address, and so
 * whose the address is. Somebody can be guessed at once by their login and by each address.
 */
function subjectsOf({ name, address, knownDevice }: Attempt): readonly Subject[] {
  const account = digestOf(nameKey(name.trim()));
  const network = networkOf(address);
  return [
    { bucket: 'failed-sign-ins', key: `${account} ${network}`, binds: true },
    { bucket: 'failed-sign-ins-address', key: network, binds: true },
    { bucket: 'failed-sign-ins-account', key: account, binds: !knownDevice },
  ];
}

/**
 * Checks a password or a code, if the limits allow a guess. It is counted before it is checked, so that many at once
 * can't get round a limit, and uncounted when it was right.
 * @throws Problem when one of the binding limits is reached: then nothing is checked
 */
export async function guessed(ctx: Context, attempt: Attempt, check: () => Promise<boolean>): Promise<boolean> {
  const subjects = subjectsOf(attempt);
  // Look first: a refusal by one limit must not use up the others.
  const bound = subjects.filter(({ binds }) => binds);
  const looked = await Promise.all(bound.map(async ({ bucket, key }) => peekRateLimit(ctx, bucket, key)));
  if (looked.some((allowance) => allowance?.allowed === false)) throw tooOften();
  const counted = await Promise.all(
    subjects.map(async (subject) => ({
      ...subject,
      allowance: await consumeRateLimit(ctx, subject.bucket, subject.key),
    })),
  );
  const refused = counted.some(({ binds, allowance }) => binds && allowance?.allowed === false);
  const right = !refused && (await check());
  if (refused || right) {
    const taken = counted.filter(({ allowance }) => allowance?.allowed === true);
    for (const { bucket, key } of taken) refundRateLimit(ctx, bucket, key);
  }
  if (refused) throw tooOften();
  return right;
}

function tooOften(): Error {
  return problem(
    'limit_reached',
    'There were too many failed attempts. Wait a quarter of an hour, or choose a new password by mail.',
  );
}
