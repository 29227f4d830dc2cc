/**
 * A workload's token goes in, a short token of a machine account comes out.
 *
 * The rights are those of the rule's token, which nobody has the secret of: what comes out is derived from it, so that
 * it is short, narrower or equal, bound to the rule, and dead with it.
 * Invariant: nothing is given unless the signature, audience and times are good, a rule takes the claims, and the token
 * wasn't exchanged before; that is marked in the transaction that gives.
 * Invariant: every answer is in the audit log: given with who ran, refused with why.
 */
import { networkOf } from '../../base/address.ts';
import { digestOf, keyOfDigest } from '../../base/secret.ts';
import { DAY_SEC, HOUR_SEC, type UnixSeconds } from '../../base/time.ts';
import { chooseRule } from '../../rules/workload-choice.ts';
import { type ClaimCheck, type Claims, judgeToken, LEEWAY_SEC, workloadOf } from '../../rules/workload-claims.ts';
import { subjectOf } from '../../store/revision.ts';
import { issuerByAddress, type WorkloadIssuer } from '../../store/workload-issuers.ts';
import {
  exchangesDoubtedUntil,
  forgetTaken,
  type LivingRule,
  livingRules,
  takeOnce,
} from '../../store/workload-rules.ts';
import { authorize, type Permit } from '../decision/authorize.ts';
import { type Context, UPKEEP } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { record } from '../ground/record.ts';
import { type CreatedDerivedToken, type DerivationRequest, deriveToken } from '../tokens/derivation.ts';
import { type JwtFlaw, proveJwt, UnprovedJwt } from './jwt.ts';

/** The longest life of a token that is given. */
export const MAX_GIVEN_SEC = HOUR_SEC;
const ANY = { sets: [], publicRead: false, writes: false, gitlabScopes: [] } as const;

/** Why nothing is given, as the audit log names it. */
type Reason =
  | JwtFlaw
  | 'too_large'
  | 'claim'
  | 'no_rule'
  | 'condition'
  | 'ambiguous'
  | 'rule_closed'
  | 'restored'
  | 'exchanged_before';

/** An exchange that gave nothing. */
export class RefusedExchange extends Error {
  override readonly name = 'RefusedExchange';
  readonly reason: Reason;
  readonly facts: RefusalFacts;

  constructor(reason: Reason, words: string, facts: RefusalFacts = {}) {
    super(words);
    this.reason = reason;
    this.facts = facts;
  }
}

/** What is known of a refused token, for the log alone. */
interface RefusalFacts {
  readonly issuer?: string | null;
  readonly subject?: string;
  readonly rule?: LivingRule;
  /** What was looked at last; the log tells what was expected, too. */
  readonly check?: ClaimCheck;
}

interface Visitor {
  readonly address: string;
  readonly userAgent: string | null;
}

/** What a workload asks for. */
export interface WorkloadRequest {
  readonly jwt: string;
  /** The login of the machine account; null = whichever rule takes the token. */
  readonly machine: string | null;
  /** Reads how the token shall be narrower, once it is known what it comes from. */
  narrowing(from: Pick<Permit, 'bearer'>): DerivationRequest;
}

export interface Exchanged extends CreatedDerivedToken {
  /** What it comes from. */
  readonly from: Pick<Permit, 'bearer'>;
}

/** An issuer with its rules, remembered together. */
export interface IssuerWithRules extends WorkloadIssuer {
  readonly rules: readonly (LivingRule & Pick<WorkloadIssuer, 'preset'>)[];
  /** Tokens issued up to then may have been exchanged before a backup was restored, without a mark; 0 = none. */
  readonly doubtedUntil: UnixSeconds;
}

/**
 * Gives a token of a machine account to a workload that proves who it is.
 * @throws RefusedExchange, logged; Problem for a wish that the rule's token doesn't allow
 */
export async function exchangeWorkload(ctx: Context, request: WorkloadRequest, visitor: Visitor): Promise<Exchanged> {
  try {
    return await exchange(ctx, request, visitor);
  } catch (error) {
    if (error instanceof RefusedExchange) await recordRefusal(ctx, error, visitor);
    throw error;
  }
}

/** Logs a request that was too large to be read. */
export async function refuseUnread(ctx: Context, words: string, visitor: Visitor): Promise<void> {
  await recordRefusal(ctx, new RefusedExchange('too_large', words), visitor);
}

async function exchange(ctx: Context, request: WorkloadRequest, visitor: Visitor): Promise<Exchanged> {
  const at = ctx.clock.now();
  const { issuer, claims } = await prove(ctx, request.jwt);
  const told = { issuer: issuer.issuer, subject: subjectIn(claims) };
  const demands = { audience: ctx.settings.publicUrl, maxLifeSec: issuer.maxLifeSec, at };
  const unmet = judgeToken(claims, demands).find(({ isMet }) => !isMet);
  if (unmet !== undefined) throw new RefusedExchange('claim', unmet.words, { ...told, check: unmet });
  const choice = chooseRule(issuer.rules, claims, request.machine);
  if (!('rule' in choice)) throw new RefusedExchange(choice.reason, choice.words, { ...told, ...choice.closest });
  const { rule } = choice;
  if (rule.isSingleUse && Number(claims['iat']) <= issuer.doubtedUntil)
    throw new RefusedExchange('restored', IN_DOUBT, { ...told, rule });
  const permit = await permitOf(ctx, rule, visitor, told);
  const { workload, agent, session } = workloadOf(claims, issuer.issuer, issuer.preset);
  const wish = request.narrowing(permit);
  const made = await deriveToken(
    ctx,
    permit,
    { ...wish, agent, session, expiresInSec: Math.min(wish.expiresInSec ?? rule.maxLifeSec, rule.maxLifeSec) },
    {
      workload,
      begin: async (tx) => {
        if (rule.isSingleUse && !(await takeOnce(tx, onceDigest(issuer, claims), endOf(claims))))
          throw new RefusedExchange('exchanged_before', EXCHANGED_BEFORE, { ...told, rule });
      },
      event: {
        action: 'workload_identity.exchange',
        organizationId: organizationOf(rule),
        data: { ...told, rule: rule.name, claims: workload.claims },
      },
    },
  );
  return { ...made, from: permit };
}

/** Forgets exchanged tokens that have ended: a day later, lest a clock goes back. */
export async function clearExchanges(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => forgetTaken(tx, ctx.clock.now() - DAY_SEC));
}

const EXCHANGED_BEFORE =
  'This token was exchanged before: each is good for one exchange. Ask its issuer for another, or, where it gives ' +
  'the same one until it ends, let the rule take tokens several times.';

const IN_DOUBT =
  'The server was restored from a backup after this token was issued, so it may have been exchanged before. Ask its ' +
  'issuer for another.';

/** @throws RefusedExchange */
async function prove(ctx: Context, jwt: string) {
  try {
    return await proveJwt(ctx.keySets, jwt, (iss) => issuerWithRules(ctx, iss));
  } catch (error) {
    if (!(error instanceof UnprovedJwt)) throw error;
    throw new RefusedExchange(error.flaw, error.message, { issuer: error.issuer });
  }
}

/** The issuer of that `iss`, with the rules that can give tokens; null when no administrator listed it. */
export async function issuerWithRules(ctx: Context, iss: string): Promise<IssuerWithRules | null> {
  await ctx.memory.refresh();
  return ctx.memory.recall<IssuerWithRules>(
    `issuer ${iss}`,
    async () => {
      const { db } = ctx.store;
      const found = await issuerByAddress(db, iss);
      if (found === null) return null;
      const [rules, doubtedUntil] = [await livingRules(db, found.id), await exchangesDoubtedUntil(db)];
      return { ...found, doubtedUntil, rules: rules.map((rule) => ({ ...rule, preset: found.preset })) };
    },
    {
      // Changes of issuers and rules raise the revision of the instance.
      subjects: ({ rules }) => [
        subjectOf('account', 0),
        ...rules.flatMap(({ tokenId, machineId }) => [subjectOf('token', tokenId), subjectOf('account', machineId)]),
      ],
    },
  );
}

/** What the rule's token may do, as if it had been presented. @throws RefusedExchange when it may nothing today */
async function permitOf(ctx: Context, rule: LivingRule, visitor: Visitor, told: RefusalFacts): Promise<Permit> {
  const verdict = await authorize(ctx, {
    credential: { form: 'follow-up', digestKey: keyOfDigest(rule.secretDigest), isDerived: false },
    need: ANY,
    target: { kind: 'instance' },
    purpose: 'exchange a workload token',
    ...visitor,
  });
  if (verdict.allowed) return verdict.permit;
  throw new RefusedExchange('rule_closed', `The rule ${rule.name}: ${verdict.explanation.sentence}`, {
    ...told,
    rule,
  });
}

/** The same `jti` of two issuers is two tokens. */
function onceDigest({ id }: WorkloadIssuer, claims: Claims): string {
  return digestOf(JSON.stringify([id, claims['jti']]));
}

function endOf({ exp }: Claims): UnixSeconds {
  return Math.ceil(Number(exp)) + LEEWAY_SEC + 1;
}

function subjectIn({ sub }: Claims): string {
  return typeof sub === 'string' ? sub.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '�').slice(0, 255) : '';
}

function organizationOf({ ownerId, ownerKind }: LivingRule): number | null {
  return ownerKind === 'organization' ? ownerId : null;
}

/** Many from one network are answered, but no longer logged one by one, so that nobody fills the log. */
async function recordRefusal(ctx: Context, refusal: RefusedExchange, visitor: Visitor): Promise<void> {
  const { rule, check, issuer = null, subject } = refusal.facts;
  ctx.log.info({ reason: refusal.reason, issuer, rule: rule?.name }, 'a workload token was not exchanged');
  const allowance = await consumeRateLimit(ctx, 'refused-exchanges', networkOf(visitor.address));
  if (allowance !== null && !allowance.allowed) return;
  await ctx.store.transaction((tx) =>
    record(tx, { actor: { ...UPKEEP, ...visitor } }, ctx.clock.now(), {
      action: 'workload_identity.refuse',
      userId: rule?.machineId ?? null,
      organizationId: rule === undefined ? null : organizationOf(rule),
      tokenId: rule?.tokenId ?? null,
      data: {
        reason: refusal.reason,
        issuer,
        subject,
        rule: rule?.name,
        explanation: check?.words ?? refusal.message,
      },
    }),
  );
}
