/**
 * Moves of refs that tokens ask their owners about, from the side of whoever decides.
 *
 * Invariant: only a person who is signed in decides, for a token of their own, or of a machine account that they, or an
 * organization that they own, have. No token decides, so none approves itself.
 * Invariant: an approval gives nothing beyond the token: its rights are judged when it moves the ref.
 */
import { problem } from '../../../base/errors.ts';
import { DAY_SEC, MINUTE_SEC } from '../../../base/time.ts';
import { APPROVED_FOR_MIN } from '../../../catalogue/refusals/approval.ts';
import { type Account, accountsByIds } from '../../../store/accounts.ts';
import {
  type ApprovalState,
  approvalById,
  approvalsFor,
  deleteOldApprovals,
  mayDecide,
  openApprovals,
  type StoredApproval,
  turnApproval,
} from '../../../store/push-approvals.ts';
import { repositoriesByIds } from '../../../store/repositories.ts';
import { tokenById, tokensByIds } from '../../../store/tokens.ts';
import type { Permit } from '../../decision/authorize.ts';
import { actingToken } from '../../decision/token-access.ts';
import type { Context } from '../../ground/context.ts';
import { ASKED_FOR_SEC, type AskedLook } from './asking.ts';
import { recordAsked } from './entries.ts';

/** A question, with names in place of ids. */
export interface PushApproval extends Omit<StoredApproval, 'look' | 'state'>, Omit<AskedLook, 'look'> {
  /** `expired`: its time is over, whatever it was. */
  readonly state: ApprovalState | 'expired';
  /** Null once another took its place. */
  readonly look: AskedLook['look'] | null;
  /** Login of the account that holds the token. */
  readonly holder: string;
  readonly repository: string;
  readonly organizationId: number | null;
}

/** The most that a list shows. */
const MAX_LISTED = 50;
/** After this time one that counts no more is deleted. */
const KEPT_SEC = 7 * DAY_SEC;

/** What the person may decide about or decided, newest first. */
export async function listApprovals(ctx: Context, permit: Permit): Promise<PushApproval[]> {
  return viewsOf(ctx, await approvalsFor(ctx.store.db, personOf(permit), MAX_LISTED));
}

/** @throws Problem `not_found` when there is none that the person may decide about */
export async function readApproval(ctx: Context, permit: Permit, id: number): Promise<PushApproval> {
  const found = (await mayDecide(ctx.store.db, personOf(permit), id)) ? await approvalById(ctx.store.db, id) : null;
  const [view] = found === null ? [] : await viewsOf(ctx, [found]);
  if (view === undefined) throw problem('not_found', `There is no request ${id} for you to decide about.`, 'id');
  return view;
}

/** Approves one that waits, for `APPROVED_FOR_MIN` minutes. @throws Problem when there is nothing to approve */
export async function approvePush(ctx: Context, permit: Permit, id: number): Promise<PushApproval> {
  return decide(ctx, permit, id, ['waiting'], 'approved');
}

/** Denies one that waits, or takes back an approval that wasn't spent. @throws Problem when there is nothing to deny */
export async function denyPush(ctx: Context, permit: Permit, id: number): Promise<PushApproval> {
  return decide(ctx, permit, id, ['waiting', 'approved'], 'denied');
}

async function decide(
  ctx: Context,
  permit: Permit,
  id: number,
  from: readonly ApprovalState[],
  to: 'approved' | 'denied',
): Promise<PushApproval> {
  const asked = await readApproval(ctx, permit, id);
  const at = ctx.clock.now();
  const expiresAt = at + (to === 'approved' ? APPROVED_FOR_MIN * MINUTE_SEC : ASKED_FOR_SEC);
  await ctx.store.transaction(async (tx) => {
    const state = from.find((each) => each === asked.state);
    const turn = { to, at, expiresAt, decidedBy: permit.actor.login };
    if (state === undefined || !(await turnApproval(tx, id, { from: state, ...turn })))
      throw problem('conflict', `Request ${id} waits no longer: ${stateInWords(await readApproval(ctx, permit, id))}.`);
    const token = await tokenById(tx, asked.tokenId);
    await recordAsked(tx, permit, {
      action: to === 'approved' ? 'git.approval_granted' : 'git.approval_denied',
      at,
      approval: asked,
      repository: { fullName: asked.repository, organizationId: asked.organizationId },
      token: { name: asked.name, userId: token?.userId ?? personOf(permit) },
    });
  });
  return readApproval(ctx, permit, id);
}

/** `it was approved`, to stand behind a colon. */
export function stateInWords({ state, decidedBy }: Pick<PushApproval, 'state' | 'decidedBy'>): string {
  const words = {
    waiting: 'it waits for an answer',
    approved: `${decidedBy ?? 'its owner'} approved it`,
    denied: `${decidedBy ?? 'its owner'} denied it`,
    used: 'it was approved, and done',
    replaced: 'the token asked for something else on the same ref since',
    expired: 'its time is over',
  } as const;
  return words[state];
}

/** The open questions of the token that asks; a derived one sees its own. */
export async function ownApprovals(ctx: Context, permit: Permit): Promise<PushApproval[]> {
  const token = actingToken(permit);
  if (token === null) throw problem('unprocessable', 'No token was used for this request.');
  const open = await openApprovals(ctx.store.db, token.id, ctx.clock.now());
  return viewsOf(
    ctx,
    open.filter((one) => token.derived === null || one.derivedId === token.derived.id),
  );
}

/** One of them, whatever became of it. @throws Problem `not_found` */
export async function ownApproval(ctx: Context, permit: Permit, id: number): Promise<PushApproval> {
  const token = actingToken(permit);
  const found = token === null ? null : await approvalById(ctx.store.db, id);
  const isOwn = found?.tokenId === token?.id && (token?.derived == null || found?.derivedId === token.derived.id);
  const [view] = found === null || !isOwn ? [] : await viewsOf(ctx, [found]);
  if (view === undefined) throw problem('not_found', `This token has no request ${id}.`, 'id');
  return view;
}

/** Deletes those that count no more, after a while. */
export async function clearApprovals(ctx: Context): Promise<void> {
  await ctx.store.transaction((tx) => deleteOldApprovals(tx, ctx.clock.now() - KEPT_SEC));
}

/** The person who is signed in. @throws Problem for a token, and for nobody */
function personOf({ bearer }: Permit): number {
  if (bearer?.via !== 'session')
    throw problem('unprocessable', 'Only a person who is signed in decides about this, on its page.');
  return bearer.user.id;
}

async function viewsOf(ctx: Context, rows: readonly StoredApproval[]): Promise<PushApproval[]> {
  const { db } = ctx.store;
  const at = ctx.clock.now();
  const repositories = await repositoriesByIds(db, [...new Set(rows.map(({ repositoryId }) => repositoryId))]);
  const tokens = await tokensByIds(db, [...new Set(rows.map(({ tokenId }) => tokenId))]);
  const owners = [...repositories.values()].map(({ ownerId }) => ownerId);
  const holders = [...tokens.values()].map(({ userId }) => userId);
  const accounts = await accountsByIds(db, [...new Set([...owners, ...holders])]);
  return rows.flatMap((row) => {
    const token = tokens.get(row.tokenId);
    const repository = repositories.get(row.repositoryId);
    const owner = repository === undefined ? undefined : accounts.get(repository.ownerId);
    if (token === undefined || repository === undefined || owner === undefined) return [];
    const names = { holder: loginOf(accounts, token.userId), repository: `${owner.login}/${repository.name}` };
    return [{ ...row, ...seenOf(row, token.name), ...names, ...stateOf(row, at), organizationId: idIf(owner) }];
  });
}

function seenOf({ look }: StoredApproval, name: string): Pick<PushApproval, keyof AskedLook> {
  return look === '' ? { look: null, name, agent: null, session: null } : (JSON.parse(look) as AskedLook);
}

function stateOf({ state, expiresAt }: StoredApproval, at: number): Pick<PushApproval, 'state'> {
  const isOver = expiresAt <= at && (state === 'waiting' || state === 'approved');
  return { state: isOver ? 'expired' : state };
}

function loginOf(accounts: ReadonlyMap<number, Account>, id: number): string {
  return accounts.get(id)?.login ?? '';
}

function idIf({ id, kind }: Account): number | null {
  return kind === 'organization' ? id : null;
}
