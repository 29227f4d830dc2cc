/**
 * Branches, tags and other refs of a repository: read, created, moved and deleted.
 *
 * Invariant: a refusal because of the repository's state is a value, so that each door can word it in its own
 * dialect; then nothing was changed.
 */
import { objectInfos } from '../../git/objects/cat-file.ts';
import { isObjectId, refNameProblem } from '../../git/objects/names.ts';
import {
  changeRef,
  defaultBranch,
  isAncestor,
  type Ref,
  type RefChange,
  type RefOutcome,
  readRef,
} from '../../git/objects/refs.ts';
import type { PushedLeak } from '../../store/push-intents.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type MovedRef, movingRefs } from './pushes.ts';
import { demandWorkflows } from './refs/workflow-guard.ts';
import { openTarget } from './target.ts';

/**
 * Refs that people may write: branches, tags, notes and other names. Never HEAD, nor what git or a forge keeps for
 * itself.
 */
const WRITABLE_REF = /^refs\/(?!latchkey\/|replace\/|pull\/|merge-requests\/)[^/]+\/./;

export type RefProblem =
  | Exclude<RefOutcome, { ok: true }>['why']
  /** `not_fast_forward`: the ref's commits would be lost, and force was not set. */
  | 'ref_invalid'
  | 'not_fast_forward'
  | 'not_a_commit'
  | 'is_default_branch';

export type RefResult = { readonly ok: true; readonly ref: Ref } | { readonly ok: false; readonly why: RefProblem };

const no = (why: RefProblem): RefResult => ({ ok: false, why });

interface RefDraft {
  readonly ref: string;
  readonly id: string;
  /** What ends once it is there. */
  readonly leaks?: readonly PushedLeak[];
  /** True when the request itself made the object: see `demandMove`. */
  readonly isMadeNow?: boolean;
}

/** Makes a new ref. `ref` in full. */
export async function createRef(ctx: Context, permit: Permit, draft: RefDraft): Promise<RefResult> {
  return writeRef(ctx, permit, draft, 'create');
}

/** Moves an existing ref. Without `force`, only forwards. */
export async function updateRef(
  ctx: Context,
  permit: Permit,
  draft: { ref: string; id: string; force: boolean },
): Promise<RefResult> {
  return writeRef(ctx, permit, draft, draft.force ? 'force' : 'forward');
}

async function writeRef(
  ctx: Context,
  permit: Permit,
  { ref, id, leaks = [], isMadeNow = false }: RefDraft,
  how: 'create' | 'forward' | 'force',
): Promise<RefResult> {
  if (refNameProblem(ref) !== null || !WRITABLE_REF.test(ref)) return no('ref_invalid');
  const plumbing = openTarget(ctx, permit);
  const [object] = isObjectId(id) ? await objectInfos(plumbing, [id]) : [null];
  if (object == null) return no('object_missing');
  if (object.type !== 'commit' && ref.startsWith('refs/heads/')) return no('not_a_commit');
  const [now] = await Promise.all([readRef(plumbing, ref), demandWorkflows(ctx, permit, plumbing, id)]);
  if (how === 'create' && now !== null) return no('exists');
  if (how !== 'create' && now === null) return no('missing');
  if (now !== null && now.id === id) return { ok: true, ref: now };
  const goesOn = async (): Promise<boolean> =>
    now !== null && object.type === 'commit' && (await isAncestor(plumbing, now.peeledId, id));
  if (how === 'forward' && !(await goesOn())) return no('not_fast_forward');
  const change = { ref, from: now?.id ?? null, to: id };
  const outcome = await moveRef(ctx, permit, change, { leaks, isMadeNow });
  if (!outcome.ok) return no(outcome.why);
  const at = outcome.to ?? id;
  return { ok: true, ref: { name: ref, id: at, type: object.type, peeledId: at } };
}

type Moved = Exclude<RefOutcome, { ok: true }> | { readonly ok: true; readonly to: string | null };

function moveRef(
  ctx: Context,
  permit: Permit,
  change: RefChange,
  options: Parameters<typeof movingRefs>[3] = {},
): Promise<Moved> {
  const work = async (note: (moved: MovedRef) => Promise<MovedRef>): Promise<Moved> => {
    const { afterId: to } = await note({ ref: change.ref, beforeId: change.from, afterId: change.to });
    const outcome = await changeRef(openTarget(ctx, permit), { ...change, to });
    return outcome.ok ? { ok: true, to } : outcome;
  };
  return movingRefs(ctx, permit, work, options);
}

/** Deletes a ref, but never the default branch. */
export async function deleteRef(ctx: Context, permit: Permit, ref: string): Promise<RefResult> {
  if (refNameProblem(ref) !== null || !WRITABLE_REF.test(ref)) return no('ref_invalid');
  const plumbing = openTarget(ctx, permit);
  const now = await readRef(plumbing, ref);
  if (now === null) return no('missing');
  if (ref === `refs/heads/${await defaultBranch(plumbing.path)}`) return no('is_default_branch');
  const outcome = await moveRef(ctx, permit, { ref, from: now.id, to: null });
  if (!outcome.ok) return no(outcome.why);
  return { ok: true, ref: now };
}
