/**
 * Protection of a branch, as GitHub's dialect speaks of it.
 *
 * Source: GitHub docs "REST API endpoints for protected branches". Administrators may do what others may not unless
 * `enforce_admins` is set. What this server can't enforce (reviews, checks, lists of people) is refused, not forgotten.
 */
import { findRef } from '../../../actions/repositories/history.ts';
import { protectRefs, readProtections, unprotectRefs } from '../../../actions/repositories/refs/protections.ts';
import { problem } from '../../../base/errors.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { refNameProblem } from '../../../git/objects/names.ts';
import { type ProtectionRole, protectionFor } from '../../../rules/refs/ref-protections.ts';
import { BRANCHES, type RefAct } from '../../../rules/refs/ref-rules.ts';
import { type Call, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { encodedPath } from '../present/place.ts';
import { placeOf, sayNo } from './place.ts';

const PATH = '/repos/{owner}/{repo}/branches/{branch}/protection';
const Switch = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]));
const Names = Type.Optional(Type.Array(Type.String()));
/** What is refused unless it is null, whatever stands in it. */
const Demand = Type.Optional(Type.Union([Type.Null(), Type.Object({}, { additionalProperties: true })]));
const NEW = Type.Object(
  {
    required_status_checks: Demand,
    required_pull_request_reviews: Demand,
    enforce_admins: Switch,
    restrictions: Type.Optional(
      Type.Union([
        Type.Null(),
        Type.Object({ users: Names, teams: Names, apps: Names }, { additionalProperties: false }),
      ]),
    ),
    required_linear_history: Switch,
    allow_force_pushes: Switch,
    allow_deletions: Switch,
    block_creations: Switch,
    required_conversation_resolution: Switch,
    lock_branch: Switch,
    allow_fork_syncing: Switch,
  },
  { additionalProperties: false },
);
type Asked = Static<typeof NEW>;

/** What can't be enforced here, and why. */
const UNKNOWN_HERE = {
  required_status_checks: 'status checks gate merges of pull requests, which this server has none of',
  required_pull_request_reviews: 'this server has no pull requests; to close a branch to pushes, set lock_branch',
  required_linear_history: 'histories are not looked at',
  required_conversation_resolution: 'this server has no pull requests',
} as const;

function rolesOf(asked: Asked): Readonly<Record<RefAct, ProtectionRole>> {
  for (const [field, why] of Object.entries(UNKNOWN_HERE)) {
    const value = asked[field as keyof typeof UNKNOWN_HERE];
    if (value !== undefined && value !== null && value !== false)
      throw problem('unprocessable', `${field} can't be enforced here: ${why}.`, field);
  }
  const { users = [], teams = [], apps = [] } = asked.restrictions ?? {};
  if (users.length + teams.length + apps.length > 0)
    throw problem(
      'unprocessable',
      "restrictions can't name people here: empty lists leave pushing to administrators, null to whoever may write.",
      'restrictions',
    );
  const few: ProtectionRole = asked.enforce_admins === true ? 'nobody' : 'admin';
  const pushers: ProtectionRole = asked.restrictions == null ? 'write' : 'admin';
  return {
    create: asked.block_creations === true ? few : 'write',
    update: asked.lock_branch === true ? few : pushers,
    force: asked.allow_force_pushes === true ? pushers : few,
    delete: asked.allow_deletions === true ? 'write' : few,
  };
}

/** The branch of a call, by its full name. @throws Malformed 404 when the repository has no such branch */
async function branchOf(call: Call<unknown, unknown>): Promise<string> {
  const name = `${BRANCHES}${parameter(call.params, 'branch')}`;
  const ref = refNameProblem(name) === null ? await findRef(call.ctx, call.permit, name) : null;
  if (ref === null) throw sayNo(404, 'Branch not found');
  return name;
}

/** `branch-protection` */
async function show(call: Call<unknown, unknown>, branch: string): Promise<object> {
  const roles = protectionFor(await readProtections(call.ctx, call.permit), branch);
  if (roles === null) throw sayNo(404, 'Branch not protected');
  const url = `${placeOf(call).url}/branches/${encodedPath(branch.slice(BRANCHES.length))}/protection`;
  const enabled = (is: boolean) => ({ enabled: is });
  const isLocked = roles.update === 'nobody';
  return {
    url,
    enforce_admins: { url: `${url}/enforce_admins`, enabled: Object.values(roles).includes('nobody') },
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    ...(roles.update === 'write' || isLocked
      ? {}
      : {
          restrictions: {
            url: `${url}/restrictions`,
            users_url: `${url}/restrictions/users`,
            teams_url: `${url}/restrictions/teams`,
            apps_url: `${url}/restrictions/apps`,
            users: [],
            teams: [],
            apps: [],
          },
        }),
    required_linear_history: enabled(false),
    allow_force_pushes: enabled(roles.force === roles.update && !isLocked),
    allow_deletions: enabled(roles.delete === 'write'),
    block_creations: enabled(roles.create !== 'write'),
    required_conversation_resolution: enabled(false),
    lock_branch: enabled(isLocked),
    allow_fork_syncing: enabled(false),
    /** Not GitHub's: the lowest role that may do each. */
    roles,
  };
}

export const BRANCH_PROTECTION_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: PATH,
    operationId: 'repos/get-branch-protection',
    summary: 'How all matching patterns together protect a branch.',
    handle: async (call) => ok(await show(call, await branchOf(call))),
  }),
  endpoint({
    method: 'PUT',
    path: PATH,
    operationId: 'repos/update-branch-protection',
    body: NEW,
    summary: 'Protects a branch from pushes, force pushes, deletion and creation.',
    handle: async (call) => {
      const branch = await branchOf(call);
      await protectRefs(call.ctx, call.permit, { pattern: branch, ...rolesOf(call.body) });
      return ok(await show(call, branch));
    },
  }),
  endpoint({
    method: 'DELETE',
    path: PATH,
    operationId: 'repos/delete-branch-protection',
    summary: 'Removes the protection of a branch. A wider pattern, if there is one, still protects it.',
    handle: async (call) => {
      await unprotectRefs(call.ctx, call.permit, await branchOf(call));
      return nothing();
    },
  }),
];
