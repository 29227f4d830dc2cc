/** The fields of a repository that are read from its folder, and those of refs and objects. */

import type { Permit } from '../../../actions/decision/authorize.ts';
import { findTree, readFile } from '../../../actions/repositories/contents.ts';
import { findCommitId, findRef, readRefs } from '../../../actions/repositories/history.ts';
import { viewOf } from '../../../actions/repositories/view.ts';
import { isObjectId, pathProblem, refNameProblem } from '../../../git/objects/names.ts';
import type { Ref } from '../../../git/objects/refs.ts';
import type { TreeEntry } from '../../../git/objects/trees.ts';
import type { Asking } from './asking.ts';
import { Unanswered } from './errors.ts';
import { decided, type FieldTable, plain } from './fields.ts';
import { connection, NOTHING, type PageArgs } from './lists.ts';
import { loadNode, type ObjectNode, type ObjectSource, objectSource, type RefNode, refNode } from './object-nodes.ts';
import type { RepositoryNode } from './repository-node.ts';

/** The most refs that one list has. */
const MAX_REFS = 10_000;
/** The most entries of a folder. */
const MAX_ENTRIES = 1000;
/** What an entry counts for in an answer. */
const ENTRY_BYTES = 256;
/** A longer text of a file is cut off. */
const MAX_TEXT_BYTES = 512 * 1024;

interface RefsArgs extends PageArgs {
  readonly refPrefix: string;
  readonly query?: string | null;
  readonly direction?: 'ASC' | 'DESC' | null;
  readonly orderBy?: { readonly field: 'ALPHABETICAL' | 'TAG_COMMIT_DATE'; readonly direction: 'ASC' | 'DESC' } | null;
}

const CONTENTS = 'GET /repos/{owner}/{repo}/git/ref/{ref}';

/** What the folder tells of a repository that may be seen. */
async function onDisk({ ctx }: Asking, { seen }: RepositoryNode) {
  return viewOf(ctx, seen);
}

async function listRefs(asking: Asking, permit: Permit, node: RepositoryNode, args: RefsArgs) {
  if (!/^refs\/(?:[^/]+\/)*$/.test(args.refPrefix) || refNameProblem(`${args.refPrefix}x`) !== null) return NOTHING;
  const byDate = args.orderBy?.field === 'TAG_COMMIT_DATE';
  const query = args.query ?? '';
  const all = await readRefs(asking.ctx, permit, args.refPrefix, {
    offset: 0,
    limit: MAX_REFS,
    sort: byDate ? 'date' : 'name',
  });
  const rows = query === '' ? all : all.filter(({ name }) => name.slice(args.refPrefix.length).includes(query));
  // By date the newest come first, by name the other way round.
  const isDescending = (args.orderBy?.direction ?? args.direction ?? 'ASC') === 'DESC';
  if (isDescending !== byDate) rows.reverse();
  const source = objectSource(asking, node, permit);
  return connection<Ref>(
    { rows, keyOf: ({ name }) => name, nodeOf: (ref) => refNode(node, ref.name, { objectId: ref.id, source }) },
    args,
  );
}

/** The name of an object for git: by its id, or by what people write for a commit and a path in it. */
async function objectName(
  { ctx }: Asking,
  permit: Permit,
  { oid, expression }: { readonly oid?: string | null; readonly expression?: string | null },
): Promise<string | null> {
  if (oid != null) return isObjectId(oid) ? oid : null;
  const [revision = '', ...rest] = (expression ?? '').split(':');
  const commitId = await findCommitId(ctx, permit, revision === '' ? null : revision);
  if (commitId === null || rest.length === 0) return commitId;
  const path = rest.join(':').replace(/\/$/, '');
  return path === '' ? `${commitId}^{tree}` : pathProblem(path) === null ? `${commitId}:${path}` : null;
}

const blob = (answer: (content: Buffer, isCut: boolean) => unknown) =>
  decided<ObjectNode>({
    twin: 'GET /repos/{owner}/{repo}/git/blobs/{file_sha}',
    resolve: async ({ object }, _, asking, permit) => {
      // Before it is read, so that what is too much is never in memory.
      asking.spend(object.type === 'blob' ? Math.min(object.sizeBytes, MAX_TEXT_BYTES) : 0);
      const content = await readFile(asking.ctx, permit, object.id, MAX_TEXT_BYTES + 1);
      return answer(content.subarray(0, MAX_TEXT_BYTES), content.length > MAX_TEXT_BYTES);
    },
  });

function entryNode(entry: TreeEntry, source: ObjectSource) {
  const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return {
    name,
    path: entry.path,
    mode: Number.parseInt(entry.mode, 8),
    type: entry.type,
    oid: entry.id,
    size: entry.sizeBytes ?? 0,
    extension: dot < 0 ? '' : name.slice(dot),
    source,
  };
}

const ABSENT_PULLS = { associatedPullRequests: plain(() => NOTHING) };

export const REPOSITORY_FIELDS: FieldTable = {
  Repository: {
    diskUsage: plain<RepositoryNode>(async (node, _, asking) => (await onDisk(asking, node)).sizeKb),
    isEmpty: decided<RepositoryNode>({
      twin: 'GET /repos/{owner}/{repo}',
      resolve: async (_, __, { ctx }, permit) => (await findCommitId(ctx, permit, 'HEAD')) === null,
    }),
    // Clients ask for its name with nearly everything: as over REST, it is told with the repository.
    defaultBranchRef: decided<RepositoryNode>({
      twin: 'GET /repos/{owner}/{repo}',
      resolve: async (node, _, asking, permit) => {
        if ((await findCommitId(asking.ctx, permit, 'HEAD')) === null) return null;
        return refNode(node, `refs/heads/${(await onDisk(asking, node)).defaultBranch}`);
      },
    }),
    ref: decided<RepositoryNode, { readonly qualifiedName: string }>({
      twin: CONTENTS,
      resolve: async (node, { qualifiedName }, asking, permit) => {
        const full = qualifiedName.startsWith('refs/')
          ? [qualifiedName]
          : [`refs/heads/${qualifiedName}`, `refs/tags/${qualifiedName}`, `refs/${qualifiedName}`];
        for (const name of full) {
          const ref = refNameProblem(name) === null ? await findRef(asking.ctx, permit, name) : null;
          if (ref !== null)
            return refNode(node, name, { objectId: ref.id, source: objectSource(asking, node, permit) });
        }
        return null;
      },
    }),
    refs: decided<RepositoryNode, RefsArgs>({
      twin: 'GET /repos/{owner}/{repo}/git/matching-refs/{ref}',
      resolve: (node, args, asking, permit) => listRefs(asking, permit, node, args),
    }),
    object: decided<RepositoryNode, { readonly oid?: string | null; readonly expression?: string | null }>({
      twin: 'GET /repos/{owner}/{repo}/git/commits/{commit_sha}',
      resolve: async (node, args, asking, permit) => {
        if ((args.oid == null) === (args.expression == null))
          throw new Unanswered('UNPROCESSABLE', 'Give either `oid` or `expression`.');
        const name = await objectName(asking, permit, args);
        return name === null ? null : loadNode(asking, objectSource(asking, node, permit), name);
      },
    }),
  },
  Ref: {
    ...ABSENT_PULLS,
    target: decided<RefNode>({
      twin: CONTENTS,
      resolve: async ({ objectId, source, repository, qualifiedName }, _, asking, permit) => {
        const from = source ?? objectSource(asking, repository, permit);
        const id = objectId ?? (await findRef(asking.ctx, permit, qualifiedName))?.id;
        return id === undefined ? null : loadNode(asking, from, id);
      },
    }),
  },
  Commit: {
    ...ABSENT_PULLS,
    tree: plain<ObjectNode>(({ source, object }, _, asking) =>
      object.type === 'commit' ? loadNode(asking, source, object.commit.commit.treeId) : null,
    ),
  },
  Tag: {
    target: plain<ObjectNode>(({ source, object }, _, asking) =>
      object.type === 'tag' ? loadNode(asking, source, object.tag.targetId) : null,
    ),
  },
  Tree: {
    entries: decided<ObjectNode>({
      twin: 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}',
      resolve: async ({ object, source }, _, asking, permit) => {
        const tree = await findTree(asking.ctx, permit, object.id, { recursive: false, limit: MAX_ENTRIES });
        asking.spend((tree?.entries.length ?? 0) * ENTRY_BYTES);
        return tree?.entries.map((entry) => entryNode(entry, source)) ?? [];
      },
    }),
  },
  TreeEntry: {
    object: plain<{ readonly oid: string; readonly source: ObjectSource }>(({ oid, source }, _, asking) =>
      loadNode(asking, source, oid),
    ),
  },
  Blob: {
    isBinary: blob((content) => content.includes(0)),
    isTruncated: blob((_, isCut) => isCut),
    text: blob((content) => (content.includes(0) ? null : content.toString('utf8'))),
  },
};
