/** Mutations: what changes, by the actions behind the REST endpoints and with their needs. */

import type { Permit } from '../../../actions/decision/authorize.ts';
import { nameOfOrganization, nameOfRepository } from '../../../actions/decision/names-by-id.ts';
import type { TargetName } from '../../../actions/decision/targets.ts';
import { changeRepository, type RepositoryChange } from '../../../actions/repositories/changes.ts';
import { changeFiles } from '../../../actions/repositories/contents.ts';
import { createRepository } from '../../../actions/repositories/creation/new-repository.ts';
import { createRef, deleteRef, type RefResult, updateRef } from '../../../actions/repositories/refs.ts';
import { seenTarget } from '../../../actions/repositories/view.ts';
import type { FileAction } from '../../../git/objects/file-commit.ts';
import type { Visibility } from '../../../rules/model.ts';
import type { Asking, Twin } from './asking.ts';
import { refused, Unanswered } from './errors.ts';
import type { FieldRow, FieldTable } from './fields.ts';
import { readNodeId } from './node-ids.ts';
import { objectNode, objectSource, refNode } from './object-nodes.ts';
import { type RepositoryNode, repositoryNode } from './repository-node.ts';

/** What a mutation gets. */
interface Given<Input> {
  readonly input: Input & { readonly clientMutationId?: string | null };
}

/** A mutation; its answer has the client's own id back. */
function mutation<Input>(
  twins: readonly Twin[],
  work: (input: Input, asking: Asking, field: string) => Promise<Readonly<Record<string, unknown>>>,
): FieldRow {
  return {
    twins,
    resolve: async (_: unknown, { input }: Given<Input>, asking: Asking, field: string) => ({
      clientMutationId: input.clientMutationId ?? null,
      ...(await work(input, asking, field)),
    }),
  };
}

/** GitHub's words for an id that stands for nothing that the caller may see. */
export function noNode(id: string): string {
  return `Could not resolve to a node with the global id of '${id.slice(0, 100)}'`;
}

/** A repository by its number, as the decision wants it: one that isn't there is asked about all the same. */
export async function repositoryNumbered({ ctx }: Asking, id: number): Promise<TargetName> {
  const found = await nameOfRepository(ctx, id);
  return { kind: 'repository', owner: found?.owner ?? '-', name: found?.name ?? '-', calledAs: String(id) };
}

async function permitFor(
  asking: Asking,
  { id, type, field, twin }: { id: string; type: 'Repository' | 'Ref'; field: string; twin: Twin },
): Promise<{ permit: Permit; within: string }> {
  const named = readNodeId(id);
  if (named?.type !== type) throw new Unanswered('NOT_FOUND', noNode(id));
  const subject = await repositoryNumbered(asking, named.id);
  return { permit: await asking.decide({ field, twin, subject, missing: noNode(id) }), within: named.within };
}

async function nodeOf(asking: Asking, permit: Permit): Promise<RepositoryNode> {
  return repositoryNode(asking, await seenTarget(asking.ctx, permit));
}

interface NewRepository {
  readonly name: string;
  readonly visibility: 'PUBLIC' | 'PRIVATE' | 'INTERNAL';
  readonly description?: string | null;
  readonly homepageUrl?: string | null;
  readonly ownerId?: string | null;
  readonly teamId?: string | null;
}

async function makeRepository(input: NewRepository, asking: Asking, field: string) {
  if (input.teamId != null)
    throw new Unanswered(
      'UNPROCESSABLE',
      'No team gets a role with a new repository: leave `teamId` out, and give it one over REST.',
    );
  const owner = await ownerOf(asking, input.ownerId ?? null, field);
  const view = await createRepository(asking.ctx, owner.permit, {
    owner: owner.login,
    name: input.name,
    visibility: input.visibility.toLowerCase() as Visibility,
    description: input.description ?? '',
    homepage: input.homepageUrl ?? '',
    readme: false,
  });
  return { repository: repositoryNode(asking, view) };
}

/** Where a new repository goes: the caller's own account unless an id names another. */
async function ownerOf(asking: Asking, id: string | null, field: string): Promise<{ permit: Permit; login: string }> {
  const named = id === null ? null : readNodeId(id);
  const isOwn = id === null || (named !== null && named.type !== 'Organization' && named.id === asking.userId);
  const login = named?.type === 'Organization' ? await nameOfOrganization(asking.ctx, named.id) : null;
  if (!isOwn && login === null) throw new Unanswered('NOT_FOUND', noNode(id));
  const permit = await asking.decide({
    field,
    twin: isOwn ? 'POST /user/repos' : 'POST /orgs/{org}/repos',
    subject: isOwn ? { kind: 'account', login: null } : { kind: 'organization', login: login ?? '' },
    ...(id === null ? {} : { missing: noNode(id) }),
  });
  const { target } = permit;
  return { permit, login: target.kind === 'instance' ? '' : (target.owner?.login ?? '') };
}

const CHANGE = 'PATCH /repos/{owner}/{repo}';

function repositoryChange<Input extends { readonly repositoryId: string }>(
  changeOf: (input: Input) => RepositoryChange,
): FieldRow {
  return mutation<Input>([CHANGE], async (input, asking, field) => {
    const { permit } = await permitFor(asking, { id: input.repositoryId, type: 'Repository', field, twin: CHANGE });
    await changeRepository(asking.ctx, permit, changeOf(input));
    return { repository: await nodeOf(asking, permit) };
  });
}

interface CommitInput {
  readonly branch: {
    readonly id?: string | null;
    readonly repositoryNameWithOwner?: string | null;
    readonly branchName?: string | null;
  };
  readonly expectedHeadOid: string;
  readonly message: { readonly headline: string; readonly body?: string | null };
  readonly fileChanges?: {
    readonly additions?: readonly { readonly path: string; readonly contents: string }[] | null;
    readonly deletions?: readonly { readonly path: string }[] | null;
  } | null;
}

const WRITE = 'PUT /repos/{owner}/{repo}/contents/{path}';

async function makeCommit(input: CommitInput, asking: Asking, field: string) {
  const { permit, branch } = await branchOf(input.branch, asking, field);
  const { headline, body } = input.message;
  const outcome = await changeFiles(asking.ctx, permit, {
    branch,
    start: null,
    expectedHeadId: input.expectedHeadOid,
    message: body == null || body === '' ? headline : `${headline}\n\n${body}`,
    actions: actionsOf(input.fileChanges ?? {}),
    author: null,
    committer: null,
  });
  if (!outcome.ok) throw commitProblem(outcome, input, branch, field);
  const repository = await nodeOf(asking, permit);
  const source = objectSource(asking, repository, permit);
  const made = await source.load(outcome.commitId);
  return {
    commit: made === null ? null : objectNode(asking, source, made),
    ref: refNode(repository, `refs/heads/${branch}`, { objectId: outcome.commitId, source }),
  };
}

async function branchOf(
  { id, repositoryNameWithOwner, branchName }: CommitInput['branch'],
  asking: Asking,
  field: string,
): Promise<{ permit: Permit; branch: string }> {
  if (id != null) {
    const { permit, within } = await permitFor(asking, { id, type: 'Ref', field, twin: WRITE });
    if (!within.startsWith('refs/heads/')) throw new Unanswered('UNPROCESSABLE', 'The branch is not a branch.');
    return { permit, branch: within.slice('refs/heads/'.length) };
  }
  const [owner = '', name = ''] = (repositoryNameWithOwner ?? '').split('/');
  if (owner === '' || name === '' || branchName == null)
    throw new Unanswered(
      'UNPROCESSABLE',
      'A branch is named by `id`, or by `repositoryNameWithOwner` and `branchName`.',
    );
  const missing = `Could not resolve to a Repository with the name '${repositoryNameWithOwner}'.`;
  const subject = { kind: 'repository', owner, name } as const;
  const permit = await asking.decide({ field, twin: WRITE, subject, missing });
  return { permit, branch: branchName.replace(/^refs\/heads\//, '') };
}

function actionsOf({ additions, deletions }: NonNullable<CommitInput['fileChanges']>): FileAction[] {
  return [
    ...(additions ?? []).map(({ path, contents }): FileAction => {
      const content = Buffer.from(contents, 'base64');
      if (content.toString('base64').replace(/=+$/, '') !== contents.replace(/[\s=]+/g, ''))
        throw new Unanswered('UNPROCESSABLE', `The contents of ${path.slice(0, 100)} are not Base64.`);
      return { kind: 'write', path, content };
    }),
    ...(deletions ?? []).map(({ path }): FileAction => ({ kind: 'delete', path, expectedBlobId: null })),
  ];
}

type NoCommit = Exclude<Awaited<ReturnType<typeof changeFiles>>, { ok: true }>;

function commitProblem(outcome: NoCommit, { expectedHeadOid }: CommitInput, branch: string, field: string): Unanswered {
  const { why, path } = outcome;
  if (why === 'refused') return refused(outcome.explanation, field);
  if (why === 'branch_moved')
    return new Unanswered(
      'STALE_DATA',
      `Expected branch to point to "${expectedHeadOid}" but it did not. Pull and try again.`,
    );
  if (why === 'branch_missing') return new Unanswered('NOT_FOUND', `There is no branch ${branch}.`);
  const said = 'said' in outcome && outcome.said !== undefined ? `: ${outcome.said}` : '';
  return new Unanswered('UNPROCESSABLE', `${COMMIT_PROBLEMS[why]}${path === null ? '' : ` (${path})`}${said}`);
}

const COMMIT_PROBLEMS: Readonly<
  Record<Exclude<NoCommit['why'], 'refused' | 'branch_missing' | 'branch_moved'>, string>
> = {
  path_invalid: 'A path is not one that git takes',
  content_unsafe: 'Git would refuse the content of a file that it reads itself',
  path_exists: 'There is a file at the path already',
  path_missing: 'There is no file at the path',
  path_is_folder: 'There is a folder at the path',
  path_below_file: 'A part of the path is a file',
  content_changed: 'The file has changed meanwhile',
  branch_conflict: "The branch's name collides with that of another",
};

const REF_PROBLEMS: Readonly<Record<Exclude<RefResult, { ok: true }>['why'], string>> = {
  exists: 'A ref named this already exists in the repository.',
  missing: 'There is no such ref.',
  object_missing: 'There is no object with this oid.',
  not_a_commit: 'A branch points to a commit.',
  not_fast_forward: 'The update is not a fast forward: say `force` to lose commits.',
  moved: 'The ref was moved meanwhile.',
  name_conflict: "The ref's name collides with that of another.",
  ref_invalid: 'A ref is named in full, such as refs/heads/main, and well formed.',
  is_default_branch: 'The default branch can not be deleted.',
};

function refOutcome(result: RefResult): Extract<RefResult, { ok: true }>['ref'] {
  if (!result.ok) throw new Unanswered('UNPROCESSABLE', REF_PROBLEMS[result.why]);
  return result.ref;
}

const NEW_REF = 'POST /repos/{owner}/{repo}/git/refs';
const MOVED_REF = 'PATCH /repos/{owner}/{repo}/git/refs/{ref}';
const NO_REF = 'DELETE /repos/{owner}/{repo}/git/refs/{ref}';

async function shownRef(asking: Asking, permit: Permit, { name, id }: { name: string; id: string }) {
  const repository = await nodeOf(asking, permit);
  return { ref: refNode(repository, name, { objectId: id, source: null }) };
}

export const MUTATION_FIELDS: FieldTable = {
  Mutation: {
    createRepository: mutation(['POST /user/repos', 'POST /orgs/{org}/repos'], makeRepository),
    updateRepository: repositoryChange<{
      readonly repositoryId: string;
      readonly name?: string | null;
      readonly description?: string | null;
      readonly homepageUrl?: string | null;
    }>(({ name, description, homepageUrl }) => ({
      name: name ?? undefined,
      description: description ?? undefined,
      homepage: homepageUrl ?? undefined,
    })),
    archiveRepository: repositoryChange(() => ({ archived: true })),
    unarchiveRepository: repositoryChange(() => ({ archived: false })),
    createCommitOnBranch: mutation([WRITE], makeCommit),
    createRef: mutation<{ readonly repositoryId: string; readonly name: string; readonly oid: string }>(
      [NEW_REF],
      async ({ repositoryId, name, oid }, asking, field) => {
        const { permit } = await permitFor(asking, { id: repositoryId, type: 'Repository', field, twin: NEW_REF });
        return shownRef(asking, permit, refOutcome(await createRef(asking.ctx, permit, { ref: name, id: oid })));
      },
    ),
    updateRef: mutation<{ readonly refId: string; readonly oid: string; readonly force?: boolean | null }>(
      [MOVED_REF],
      async ({ refId, oid, force }, asking, field) => {
        const { permit, within: ref } = await permitFor(asking, { id: refId, type: 'Ref', field, twin: MOVED_REF });
        const change = { ref, id: oid, force: force === true };
        return shownRef(asking, permit, refOutcome(await updateRef(asking.ctx, permit, change)));
      },
    ),
    deleteRef: mutation<{ readonly refId: string }>([NO_REF], async ({ refId }, asking, field) => {
      const { permit, within } = await permitFor(asking, { id: refId, type: 'Ref', field, twin: NO_REF });
      refOutcome(await deleteRef(asking.ctx, permit, within));
      return {};
    }),
  },
};
