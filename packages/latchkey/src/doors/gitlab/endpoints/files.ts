/** Files and folders of a project. Source: GitLab docs "Repository files API", "Repositories API". */
import { createHash } from 'node:crypto';
import {
  type CommitDraft,
  changeFiles,
  findContents,
  listFolder,
  MAX_WRITTEN_FILE_BYTES,
  readFile,
  streamFile,
} from '../../../actions/repositories/contents.ts';
import { readHistory } from '../../../actions/repositories/history.ts';
import { parameter } from '../../../base/present.ts';
import type { Signature } from '../../../git/objects/commits.ts';
import type { FileAction } from '../../../git/objects/file-commit.ts';
import type { TreeEntry } from '../../../git/objects/trees.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { Answer, badParams, notFound } from '../refuse.ts';
import { commitIdIn, refuseChange } from './place.ts';

/** The largest file to put into JSON; `raw` returns larger ones. */
const MAX_INLINE_BYTES = 20 * 1024 * 1024;
/** Base64 in JSON, with some words around it. */
export const MAX_CHANGE_BYTES = Math.ceil(MAX_WRITTEN_FILE_BYTES * 1.4);

const PATH = '/projects/{id}/repository/files/{path}';
const REF = { ref: { type: 'string' } } as const;
const ENCODINGS = ['text', 'base64'] as const;
const CHANGE = {
  branch: { type: 'string', required: true },
  commit_message: { type: 'string', required: true },
  start_branch: { type: 'string' },
  author_email: { type: 'string' },
  author_name: { type: 'string' },
  last_commit_id: { type: 'string' },
} as const;
const WRITE = {
  ...CHANGE,
  content: { type: 'string', required: true },
  encoding: { type: 'string', values: ENCODINGS },
  execute_filemode: { type: 'boolean' },
} as const;

interface FoundFile {
  readonly commitId: string;
  readonly entry: TreeEntry;
  readonly ref: string;
}

/** The file at a path. @throws Answer when there is no such revision or file */
async function fileIn(call: Call<{ ref: string | undefined }>): Promise<FoundFile> {
  const { ctx, permit, path, params } = call;
  const found = await findContents(ctx, permit, { path: parameter(path, 'path'), revision: params.ref ?? null });
  if (found === null) await commitIdIn(call, params.ref, 'Commit');
  if (found?.entry?.type !== 'blob') throw notFound('File');
  return { commitId: found.commitId, entry: found.entry, ref: params.ref ?? 'HEAD' };
}

/** The commit that last changed the file, as far as it can be found. */
async function lastCommitId(call: Call<unknown>, commitId: string, path: string): Promise<string> {
  const [last] = await readHistory(call.ctx, call.permit, commitId, { path, offset: 0, limit: 1 });
  return last?.commit.id ?? commitId;
}

async function facts(call: Call<unknown>, { commitId, entry, ref }: FoundFile): Promise<Record<string, unknown>> {
  return {
    file_name: entry.path.slice(entry.path.lastIndexOf('/') + 1),
    file_path: entry.path,
    size: entry.sizeBytes ?? 0,
    encoding: 'base64',
    ref,
    blob_id: entry.id,
    commit_id: commitId,
    last_commit_id: await lastCommitId(call, commitId, entry.path),
    execute_filemode: entry.mode === '100755',
  };
}

/** `X-Gitlab-File-Name` and so on, which clients read with HEAD. */
function headersOf(known: Record<string, unknown>): Record<string, string> {
  const spelled = (name: string): string =>
    name
      .split('_')
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join('-');
  return Object.fromEntries(
    Object.entries(known).map(([name, value]) => [`X-Gitlab-${spelled(name)}`, encodeURI(String(value))]),
  );
}

async function show(call: Call<{ ref: string | undefined }>): Promise<Reply> {
  const file = await fileIn(call);
  const size = file.entry.sizeBytes ?? 0;
  if (size > MAX_INLINE_BYTES)
    throw new Answer({
      status: 413,
      body: { error: `A file of more than ${MAX_INLINE_BYTES} bytes is given by /raw only` },
    });
  const known = await facts(call, file);
  const content = await readFile(call.ctx, call.permit, file.entry.id, size);
  const content_sha256 = createHash('sha256').update(content).digest('hex');
  return {
    ...ok({ ...known, content_sha256, content: content.toString('base64') }),
    headers: headersOf({ ...known, content_sha256 }),
  };
}

async function raw(call: Call<{ ref: string | undefined }>): Promise<Reply> {
  const file = await fileIn(call);
  const headers = {
    ...headersOf(await facts(call, file)),
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Disposition': 'inline',
    'Content-Length': String(file.entry.sizeBytes ?? 0),
  };
  return { status: 200, body: await streamFile(call.ctx, call.permit, file.entry.id), headers };
}

/** The content that was sent. @throws Answer when it is not valid base64 although it is marked so */
export function contentOf(text: string, encoding: string | undefined): Buffer {
  if (encoding !== 'base64') return Buffer.from(text);
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw badParams(['content is not base64']);
  return Buffer.from(text, 'base64');
}

/** The author of a commit, if the call names one. */
export function authorOf({
  author_email: email,
  author_name: name,
}: {
  author_email: string | undefined;
  author_name: string | undefined;
}): Partial<Signature> | null {
  return email === undefined && name === undefined
    ? null
    : { ...(email === undefined ? {} : { email }), ...(name === undefined ? {} : { name }) };
}

/**
 * The content that a file must still have; null when the call doesn't care.
 * @throws Answer when the file was changed since
 */
export async function expectedBlob(
  call: Call<unknown>,
  at: { branch: string; path: string; lastCommitId: string | undefined },
): Promise<string | null> {
  if (at.lastCommitId === undefined) return null;
  const found = await findContents(call.ctx, call.permit, { path: at.path, revision: `refs/heads/${at.branch}` });
  if (found?.entry == null) return null;
  if ((await lastCommitId(call, found.commitId, at.path)) !== at.lastCommitId)
    throw refuseChange({ ok: false, why: 'content_changed', path: at.path, found: found.entry });
  return found.entry.id;
}

type ChangeCall = Call<ValuesOf<typeof CHANGE>>;

async function commit(call: ChangeCall, action: FileAction): Promise<void> {
  const { ctx, permit, params } = call;
  const draft: CommitDraft = {
    branch: params.branch,
    start: params.start_branch ?? null,
    message: params.commit_message,
    actions: [action],
    author: authorOf(params),
    committer: null,
  };
  const outcome = await changeFiles(ctx, permit, draft);
  if (!outcome.ok) throw refuseChange(outcome);
}

async function write(call: Call<ValuesOf<typeof WRITE>>, kind: 'create' | 'update'): Promise<Reply> {
  const {
    params,
    path: { path = '' },
  } = call;
  const content = contentOf(params.content, params.encoding);
  const mode = params.execute_filemode === undefined ? {} : { executable: params.execute_filemode };
  const expectedBlobId = await expectedBlob(call, { branch: params.branch, path, lastCommitId: params.last_commit_id });
  await commit(
    call,
    kind === 'create' ? { kind, path, content, ...mode } : { kind, path, content, expectedBlobId, ...mode },
  );
  return { status: kind === 'create' ? 201 : 200, body: { file_path: path, branch: params.branch } };
}

async function remove(call: ChangeCall): Promise<Reply> {
  const {
    params,
    path: { path = '' },
  } = call;
  await commit(call, {
    kind: 'delete',
    path,
    expectedBlobId: await expectedBlob(call, { branch: params.branch, path, lastCommitId: params.last_commit_id }),
  });
  return NOTHING;
}

const TREE = { path: { type: 'string' }, ref: { type: 'string' }, recursive: { type: 'boolean' } } as const;

async function tree({ ctx, permit, params, page }: Call<ValuesOf<typeof TREE>>): Promise<Reply> {
  const at = {
    path: (params.path ?? '').replace(/^\/|\/$/g, ''),
    revision: params.ref ?? null,
    recursive: params.recursive ?? false,
  };
  const entries = await listFolder(ctx, permit, at, { offset: page.offset, limit: page.perPage + 1 });
  if (entries === null)
    throw notFound(params.path === undefined && params.ref === undefined ? 'Tree' : 'invalid revision or path');
  const body = entries
    .slice(0, page.perPage)
    .map(({ id, type, path, mode }) => ({ id, name: path.slice(path.lastIndexOf('/') + 1), type, path, mode }));
  return { status: 200, body, more: entries.length > page.perPage };
}

export const FILE_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', PATH, { params: REF, handle: show }),
  endpoint('GET', `${PATH}/raw`, { params: REF, handle: raw }),
  endpoint('POST', PATH, { params: WRITE, maxBodyBytes: MAX_CHANGE_BYTES, handle: (call) => write(call, 'create') }),
  endpoint('PUT', PATH, { params: WRITE, maxBodyBytes: MAX_CHANGE_BYTES, handle: (call) => write(call, 'update') }),
  endpoint('DELETE', PATH, { params: CHANGE, handle: remove }),
  endpoint('GET', '/projects/{id}/repository/tree', { params: TREE, paged: true, handle: tree }),
];
