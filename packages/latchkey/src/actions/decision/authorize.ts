/**
 * May this request do what it needs? The only caller of `decide`.
 *
 * Invariant: a `Permit` is created here and nowhere else, so no action that takes one can bypass the decision.
 * Invariant: a request is judged by what the store held when it arrived or later, never by anything older (see
 * `Memory`).
 */
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { noteCaller } from '../../base/request-id.ts';
import { traced } from '../../base/trace.ts';
import { defaultBranch } from '../../git/objects/refs.ts';
import { decide, isVisible, type Refusal } from '../../rules/decide.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import type { Bearer, Need, Question, Target } from '../../rules/model.ts';
import { asksForDefault } from '../../rules/refs/ref-protections.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import type { DoorName } from '../../telemetry/metrics.ts';
import { type Actor, type Context, OPERATOR, UPKEEP } from '../ground/context.ts';
import { actorOf } from './actor.ts';
import { authenticate, type Identity } from './authenticate.ts';
import type { Credential } from './credential.ts';
import { whatMore } from './extra-facts.ts';
import { countRefusal, reject, urlUsername } from './rejections.ts';
import { calledByNumber, EVERYTHING, fullNameOf, nothingCalled, type TargetName, targetOf } from './targets.ts';
import { reportReuse, useToken } from './token-uses.ts';

export interface AccessRequest {
  readonly credential: Credential;
  readonly need: Need;
  readonly target: TargetName;
  readonly address: string;
  readonly userAgent: string | null;
  /** The purpose in words, for the token's last use: `push acme/site`. */
  readonly purpose: string;
  /** The door it is counted for. */
  readonly door?: DoorName;
  /** The service that is asked, as a protected resource; null = one without a name; left out = this server. */
  readonly resource?: string | null;
}

export type Verdict =
  | { readonly allowed: true; readonly permit: Permit }
  | { readonly allowed: false; readonly explanation: Explanation };

const MADE_HERE = Symbol('permit');

/** Proof of an allowed request: who, as what, on what. */
export interface Permit {
  readonly [MADE_HERE]: true;
  readonly actor: Actor;
  /** Null for the operator and the server's own upkeep, which may do everything. */
  readonly bearer: Bearer | null;
  readonly target: Target;
  /** True when the same bearer may do something else to the same target, judged by the same facts. */
  holds(need: Need): boolean;
  /**
   * The permit for something else that the same bearer may do to another target, judged by the same facts; null when it
   * may not. Uses up nothing and records no use.
   */
  on(target: Target, need: Need): Permit | null;
  /** Why the same bearer may not do something to a target, judged by the same facts; empty when it may. */
  refusalsOn(target: Target, need: Need): readonly Refusal[];
}

/** The permit of somebody with a shell on the machine. */
export function operatorPermit(): Permit {
  return unrestrictedPermit(OPERATOR, EVERYTHING);
}

/** The permit of the server's own upkeep: what is due with time, such as ending what has expired. */
export function upkeepPermit(): Permit {
  return unrestrictedPermit(UPKEEP, EVERYTHING);
}

function unrestrictedPermit(actor: Actor, target: Target): Permit {
  return {
    [MADE_HERE]: true,
    actor,
    bearer: null,
    target,
    holds: () => true,
    on: (other) => unrestrictedPermit(actor, other),
    refusalsOn: () => [],
  };
}

/** Decides a request. Answers at once when everything about it is in memory. */
export function authorize(ctx: Context, request: AccessRequest): MaybePromise<Verdict> {
  return traced('decide', 'internal', NO_ATTRIBUTES, () =>
    andThen(ctx.memory.refresh(), () =>
      andThen(authenticate(ctx, request.credential), (found) => {
        if (!('via' in found)) return authorizeIdentity(ctx, request, found);
        return andThen(reject(ctx, request, found), (explanation): Verdict => ({ allowed: false, explanation }));
      }),
    ),
  );
}

const NO_ATTRIBUTES = {};

type Asked = Omit<AccessRequest, 'credential'> & { readonly credential?: Credential };

/** The second half of `authorize`, for a caller that already knows the person: from a session. */
export function authorizeIdentity(ctx: Context, request: Asked, identity: Identity): MaybePromise<Verdict> {
  const { bearer: caller } = identity;
  if (caller.via !== 'nobody' && caller.user !== null)
    noteCaller(caller.user.login, caller.via === 'token' ? caller.token.id : null);
  return andThen(questionOf(ctx, request, identity), (question) => answer(ctx, request, identity, question));
}

/** What else an allowed request asks for. */
interface FurtherRequest extends Omit<AccessRequest, 'credential' | 'target'> {
  /** By name, or as it was read for this caller. */
  readonly target: TargetName | { readonly found: Target };
  /** True for what counts as a use of the token by itself. */
  readonly isUse: boolean;
}

/** Decides what else an allowed request asks for, as a request of its own would be decided and noted. */
export function authorizeMore(ctx: Context, further: FurtherRequest, identity: Identity): MaybePromise<Verdict> {
  const { target, isUse, ...request } = further;
  const decided = (named: Asked, question: Question): MaybePromise<Verdict> =>
    answer(ctx, named, identity, isUse ? question : { ...question, isPaid: true });
  return andThen(ctx.memory.refresh(), () => {
    if (!('found' in target)) {
      const named = { ...request, target };
      return andThen(questionOf(ctx, named, identity), (question) => decided(named, question));
    }
    const { need, address } = request;
    const question: Question = { bearer: identity.bearer, need, target: target.found, at: ctx.clock.now(), address };
    return decided({ ...request, target: INSTANCE }, question);
  });
}

/** Stands for a target that needs no name of its own, since it is in the question. */
const INSTANCE: TargetName = { kind: 'instance' };

function answer(ctx: Context, request: Asked, identity: Identity, question: Question): MaybePromise<Verdict> {
  const decision = decide(question);
  if (!decision.allowed) return refuse(ctx, request, question, decision.refusals);
  return andThen(question.isPaid === true ? null : useToken(ctx, identity), (tooLate): MaybePromise<Verdict> => {
    if (tooLate !== null) return refuse(ctx, request, question, [tooLate]);
    const { bearer } = identity;
    ctx.metrics.decided(request.door ?? 'other', null);
    if (bearer.via === 'token') {
      ctx.usage.note(bearer.token.id, question.at, request.address, request.userAgent ?? '', request.purpose);
      ctx.usage.count(bearer.token.id, question);
    }
    return { allowed: true, permit: new DecidedPermit(question, request.userAgent) };
  });
}

/** What would be decided, without effects: no use is spent, recorded or reported. Null = allowed. */
export function consider(
  ctx: Context,
  request: Pick<AccessRequest, 'need' | 'target' | 'address' | 'resource'> & Pick<Question, 'move'>,
  identity: Identity,
): MaybePromise<Explanation | null> {
  const { move } = request;
  const asked = questionOf(ctx, request, identity);
  const whole = move === undefined ? asked : andThen(asked, (question) => withMove(ctx, question, move));
  return andThen(whole, (question) => {
    const decision = decide(question);
    if (decision.allowed) return null;
    return andThen(whatMore(ctx, question, decision.refusals), (extra) =>
      explain(ctx.settings.publicUrl, asAsked(question, request.target), decision.refusals, null, extra),
    );
  });
}

/** The question with a move, and with what rulesets look at: whether it is one of the default branch. */
function withMove(ctx: Context, question: Question, move: NonNullable<Question['move']>): MaybePromise<Question> {
  const { target } = question;
  const repository = target.kind === 'repository' ? target.repository : null;
  if (target.kind !== 'repository' || target.owner === null || repository === null) return { ...question, move };
  if (!asksForDefault(repository.protections)) return { ...question, move };
  return defaultBranch(ctx.git.path(target.owner.login, repository.name)).then((branch) => ({
    ...question,
    move: { ...move, isDefault: move.ref === `refs/heads/${branch}` },
  }));
}

/** The holder of a permit, as the store has them now. Null for the operator and upkeep. */
export async function holderOf(ctx: Context, { bearer }: Permit): Promise<Identity | null> {
  if (bearer === null) return null;
  return {
    bearer,
    facts: bearer.via === 'nobody' || bearer.user === null ? null : await readUserFacts(ctx.store.db, bearer.user.id),
    endsOverlap: false,
  };
}

function questionOf(
  ctx: Context,
  request: Pick<Asked, 'need' | 'target' | 'address' | 'credential' | 'resource'>,
  identity: Identity,
): MaybePromise<Question> {
  return andThen(targetOf(ctx, identity, request.target), (target): Question => {
    const asked: Question = {
      bearer: identity.bearer,
      need: request.need,
      target,
      at: ctx.clock.now(),
      address: request.address,
      ...(request.resource === undefined ? {} : { resource: request.resource }),
    };
    const question = request.credential?.form === 'follow-up' ? { ...asked, isPaid: true as const } : asked;
    return calledByNumber(request.target) && !isVisible(question)
      ? { ...question, target: nothingCalled(request.target) }
      : question;
  });
}

/**
 * The question, with its target named as in this request. Memory has it under the name of the first request; repeating
 * that one would reveal that it exists.
 */
function asAsked(question: Question, name: TargetName): Question {
  const { target } = question;
  const asked = fullNameOf(name);
  if (target.kind === 'instance' || asked === '' || asked === target.fullName) return question;
  return { ...question, target: { ...target, fullName: asked } };
}

function refuse(
  ctx: Context,
  request: Asked,
  question: Question,
  refusals: readonly [Refusal, ...Refusal[]],
): MaybePromise<Verdict> {
  const { bearer } = question;
  const { reason } = refusals[0];
  countRefusal(ctx, request, reason);
  ctx.log.debug(
    { reason, tokenId: bearer.via === 'token' ? bearer.token.id : null, purpose: request.purpose },
    'refused',
  );
  return andThen(whatMore(ctx, question, refusals), (extra): MaybePromise<Verdict> => {
    const asked = asAsked(question, request.target);
    const explanation = explain(ctx.settings.publicUrl, asked, refusals, urlUsername(request.credential), extra);
    if (bearer.via === 'token')
      ctx.refusals.note(bearer.token.id, question.at, request.address, request.purpose, explanation);
    const refused: Verdict = { allowed: false, explanation };
    return reason === 'token_replaced'
      ? reportReuse(ctx, question, request.purpose, request.userAgent).then(() => refused)
      : refused;
  });
}

/** The permit of a decided question. It is a class, with shared methods, since every request makes one. */
class DecidedPermit implements Permit {
  readonly [MADE_HERE] = true;
  readonly bearer: Bearer;
  readonly target: Target;
  readonly #question: Question;
  readonly #userAgent: string | null;

  constructor(question: Question, userAgent: string | null) {
    this.bearer = question.bearer;
    this.target = question.target;
    this.#question = question;
    this.#userAgent = userAgent;
  }

  get actor(): Actor {
    return actorOf(this.bearer, { address: this.#question.address, userAgent: this.#userAgent });
  }

  holds(need: Need): boolean {
    return decide({ ...this.#question, need }).allowed;
  }

  on(target: Target, need: Need): Permit | null {
    const asked: Question = { ...this.#question, target, need };
    return decide(asked).allowed ? new DecidedPermit(asked, this.#userAgent) : null;
  }

  refusalsOn(target: Target, need: Need): readonly Refusal[] {
    const decision = decide({ ...this.#question, target, need });
    return decision.allowed ? [] : decision.refusals;
  }
}
