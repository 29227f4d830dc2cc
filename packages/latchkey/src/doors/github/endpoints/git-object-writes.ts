/**
 * Objects of a repository written by themselves: many files in one commit, a commit with a signature, an annotated tag.
 * No branch has them until a ref is moved to them.
 */
import { findTree, MAX_WRITTEN_FILE_BYTES } from '../../../actions/repositories/contents.ts';
import { readKnownCommit } from '../../../actions/repositories/history.ts';
import {
  addBlob,
  addCommit,
  addTag,
  addTree,
  findTag,
  type GivenPerson,
  MAX_PARENTS,
  MAX_SIGNATURE_LENGTH,
  MAX_TREE_CHANGES,
  type TreeChange,
} from '../../../actions/repositories/objects/writes.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter, present } from '../../../base/present.ts';
import { type Call, created, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { instantOf } from '../input.ts';
import { gitCommitBody, gitTagBody, treeBody } from '../present/history.ts';
import { decodedContent } from './contents.ts';
import { MAX_TREE_ENTRIES } from './git-objects.ts';
import { placeOf, sayNo } from './place.ts';

/** Room for the content as Base64, and for what stands around it. */
const MAX_BODY_BYTES = Math.ceil(MAX_WRITTEN_FILE_BYTES * 1.4);

const BLOB = Type.Object(
  {
    content: Type.String(),
    encoding: Type.Optional(Type.Union([Type.Literal('utf-8'), Type.Literal('base64')])),
  },
  { additionalProperties: false },
);
const TREE = Type.Object(
  {
    base_tree: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    tree: Type.Array(
      Type.Object(
        {
          path: Type.String(),
          mode: Type.Enum(['100644', '100755', '040000', '160000', '120000'] as const),
          type: Type.Optional(Type.Enum(['blob', 'tree', 'commit'] as const)),
          sha: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          content: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
      { maxItems: MAX_TREE_CHANGES },
    ),
  },
  { additionalProperties: false },
);
const PERSON = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    email: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
    date: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
const COMMIT = Type.Object(
  {
    message: Type.String(),
    tree: Type.String(),
    parents: Type.Optional(Type.Array(Type.String(), { maxItems: MAX_PARENTS })),
    author: Type.Optional(PERSON),
    committer: Type.Optional(PERSON),
    signature: Type.Optional(Type.String({ maxLength: MAX_SIGNATURE_LENGTH })),
  },
  { additionalProperties: false },
);
const TAG = Type.Object(
  {
    tag: Type.String({ minLength: 1 }),
    message: Type.String(),
    object: Type.String(),
    type: Type.Enum(['commit', 'tree', 'blob', 'tag'] as const),
    tagger: Type.Optional(PERSON),
  },
  { additionalProperties: false },
);

async function writeBlob(call: Call<Static<typeof BLOB>, undefined>): Promise<Reply> {
  const { content, encoding = 'utf-8' } = call.body;
  const bytes = encoding === 'base64' ? decodedContent(content) : Buffer.from(content);
  const id = await addBlob(call.ctx, call.permit, bytes);
  const url = `${placeOf(call).url}/git/blobs/${id}`;
  return created({ url, sha: id }, url);
}

async function writeTree(call: Call<Static<typeof TREE>, undefined>): Promise<Reply> {
  const { ctx, permit, body } = call;
  const id = await addTree(ctx, permit, { baseId: body.base_tree ?? null, changes: body.tree.map(changeOf) });
  const found = await findTree(ctx, permit, id, { recursive: false, limit: MAX_TREE_ENTRIES + 1 });
  const answer = treeBody(placeOf(call), present(found, 'the new tree'), MAX_TREE_ENTRIES);
  return created(answer, answer.url);
}

/** `sha: null` deletes; `content` is a file as it is to be. */
function changeOf({ path, mode, sha, content }: Static<typeof TREE>['tree'][number]): TreeChange {
  if (sha !== undefined && content !== undefined) throw sayNo(422, 'tree has an entry with both sha and content.');
  if (sha === null) return { kind: 'delete', path };
  if (sha !== undefined) return { kind: 'entry', path, mode, id: sha };
  if (content === undefined) throw sayNo(422, 'tree has an entry without sha and content.');
  if (mode === '040000' || mode === '160000') throw sayNo(422, `tree has an entry of mode ${mode} with content.`);
  return { kind: 'file', path, mode, content: Buffer.from(content) };
}

async function writeCommit(call: Call<Static<typeof COMMIT>, undefined>): Promise<Reply> {
  const { ctx, permit, body } = call;
  const id = await addCommit(ctx, permit, {
    treeId: body.tree,
    parentIds: body.parents ?? [],
    message: body.message,
    author: personOf(body.author, 'author'),
    committer: personOf(body.committer, 'committer'),
    signature: body.signature ?? null,
  });
  const known = await readKnownCommit(ctx, permit, id);
  const answer = gitCommitBody(placeOf(call), present(known, `commit ${id}`));
  return created(answer, answer.url);
}

async function writeTag(call: Call<Static<typeof TAG>, undefined>): Promise<Reply> {
  const { ctx, permit, body } = call;
  const id = await addTag(ctx, permit, {
    name: body.tag,
    targetId: body.object,
    targetType: body.type,
    message: body.message,
    tagger: personOf(body.tagger, 'tagger'),
  });
  const answer = gitTagBody(placeOf(call), present(await findTag(ctx, permit, id), `tag ${id}`));
  return created(answer, answer.url);
}

async function readTag(call: Call<undefined, undefined>): Promise<Reply> {
  const found = await findTag(call.ctx, call.permit, parameter(call.params, 'tag_sha'));
  if (found === null) throw sayNo(404, 'Not Found');
  return ok(gitTagBody(placeOf(call), found));
}

/** The zone of the clock stays: it is part of what a signature was made over. */
function personOf(person: Static<typeof PERSON> | undefined, field: string): GivenPerson | null {
  if (person === undefined) return null;
  const { name, email, date } = person;
  const zone = /([+-]\d{2}):?(\d{2})$/.exec(date?.slice(10) ?? '');
  return {
    ...(name === undefined ? {} : { name }),
    ...(email === undefined ? {} : { email }),
    ...(date === undefined
      ? {}
      : { at: instantOf(date, `${field}.date`), zone: zone === null ? '+0000' : `${zone[1]}${zone[2]}` }),
  };
}

export const GIT_OBJECT_WRITE_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/git/blobs',
    operationId: 'git/create-blob',
    body: BLOB,
    resource: 'Blob',
    maxBodyBytes: MAX_BODY_BYTES,
    summary: 'Creates a blob: a file that is in no tree yet.',
    handle: writeBlob,
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/git/trees',
    operationId: 'git/create-tree',
    body: TREE,
    resource: 'Tree',
    maxBodyBytes: MAX_BODY_BYTES,
    summary:
      'Creates a tree, from `base_tree` or from nothing. An entry names an object by `sha` or brings its ' +
      '`content`; `sha: null` deletes the path.',
    handle: writeTree,
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/git/commits',
    operationId: 'git/create-commit',
    body: COMMIT,
    resource: 'Commit',
    summary: 'Creates a commit that is on no branch yet. Its message, dates and `signature` stay as you send them.',
    handle: writeCommit,
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/git/tags',
    operationId: 'git/create-tag',
    body: TAG,
    resource: 'Tag',
    summary:
      'Creates an annotated tag. It appears among the tags once you create the ref `refs/tags/NAME` with its `sha`.',
    handle: writeTag,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/git/tags/{tag_sha}',
    operationId: 'git/get-tag',
    summary: 'An annotated tag by its id.',
    handle: readTag,
  }),
];
