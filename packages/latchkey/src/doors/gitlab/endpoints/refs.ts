/** Branches and tags of a project. Source: GitLab docs "Branches API", "Tags API". */
import {
  findCommitId,
  findRef,
  type KnownCommit,
  readKnownCommit,
  readKnownCommits,
  readRefs,
} from '../../../actions/repositories/history.ts';
import { createRef, deleteRef, type RefResult } from '../../../actions/repositories/refs.ts';
import { createTag, readTagMessages } from '../../../actions/repositories/tags.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { viewTarget } from '../../../actions/repositories/view.ts';
import { parameter } from '../../../base/present.ts';
import { gitlabRoute } from '../../../catalogue/routes/gitlab.ts';
import { refNameProblem } from '../../../git/objects/names.ts';
import type { Ref } from '../../../git/objects/refs.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { presentBranch, presentTag } from '../present/history.ts';
import { notFound } from '../refuse.ts';
import { refuseContent, refuseRef, webUrlOf } from './place.ts';

/** The most refs a list considers. */
const MAX_LISTED_REFS = 10_000;
const BRANCHES = '/projects/{id}/repository/branches';
const TAGS = '/projects/{id}/repository/tags';
const NEW_BRANCH = { branch: { type: 'string', required: true }, ref: { type: 'string', required: true } } as const;
const NEW_TAG = {
  tag_name: { type: 'string', required: true },
  ref: { type: 'string', required: true },
  message: { type: 'string' },
} as const;
const SEARCH = { search: { type: 'string' } } as const;
const TAG_SEARCH = {
  ...SEARCH,
  order_by: { type: 'string', values: ['name', 'updated', 'version'] },
  sort: { type: 'string', values: ['asc', 'desc'] },
} as const;

/** The refs whose short name contains the search; `^x` = begins with x, `x$` = ends with it, as on GitLab. */
async function refsIn(
  { ctx, permit, params }: Call<{ search: string | undefined }>,
  prefix: string,
  sort: 'name' | 'version',
): Promise<Ref[]> {
  const refs = await readRefs(ctx, permit, prefix, { offset: 0, limit: MAX_LISTED_REFS, sort });
  const search = params.search ?? '';
  const text = search.replace(/^\^|\$$/g, '').toLowerCase();
  return refs.filter(({ name }) => {
    const short = name.slice(prefix.length).toLowerCase();
    return (
      (!search.startsWith('^') || short.startsWith(text)) &&
      (!search.endsWith('$') || short.endsWith(text)) &&
      short.includes(text)
    );
  });
}

async function refIn(
  { ctx, permit }: Call<unknown>,
  prefix: string,
  name: string,
  kind: 'Branch' | 'Tag',
): Promise<{ ref: Ref; tip: KnownCommit }> {
  const ref = refNameProblem(prefix + name) === null ? await findRef(ctx, permit, prefix + name) : null;
  const tip = ref === null ? null : await readKnownCommit(ctx, permit, ref.peeledId);
  if (ref === null || tip === null) throw notFound(kind);
  return { ref, tip };
}

function placeIn(call: Call<unknown>): Parameters<typeof presentTag>[3] {
  return { webUrl: webUrlOf(call), repository: targetRepository(call.permit).repository };
}

async function around(call: Call<unknown>): Promise<Parameters<typeof presentBranch>[2]> {
  const { defaultBranch } = await viewTarget(call.ctx, call.permit);
  const mayWrite = call.permit.holds(gitlabRoute('POST', BRANCHES).need);
  return { ...placeIn(call), defaultBranch, mayWrite };
}

async function listBranches(call: Call<{ search: string | undefined }>): Promise<Reply> {
  const { ctx, permit, page } = call;
  const refs = await refsIn(call, 'refs/heads/', 'name');
  const place = await around(call);
  const shown = refs.slice(page.offset, page.offset + page.perPage);
  const tips = await readKnownCommits(
    ctx,
    permit,
    shown.map(({ peeledId }) => peeledId),
  );
  const body = shown.flatMap((ref) => {
    const tip = tips.get(ref.peeledId);
    return tip === undefined ? [] : [presentBranch(ref, tip, place)];
  });
  return { status: 200, body, total: refs.length };
}

async function showBranch(call: Call<unknown>, name: string): Promise<Reply> {
  const { ref, tip } = await refIn(call, 'refs/heads/', name, 'Branch');
  return ok(presentBranch(ref, tip, await around(call)));
}

async function makeBranch(call: Call<ValuesOf<typeof NEW_BRANCH>>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const id = await findCommitId(ctx, permit, params.ref);
  const made: RefResult =
    id === null
      ? { ok: false, why: 'object_missing' }
      : await createRef(ctx, permit, { ref: `refs/heads/${params.branch}`, id });
  if (!made.ok) throw refuseRef('Branch', params.ref, made.why);
  return { ...(await showBranch(call, params.branch)), status: 201 };
}

async function listTags(call: Call<ValuesOf<typeof TAG_SEARCH>>): Promise<Reply> {
  const { ctx, permit, page, params } = call;
  const refs = await refsIn(call, 'refs/tags/', params.order_by === 'version' ? 'version' : 'name');
  // when sorted by version, git itself puts the newest first
  const ordered =
    (params.sort ?? 'desc') === (params.order_by === 'version' ? 'desc' : 'asc') ? refs : refs.toReversed();
  const shown = ordered.slice(page.offset, page.offset + page.perPage);
  const [messages, commits] = await Promise.all([
    readTagMessages(ctx, permit, shown),
    readKnownCommits(
      ctx,
      permit,
      shown.map(({ peeledId }) => peeledId),
    ),
  ]);
  const place = placeIn(call);
  const body = shown.flatMap((ref) => {
    const commit = commits.get(ref.peeledId);
    return commit === undefined ? [] : [presentTag(ref, commit, messages.get(ref.id) ?? null, place)];
  });
  return { status: 200, body, total: refs.length };
}

async function showTag(call: Call<unknown>, name: string): Promise<Reply> {
  const { ref, tip } = await refIn(call, 'refs/tags/', name, 'Tag');
  const messages = await readTagMessages(call.ctx, call.permit, [ref]);
  return ok(presentTag(ref, tip, messages.get(ref.id) ?? null, placeIn(call)));
}

async function makeTag(call: Call<ValuesOf<typeof NEW_TAG>>): Promise<Reply> {
  const { ctx, permit, params } = call;
  const message = params.message === undefined || params.message === '' ? null : params.message;
  const made = await createTag(ctx, permit, { name: params.tag_name, revision: params.ref, message });
  if (!made.ok) throw made.why === 'refused' ? refuseContent(made.explanation) : refuseRef('Tag', params.ref, made.why);
  return { ...(await showTag(call, params.tag_name)), status: 201 };
}

async function remove(
  { ctx, permit }: Call<unknown>,
  prefix: string,
  name: string,
  kind: 'Branch' | 'Tag',
): Promise<Reply> {
  const gone = await deleteRef(ctx, permit, prefix + name);
  if (!gone.ok) throw refuseRef(kind, name, gone.why);
  return NOTHING;
}

export const REF_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', BRANCHES, { params: SEARCH, paged: true, handle: listBranches }),
  endpoint('GET', `${BRANCHES}/{branch}`, { handle: (call) => showBranch(call, parameter(call.path, 'branch')) }),
  endpoint('POST', BRANCHES, { params: NEW_BRANCH, handle: makeBranch }),
  endpoint('DELETE', `${BRANCHES}/{branch}`, {
    handle: (call) => remove(call, 'refs/heads/', parameter(call.path, 'branch'), 'Branch'),
  }),
  endpoint('GET', TAGS, { params: TAG_SEARCH, paged: true, handle: listTags }),
  endpoint('GET', `${TAGS}/{tag_name}`, { handle: (call) => showTag(call, parameter(call.path, 'tag_name')) }),
  endpoint('POST', TAGS, { params: NEW_TAG, handle: makeTag }),
  endpoint('DELETE', `${TAGS}/{tag_name}`, {
    handle: (call) => remove(call, 'refs/tags/', parameter(call.path, 'tag_name'), 'Tag'),
  }),
];
