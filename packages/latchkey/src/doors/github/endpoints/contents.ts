/** Files and folders of a repository: read, written as commits, deleted. */
import {
  type ChangeOutcome,
  changeFiles,
  type Found,
  findContents,
  followLink,
  MAX_WRITTEN_FILE_BYTES,
  readFile,
  streamFile,
  submoduleAddress,
} from '../../../actions/repositories/contents.ts';
import { readKnownCommit } from '../../../actions/repositories/history.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter, present } from '../../../base/present.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import type { Signature } from '../../../git/objects/commits.ts';
import type { TreeEntry } from '../../../git/objects/trees.ts';
import { type Call, created, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { base64Lines, entryBody, folderBody } from '../present/contents.ts';
import { gitCommitBody } from '../present/history.ts';
import { refusal } from '../refuse.ts';
import { isEmpty, mediaOf, placeOf, sayNo } from './place.ts';

/** A larger file is not put into JSON; `raw` returns it (GitHub docs, "Get repository content"). */
const MAX_INLINE_BYTES = 1024 * 1024;
/** The largest file that can be read at all. */
export const MAX_READ_BYTES = 100 * 1024 * 1024;

const PATH = '/repos/{owner}/{repo}/contents/{path}';
export const READ_QUERY = Type.Object(
  { ref: Type.Optional(Type.String({ maxLength: 255 })) },
  { additionalProperties: false },
);
/** A request for a file or folder. */
export type ReadCall = Call<undefined, Static<typeof READ_QUERY>>;

const PERSON = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 255 })),
    email: Type.Optional(Type.String({ maxLength: 254 })),
    date: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const CHANGE = {
  message: Type.String({ minLength: 1 }),
  branch: Type.Optional(Type.String({ minLength: 1 })),
  committer: Type.Optional(PERSON),
  author: Type.Optional(PERSON),
};
const WRITE = Type.Object(
  { ...CHANGE, content: Type.String(), sha: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
const DELETE = Type.Object({ ...CHANGE, sha: Type.String() }, { additionalProperties: false });

/** A file with its content, or a folder with its entries. */
export async function readContents(call: ReadCall): Promise<Reply> {
  const { ctx, permit, params, query } = call;
  const path = params['path'] ?? '';
  const found = await findContents(ctx, permit, { path, revision: query.ref ?? null });
  if (found === null)
    throw sayNo(
      404,
      (await isEmpty(call))
        ? 'This repository is empty.'
        : query.ref === undefined
          ? 'Not Found'
          : `No commit found for the ref ${query.ref}`,
    );
  const place = placeOf(call);
  const revision = query.ref ?? found.commitId;
  if (found.folder !== null) {
    if (mediaOf(call.headers) === 'object')
      return ok(folderBody(place, { path, id: found.entry?.id ?? found.commitId }, found.folder, revision));
    return ok(found.folder.map((entry) => entryBody(place, entry, revision)));
  }
  const entry = present(found.entry, `the entry at ${path}`);
  if (entry.mode === '160000') return ok(await submodule(call, found, entry, revision));
  if (entry.mode !== '120000') return file(call, entry, entry, revision);
  const { target, file: behind } = await followLink(ctx, permit, found.commitId, entry);
  return behind === null
    ? ok({ ...entryBody(place, entry, revision), target })
    : file(call, { ...behind, path: entry.path }, behind, revision);
}

async function file(call: ReadCall, shown: TreeEntry, blob: TreeEntry, revision: string): Promise<Reply> {
  const { ctx, permit } = call;
  const size = blob.sizeBytes ?? 0;
  if (size > MAX_READ_BYTES)
    throw sayNo(
      403,
      `This API returns files of at most ${MAX_READ_BYTES} bytes: clone the repository to get larger ones.`,
    );
  if (mediaOf(call.headers) === 'raw') {
    const headers = {
      'Content-Type': 'application/vnd.github.raw; charset=utf-8',
      'Content-Length': String(size),
      ETag: `"${blob.id}"`,
    };
    return { status: 200, body: await streamFile(ctx, permit, blob.id), headers };
  }
  const inline = size <= MAX_INLINE_BYTES;
  const content = inline ? base64Lines(await readFile(ctx, permit, blob.id, size)) : '';
  return ok({ ...entryBody(placeOf(call), shown, revision), content, encoding: inline ? 'base64' : 'none' });
}

async function submodule(call: ReadCall, { commitId }: Found, entry: TreeEntry, revision: string): Promise<object> {
  const place = placeOf(call);
  const address = (await submoduleAddress(call.ctx, call.permit, commitId, entry.path)) ?? place.html;
  const scp = /^([\w.-]+@[\w.-]+):(?!\/)(.*)$/.exec(address);
  return {
    ...entryBody(place, entry, revision),
    submodule_git_url: scp === null ? new URL(address, `${place.html}/`).href : `ssh://${scp[1]}/${scp[2]}`,
  };
}

async function write(call: Call<Static<typeof WRITE>, undefined>): Promise<Reply> {
  const { params, body } = call;
  const path = parameter(params, 'path');
  const content = decodedContent(body.content);
  const action =
    body.sha === undefined
      ? ({ kind: 'create', path, content } as const)
      : ({ kind: 'update', path, content, expectedBlobId: body.sha } as const);
  const outcome = await change(call, action);
  if (!outcome.ok) return refuse(call, path, outcome);
  const answer = await fileCommit(
    call,
    { path, id: present(outcome.blobIds.get(path), `the blob at ${path}`), size: content.length },
    outcome.commitId,
  );
  return action.kind === 'create' ? created(answer) : ok(answer);
}

async function remove(call: Call<Static<typeof DELETE>, undefined>): Promise<Reply> {
  const path = parameter(call.params, 'path');
  const outcome = await change(call, { kind: 'delete', path, expectedBlobId: call.body.sha });
  return outcome.ok ? ok(await fileCommit(call, null, outcome.commitId)) : refuse(call, path, outcome);
}

type ChangeCall = Call<Omit<Static<typeof DELETE>, 'sha'>, undefined>;

function change(
  { ctx, permit, body }: ChangeCall,
  action: Parameters<typeof changeFiles>[2]['actions'][number],
): Promise<ChangeOutcome> {
  const { message, branch, author, committer } = body;
  const draft = {
    branch: branch?.replace(/^refs\/heads\//, '') ?? null,
    start: null,
    message,
    actions: [action],
    author: personOf(author, 'author'),
    committer: personOf(committer, 'committer'),
  };
  return changeFiles(ctx, permit, draft);
}

function personOf(person: Static<typeof PERSON> | undefined, field: string): Partial<Signature> | null {
  if (person === undefined) return null;
  const { name, email, date } = person;
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(date === undefined ? {} : { at: instantOf(date, `${field}.date`) }),
  };
}

/**
 * Looks for invalid characters instead of matching the whole: a pattern over millions of characters would exhaust the
 * stack.
 */
export function decodedContent(text: string): Buffer {
  const padded = text.replace(/[\r\n]/g, '');
  const plain = padded.replace(/={1,2}$/, '');
  const isWhole = padded.length === plain.length ? plain.length % 4 !== 1 : padded.length % 4 === 0;
  if (!isWhole || /[^A-Za-z0-9+/]/.test(plain)) throw sayNo(422, 'content is not valid Base64');
  return Buffer.from(plain, 'base64');
}

/** Status and words of each refusal: GitHub's if there are any. */
function refuse(call: ChangeCall, path: string, outcome: ChangeOutcome & { ok: false }): Reply {
  const branch = call.body.branch ?? 'the default branch';
  switch (outcome.why) {
    case 'refused':
      return refusal(outcome.explanation, `${call.apiUrl}/docs#repos-create-or-update-file-contents`);
    case 'path_exists':
      throw sayNo(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
    case 'path_missing':
      throw sayNo(404, 'Not Found');
    case 'path_is_folder':
      throw sayNo(422, `${path} is a folder.`);
    case 'path_below_file':
      throw sayNo(422, `${path} lies below a file.`);
    case 'path_invalid':
      throw sayNo(422, 'path contains a malformed path component');
    case 'content_unsafe':
      throw sayNo(422, `${outcome.path ?? path} is read by git itself, which refuses it: ${outcome.said ?? 'unsafe'}.`);
    case 'content_changed':
      throw sayNo(409, `${path} does not match ${String((call.body as { sha?: string }).sha)}`);
    case 'branch_moved':
      throw sayNo(409, `${branch} was changed while this was written: read the file again and repeat.`);
    case 'branch_missing':
      throw sayNo(404, `Branch ${branch} not found`);
    case 'branch_conflict':
      throw sayNo(409, `The name of ${branch} collides with that of another branch.`);
  }
}

async function fileCommit(
  call: ChangeCall,
  file: { path: string; id: string; size: number } | null,
  commitId: string,
): Promise<object> {
  const place = placeOf(call);
  const known = await readKnownCommit(call.ctx, call.permit, commitId);
  const entry: TreeEntry | null =
    file === null ? null : { mode: '100644', type: 'blob', id: file.id, path: file.path, sizeBytes: file.size };
  return {
    content: entry === null ? null : entryBody(place, entry, call.body.branch ?? commitId),
    commit: gitCommitBody(place, present(known, `commit ${commitId}`)),
  };
}

export const CONTENTS_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: PATH,
    operationId: 'repos/get-content',
    query: READ_QUERY,
    summary:
      'A file, or the entries of a folder. `Accept: application/vnd.github.raw` gives the bytes of a file, ' +
      '`…object` a folder as an object.',
    handle: readContents,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/contents',
    need: needOf('GET', PATH),
    operationId: 'repos/get-content-root',
    query: READ_QUERY,
    summary: 'The entries of the root folder.',
    handle: readContents,
  }),
  endpoint({
    method: 'PUT',
    path: PATH,
    operationId: 'repos/create-or-update-file-contents',
    body: WRITE,
    resource: 'Content',
    maxBodyBytes: Math.ceil(MAX_WRITTEN_FILE_BYTES * 1.4),
    summary: 'Writes a file as a commit on a branch. To replace a file, give the `sha` of its present content.',
    handle: write,
  }),
  endpoint({
    method: 'DELETE',
    path: PATH,
    operationId: 'repos/delete-file',
    body: DELETE,
    resource: 'Content',
    success: 200,
    summary: 'Deletes a file as a commit on a branch. Give the `sha` of its present content.',
    handle: remove,
  }),
];
