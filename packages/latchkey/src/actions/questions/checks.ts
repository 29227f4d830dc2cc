/**
 * "May this token do that?", asked by a service that serves the request itself, or by a token about itself.
 *
 * Invariant: a token that asks about itself spends no use. A server's question counts as a use of the token, recorded
 * once per call, whatever the number of checks; otherwise a token used only there would be removed for disuse.
 */
import type { Explanation } from '../../rules/explain.ts';
import type { Need } from '../../rules/model.ts';
import { authenticate, type Identity } from '../decision/authenticate.ts';
import { authorize, consider } from '../decision/authorize.ts';
import type { Credential } from '../decision/credential.ts';
import type { TargetName } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import { furtherRoutes, type TurningHeader } from './destination.ts';
import { type ForwardedRequestError, refusalOfAny, targetName } from './forwarded-requests.ts';
import { maxAgeOf } from './introspection.ts';
import type { AskedRoute } from './route-maps.ts';

/** The most checks in one call. */
export const MAX_CHECKS = 100;

/** The question: a need on something, or a request that a route map knows. */
export type Check =
  | { readonly need: Need; readonly target: TargetName }
  | { readonly method: string; readonly host: string; readonly uri: string; readonly turning: TurningHeader | null };

export type CheckResult =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly explanation: Explanation }
  | { readonly allowed: false; readonly error: ForwardedRequestError };

export interface CheckCall {
  readonly credential: Credential;
  readonly checks: readonly Check[];
  /** The address from which the token is used. */
  readonly address: string;
  readonly userAgent: string | null;
  /** The purpose in words; null = just a question: nothing is recorded or used up. */
  readonly purpose: string | null;
}

export interface CheckAnswer {
  /** Null when the credential belongs to nobody. */
  readonly identity: Identity | null;
  readonly results: readonly CheckResult[];
  /** How long the answer may be kept unless a change is announced; 0 = not at all. */
  readonly maxAgeSec: number;
}

/** A check with its need and target, or why they can't be found. */
type Found =
  | {
      readonly need: Need;
      readonly target: TargetName;
      /** Of a request, its route and those that it needs besides: see `furtherRoutes`. */
      readonly routes: readonly AskedRoute[];
    }
  | { readonly error: ForwardedRequestError };

/** Answers every check of a call, in order. */
export async function answerChecks(ctx: Context, call: CheckCall): Promise<CheckAnswer> {
  await ctx.memory.refresh();
  const found = call.checks.map((check) => find(ctx, check));
  const identity = await authenticate(ctx, call.credential);
  if ('via' in identity) return { identity: null, results: await rejected(ctx, call, found), maxAgeSec: 0 };
  const results = await Promise.all(found.map((one) => resultOf(ctx, call, one, identity)));
  const maxAgeSec = identity.bearer.via === 'token' ? maxAgeOf(identity.bearer.token, ctx.clock.now()) : 0;
  return { identity, results: call.purpose === null ? results : await used(ctx, call, found, results), maxAgeSec };
}

function find(ctx: Context, check: Check): Found {
  if ('need' in check) return { ...check, routes: [] };
  const route = ctx.routeMaps.find(check.host, check.method, check.uri);
  if (typeof route === 'string') return { error: route };
  if (route.target.kind === 'every-organization' || route.target.kind === 'unknown') return { error: 'target_unknown' };
  const further = furtherRoutes(ctx.routeMaps, check, route);
  if (typeof further === 'string') return { error: further };
  return { need: route.row.need, target: targetName(route.target), routes: [route, ...further] };
}

async function resultOf(ctx: Context, { address }: CheckCall, found: Found, identity: Identity): Promise<CheckResult> {
  if ('error' in found) return { allowed: false, ...found };
  if (found.routes.length > 0) return (await refusalOfAny(ctx, found.routes, address, identity)) ?? { allowed: true };
  const explanation = await consider(ctx, { ...found, address }, identity);
  return explanation === null ? { allowed: true } : { allowed: false, explanation };
}

/** A credential that belongs to nobody: counted by address, with the same answer to every check. */
async function rejected(ctx: Context, call: CheckCall, found: readonly Found[]): Promise<CheckResult[]> {
  const need: Need = { sets: [], publicRead: false, writes: false };
  const verdict = await authorize(ctx, {
    ...call,
    need,
    target: { kind: 'account', login: null },
    purpose: call.purpose ?? 'check',
  });
  if (verdict.allowed) throw new TypeError('nobody was allowed something');
  return found.map(() => ({ allowed: false, explanation: verdict.explanation }));
}

/** Records the use on the first check that is allowed, or the refusal on the first that isn't. */
async function used(
  ctx: Context,
  call: CheckCall,
  found: readonly Found[],
  results: readonly CheckResult[],
): Promise<readonly CheckResult[]> {
  const allowed = results.findIndex((result) => result.allowed);
  const at = allowed >= 0 ? allowed : results.findIndex((result) => 'explanation' in result);
  const noted = found[at];
  if (noted === undefined || 'error' in noted) return results;
  const verdict = await authorize(ctx, { ...call, ...noted, purpose: call.purpose ?? '' });
  // Another request may have taken the last use of a limited token meanwhile.
  return verdict.allowed || allowed < 0
    ? results
    : results.map((result) => (result.allowed ? { allowed: false, explanation: verdict.explanation } : result));
}
