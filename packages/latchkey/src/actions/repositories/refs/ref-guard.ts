/**
 * Keeps a token to its ref rules, everybody to protected branches and tags, and a repository to its number of refs,
 * whichever door moves a ref: over REST before it moves, in a push before git is told.
 *
 * Invariant: everything that moves a ref asks here (`movingRefs`, `movingHead`, the README of a new repository, the end
 * of a repository, and the git door), so no endpoint has to think of it.
 * Invariant: what is refused is on record: in the audit log, and on the token's page.
 */
import { present } from '../../../base/present.ts';
import { hasRoomForRefs } from '../../../git/objects/ref-count.ts';
import { defaultBranch, isAncestor, type RefChange } from '../../../git/objects/refs.ts';
import { boundsOf, type MoveBounds, type MoveRefusal, moveRefusal } from '../../../rules/decide.ts';
import type { Explanation } from '../../../rules/explain.ts';
import { asksForDefault } from '../../../rules/refs/ref-protections.ts';
import { BRANCHES, isBranch, type RefAct } from '../../../rules/refs/ref-rules.ts';
import type { Permit } from '../../decision/authorize.ts';
import { refRulesOf } from '../../decision/permit-target.ts';
import { noteRefusal } from '../../decision/token-refusals.ts';
import type { Context } from '../../ground/context.ts';
import { record } from '../../ground/record.ts';
import { type ApprovalFacts, askOwner, spendApproval } from '../approvals/asking.ts';
import { approvedTwin } from '../approvals/twin.ts';
import { explainMove, explainRefCount } from '../content-refusals.ts';
import { openTarget } from '../target.ts';

/** What stands for all refs of a repository: its end, which no token with rules may bring about. */
const EVERY_REF = 'refs/*';
/** An entry names so many refs at most. */
const MAX_ENTRY_REFS = 500;

/** A move that the token's rules or the number of refs refuse: the door words it as it words every refusal. */
export class MoveRefused extends Error {
  override readonly name = 'MoveRefused';
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(explanation.sentence);
    this.explanation = explanation;
  }
}

/** A ref that may not move, with what was to happen to it. */
export interface RefusedMove extends RefChange {
  readonly refusal: MoveRefusal;
  /** Where its owner was asked: what became of that. */
  readonly approval?: ApprovalFacts;
}

/** True when the owner of the token may still let it happen. */
export function isAskable({ refusal }: RefusedMove): boolean {
  return refusal.reason === 'ref_needs_approval';
}

/** What a move is besides its name and ids. */
interface MoveFacts {
  /** True when the owner of the token approved just this. */
  readonly isApproved?: boolean;
  /** True for the default branch: see `defaultRef`. */
  readonly isDefault?: boolean;
}

/** What the rules say to a move whose name and ids are known. `forward`: yes, if it loses nothing. */
export type MoveVerdict = 'allowed' | 'forward' | RefusedMove;

/** Everything that keeps whoever holds a permit from moving refs: the rules of a token, protected branches and tags. */
export function moveBounds({ bearer, target }: Permit): MoveBounds {
  return boundsOf(bearer, target);
}

/** The default branch by its full name, if anything that binds the bearer asks for it; null otherwise. */
export async function defaultRef(ctx: Context, permit: Permit): Promise<string | null> {
  if (!asksForDefault(moveBounds(permit).protections)) return null;
  return `${BRANCHES}${await defaultBranch(openTarget(ctx, permit).path)}`;
}

/** True when moves of refs have to be looked at one by one. */
export function isBound(permit: Permit): boolean {
  const { rules, protections } = moveBounds(permit);
  return rules !== null || protections.length > 0;
}

/**
 * Judges by name and ids alone. Both ids null is a deletion: git deletes a damaged ref so.
 */
export function judgeMove(
  permit: Permit,
  change: RefChange,
  { isApproved = false, isDefault = false }: MoveFacts = {},
): MoveVerdict {
  if (!isBound(permit)) return 'allowed';
  const bounds = moveBounds(permit);
  const { ref, from, to } = change;
  const refused = (act: RefAct): MoveVerdict => {
    const refusal = moveRefusal(bounds, { ref, act, isApproved, isDefault });
    return refusal === null ? 'allowed' : { ...change, refusal };
  };
  if (to === null) return refused('delete');
  if (from === null) return refused('create');
  const byForce = refused('force');
  // What isn't a branch is not meant to move: a tag that does has another meaning afterwards.
  if (byForce === 'allowed' || !isBranch(ref)) return byForce;
  const forward = refused('update');
  return forward === 'allowed' ? 'forward' : forward;
}

/** The same as `forward` turned out to be a move that loses commits. */
export function refuseForced(permit: Permit, change: RefChange, isDefault: boolean): RefusedMove | null {
  const refusal = moveRefusal(moveBounds(permit), { ref: change.ref, act: 'force', isDefault });
  return refusal === null ? null : { ...change, refusal };
}

/** That a ref may move, to where, and by which approval. */
export interface MoveAllowed {
  readonly to: string | null;
  readonly approvalId: number | null;
}

/**
 * @param isMadeNow true when the request itself made what the ref is to be at: the same request then makes the same
 * again, but for its time, and what was approved is taken instead
 * @throws MoveRefused when the token may not move this ref so; that is on record then
 */
export async function demandMove(
  ctx: Context,
  permit: Permit,
  change: RefChange,
  isMadeNow = false,
): Promise<MoveAllowed> {
  const { from, to } = change;
  const isDefault = change.ref === (await defaultRef(ctx, permit));
  const verdict = judgeMove(permit, change, { isDefault });
  if (verdict === 'allowed') return { to, approvalId: null };
  if (verdict !== 'forward')
    return isAskable(verdict) ? ask(ctx, permit, verdict, isMadeNow) : refuse(ctx, permit, verdict);
  if (from !== null && to !== null && (await isAncestor(openTarget(ctx, permit), from, to)))
    return { to, approvalId: null };
  const refused = refuseForced(permit, change, isDefault);
  return refused === null ? { to, approvalId: null } : refuse(ctx, permit, refused);
}

/** Spends an approval, or asks for one, and refuses. */
async function ask(ctx: Context, permit: Permit, move: RefusedMove, isMadeNow: boolean): Promise<MoveAllowed> {
  // A repository that is yet to be made has nothing to look at.
  if (permit.target.kind !== 'repository' || permit.target.repository === null) return refuse(ctx, permit, move);
  const to = (isMadeNow ? await approvedTwin(ctx, permit, move) : null) ?? move.to;
  const change = { ref: move.ref, from: move.from, to };
  const approvalId = await spendApproval(ctx, permit, change);
  if (approvalId !== null) return { to, approvalId };
  const [approval] = await askOwner(ctx, permit, [change], () => Promise.resolve(null));
  return refuse(ctx, permit, { ...move, ...(approval === undefined ? {} : { approval }) });
}

/** @throws MoveRefused when the token has ref rules: they never open HEAD, nor all refs at once */
export async function demandFreeRefs(ctx: Context, permit: Permit, act: 'HEAD' | 'everything'): Promise<void> {
  const rules = refRulesOf(permit);
  if (rules === null) return;
  const change = { ref: act === 'HEAD' ? 'HEAD' : EVERY_REF, from: null, to: null };
  const ofToken: MoveBounds = { rules, protections: [], role: null };
  const refusal = moveRefusal(ofToken, { ref: change.ref, act: act === 'HEAD' ? 'update' : 'delete' });
  if (refusal !== null) await refuse(ctx, permit, { ...change, refusal });
}

/** How a request changes the number of refs. */
export interface RefCountChange {
  readonly made: number;
  readonly deleted: number;
}

/** @throws MoveRefused when the repository would have more refs than it may; the refusal is on the token's page then */
export async function demandRefRoom(ctx: Context, permit: Permit, { made, deleted }: RefCountChange): Promise<void> {
  const { maxRefs } = ctx.settings;
  if (maxRefs === 0 || made <= deleted) return;
  if (await hasRoomForRefs(openTarget(ctx, permit), made - deleted, maxRefs)) return;
  const explanation = explainRefCount(ctx, permit);
  noteRefusal(ctx, permit, permit.actor.address ?? '', `push ${targetName(permit)}`, explanation);
  throw new MoveRefused(explanation);
}

function targetName({ target }: Permit): string {
  return target.kind === 'instance' ? '' : target.fullName;
}

async function refuse(ctx: Context, permit: Permit, move: RefusedMove): Promise<never> {
  await recordRefusedMoves(ctx, permit, [move]);
  throw new MoveRefused(explainMove(ctx, permit, move.refusal, move.approval));
}

/**
 * Puts refused moves on record. Never rejects: they are refused all the same. @returns why the first of them was
 * refused
 */
export async function recordRefusedMoves(
  ctx: Context,
  permit: Permit,
  moves: readonly RefusedMove[],
): Promise<Explanation> {
  const { target, bearer, actor } = permit;
  const first = present(moves[0], 'a refused move');
  const explanation = explainMove(ctx, permit, first.refusal, first.approval);
  const fullName = targetName(permit);
  noteRefusal(ctx, permit, actor.address ?? '', `push ${fullName}`, explanation);
  const owner = target.kind === 'instance' ? null : target.owner;
  try {
    await ctx.store.transaction((tx) =>
      record(tx, permit, ctx.clock.now(), {
        action: 'git.push_rejected',
        userId: actor.userId,
        organizationId: owner?.kind === 'organization' ? owner.id : null,
        repositoryId: target.kind === 'repository' ? (target.repository?.id ?? null) : null,
        tokenId: actor.tokenId,
        data: {
          repo: fullName,
          name: bearer?.via === 'token' ? bearer.token.name : null,
          refs: moves.slice(0, MAX_ENTRY_REFS).map(({ ref, from, to, refusal: { objection } }) => ({
            ref,
            before: from,
            after: to,
            act: objection.act,
            rule: (objection.protection ?? objection.rule)?.pattern ?? null,
          })),
        },
      }),
    );
  } catch (error) {
    ctx.log.error({ err: error }, 'the entry of a refused push could not be written');
  }
  return explanation;
}
