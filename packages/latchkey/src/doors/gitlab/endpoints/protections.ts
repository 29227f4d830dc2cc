/**
 * Protected branches and tags of a project. Source: GitLab docs "Protected branches API", "Protected tags API".
 *
 * GitLab's `*` also matches slashes. It is taken where this server has the same: alone, and as `folder/*`; elsewhere it
 * would protect less than it says, so it is refused.
 */
import { protectRefs, readProtections, unprotectRefs } from '../../../actions/repositories/refs/protections.ts';
import { problem } from '../../../base/errors.ts';
import { parameter } from '../../../base/present.ts';
import type { ProtectionRole, RefProtection } from '../../../rules/refs/ref-protections.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { notFound } from '../refuse.ts';

const BRANCHES = { prefix: 'refs/heads/', path: '/projects/{id}/protected_branches', kind: 'Protected branch' };
const TAGS = { prefix: 'refs/tags/', path: '/projects/{id}/protected_tags', kind: 'Protected tag' };
type Kind = typeof BRANCHES;

/** GitLab's numbers for who may do something. */
const LEVELS = { '0': 'nobody', '30': 'write', '40': 'maintain', '60': 'admin' } as const;
const LEVEL_VALUES = ['0', '30', '40', '60'] as const;
const TOLD: Readonly<Record<ProtectionRole, readonly [level: number, words: string]>> = {
  nobody: [0, 'No one'],
  write: [30, 'Developers + Maintainers'],
  maintain: [40, 'Maintainers'],
  admin: [60, 'Administrators'],
};

const NEW_BRANCH = {
  name: { type: 'string', required: true },
  push_access_level: { type: 'string', values: LEVEL_VALUES },
  allow_force_push: { type: 'boolean' },
} as const;
const NEW_TAG = {
  name: { type: 'string', required: true },
  create_access_level: { type: 'string', values: LEVEL_VALUES },
} as const;

/** @throws Problem when a wildcard stands where this server's would match less */
function patternOf({ prefix }: Kind, name: string): string {
  const fixed = name.replace(/(^|\/)\*$/, '$1');
  if (fixed.includes('*'))
    throw problem(
      'unprocessable',
      'name may have * alone or at the end, as in release/*: here * stops at slashes.',
      'name',
    );
  return `${prefix}${name === fixed ? name : `${fixed}**`}`;
}

function nameOf({ prefix }: Kind, { pattern }: RefProtection): string {
  return pattern.slice(prefix.length).replace(/(^|\/)\*\*$/, '$1*');
}

/** A list as GitLab has it, of the one role that may. */
function levels(role: ProtectionRole) {
  const [access_level, access_level_description] = TOLD[role];
  return [{ id: access_level, access_level, access_level_description, user_id: null, group_id: null }];
}

function present(kind: Kind, protection: RefProtection): Record<string, unknown> {
  const name = nameOf(kind, protection);
  if (kind === TAGS) return { name, create_access_levels: levels(protection.create) };
  return {
    name,
    push_access_levels: levels(protection.update),
    merge_access_levels: levels(protection.update),
    unprotect_access_levels: [],
    allow_force_push: protection.force === protection.update && protection.force !== 'nobody',
    code_owner_approval_required: false,
  };
}

async function listed(call: Call<unknown>, kind: Kind): Promise<RefProtection[]> {
  const all = await readProtections(call.ctx, call.permit);
  return all.filter(({ pattern }) => pattern.startsWith(kind.prefix));
}

async function list(call: Call<unknown>, kind: Kind): Promise<Reply> {
  const all = await listed(call, kind);
  const { offset, perPage } = call.page;
  return {
    status: 200,
    body: all.slice(offset, offset + perPage).map((each) => present(kind, each)),
    total: all.length,
  };
}

async function find(call: Call<unknown>, kind: Kind): Promise<RefProtection> {
  const name = parameter(call.path, 'name');
  const found = (await listed(call, kind)).find((each) => nameOf(kind, each) === name);
  if (found === undefined) throw notFound(kind.kind);
  return found;
}

async function remove(call: Call<unknown>, kind: Kind): Promise<Reply> {
  await unprotectRefs(call.ctx, call.permit, (await find(call, kind)).pattern);
  return NOTHING;
}

/** As GitLab does: maintainers push where nothing is said, nobody deletes with git. */
async function addBranch(call: Call<ValuesOf<typeof NEW_BRANCH>>): Promise<Reply> {
  const { name, push_access_level = '40', allow_force_push = false } = call.params;
  const update = LEVELS[push_access_level];
  const made = await protectRefs(call.ctx, call.permit, {
    pattern: patternOf(BRANCHES, name),
    create: update,
    update,
    force: allow_force_push ? update : 'nobody',
    delete: 'nobody',
  });
  return { status: 201, body: present(BRANCHES, made) };
}

async function addTag(call: Call<ValuesOf<typeof NEW_TAG>>): Promise<Reply> {
  const create = LEVELS[call.params.create_access_level ?? '40'];
  const pattern = patternOf(TAGS, call.params.name);
  const made = await protectRefs(call.ctx, call.permit, { pattern, create, update: 'nobody', delete: 'nobody' });
  return { status: 201, body: present(TAGS, made) };
}

export const PROTECTION_ENDPOINTS: readonly Endpoint[] = [
  ...[BRANCHES, TAGS].flatMap((kind) => [
    endpoint('GET', kind.path, { paged: true, handle: (call) => list(call, kind) }),
    endpoint('GET', `${kind.path}/{name}`, { handle: async (call) => ok(present(kind, await find(call, kind))) }),
    endpoint('DELETE', `${kind.path}/{name}`, { handle: (call) => remove(call, kind) }),
  ]),
  endpoint('POST', BRANCHES.path, { params: NEW_BRANCH, handle: addBranch }),
  endpoint('POST', TAGS.path, { params: NEW_TAG, handle: addTag }),
];
