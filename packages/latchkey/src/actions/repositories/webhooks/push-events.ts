/**
 * Pushes as webhooks report them: what moved, and the new commits.
 *
 * Source: GitHub docs "Webhook events and payloads", `push`, `create`, `delete`.
 */
import { isoInstant } from '../../../base/time.ts';
import { type Commit, listCommits } from '../../../git/objects/commits.ts';
import { diffOf } from '../../../git/objects/diffs.ts';
import type { Plumbing } from '../../../git/objects/plumbing.ts';
import { defaultBranch, isAncestor, readRef } from '../../../git/objects/refs.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { openTarget, targetRepository } from '../target.ts';
import type { RepositoryEvent } from './events.ts';

/** The most commits of one push to report, the newest ones. */
const MAX_PUSH_COMMITS = 20;
const NONE = '0'.repeat(40);

/** One ref that moved. Null = it did not exist before, or no longer exists. */
export interface MovedRef {
  /** In full: `refs/heads/main`. */
  readonly ref: string;
  readonly beforeId: string | null;
  readonly afterId: string | null;
}

/** The events for a moved branch or tag. Other refs cause none. */
export async function pushEvents(ctx: Context, permit: Permit, moved: MovedRef): Promise<RepositoryEvent[]> {
  const { ref, beforeId, afterId } = moved;
  const kind = ref.startsWith('refs/heads/') ? 'branch' : ref.startsWith('refs/tags/') ? 'tag' : null;
  if (kind === null) return [];
  const plumbing = openTarget(ctx, permit);
  const name = ref.replace(/^refs\/(?:heads|tags)\//, '');
  const change = { ref: name, ref_type: kind, pusher_type: 'user' };
  return [
    { event: 'push', facts: await pushFacts(ctx, permit, plumbing, moved) },
    ...(beforeId === null
      ? [
          {
            event: 'create',
            facts: { ...change, master_branch: await defaultBranch(plumbing.path), description: null },
          },
        ]
      : []),
    ...(afterId === null ? [{ event: 'delete', facts: change }] : []),
  ];
}

async function pushFacts(
  ctx: Context,
  permit: Permit,
  plumbing: Plumbing,
  { ref, beforeId, afterId }: MovedRef,
): Promise<Readonly<Record<string, unknown>>> {
  const { owner, repository } = targetRepository(permit);
  const html = `${ctx.settings.publicUrl}/${owner.login}/${repository.name}`;
  const news =
    afterId === null
      ? []
      : await listCommits(plumbing, afterId, {
          offset: 0,
          limit: MAX_PUSH_COMMITS,
          ...(beforeId === null ? {} : { butNot: beforeId }),
        });
  const commits = [];
  for (const commit of news.toReversed()) commits.push(await commitFacts(plumbing, html, commit));
  const isForward = beforeId === null || afterId === null || (await isAncestor(plumbing, beforeId, afterId));
  return {
    ref,
    before: beforeId ?? NONE,
    after: afterId ?? NONE,
    created: beforeId === null,
    deleted: afterId === null,
    forced: !isForward,
    base_ref: null,
    compare: `${html}/compare/${(beforeId ?? NONE).slice(0, 12)}...${(afterId ?? NONE).slice(0, 12)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    pusher: { name: permit.actor.login },
  };
}

async function commitFacts(plumbing: Plumbing, html: string, commit: Commit) {
  const { files } = await diffOf(plumbing, commit, { offset: 0, limit: 300, withoutPatches: true });
  const paths = (...statuses: string[]): string[] =>
    files.filter(({ status }) => statuses.includes(status)).map(({ path }) => path);
  const person = ({ name, email, at }: Commit['author']) => ({ name, email, date: isoInstant(at) });
  const gone = files.flatMap(({ status, previousPath }) =>
    status === 'renamed' && previousPath !== null ? [previousPath] : [],
  );
  return {
    id: commit.id,
    tree_id: commit.treeId,
    distinct: true,
    message: commit.message.replace(/\n$/, ''),
    timestamp: isoInstant(commit.committer.at),
    url: `${html}/commit/${commit.id}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: paths('added', 'renamed', 'copied'),
    removed: [...paths('removed'), ...gone],
    modified: paths('modified', 'changed'),
  };
}

/** The newest commit of the default branch, as if just pushed; null while there is none. */
export async function latestPush(ctx: Context, permit: Permit): Promise<Readonly<Record<string, unknown>> | null> {
  const plumbing = openTarget(ctx, permit);
  const ref = `refs/heads/${await defaultBranch(plumbing.path)}`;
  const tip = await readRef(plumbing, ref);
  if (tip === null) return null;
  const [newest] = await listCommits(plumbing, tip.id, { offset: 0, limit: 1 });
  return pushFacts(ctx, permit, plumbing, { ref, beforeId: newest?.parentIds[0] ?? null, afterId: tip.id });
}
