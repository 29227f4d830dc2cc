/**
 * Keeps a push to the ref rules of its token, and to protected branches and tags: what they refuse is taken out of it
 * before git is told, and git's report says why, ref by ref, so that the rest passes. No process is started for it: git
 * itself compares old and new of a branch that may only move forward. Only what a
 * rule leaves to the token's owner is looked at by processes.
 *
 * Invariant: git gets no command that was not judged; a push that can't be read is refused.
 * Invariant: an approval is spent before git is told, and given back where git says that the ref did not move.
 */
import type { Permit } from '../../actions/decision/authorize.ts';
import { refRulesOf } from '../../actions/decision/permit-target.ts';
import { askOwner, type PackOf, returnApproval, spendApproval } from '../../actions/repositories/approvals/asking.ts';
import {
  defaultRef,
  isAskable,
  judgeMove,
  moveBounds,
  type RefusedMove,
  recordRefusedMoves,
  refuseForced,
} from '../../actions/repositories/refs/ref-guard.ts';
import { approvalLine } from '../../catalogue/refusals/approval.ts';
import { refNameProblem } from '../../git/objects/names.ts';
import { symbolicAmong } from '../../git/objects/symbolic-refs.ts';
import type { Explanation } from '../../rules/explain.ts';
import { holdsRole } from '../../rules/refs/ref-protections.ts';
import { objectionWords } from '../../rules/refs/ref-rule-text.ts';
import { allowsAct, isBranch } from '../../rules/refs/ref-rules.ts';
import type { GitCall } from './call.ts';
import { GatedReport } from './gated-report.ts';
import { PushCommands } from './push-commands.ts';
import type { HeadCommand, PushHead } from './push-head.ts';
import { pushRefusal } from './push-refusal.ts';
import { inLines } from './refuse.ts';

/** Said of a branch that may be forced, in a push beside one that may not: git is told for the whole push. */
const PUSH_ALONE = 'forced beside branches that only move forward: push it by itself';
const ATOMIC = 'atomic push failed';

/** What becomes of a push. */
export type Gated =
  /** Refused as a whole; the answer, or null where the client would not understand it. */
  | { readonly passes: false; readonly answer: Buffer | null; readonly explanation: Explanation }
  | {
      readonly passes: true;
      /** What git is told instead; null = all of it, as it came. */
      readonly head: Buffer | null;
      readonly forwardOnly: boolean;
      readonly report: GatedReport;
      /** What is to be put on record once git has answered. */
      readonly forcedMoves: () => readonly RefusedMove[];
      /** Approvals of what git did not do, once it has answered. */
      readonly unusedApprovals: () => readonly number[];
    };

/** True when branches may move only forward by some rule: what a push is prepared with, before it is known. */
export function expectsForward(permit: Permit): boolean {
  const { rules, protections, role } = moveBounds(permit);
  return (
    (rules ?? []).some((rule) => allowsAct(rule, 'update') && !allowsAct(rule, 'force')) ||
    protections.some(({ update, force }) => holdsRole(role, update) && !holdsRole(role, force))
  );
}

/** Judges a push by its head. What is refused is on record. @param pack what came with it */
export async function gatePush(call: GitCall, head: PushHead, pack: PackOf): Promise<Gated> {
  const { ctx, permit } = call;
  const [symbolic, ofDefault] = await Promise.all([symbolicRefs(call, head), defaultRef(ctx, permit)]);
  const refused = new Map<HeadCommand, RefusedMove>();
  const forward = new Set<HeadCommand>();
  const approved = new Map<HeadCommand, number>();
  let mayForce = false;
  for (const command of head.commands) {
    let verdict = judge(permit, command, { symbolic, ofDefault });
    if (typeof verdict !== 'string' && isAskable(verdict)) {
      const id = await spendApproval(ctx, permit, change(command));
      if (id !== null) approved.set(command, id);
      verdict = judge(permit, command, { symbolic, ofDefault, isApproved: id !== null });
    }
    if (verdict === 'forward') forward.add(command);
    else if (verdict !== 'allowed') refused.set(command, verdict);
    else mayForce ||= isBranch(command.ref) && command.from !== null && command.to !== null;
  }
  await askAbout(call, refused, pack);
  const explanation = refused.size === 0 ? null : await recordRefusedMoves(ctx, permit, [...refused.values()]);
  const kept = new Set(head.commands.filter((command) => !refused.has(command)));
  const said = (move: RefusedMove): string => latin1(lineOf(call, move));
  if (explanation !== null && (head.isAtomic || kept.size === 0)) {
    for (const id of approved.values()) await returnApproval(ctx, id);
    const whyOf = new Map([...refused].map(([{ ref }, move]) => [ref, said(move)]));
    const commands = new PushCommands();
    commands.see(head.only(new Set(head.commands)));
    return {
      passes: false,
      answer: pushRefusal(commands, inLines(explanation), (ref) => whyOf.get(ref) ?? ATOMIC),
      explanation,
    };
  }
  const forcedBy = new Map(
    head.commands
      .filter((command) => forward.has(command))
      .map((command) => [command.name, refuseForced(permit, change(command), command.ref === ofDefault)]),
  );
  const report = new GatedReport({
    usesBands: head.usesBands,
    words: explanation === null ? '' : inLines(explanation),
    refused: new Map([...refused].map(([{ name }, move]) => [name, said(move)])),
    forward: new Map(
      [...kept].map(({ name }) => {
        const move = forcedBy.get(name) ?? null;
        return [name, move === null ? PUSH_ALONE : said(move)];
      }),
    ),
  });
  return {
    passes: true,
    head: refused.size === 0 ? null : head.only(kept),
    forwardOnly: forward.size > 0 || (expectsForward(permit) && !mayForce),
    report,
    forcedMoves: () => report.forced.flatMap((name) => forcedBy.get(name) ?? []),
    unusedApprovals: () => [...approved].filter(([{ name }]) => report.declined.has(name)).map(([, id]) => id),
  };
}

/** Asks the owner of the token about everything that is theirs to decide, and notes what became of it. */
async function askAbout({ ctx, permit }: GitCall, refused: Map<HeadCommand, RefusedMove>, pack: PackOf): Promise<void> {
  const asked = [...refused].filter(([, move]) => isAskable(move));
  if (asked.length === 0) return;
  const answers = await askOwner(
    ctx,
    permit,
    asked.map(([command]) => change(command)),
    pack,
  );
  for (const [i, [command, move]] of asked.entries()) {
    const approval = answers[i];
    if (approval !== undefined) refused.set(command, { ...move, approval });
  }
}

/** Why a ref may not move, on the one line that git shows for it. */
function lineOf({ ctx, permit }: GitCall, { refusal, approval }: RefusedMove): string {
  return approval === undefined
    ? objectionWords(refusal.objection, refRulesOf(permit) ?? [])
    : approvalLine(approval, ctx.settings.publicUrl);
}

interface Judged {
  readonly symbolic: ReadonlySet<string>;
  /** The default branch, if anything asks for it. */
  readonly ofDefault: string | null;
  readonly isApproved?: boolean;
}

function judge(
  permit: Permit,
  command: HeadCommand,
  { symbolic, ofDefault, isApproved = false }: Judged,
): ReturnType<typeof judgeMove> {
  const { ref } = command;
  const verdict = judgeMove(permit, change(command), { isApproved, isDefault: ref === ofDefault });
  if (typeof verdict !== 'string' && !isAskable(verdict)) return verdict;
  const ofToken = refRulesOf(permit) !== null;
  // git itself refuses a malformed name; it matters only to a list that opens what it names.
  if (!symbolic.has(ref) && (!ofToken || refNameProblem(ref) === null)) return verdict;
  const act = command.to === null ? 'delete' : command.from === null ? 'create' : 'update';
  const objection = { ref, act, rule: null, ...(symbolic.has(ref) ? { isSymbolic: true as const } : {}) } as const;
  return { ...change(command), refusal: { reason: ofToken ? 'ref_not_allowed' : 'ref_protected', objection } };
}

async function symbolicRefs({ ctx, owner, repository, permit }: GitCall, head: PushHead): Promise<ReadonlySet<string>> {
  const names = head.commands.map(({ ref }) => ref).filter((ref) => refNameProblem(ref) === null);
  return symbolicAmong(ctx.git.open(owner.login, repository.name, `user ${permit.actor.userId}`), names);
}

function change({ ref, from, to }: HeadCommand) {
  return { ref, from, to };
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
