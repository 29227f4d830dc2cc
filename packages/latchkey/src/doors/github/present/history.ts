/**
 * Commits, refs, branches and tags in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `commit`, `git-ref`, `short-branch`, `branch-with-protection`, `tag`.
 */
import type { KnownCommit } from '../../../actions/repositories/history.ts';
import type { Comparison } from '../../../actions/repositories/objects/comparisons.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Commit, Signature } from '../../../git/objects/commits.ts';
import type { CommitDiff } from '../../../git/objects/diffs.ts';
import type { Ref } from '../../../git/objects/refs.ts';
import type { AnnotatedTag } from '../../../git/objects/tags.ts';
import type { TreeEntry } from '../../../git/objects/trees.ts';
import { simpleUser } from './accounts.ts';
import { encodedPath, type Place } from './place.ts';

const node = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64url');

function gitUser({ name, email, at }: Signature) {
  return { name, email, date: isoInstant(at) };
}

function verification({ signature }: Commit) {
  // Signatures are passed on unchanged; this server keeps no keys to check them with.
  return signature === null
    ? { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null }
    : {
        verified: false,
        reason: 'unknown_key',
        signature: signature.text,
        payload: signature.payload,
        verified_at: null,
      };
}

/** `commit`, with its changes when they are wanted. */
export function commitBody(place: Place, { commit, author, committer }: KnownCommit, diff?: CommitDiff) {
  const url = `${place.url}/commits/${commit.id}`;
  return {
    sha: commit.id,
    node_id: node('Commit', commit.id),
    commit: {
      author: gitUser(commit.author),
      committer: gitUser(commit.committer),
      message: commit.message.replace(/\n$/, ''),
      tree: { sha: commit.treeId, url: `${place.url}/git/trees/${commit.treeId}` },
      url: `${place.url}/git/commits/${commit.id}`,
      comment_count: 0,
      verification: verification(commit),
    },
    url,
    html_url: `${place.html}/commit/${commit.id}`,
    comments_url: `${url}/comments`,
    author: author === null ? null : simpleUser(place.apiUrl, author),
    committer: committer === null ? null : simpleUser(place.apiUrl, committer),
    parents: commit.parentIds.map((sha) => ({
      sha,
      url: `${place.url}/commits/${sha}`,
      html_url: `${place.html}/commit/${sha}`,
    })),
    ...(diff === undefined ? {} : changes(place, commit, diff)),
  };
}

function changes(place: Place, { id }: Commit, diff: CommitDiff) {
  const { additions, deletions } = diff;
  return { stats: { total: additions + deletions, additions, deletions }, files: changedFiles(place, id, diff) };
}

/** `diff-entry`, of each file. @param id of the commit that has the files as they are now */
function changedFiles(place: Place, id: string, { files }: CommitDiff) {
  return files.map((file) => ({
    sha: file.blobId,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${place.html}/blob/${id}/${encodedPath(file.path)}`,
    raw_url: `${place.html}/raw/${id}/${encodedPath(file.path)}`,
    contents_url: `${place.url}/contents/${encodedPath(file.path)}?ref=${id}`,
    ...(file.patch === null ? {} : { patch: file.patch }),
    ...(file.previousPath === null ? {} : { previous_filename: file.previousPath }),
  }));
}

/** `git-commit`: a commit without what it changed. */
export function gitCommitBody(place: Place, known: KnownCommit) {
  const { sha, node_id, html_url, parents, commit } = commitBody(place, known);
  const { url, author, committer, tree, message, verification: verified } = commit;
  return { sha, node_id, url, html_url, author, committer, tree, message, parents, verification: verified };
}

/** `git-tree`. @param limit the most entries; the rest are left out, and `truncated` says so */
export function treeBody(
  { url }: Place,
  { id, entries }: { id: string; entries: readonly TreeEntry[] },
  limit: number,
) {
  const tree = entries.slice(0, limit).map(({ path, mode, type, id: sha, sizeBytes }) => ({
    path,
    mode,
    type,
    sha,
    ...(sizeBytes === null ? {} : { size: sizeBytes }),
    ...(type === 'commit' ? {} : { url: `${url}/git/${type}s/${sha}` }),
  }));
  return { sha: id, url: `${url}/git/trees/${id}`, tree, truncated: entries.length > limit };
}

/** `git-tag`. Tags as old as git itself name nobody. */
export function gitTagBody({ url }: Place, { id, name, targetId, targetType, tagger, message }: AnnotatedTag) {
  return {
    node_id: node('Tag', id),
    tag: name,
    sha: id,
    url: `${url}/git/tags/${id}`,
    message,
    tagger: gitUser(tagger ?? { name: '', email: '', at: 0 }),
    object: { sha: targetId, type: targetType, url: `${url}/git/${targetType}s/${targetId}` },
  };
}

/** What a comparison shows. `changes`: null on a page that lists none. */
interface Compared {
  readonly base: KnownCommit;
  readonly mergeBase: KnownCommit;
  readonly commits: readonly KnownCommit[];
  readonly changes: CommitDiff | null;
  /** The two as they were asked for. */
  readonly names: readonly [base: string, head: string];
}

/** `commit-comparison` */
export function comparisonBody(
  place: Place,
  { baseId, headId, aheadBy, behindBy }: Comparison,
  { base, mergeBase, commits, changes: changed, names }: Compared,
) {
  const html = `${place.html}/compare/${names.map(encodedPath).join('...')}`;
  return {
    url: `${place.url}/compare/${names.map(encodedPath).join('...')}`,
    html_url: html,
    permalink_url: `${place.html}/compare/${baseId}...${headId}`,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    base_commit: commitBody(place, base),
    merge_base_commit: commitBody(place, mergeBase),
    status: aheadBy === 0 ? (behindBy === 0 ? 'identical' : 'behind') : behindBy === 0 ? 'ahead' : 'diverged',
    ahead_by: aheadBy,
    behind_by: behindBy,
    total_commits: aheadBy,
    commits: commits.map((commit) => commitBody(place, commit)),
    ...(changed === null ? {} : { files: changedFiles(place, headId, changed) }),
  };
}

/** `git-ref` */
export function refBody(place: Place, ref: Ref) {
  return {
    ref: ref.name,
    node_id: node('Ref', ref.name),
    url: `${place.url}/git/${encodedPath(ref.name)}`,
    object: { type: ref.type, sha: ref.id, url: `${place.url}/git/${ref.type}s/${ref.id}` },
  };
}

/** `short-branch` */
export function shortBranch(place: Place, ref: Ref, isProtected: boolean) {
  const name = ref.name.slice('refs/heads/'.length);
  return { name, commit: { sha: ref.id, url: `${place.url}/commits/${ref.id}` }, protected: isProtected };
}

/** `branch-with-protection` */
export function branchBody(place: Place, ref: Ref, tip: KnownCommit, isProtected: boolean) {
  const name = ref.name.slice('refs/heads/'.length);
  const self = `${place.url}/branches/${encodedPath(name)}`;
  return {
    name,
    commit: commitBody(place, tip),
    _links: { self, html: `${place.html}/tree/${encodedPath(name)}` },
    protected: isProtected,
    protection: {
      enabled: isProtected,
      required_status_checks: { enforcement_level: 'off', contexts: [], checks: [] },
    },
    protection_url: `${self}/protection`,
  };
}

/** `tag` */
export function tagBody(place: Place, ref: Ref) {
  const name = ref.name.slice('refs/tags/'.length);
  return {
    name,
    commit: { sha: ref.peeledId, url: `${place.url}/commits/${ref.peeledId}` },
    node_id: node('Ref', ref.name),
    zipball_url: `${place.url}/zipball/refs/tags/${encodedPath(name)}`,
    tarball_url: `${place.url}/tarball/refs/tags/${encodedPath(name)}`,
  };
}
