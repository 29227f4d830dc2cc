/** Objects of a repository by id: where the URLs in other answers lead. */
import { findTree, readFile, sizeOfBlob, streamFile } from '../../../actions/repositories/contents.ts';
import { readKnownCommit } from '../../../actions/repositories/history.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { isObjectId } from '../../../git/objects/names.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { base64Lines } from '../present/contents.ts';
import { gitCommitBody, treeBody } from '../present/history.ts';
import { MAX_READ_BYTES } from './contents.ts';
import { mediaOf, placeOf, sayNo } from './place.ts';

/** A larger blob can only be read raw. */
const MAX_INLINE_BLOB_BYTES = 10 * 1024 * 1024;
/** Entries of one tree. The rest are left out, and `truncated` says so. */
export const MAX_TREE_ENTRIES = 10_000;

const TREE = Type.Object({ recursive: Type.Optional(Type.String()) }, { additionalProperties: false });

type Plain = Call<undefined, undefined>;

async function readBlob(call: Plain): Promise<Reply> {
  const { ctx, permit, params } = call;
  const id = parameter(params, 'file_sha');
  const size = isObjectId(id) ? await sizeOfBlob(ctx, permit, id) : null;
  if (size === null) throw sayNo(404, 'Not Found');
  const isRaw = mediaOf(call.headers) === 'raw';
  if (size > (isRaw ? MAX_READ_BYTES : MAX_INLINE_BLOB_BYTES)) {
    throw sayNo(
      403,
      `This API returns files of at most ${MAX_INLINE_BLOB_BYTES} bytes, and raw ones of at most ` +
        `${MAX_READ_BYTES}: clone the repository to get larger ones.`,
    );
  }
  if (isRaw) {
    const headers = {
      'Content-Type': 'application/vnd.github.raw; charset=utf-8',
      'Content-Length': String(size),
      ETag: `"${id}"`,
    };
    return { status: 200, body: await streamFile(ctx, permit, id), headers };
  }
  const content = base64Lines(await readFile(ctx, permit, id, size));
  return ok({
    sha: id,
    node_id: Buffer.from(`Blob:${id}`).toString('base64url'),
    size,
    url: `${placeOf(call).url}/git/blobs/${id}`,
    content,
    encoding: 'base64',
  });
}

async function readTree(call: Call<undefined, Static<typeof TREE>>): Promise<Reply> {
  const { ctx, permit, params, query } = call;
  // GitHub takes any value for a yes, including "0" and "false".
  const found = await findTree(ctx, permit, parameter(params, 'tree_sha'), {
    recursive: query.recursive !== undefined,
    limit: MAX_TREE_ENTRIES + 1,
  });
  if (found === null) throw sayNo(404, 'Not Found');
  return ok(treeBody(placeOf(call), found, MAX_TREE_ENTRIES));
}

async function readGitCommit(call: Plain): Promise<Reply> {
  const id = parameter(call.params, 'commit_sha');
  const known = isObjectId(id) ? await readKnownCommit(call.ctx, call.permit, id) : null;
  if (known === null) throw sayNo(404, 'Not Found');
  return ok(gitCommitBody(placeOf(call), known));
}

export const GIT_OBJECT_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/blobs/{file_sha}',
    operationId: 'git/get-blob',
    summary: 'A file (blob) by its id. `Accept: application/vnd.github.raw` gives its bytes.',
    handle: readBlob,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/trees/{tree_sha}',
    operationId: 'git/get-tree',
    query: TREE,
    summary: 'A folder (tree) by its id or revision; with `recursive`, everything below it.',
    handle: readTree,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/commits/{commit_sha}',
    operationId: 'git/get-commit',
    summary: 'A commit by its id, without what it changed.',
    handle: readGitCommit,
  }),
];
