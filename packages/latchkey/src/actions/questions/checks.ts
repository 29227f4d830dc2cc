/**
 * "May this token do that?", asked by a service that serves the request itself, or by a token about itself.
 *
 * Invariant: a token that asks about itself spends no use. A server's question counts as a use of the token, recorded
 * once per call, whatever the number of checks; otherwise a token used only there would be removed for disuse.
 */
import type { Need } from '../../rules/model.ts';
import { authenticate, type Identity } from '../decision/authenticate.ts';
import { authorize } from '../decision/authorize.ts';
import type { Credential } from '../decision/credential.ts';
import type { Context } from '../ground/context.ts';
import {
  type AskedRequest,
  type Objection,
  objectionTo,
  type Posed,
  posedRequest,
  type RequestFault,
} from './asked.ts';
import { organizationsTried } from './forwarded-requests.ts';
import { maxAgeOf } from './introspection.ts';

/** The most checks in one call. */
export const MAX_CHECKS = 100;

/** The question: a need on something, or a request that a route map knows. */
export type Check = Posed | AskedRequest;

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
  /** One for each check, in order. */
  readonly results: readonly Objection[];
  /** How long the answer may be kept unless a change is announced; 0 = not at all. */
  readonly maxAgeSec: number;
}

/** Answers every check of a call, in order. */
export async function answerChecks(ctx: Context, call: CheckCall): Promise<CheckAnswer> {
  await ctx.memory.refresh();
  const posed = call.checks.map((check) => ('need' in check ? check : posedRequest(ctx, check)));
  const identity = await authenticate(ctx, call.credential);
  if ('via' in identity) return { identity: null, results: await rejected(ctx, call), maxAgeSec: 0 };
  const results = await Promise.all(posed.map((one) => objectionTo(ctx, one, call.address, identity)));
  const maxAgeSec = identity.bearer.via === 'token' ? maxAgeOf(identity.bearer.token, ctx.clock.now()) : 0;
  return { identity, results: call.purpose === null ? results : await used(ctx, call, posed, results), maxAgeSec };
}

/** A credential that belongs to nobody: counted by address, with the same answer to every check. */
async function rejected(ctx: Context, call: CheckCall): Promise<Objection[]> {
  const need: Need = { sets: [], publicRead: false, writes: false };
  const verdict = await authorize(ctx, {
    ...call,
    need,
    target: { kind: 'account', login: null },
    purpose: call.purpose ?? 'check',
  });
  if (verdict.allowed) throw new TypeError('nobody was allowed something');
  return call.checks.map(() => ({ explanation: verdict.explanation }));
}

/** Records the use on the first check that is allowed, or the refusal on the first that isn't. */
async function used(
  ctx: Context,
  call: CheckCall,
  posed: readonly (Posed | RequestFault)[],
  results: readonly Objection[],
): Promise<readonly Objection[]> {
  const allowed = results.indexOf(null);
  const at = allowed >= 0 ? allowed : results.findIndex((result) => result !== null && 'explanation' in result);
  const noted = posed[at];
  if (noted === undefined || 'error' in noted) return results;
  const { need, routes: [route] = [], resource = '' } = noted;
  const target = noted.target.kind === 'every-organization' ? (await organizationsTried(ctx))?.[0] : noted.target;
  if (target === undefined) return results;
  const asked = route === undefined ? resource : route.resource;
  const verdict = await authorize(ctx, { ...call, resource: asked, need, target, purpose: call.purpose ?? '' });
  // Another request may have taken the last use of a limited token meanwhile.
  return verdict.allowed || allowed < 0
    ? results
    : results.map((result) => result ?? { explanation: verdict.explanation });
}
