/** Commits, branches and tags as GitLab shows them. */
import type { KnownCommit } from '../../../actions/repositories/history.ts';
import type { CommitDiff, FileChange } from '../../../git/objects/diffs.ts';
import type { Ref } from '../../../git/objects/refs.ts';
import type { RepositoryRecord } from '../../../rules/model.ts';
import { holdsRole, protectionFor } from '../../../rules/refs/ref-protections.ts';
import { instant } from './dates.ts';

/** Short ids have this many characters. */
const SHORT_ID_LENGTH = 8;

/** @param webUrl of the project */
export function presentCommit({ commit }: KnownCommit, webUrl: string, diff?: CommitDiff): Record<string, unknown> {
  const { id, message, author, committer, parentIds } = commit;
  return {
    id,
    short_id: id.slice(0, SHORT_ID_LENGTH),
    created_at: instant(committer.at),
    parent_ids: parentIds,
    title: message.split('\n', 1)[0],
    message,
    author_name: author.name,
    author_email: author.email,
    authored_date: instant(author.at),
    committer_name: committer.name,
    committer_email: committer.email,
    committed_date: instant(committer.at),
    trailers: {},
    web_url: `${webUrl}/commit/${id}`,
    ...(diff === undefined
      ? {}
      : { stats: { additions: diff.additions, deletions: diff.deletions, total: diff.additions + diff.deletions } }),
  };
}

/** A changed file. A patch that is too long is left out, and said to be. */
export function presentDiff({ path, previousPath, status, modes, patch }: FileChange): Record<string, unknown> {
  return {
    diff: patch === null ? '' : `${patch}\n`,
    new_path: path,
    old_path: previousPath ?? path,
    a_mode: modes.before.padStart(6, '0'),
    b_mode: modes.after.padStart(6, '0'),
    new_file: status === 'added',
    renamed_file: status === 'renamed',
    deleted_file: status === 'removed',
    generated_file: null,
    collapsed: false,
    too_large: patch === null,
  };
}

/** A branch with its last commit. `mayWrite`: whether the caller may push where nothing is protected. */
export function presentBranch(
  ref: Ref,
  tip: KnownCommit,
  around: { webUrl: string; defaultBranch: string; mayWrite: boolean; repository: RepositoryRecord },
): Record<string, unknown> {
  const { protections, role } = around.repository;
  const protection = protectionFor(protections, ref.name);
  const name = ref.name.slice('refs/heads/'.length);
  return {
    name,
    commit: presentCommit(tip, around.webUrl),
    merged: false,
    protected: protection !== null,
    developers_can_push: protection?.update === 'write',
    developers_can_merge: protection?.update === 'write',
    can_push: around.mayWrite && (protection === null || holdsRole(role, protection.update)),
    default: name === around.defaultBranch,
    web_url: `${around.webUrl}/tree/${name}`,
  };
}

/** A tag with its commit; a lightweight one has no message. */
export function presentTag(
  ref: Ref,
  commit: KnownCommit,
  message: string | null,
  around: { webUrl: string; repository: RepositoryRecord },
): Record<string, unknown> {
  return {
    name: ref.name.slice('refs/tags/'.length),
    message,
    target: ref.id,
    commit: presentCommit(commit, around.webUrl),
    release: null,
    protected: protectionFor(around.repository.protections, ref.name) !== null,
    created_at: message === null ? null : instant(commit.commit.committer.at),
  };
}
