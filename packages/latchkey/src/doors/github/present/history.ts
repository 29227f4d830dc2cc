/**
 * Commits, refs, branches and tags in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `commit`, `git-ref`, `short-branch`, `branch-with-protection`, `tag`.
 */
import type { KnownCommit } from '../../../actions/repositories/history.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Commit, Signature } from '../../../git/objects/commits.ts';
import type { CommitDiff } from '../../../git/objects/diffs.ts';
import type { Ref } from '../../../git/objects/refs.ts';
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

function changes(place: Place, commit: Commit, { files, additions, deletions }: CommitDiff) {
  return {
    stats: { total: additions + deletions, additions, deletions },
    files: files.map((file) => ({
      sha: file.blobId,
      filename: file.path,
      status: file.status,
      additions: file.additions,
      deletions: file.deletions,
      changes: file.additions + file.deletions,
      blob_url: `${place.html}/blob/${commit.id}/${encodedPath(file.path)}`,
      raw_url: `${place.html}/raw/${commit.id}/${encodedPath(file.path)}`,
      contents_url: `${place.url}/contents/${encodedPath(file.path)}?ref=${commit.id}`,
      ...(file.patch === null ? {} : { patch: file.patch }),
      ...(file.previousPath === null ? {} : { previous_filename: file.previousPath }),
    })),
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
