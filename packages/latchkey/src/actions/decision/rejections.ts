/** Credentials that belong to nobody: counted, and explained. */
import { networkOf } from '../../base/address.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { noteReason } from '../../base/request-id.ts';
import { currentSpan } from '../../base/trace.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { Refusal } from '../../rules/decide.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import type { Need, Question, Target } from '../../rules/model.ts';
import type { DoorName } from '../../telemetry/metrics.ts';
import type { Context } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import type { Rejection } from './authenticate.ts';
import type { Credential } from './credential.ts';
import { passwordReason } from './password-refusal.ts';
import { fullNameOf, type TargetName } from './targets.ts';

/** What was asked for with such a credential. */
interface RejectedRequest {
  readonly credential: Credential;
  readonly need: Need;
  readonly target: TargetName;
  readonly address: string;
  readonly door?: DoorName;
}

/** Counts a refusal, and records it on the request's span. */
export function countRefusal(ctx: Context, request: { readonly door?: DoorName }, reason: Reason): void {
  ctx.metrics.decided(request.door ?? 'other', reason);
  noteReason(reason);
  currentSpan()?.root.set({ 'latchkey.reason': reason });
}

/**
 * A credential that belongs to nobody is counted by address; after too many tries, the answer says so instead. This
 * happens only after the look-up, so that other people's tries from the same address never hold back a working token.
 */
export function reject(ctx: Context, request: RejectedRequest, found: Rejection): MaybePromise<Explanation> {
  const told = (rejection: Rejection & { retryAfterSec?: number }): Explanation => {
    countRefusal(ctx, request, rejection.reason);
    return explainRejection(ctx, request, rejection);
  };
  if (GUESSES_NOTHING.has(found.reason)) return told(found);
  return andThen(consumeRateLimit(ctx, 'failed-credentials', networkOf(request.address)), (allowance) => {
    if (allowance !== null && !allowance.allowed)
      return told({ ...found, reason: 'too_many_attempts', retryAfterSec: allowance.retryAfterSec });
    const { credential } = request;
    if (found.reason !== 'password_not_accepted' || credential.form !== 'basic') return told(found);
    return andThen(passwordReason(ctx, credential, request.address), (reason) => told({ ...found, reason }));
  });
}

/**
 * Reasons that are no guess, so they aren't counted. Given a username in the address, git first sends it with an empty
 * password, and the token only after that was refused. Counting that would make every clone a failure, and a client at
 * a limited address could never show a working token. An unreadable credential was never looked up, and its sender must
 * go on learning what is wrong with it.
 */
const GUESSES_NOTHING: ReadonlySet<Reason> = new Set([
  'password_empty',
  'credentials_malformed',
  'token_wrapped',
  'placeholder_sent',
]);

/** The username sent with a secret; it is ignored, but may name somebody else. */
export function urlUsername(credential: Credential | undefined): string | null {
  return credential?.form === 'basic' ? credential.username : null;
}

function explainRejection(
  ctx: Context,
  request: RejectedRequest,
  rejection: Rejection & { retryAfterSec?: number },
): Explanation {
  const refusal: Refusal = { reason: rejection.reason };
  const target: Target = { kind: 'account', owner: null, fullName: fullNameOf(request.target) };
  const question: Question = {
    bearer: { via: 'nobody' },
    need: request.need,
    target,
    at: ctx.clock.now(),
    address: request.address,
  };
  return explain(ctx.settings.publicUrl, question, [refusal], urlUsername(request.credential), rejection);
}
