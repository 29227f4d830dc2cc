/** Commits of a project, and commits that change several files. Source: GitLab docs "Commits API". */
import { changeFiles } from '../../../actions/repositories/contents.ts';
import { findCommitId, readCommitWithDiff, readHistory } from '../../../actions/repositories/history.ts';
import { parameter } from '../../../base/present.ts';
import type { FileAction } from '../../../git/objects/file-commit.ts';
import { pathProblem } from '../../../git/objects/names.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { checkParams, type ValuesOf } from '../params.ts';
import { presentCommit } from '../present/history.ts';
import { badParams, notFound } from '../refuse.ts';
import { authorOf, contentOf, expectedBlob, MAX_CHANGE_BYTES } from './files.ts';
import { commitIdIn, refuseChange, webUrlOf } from './place.ts';

const LIST = {
  ref_name: { type: 'string' },
  since: { type: 'datetime' },
  until: { type: 'datetime' },
  path: { type: 'string' },
  author: { type: 'string' },
} as const;
const NEW = {
  branch: { type: 'string', required: true },
  commit_message: { type: 'string', required: true },
  start_branch: { type: 'string' },
  start_sha: { type: 'string' },
  actions: { type: 'objects', required: true },
  author_email: { type: 'string' },
  author_name: { type: 'string' },
  force: { type: 'boolean' },
} as const;
const ACTION = {
  action: { type: 'string', required: true, values: ['create', 'delete', 'move', 'update', 'chmod'] },
  file_path: { type: 'string', required: true },
  previous_path: { type: 'string' },
  content: { type: 'string' },
  encoding: { type: 'string', values: ['text', 'base64'] },
  last_commit_id: { type: 'string' },
  execute_filemode: { type: 'boolean' },
} as const;

async function list(call: Call<ValuesOf<typeof LIST>>): Promise<Reply> {
  const { ctx, permit, params, page } = call;
  const tip = await findCommitId(ctx, permit, params.ref_name ?? null);
  if (tip === null) {
    if (params.ref_name !== undefined) throw notFound('Commit');
    return { status: 200, body: [], more: false };
  }
  const path = params.path ?? '';
  if (path !== '' && pathProblem(path) !== null) return { status: 200, body: [], more: false };
  const commits = await readHistory(ctx, permit, tip, {
    offset: page.offset,
    limit: page.perPage + 1,
    ...(path === '' ? {} : { path }),
    ...(params.since === undefined ? {} : { sinceAt: params.since }),
    ...(params.until === undefined ? {} : { untilAt: params.until }),
    ...(params.author === undefined ? {} : { authors: [params.author] }),
  });
  const webUrl = webUrlOf(call);
  return {
    status: 200,
    body: commits.slice(0, page.perPage).map((commit) => presentCommit(commit, webUrl)),
    more: commits.length > page.perPage,
  };
}

async function show(call: Call<unknown>, revision: string): Promise<Reply> {
  const id = await commitIdIn(call, revision, 'Commit');
  const found = await readCommitWithDiff(call.ctx, call.permit, id, { offset: 0, limit: 0 });
  if (found === null) throw notFound('Commit');
  return ok({
    ...presentCommit(found, webUrlOf(call), found.diff),
    status: null,
    project_id: call.permit.target.kind === 'repository' ? (call.permit.target.repository?.id ?? null) : null,
  });
}

async function make(call: Call<ValuesOf<typeof NEW>>): Promise<Reply> {
  const { ctx, permit, params } = call;
  if (params.force === true) throw badParams(['force is not available: a branch only moves forward here']);
  if (params.start_branch !== undefined && params.start_sha !== undefined)
    throw badParams(['start_branch, start_sha are mutually exclusive']);
  const actions: FileAction[] = [];
  for (const [i, action] of params.actions.entries()) actions.push(await actionOf(call, action, i));
  const outcome = await changeFiles(ctx, permit, {
    branch: params.branch,
    start: params.start_branch ?? params.start_sha ?? null,
    message: params.commit_message,
    actions,
    author: authorOf(params),
    committer: null,
  });
  if (!outcome.ok) throw refuseChange(outcome);
  return { ...(await show(call, outcome.commitId)), status: 201 };
}

async function actionOf(
  call: Call<ValuesOf<typeof NEW>>,
  raw: Readonly<Record<string, unknown>>,
  i: number,
): Promise<FileAction> {
  const action = checkParams(ACTION, raw, `actions[${i}]`) as unknown as ValuesOf<typeof ACTION>;
  const { file_path: path, execute_filemode: executable } = action;
  const content = action.content === undefined ? null : contentOf(action.content, action.encoding);
  const mode = executable === undefined ? {} : { executable };
  const missing = (name: string) => badParams([`actions[${i}][${name}] is missing`]);
  const expected = (at: string): Promise<string | null> =>
    expectedBlob(call, { branch: call.params.branch, path: at, lastCommitId: action.last_commit_id });
  switch (action.action) {
    case 'create':
      if (content === null) throw missing('content');
      return { kind: 'create', path, content, ...mode };
    case 'update':
      if (content === null) throw missing('content');
      return { kind: 'update', path, content, expectedBlobId: await expected(path), ...mode };
    case 'delete':
      return { kind: 'delete', path, expectedBlobId: await expected(path) };
    case 'move':
      if (action.previous_path === undefined) throw missing('previous_path');
      return { kind: 'move', from: action.previous_path, path, content };
    case 'chmod':
      if (executable === undefined) throw missing('execute_filemode');
      return { kind: 'chmod', path, executable };
  }
}

export const COMMIT_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/projects/{id}/repository/commits', { params: LIST, paged: true, handle: list }),
  endpoint('GET', '/projects/{id}/repository/commits/{sha}', {
    handle: (call) => show(call, parameter(call.path, 'sha')),
  }),
  endpoint('POST', '/projects/{id}/repository/commits', { params: NEW, maxBodyBytes: MAX_CHANGE_BYTES, handle: make }),
];
