/**
 * How many mails may be sent to an address: one limit, whatever triggers them.
 *
 * Invariant: every mail to an address that somebody typed, or that anybody can request, is counted here first.
 */
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import { nameKey } from '../../rules/names.ts';
import type { Context } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';

export interface AskedMail {
  /** The address of the mail, or the name by which it was requested. */
  readonly to: string;
  /** The caller's address; null where another limit counts by it. */
  readonly from: string | null;
  /** The caller, if known. */
  readonly userId: number | null;
}

/**
 * Counts a mail.
 * @throws Problem when there were too many to this address, from this network, or requested by this person
 */
export async function limitMails(ctx: Context, { to, from, userId }: AskedMail): Promise<void> {
  const taken = await Promise.all([
    consumeRateLimit(ctx, 'link-mails', nameKey(to)),
    ...(from === null ? [] : [consumeRateLimit(ctx, 'link-mails-address', networkOf(from))]),
    ...(userId === null ? [] : [consumeRateLimit(ctx, 'link-mails-person', userId)]),
  ]);
  if (taken.some((allowance) => allowance?.allowed === false))
    throw problem('limit_reached', 'Too many such mails were asked for. Try again in an hour.');
}
