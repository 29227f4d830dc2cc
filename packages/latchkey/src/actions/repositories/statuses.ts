/**
 * Commit statuses: reported by builds and checks, read one by one or combined.
 *
 * Source of limits and of how states combine: GitHub docs "REST API endpoints for commit statuses".
 */
import { type Complaint, Problem, problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import {
  type CommitStatus,
  countCommitStatuses,
  insertCommitStatus,
  latestCommitStatuses,
  listCommitStatuses,
  type StatusState,
} from '../../store/commit-statuses.ts';
import type { Page } from '../../store/page.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { ownership } from './repositories.ts';
import { readTarget, targetRepository } from './target.ts';
import { emit } from './webhooks/events.ts';

export type { CommitStatus };

/** The most statuses of a commit in one context. */
const MAX_STATUSES_PER_CONTEXT = 1000;
/** The most contexts of one commit that count. */
const MAX_CONTEXTS = 1000;
export const MAX_STATUS_DESCRIPTION_LENGTH = 140;
const MAX_CONTEXT_LENGTH = 255;
const MAX_TARGET_URL_LENGTH = 2048;

export interface StatusDraft {
  /** A commit that exists. */
  readonly commitId: string;
  readonly state: StatusState;
  readonly context: string;
  readonly targetUrl: string | null;
  readonly description: string | null;
}

export interface KnownStatus {
  readonly status: CommitStatus;
  /** Null when their account is gone. */
  readonly creator: Account | null;
}

/** Adds a status to a commit. @throws Problem with every complaint; then nothing was changed */
export async function addStatus(ctx: Context, permit: Permit, draft: StatusDraft): Promise<KnownStatus> {
  checkDraft(draft);
  const { id: repositoryId } = targetRepository(permit).repository;
  const at = ctx.clock.now();
  const status = await ctx.store.transaction(async (tx) => {
    if ((await countCommitStatuses(tx, repositoryId, draft.commitId, draft.context)) >= MAX_STATUSES_PER_CONTEXT) {
      throw problem('limit_reached', 'This SHA and context has reached the maximum number of statuses.');
    }
    const { owner, repository } = await readTarget(tx, permit);
    const status = await insertCommitStatus(tx, { ...draft, repositoryId, creatorId: permit.actor.userId, at });
    await record(tx, permit, at, {
      action: 'repo.create_status',
      ...ownership(owner),
      repositoryId,
      data: {
        repo: `${owner.login}/${repository.name}`,
        sha: draft.commitId,
        context: draft.context,
        state: draft.state,
      },
    });
    const { id, commitId: sha, state, context, description, targetUrl } = status;
    await emit(ctx, tx, permit, {
      event: 'status',
      facts: { id, sha, state, context, description, target_url: targetUrl },
    });
    return status;
  });
  const [known] = await withCreators(ctx, [status]);
  return present(known, 'the new status');
}

function checkDraft({ context, targetUrl, description }: StatusDraft): void {
  const complaints: Complaint[] = [];
  const complain = (field: string, message: string): void => void complaints.push({ field, code: 'invalid', message });
  if (context === '' || context.length > MAX_CONTEXT_LENGTH)
    complain('context', `A context has 1 to ${MAX_CONTEXT_LENGTH} characters.`);
  if ((description ?? '').length > MAX_STATUS_DESCRIPTION_LENGTH)
    complain('description', `description is too long (maximum is ${MAX_STATUS_DESCRIPTION_LENGTH} characters)`);
  const isAddress =
    targetUrl === null ||
    (targetUrl.length <= MAX_TARGET_URL_LENGTH && /^https?:\/\/\S+$/.test(targetUrl) && URL.canParse(targetUrl));
  if (!isAddress) complain('target_url', 'target_url must use http(s) scheme');
  if (complaints.length > 0) throw new Problem(complaints);
}

/** A page of a commit's statuses, the newest first. */
export async function readStatuses(ctx: Context, permit: Permit, commitId: string, page: Page): Promise<KnownStatus[]> {
  return withCreators(
    ctx,
    await listCommitStatuses(ctx.store.db, targetRepository(permit).repository.id, commitId, page),
  );
}

export interface CombinedStatus {
  readonly state: 'failure' | 'pending' | 'success';
  /** The newest of each context. */
  readonly statuses: readonly CommitStatus[];
}

/**
 * The overall state of a commit: failure when any context failed, pending while one waits or there are none, success
 * otherwise.
 */
export async function combinedStatus(ctx: Context, permit: Permit, commitId: string): Promise<CombinedStatus> {
  const statuses = await latestCommitStatuses(
    ctx.store.db,
    targetRepository(permit).repository.id,
    commitId,
    MAX_CONTEXTS,
  );
  const some = (...states: StatusState[]): boolean => statuses.some(({ state }) => states.includes(state));
  return {
    state: some('error', 'failure') ? 'failure' : statuses.length === 0 || some('pending') ? 'pending' : 'success',
    statuses,
  };
}

async function withCreators(ctx: Context, statuses: readonly CommitStatus[]): Promise<KnownStatus[]> {
  const ids = statuses.map(({ creatorId }) => creatorId).filter((id) => id !== null);
  const creators = await accountsByIds(ctx.store.db, [...new Set(ids)]);
  return statuses.map((status) => ({
    status,
    creator: status.creatorId === null ? null : (creators.get(status.creatorId) ?? null),
  }));
}
