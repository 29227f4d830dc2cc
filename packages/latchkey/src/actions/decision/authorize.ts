/**
 * May this request do what it needs? The only caller of `decide`.
 *
 * Invariant: a `Permit` is made here and nowhere else, so an action that takes one can't be reached around the
 * decision.
 * Invariant: a request is judged by what the store held when it arrived, or later; never by anything older (see
 * `Memory`).
 */
import { isDeepStrictEqual } from 'node:util';
import { networkOf } from '../../base/address.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { RecentMap } from '../../base/recent-map.ts';
import { currentSpan, traced } from '../../base/trace.ts';
import type { Reason } from '../../catalogue/refusals/refusals.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import { decide, isVisible, type Refusal } from '../../rules/decide.ts';
import { type Explanation, explain } from '../../rules/explain.ts';
import type { Bearer, Need, OwnerRecord, Question, RepositoryRecord, Target } from '../../rules/model.ts';
import { nameKey } from '../../rules/names.ts';
import { effectivePolicy, NO_POLICY, type StoredPolicy } from '../../rules/policy.ts';
import { roleIn } from '../../rules/role.ts';
import { type Account, accountByLogin } from '../../store/accounts.ts';
import { collaboratorRole, readRepositoryFacts, readUserFacts, type UserFacts } from '../../store/decision-facts.ts';
import { storedPolicy } from '../../store/policies.ts';
import type { Repository } from '../../store/repositories.ts';
import { subjectOf } from '../../store/revision.ts';
import type { DoorName } from '../../telemetry/metrics.ts';
import { type Actor, type Context, OPERATOR, UPKEEP } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { authenticate, type Identity, type Rejection } from './authenticate.ts';
import type { Credential } from './credential.ts';
import type { RecallOptions } from './memory.ts';
import { passwordReason } from './password-refusal.ts';
import { reportReuse, useToken } from './token-uses.ts';

/** What a request is about, by name. An account of login null is the caller's own. */
export type TargetName =
  /** `calledAs`: what the request itself called it, where that was a number. */
  | { readonly kind: 'repository'; readonly owner: string; readonly name: string; readonly calledAs?: string }
  | { readonly kind: 'organization'; readonly login: string }
  | { readonly kind: 'account'; readonly login: string | null }
  | { readonly kind: 'instance' };

export interface AccessRequest {
  readonly credential: Credential;
  readonly need: Need;
  readonly target: TargetName;
  readonly address: string;
  readonly userAgent: string | null;
  /** What for, in words, for the token's last use: `push acme/site`. */
  readonly purpose: string;
  /** Where it is counted. */
  readonly door?: DoorName;
}

export type Verdict =
  | { readonly allowed: true; readonly permit: Permit }
  | { readonly allowed: false; readonly explanation: Explanation };

const MADE_HERE = Symbol('permit');

/** Proof of a yes: who, as what, on what. */
export interface Permit {
  readonly [MADE_HERE]: true;
  readonly actor: Actor;
  /** Null for the operator and the server's own upkeep, who may do everything. */
  readonly bearer: Bearer | null;
  readonly target: Target;
  /** True when the same bearer may do something else to the same target, now, as read. */
  holds(need: Need): boolean;
  /**
   * The permit for something else that the same bearer may do, to another target, as read; null when it may not. Spends
   * and notes no use.
   */
  on(target: Target, need: Need): Permit | null;
  /** Why the same bearer may not do something to a target, as read; empty when it may. */
  refusalsOn(target: Target, need: Need): readonly Refusal[];
}

const EVERYTHING: Target = { kind: 'instance' };

/** The permit of whoever has a shell on the machine. */
export function operatorPermit(): Permit {
  return unrestrictedPermit(OPERATOR, EVERYTHING);
}

/** The permit of the server's own upkeep: what time demands, such as ending what has expired. */
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

/** Decides a request. Answers at once when everything about it is remembered. */
export function authorize(ctx: Context, request: AccessRequest): MaybePromise<Verdict> {
  return traced('decide', 'internal', NO_ATTRIBUTES, () =>
    andThen(ctx.memory.refresh(), () =>
      andThen(authenticate(ctx, request.credential), (found) => {
        return 'via' in found ? reject(ctx, request, found) : authorizeIdentity(ctx, request, found);
      }),
    ),
  );
}

const NO_ATTRIBUTES = {};

/** Counts a refusal, and notes it on the span of the request. */
function countRefusal(ctx: Context, request: Pick<AccessRequest, 'door'>, reason: Reason): void {
  ctx.metrics.decided(request.door ?? 'other', reason);
  currentSpan()?.root.set({ 'latchkey.reason': reason });
}

/**
 * A credential that leads to nobody is counted by address; whoever has tried too many hears that instead. Only after
 * the look-up, so that a token that works is never held back by what others try from the same address.
 */
function reject(ctx: Context, request: AccessRequest, found: Rejection): MaybePromise<Verdict> {
  const told = (rejection: Rejection & { retryAfterSec?: number }): Verdict => {
    countRefusal(ctx, request, rejection.reason);
    return { allowed: false, explanation: explainRejection(ctx, request, rejection) };
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
 * What is no guess, so is not counted. Git with a username in the address sends it with an empty password first, and
 * the token only when that was refused: were it counted, every clone would be a failure, and whoever comes from an
 * address that is held up could not even show a token that works. What can't be read was looked up nowhere, and whoever
 * sends it must go on hearing what is wrong with it.
 */
const GUESSES_NOTHING: ReadonlySet<Reason> = new Set([
  'password_empty',
  'credentials_malformed',
  'token_wrapped',
  'placeholder_sent',
]);

type Asked = Omit<AccessRequest, 'credential'> & { readonly credential?: Credential };

/** The second half of `authorize`, for a caller that already knows who asks: a signed-in person's session. */
export function authorizeIdentity(ctx: Context, request: Asked, identity: Identity): MaybePromise<Verdict> {
  return andThen(questionOf(ctx, request, identity), (question): MaybePromise<Verdict> => {
    const decision = decide(question);
    if (!decision.allowed) return refuse(ctx, request, question, decision.refusals);
    return andThen(useToken(ctx, identity), (tooLate): MaybePromise<Verdict> => {
      if (tooLate !== null) return refuse(ctx, request, question, [tooLate]);
      const { bearer } = identity;
      ctx.metrics.decided(request.door ?? 'other', null);
      if (bearer.via === 'token') {
        ctx.usage.note(bearer.token.id, question.at, request.address, request.userAgent ?? '', request.purpose);
        ctx.usage.count(bearer.token.id, question);
      }
      return { allowed: true, permit: new DecidedPermit(question, request.userAgent) };
    });
  });
}

/** What would be decided, and nothing else: no use is spent, noted or reported. Null = allowed. */
export function consider(
  ctx: Context,
  request: Pick<AccessRequest, 'need' | 'target' | 'address'>,
  identity: Identity,
): MaybePromise<Explanation | null> {
  return andThen(questionOf(ctx, request, identity), (question) => {
    const decision = decide(question);
    if (decision.allowed) return null;
    return explain(ctx.settings.publicUrl, asAsked(question, request.target), decision.refusals, null);
  });
}

/** Who holds a permit, as the store has them now. Null for the operator and upkeep. */
export async function holderOf(ctx: Context, { bearer }: Permit): Promise<Identity | null> {
  if (bearer === null) return null;
  return {
    bearer,
    facts: bearer.via === 'nobody' ? null : await readUserFacts(ctx.store.db, bearer.user.id),
    endsOverlap: false,
  };
}

function questionOf(
  ctx: Context,
  request: Pick<AccessRequest, 'need' | 'target' | 'address'>,
  identity: Identity,
): MaybePromise<Question> {
  return andThen(targetOf(ctx, identity, request.target), (target): Question => {
    const question: Question = {
      bearer: identity.bearer,
      need: request.need,
      target,
      at: ctx.clock.now(),
      address: request.address,
    };
    return calledByNumber(request.target) && !isVisible(question)
      ? { ...question, target: nothingCalled(request.target) }
      : question;
  });
}

/**
 * The question with its target called as this request calls it. What is remembered is called as somebody called it
 * first: said back, that would tell that it is there.
 */
function asAsked(question: Question, name: TargetName): Question {
  const { target } = question;
  const asked = fullNameOf(name);
  if (target.kind === 'instance' || asked === '' || asked === target.fullName) return question;
  return { ...question, target: { ...target, fullName: asked } };
}

function calledByNumber(name: TargetName): boolean {
  return name.kind === 'repository' && name.calledAs !== undefined;
}

/**
 * A number must not be turned into the name, the owner or the owner's policies of what the bearer may not see: then
 * nothing is there.
 */
function nothingCalled(name: TargetName): Target {
  return { kind: 'repository', owner: null, repository: null, fullName: fullNameOf(name) };
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
  const explanation = explain(
    ctx.settings.publicUrl,
    asAsked(question, request.target),
    refusals,
    urlUsername(request.credential),
  );
  if (bearer.via === 'token')
    ctx.refusals.note(bearer.token.id, question.at, request.address, request.purpose, explanation);
  const refused: Verdict = { allowed: false, explanation };
  return reason === 'token_replaced'
    ? reportReuse(ctx, question, request.purpose, request.userAgent).then(() => refused)
    : refused;
}

/** The permit of a decided question. A class, since one is made for every request: its methods are shared. */
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
    const { bearer } = this;
    const from = { address: this.#question.address, userAgent: this.#userAgent };
    if (bearer.via === 'nobody') return { userId: null, login: 'anonymous', tokenId: null, ...from };
    return {
      userId: bearer.user.id,
      login: bearer.user.login,
      tokenId: bearer.via === 'token' ? bearer.token.id : null,
      ...from,
    };
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

function urlUsername(credential: Credential | undefined): string | null {
  return credential?.form === 'basic' ? credential.username : null;
}

function explainRejection(
  ctx: Context,
  request: AccessRequest,
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

function fullNameOf(target: TargetName): string {
  if (target.kind === 'repository') return target.calledAs ?? `${target.owner}/${target.name}`;
  return target.kind === 'instance' ? '' : (target.login ?? '');
}

// --- the target, as it stands towards the one who asks --------------------------------------------------------------

/** Reads what a request is about: remembered per asking person, since their role belongs to it. */
export function targetOf(ctx: Context, identity: Identity, name: TargetName): MaybePromise<Target> {
  if (name.kind === 'instance') return EVERYTHING;
  const user = identity.facts;
  if (name.kind === 'repository') {
    const key = repositoryKey(name, user?.user.id ?? 0);
    return andThen(
      ctx.memory.recall(key, () => readRepositoryTarget(ctx, user, name), keepTargetOf(user)),
      (target) => target as Target,
    );
  }
  const login = name.kind === 'account' ? (name.login ?? user?.user.login ?? '') : name.login;
  const key = `${name.kind} ${user?.user.id ?? 0} ${nameKey(login)}`;
  return andThen(
    ctx.memory.recall(key, () => readOwnerTarget(ctx, user, name.kind, login), keepTargetOf(user)),
    (target) => target as Target,
  );
}

/**
 * The last key of each name: doors keep the names of what is asked for often, and making a key again costs more than
 * looking it up.
 */
const LAST_KEY = new WeakMap<TargetName, { readonly userId: number; readonly key: string }>();

function repositoryKey(name: TargetName & { readonly kind: 'repository' }, userId: number): string {
  const last = LAST_KEY.get(name);
  if (last?.userId === userId) return last.key;
  const key = `repository ${userId} ${nameKey(name.owner)}/${nameKey(name.name)}`;
  LAST_KEY.set(name, { userId, key });
  return key;
}

/** Not there, or not there for whoever asks. */
function isUnseen(target: Target): boolean {
  if (target.kind === 'instance') return false;
  return target.owner === null || (target.kind === 'repository' && (target.repository?.role ?? null) === null);
}

/** A target depends on itself, its owner, the instance's policy, and on the one who asks. */
function keepTargetOf(user: UserFacts | null): RecallOptions<Target> {
  return {
    unseen: isUnseen,
    subjects: (target) => [
      ...(target.kind === 'instance' || target.owner === null ? [] : [subjectOf('account', target.owner.id)]),
      ...(target.kind === 'repository' && target.repository !== null
        ? [subjectOf('repository', target.repository.id)]
        : []),
      ...(user === null ? [] : [subjectOf('account', user.user.id)]),
      subjectOf('account', 0),
    ],
  };
}

/** Repositories as they stand towards people of one role: what many remember of the same one exists once. */
const sharedTargets = new RecentMap<string, Target>(10_000);

/** The target, or the equal one that somebody of the same role remembers. */
function sharedTarget(target: Extract<Target, { kind: 'repository' }>): Target {
  const key = `${target.repository?.id} ${target.repository?.role} ${target.owner?.role}`;
  const known = sharedTargets.get(key);
  if (known !== undefined && isDeepStrictEqual(known, target)) return known;
  sharedTargets.set(key, target);
  return target;
}

/** The id of none. */
const NO_REPOSITORY = 0;

async function readRepositoryTarget(
  ctx: Context,
  user: UserFacts | null,
  name: { owner: string; name: string },
): Promise<Target> {
  const found = await readRepositoryFacts(ctx.store.db, name.owner, name.name);
  const fullName = `${name.owner}/${name.name}`;
  // Asked of what is not there, too: otherwise it would be told by how soon the answer comes.
  const given =
    user === null ? null : await collaboratorRole(ctx.store.db, found?.repository?.id ?? NO_REPOSITORY, user.user.id);
  if (found === null) return { kind: 'repository', owner: null, repository: null, fullName };
  const owner = await ownerRecord(ctx, user, found.owner);
  if (found.repository === null) return { kind: 'repository', owner, repository: null, fullName };
  return sharedTarget({
    kind: 'repository',
    owner,
    repository: recordOf(user, owner, found.repository, given),
    fullName,
  });
}

async function readOwnerTarget(
  ctx: Context,
  user: UserFacts | null,
  kind: 'organization' | 'account',
  login: string,
): Promise<Target> {
  const owner = await readOwner(ctx, user, login);
  const fits = owner !== null && (kind === 'account' || owner.kind === 'organization');
  return { kind, owner: fits ? owner : null, fullName: fits ? owner.login : login };
}

async function readOwner(ctx: Context, user: UserFacts | null, login: string): Promise<OwnerRecord | null> {
  const account = await accountByLogin(ctx.store.db, login);
  return account === null ? null : ownerRecord(ctx, user, account);
}

/** The policy of an account (0 = the instance) as it was set, or the one that sets nothing. */
export async function policyOf(ctx: Context, accountId: number): Promise<StoredPolicy> {
  const policy = await ctx.memory.recall(
    `policy ${accountId}`,
    async () => (await storedPolicy(ctx.store.db, accountId)) ?? NO_POLICY,
    {
      subjects: () => [subjectOf('account', accountId)],
    },
  );
  return policy ?? NO_POLICY;
}

/** An account as the owner of what is asked for, as it stands towards somebody (null = nobody in particular). */
export async function ownerRecord(ctx: Context, user: UserFacts | null, owner: Account): Promise<OwnerRecord> {
  const instance = await policyOf(ctx, 0);
  const own = owner.kind === 'organization' ? await policyOf(ctx, owner.id) : null;
  return {
    id: owner.id,
    login: owner.login,
    kind: owner.kind,
    role: user?.memberships.get(owner.id) ?? null,
    policy: effectivePolicy(instance, own),
  };
}

/**
 * A repository as it stands towards somebody (null = nobody in particular) whom its owner gave `given` as a
 * collaborator.
 */
export function recordOf(
  user: UserFacts | null,
  owner: OwnerRecord,
  repository: Repository,
  given: RepositoryRole | null,
): RepositoryRecord {
  const role = roleIn({
    ownsAsUser: user !== null && owner.id === user.user.id,
    organizationRole: owner.role,
    basePermission: owner.policy.basePermission,
    collaboratorRole: given,
    visibility: repository.visibility,
    signedIn: user !== null,
  });
  const { id, name, visibility, archivedAt, objectFormat } = repository;
  return { id, ownerId: owner.id, name, visibility, archivedAt, role, objectFormat };
}
