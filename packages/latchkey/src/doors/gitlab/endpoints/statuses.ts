/**
 * What builds and checks report about commits. Source: GitLab docs "Commits API", "Set commit pipeline status".
 *
 * GitLab has more states: those of a build that goes on are one here, `pending`, and are shown as that.
 */
import { addStatus, type KnownStatus, readStatuses } from '../../../actions/repositories/statuses.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { instant } from '../present/dates.ts';
import { presentUser } from '../present/users.ts';
import { commitIdIn } from './place.ts';

const STATES = {
  pending: 'pending',
  running: 'pending',
  success: 'success',
  failed: 'failure',
  canceled: 'error',
  skipped: 'success',
} as const;
const SHOWN = { pending: 'pending', success: 'success', failure: 'failed', error: 'canceled' } as const;
const NEW = {
  state: { type: 'string', required: true, values: ['pending', 'running', 'success', 'failed', 'canceled', 'skipped'] },
  name: { type: 'string' },
  context: { type: 'string' },
  target_url: { type: 'string' },
  description: { type: 'string' },
} as const;

function present({ ctx }: Call<unknown>, { status, creator }: KnownStatus): Record<string, unknown> {
  const at = instant(status.at);
  return {
    id: status.id,
    sha: status.commitId,
    ref: null,
    status: SHOWN[status.state],
    name: status.context,
    target_url: status.targetUrl,
    description: status.description,
    created_at: at,
    started_at: null,
    finished_at: status.state === 'pending' ? null : at,
    allow_failure: false,
    coverage: null,
    author: creator === null ? null : presentUser(creator, ctx.settings.publicUrl),
  };
}

async function add(call: Call<ValuesOf<typeof NEW>>): Promise<Reply> {
  const { ctx, permit, params, path } = call;
  const known = await addStatus(ctx, permit, {
    commitId: await commitIdIn(call, parameter(path, 'sha'), 'Commit'),
    state: STATES[params.state],
    context: params.name ?? params.context ?? 'default',
    targetUrl: params.target_url === undefined || params.target_url === '' ? null : params.target_url,
    description: params.description ?? null,
  });
  return { status: 201, body: present(call, known) };
}

async function list(call: Call<unknown>): Promise<Reply> {
  const { ctx, permit, page } = call;
  const id = await commitIdIn(call, parameter(call.path, 'sha'), 'Commit');
  const range = { beforeId: null, skip: page.offset, limit: page.perPage + 1 };
  const statuses = await readStatuses(ctx, permit, id, range);
  const shown = statuses.slice(0, page.perPage).map((status) => present(call, status));
  return { ...ok(shown), more: statuses.length > page.perPage };
}

export const STATUS_ENDPOINTS: readonly Endpoint[] = [
  endpoint('POST', '/projects/{id}/statuses/{sha}', { params: NEW, handle: add }),
  endpoint('GET', '/projects/{id}/repository/commits/{sha}/statuses', { paged: true, handle: list }),
];
