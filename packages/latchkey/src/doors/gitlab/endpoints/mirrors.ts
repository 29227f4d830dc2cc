/**
 * Mirrors of a project, which its operator sets up. Source: GitLab docs "Project remote mirrors API", "Project pull
 * mirroring API".
 */
import { listMirrors, type Mirror, orderMirror } from '../../../actions/repositories/creation/mirrors.ts';
import { parameter } from '../../../base/present.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok } from '../endpoint.ts';
import { instant } from '../present/dates.ts';
import { notFound } from '../refuse.ts';

type Asked = Pick<Call<unknown>, 'ctx' | 'permit'>;

/** GitLab's words for how it stands. */
function statusOf({ startedAt, endedAt, error }: Mirror): 'none' | 'started' | 'failed' | 'finished' {
  if (startedAt !== null && (endedAt === null || endedAt < startedAt)) return 'started';
  if (endedAt === null) return 'none';
  return error === null ? 'finished' : 'failed';
}

/** With stars in place of what opens it, as GitLab shows it. */
function maskedUrl({ url, secret }: Mirror): string {
  return secret === null ? url : url.replace('://', '://*****:*****@');
}

const when = (at: number | null): string | null => (at === null ? null : instant(at));

function statusBody(mirror: Mirror) {
  return {
    id: mirror.id,
    url: maskedUrl(mirror),
    enabled: true,
    update_status: statusOf(mirror),
    last_error: mirror.error,
    last_update_at: when(mirror.endedAt),
    last_update_started_at: when(mirror.startedAt),
    last_successful_update_at: when(mirror.succeededAt),
  };
}

const pushBody = (mirror: Mirror) => ({
  ...statusBody(mirror),
  auth_method: 'password',
  only_protected_branches: false,
  keep_divergent_refs: false,
});

const pullBody = (mirror: Mirror) => ({
  ...statusBody(mirror),
  mirror_trigger_builds: false,
  only_mirror_protected_branches: false,
  mirror_overwrites_diverged_branches: true,
  mirror_branch_regex: null,
});

async function ofWay({ ctx, permit }: Asked, way: Mirror['direction']): Promise<Mirror[]> {
  return (await listMirrors(ctx, permit)).filter(({ direction }) => direction === way);
}

async function pushMirror(call: Asked & { path: Readonly<Record<string, string>> }): Promise<Mirror> {
  const found = (await ofWay(call, 'push')).find(({ id }) => String(id) === parameter(call.path, 'mirror_id'));
  if (found === undefined) throw notFound('Remote mirror');
  return found;
}

async function pullMirror(call: Asked): Promise<Mirror> {
  const [found] = await ofWay(call, 'pull');
  if (found === undefined) throw notFound('Pull mirror');
  return found;
}

export const MIRROR_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/projects/{id}/remote_mirrors', {
    paged: true,
    handle: async (call) => {
      const all = await ofWay(call, 'push');
      const { offset, perPage } = call.page;
      return { ...ok(all.slice(offset, offset + perPage).map(pushBody)), total: all.length };
    },
  }),
  endpoint('GET', '/projects/{id}/remote_mirrors/{mirror_id}', {
    handle: async (call) => ok(pushBody(await pushMirror(call))),
  }),
  endpoint('POST', '/projects/{id}/remote_mirrors/{mirror_id}/sync', {
    handle: async (call) => {
      await orderMirror(call.ctx, call.permit, await pushMirror(call));
      return NOTHING;
    },
  }),
  endpoint('GET', '/projects/{id}/mirror/pull', { handle: async (call) => ok(pullBody(await pullMirror(call))) }),
  endpoint('POST', '/projects/{id}/mirror/pull', {
    handle: async (call) => {
      await orderMirror(call.ctx, call.permit, await pullMirror(call));
      return ok(pullBody(await pullMirror(call)));
    },
  }),
];
