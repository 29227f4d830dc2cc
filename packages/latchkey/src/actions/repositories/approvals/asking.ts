/**
 * Moves of refs that the rules of a token leave to its owner, from the side of the push: asked about, and made once
 * they are approved.
 *
 * Invariant: an approval opens one move: this token (a derived one for itself), repository, ref, value before, value
 * after. It is spent before anything moves, and comes back only where nothing did.
 * Invariant: of what was pushed nothing is kept but what its owner will see.
 * Never: a connection held open for an answer.
 */
import { present } from '../../../base/present.ts';
import { DAY_SEC } from '../../../base/time.ts';
import { APPROVALS_PAGE } from '../../../catalogue/refusals/approval.ts';
import type { RefusalFacts } from '../../../catalogue/refusals/refusals.ts';
import { type RefChange, refIds } from '../../../git/objects/refs.ts';
import { lookAt, type PushLook, withPack } from '../../../git/push/push-look.ts';
import { shownRef } from '../../../rules/refs/ref-rule-text.ts';
import { accountById } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import { keepersOf } from '../../../store/machines.ts';
import {
  insertApproval,
  type MoveKey,
  openApprovals,
  type StoredApproval,
  turnApproval,
} from '../../../store/push-approvals.ts';
import type { Permit } from '../../decision/authorize.ts';
import { actingToken } from '../../decision/token-access.ts';
import type { Context } from '../../ground/context.ts';
import { queueMail } from '../../ground/mail.ts';
import { consumeRateLimit } from '../../ground/rate-limit.ts';
import { openTarget, targetRepository } from '../target.ts';
import { type AskedEntry, recordAsked } from './entries.ts';
import { deedInWords, lookInWords } from './look-words.ts';

export type ApprovalFacts = NonNullable<RefusalFacts['approval']>;

/** What a row keeps for its owner to see. */
export interface AskedLook {
  readonly look: PushLook;
  /** The token that pushed, as it is called, and the agent and session that it was derived for. */
  readonly name: string;
  readonly agent: string | null;
  readonly session: string | null;
}

/** A question waits so long; the answer no counts as long from when it was given. */
export const ASKED_FOR_SEC = DAY_SEC;
/** The most questions of one token that wait at a time. */
export const MAX_WAITING = 10;
/** Commits that a mail names. */
const MAILED_COMMITS = 5;

/** The pack that came with a push; null = everything is there already. `too_large`: nobody looks at it. */
export type PackOf = () => Promise<Buffer | 'too_large' | null>;

function keyOf(permit: Permit, { ref, from, to }: RefChange): MoveKey {
  const token = present(actingToken(permit), 'the token that moves a ref');
  const repositoryId = targetRepository(permit).repository.id;
  return {
    tokenId: token.id,
    derivedId: token.derived?.id ?? null,
    repositoryId,
    ref,
    oldId: from ?? '',
    newId: to ?? '',
  };
}

function isOfRef(one: MoveKey, key: MoveKey): boolean {
  return one.derivedId === key.derivedId && one.repositoryId === key.repositoryId && one.ref === key.ref;
}

function isSame(one: MoveKey, key: MoveKey): boolean {
  return isOfRef(one, key) && one.oldId === key.oldId && one.newId === key.newId;
}

/** Approved moves of the same ref from the same value, to whatever end. */
export async function approvedMoves(ctx: Context, permit: Permit, change: RefChange): Promise<StoredApproval[]> {
  const key = keyOf(permit, change);
  const open = await openApprovals(ctx.store.db, key.tokenId, ctx.clock.now());
  return open.filter((one) => one.state === 'approved' && isOfRef(one, key) && one.oldId === key.oldId);
}

/** Spends the approval of just this move. @returns its id; null when there is none, or somebody else was first */
export async function spendApproval(ctx: Context, permit: Permit, change: RefChange): Promise<number | null> {
  const { newId } = keyOf(permit, change);
  const found = (await approvedMoves(ctx, permit, change)).find((one) => one.newId === newId);
  if (found === undefined) return null;
  const at = ctx.clock.now();
  const isMine = await ctx.store.transaction(async (tx) => {
    if (!(await turnApproval(tx, found.id, { from: 'approved', to: 'used', at }))) return false;
    await recordAsked(tx, permit, { action: 'git.approval_used', at, approval: found, ...entryOf(permit) });
    return true;
  });
  return isMine ? found.id : null;
}

/** Gives an approval back whose move certainly did not happen. Its time goes on. Never rejects. */
export async function returnApproval(ctx: Context, id: number): Promise<void> {
  try {
    await ctx.store.transaction((tx) => turnApproval(tx, id, { from: 'used', to: 'approved', at: ctx.clock.now() }));
  } catch (error) {
    ctx.log.error({ err: error }, 'an approval could not be given back after a push that failed');
  }
}

/** Asks the owner of the token about moves that its rules leave to them. @returns what became of each */
export async function askOwner(
  ctx: Context,
  permit: Permit,
  changes: readonly RefChange[],
  pack: PackOf,
): Promise<readonly ApprovalFacts[]> {
  const answers = await knownAnswers(ctx, permit, changes);
  if (answers.every((answer) => answer !== null)) return answers;
  const plumbing = openTarget(ctx, permit);
  const bytes = await pack();
  const looks =
    bytes === 'too_large'
      ? null
      : await withPack(plumbing, bytes ?? Buffer.alloc(0), async (objects) => {
          const seen: (PushLook | null)[] = [];
          for (const [i, change] of changes.entries())
            seen.push(answers[i] == null ? await lookAt(objects, change).catch(() => null) : null);
          return seen;
        });
  const all: ApprovalFacts[] = [];
  for (const [i, change] of changes.entries()) {
    const look = looks?.[i] ?? null;
    all.push(answers[i] ?? (look === null ? { why: 'unseen', id: null } : await ask(ctx, permit, change, look)));
  }
  return all;
}

/** What is clear without a look: it was asked before, there is no room, or the push is about another state. */
async function knownAnswers(
  ctx: Context,
  permit: Permit,
  changes: readonly RefChange[],
): Promise<readonly (ApprovalFacts | null)[]> {
  const { id } = present(actingToken(permit), 'the token that moves refs');
  const open = await openApprovals(ctx.store.db, id, ctx.clock.now());
  const asked = changes.map((change) => askedBefore(open, keyOf(permit, change)));
  if (!asked.includes(null)) return asked;
  const now = await refIds(
    openTarget(ctx, permit),
    changes.map(({ ref }) => ref),
  );
  return asked.map((answer, i) => answer ?? ((now[i] ?? null) === changes[i]?.from ? null : MOVED));
}

const MOVED: ApprovalFacts = { why: 'moved', id: null };

function askedBefore(open: readonly StoredApproval[], key: MoveKey): ApprovalFacts | null {
  const same = open.find((one) => isSame(one, key));
  if (same?.state === 'waiting') return { why: 'waits', id: same.id };
  if (same?.state === 'denied') return { why: 'denied', id: same.id };
  return isFull(open, key) ? { why: 'full', id: null } : null;
}

/** What waits of the same ref makes room for what comes. */
function isFull(open: readonly StoredApproval[], key: MoveKey): boolean {
  return open.filter((one) => one.state === 'waiting' && !isOfRef(one, key)).length >= MAX_WAITING;
}

async function ask(ctx: Context, permit: Permit, change: RefChange, look: PushLook): Promise<ApprovalFacts> {
  const key = keyOf(permit, change);
  const token = present(actingToken(permit), 'the token that asks');
  if ((await consumeRateLimit(ctx, 'approval-requests', token.id))?.allowed === false) return { why: 'full', id: null };
  const isMailed = (await consumeRateLimit(ctx, 'approval-mails', token.id))?.allowed !== false;
  const at = ctx.clock.now();
  const asked: AskedLook = {
    look,
    name: token.name,
    agent: token.derived?.agent ?? null,
    session: token.derived?.session ?? null,
  };
  return ctx.store.transaction(async (tx): Promise<ApprovalFacts> => {
    const open = await openApprovals(tx, key.tokenId, at);
    const same = open.find((one) => one.state === 'waiting' && isSame(one, key));
    if (same !== undefined) return { why: 'waits', id: same.id };
    if (isFull(open, key)) return { why: 'full', id: null };
    for (const one of open)
      if (one.state === 'waiting' && isOfRef(one, key))
        await turnApproval(tx, one.id, { from: 'waiting', to: 'replaced', at, look: '' });
    const address = permit.actor.address ?? '';
    const facts = { ...key, look: JSON.stringify(asked), address, askedAt: at, expiresAt: at + ASKED_FOR_SEC };
    const id = await insertApproval(tx, facts);
    await recordAsked(tx, permit, {
      action: 'git.approval_requested',
      at,
      approval: { ...key, id },
      ...entryOf(permit),
    });
    if (isMailed) await tellDeciders(ctx, tx, permit, { ...facts, id }, asked);
    return { why: 'waits', id };
  });
}

async function tellDeciders(
  ctx: Context,
  tx: Query,
  permit: Permit,
  row: Pick<StoredApproval, keyof MoveKey | 'id' | 'address' | 'expiresAt'>,
  { look, name, agent }: AskedLook,
): Promise<void> {
  const { owner, repository } = targetRepository(permit);
  const named = look.commits.slice(0, MAILED_COMMITS);
  const holder = await accountById(tx, present(permit.actor.userId, 'who holds the token'));
  for (const userId of holder === null ? [] : await keepersOf(tx, holder))
    await queueMail(ctx, tx, { userId }, 'push_waiting', {
      token: name,
      by: `${permit.actor.login}${agent === null ? '' : ` via ${agent}`}`,
      address: row.address,
      deed: `${deedInWords(look)} ${shownRef(row.ref)}`,
      repository: `${owner.login}/${repository.name}`,
      from: row.oldId === '' ? null : row.oldId.slice(0, 10),
      to: row.newId === '' ? null : row.newId.slice(0, 10),
      commits: named.map(({ subject, author }) => `${subject} (${author})`),
      changes: lookInWords(look),
      path: `${APPROVALS_PAGE}/${row.id}`,
      until: row.expiresAt,
    });
}

/** What entries say about the permit's token and repository. */
function entryOf(permit: Permit): Pick<AskedEntry, 'repository' | 'token'> {
  const { owner, repository } = targetRepository(permit);
  const token = present(actingToken(permit), 'the token that moves a ref');
  return {
    repository: {
      fullName: `${owner.login}/${repository.name}`,
      organizationId: owner.kind === 'organization' ? owner.id : null,
    },
    token: { name: token.name, userId: token.userId },
  };
}
