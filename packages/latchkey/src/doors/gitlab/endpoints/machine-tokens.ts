/**
 * Project, group and deploy tokens, as views of machine accounts. Source: GitLab docs "Project access tokens API",
 * "Group access tokens API", "Deploy tokens API".
 */
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  type GitlabPlace,
  type GitlabTokenView,
  listGitlabTokens,
  makeGitlabToken,
  readGitlabToken,
  removeGitlabToken,
  renewGitlabToken,
} from '../../../actions/organizations/gitlab-tokens.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import type { Secret } from '../../../base/secret.ts';
import type { UnixSeconds } from '../../../base/time.ts';
import { higherRole, type RepositoryRole } from '../../../catalogue/roles.ts';
import { isOver } from '../../../rules/token-state.ts';
import { type Call, type Endpoint, endpoint, NOTHING, ok, type Reply } from '../endpoint.ts';
import { presentAccessToken, presentDeployToken } from '../present/machine-tokens.ts';
import { ACCESS_LEVELS } from '../present/projects.ts';
import { Answer, badParams, notFound } from '../refuse.ts';

/** GitLab's levels, and the role that each is here: minimal access, guest and planner read. */
const ROLES: Readonly<Record<string, RepositoryRole>> = {
  5: 'read',
  10: 'read',
  15: 'read',
  20: 'read',
  25: 'read',
  30: 'write',
  40: 'maintain',
  50: 'admin',
};
const DEFAULT_LEVEL = 40;

const NEW_TOKEN = {
  name: { type: 'string', required: true },
  description: { type: 'string' },
  scopes: { type: 'strings', required: true },
  access_level: { type: 'integer' },
  expires_at: { type: 'date' },
} as const;
const EXPIRY = { expires_at: { type: 'date' } } as const;
const STATE = { state: { type: 'string', values: ['active', 'inactive'] }, search: { type: 'string' } } as const;

/** What making machine accounts needs of their owner. */
const SETS = {
  organization: {
    read: { organization_personal_access_tokens: 'read' },
    write: { members: 'write', organization_personal_access_tokens: 'write' },
  },
  user: { read: { personal_access_tokens: 'read' }, write: { personal_access_tokens: 'write' } },
} as const;

/** The machines of the project's owner. @throws Answer when the caller may not manage them */
function ofProject(madeFor: 'project' | 'deploy', { permit }: Call<unknown>, writes: boolean): GitlabPlace {
  const { owner } = targetRepository(permit);
  const isOther = owner.kind === 'user' && owner.id !== permit.actor.userId;
  const kind = owner.kind === 'organization' ? 'organization' : 'account';
  const need = { sets: [SETS[owner.kind][writes ? 'write' : 'read']], publicRead: false, writes };
  const machines = isOther ? null : permit.on({ kind, owner, fullName: owner.login }, need);
  if (machines === null)
    throw new Answer({
      status: 403,
      body: {
        message: '403 Forbidden',
        detail: `Tokens of a project are machine accounts: those who own ${owner.login} make and see them.`,
      },
    });
  return { madeFor, owner: machines, project: permit };
}

function ofGroup({ permit }: Call<unknown>): GitlabPlace {
  return { madeFor: 'group', owner: permit, project: null };
}

function idIn({ path }: Call<unknown>): number {
  const { token_id: id = '' } = path;
  if (!/^\d{1,15}$/.test(id)) throw notFound('Token');
  return Number(id);
}

function levelIn(number: number): { readonly number: number; readonly role: RepositoryRole } {
  const role = ROLES[String(number)];
  if (role === undefined) throw badParams(['access_level does not have a valid value']);
  return { number, role };
}

/** A machine that is a member has the base permission everywhere, and no more. @throws Answer */
function groupLevel({ target }: Permit, wanted: number | undefined) {
  const base = target.kind === 'organization' ? (target.owner?.policy.basePermission ?? 'none') : 'none';
  const most = base === 'none' ? 0 : ACCESS_LEVELS[base];
  const level = levelIn(wanted ?? (most === 0 ? 10 : most));
  if (base === 'none' || higherRole(base, level.role) !== base)
    throw new Answer({
      status: 400,
      body: {
        message: {
          access_level: [
            `The group's members have ${most} in its projects, its base permission, and so would the token. Ask for ` +
              `at most that, make a token of a project, or raise the base permission.`,
          ],
        },
      },
    });
  return level;
}

function shown(
  present: (view: GitlabTokenView) => object,
  view: GitlabTokenView,
  secret: Secret,
  status: number,
): Reply {
  return {
    status,
    body: { ...present(view), token: secret.reveal() },
    headers: { 'Cache-Control': 'no-store' },
  };
}

/** A token that isn't there is 404, here as on GitLab. */
const listed = (
  views: readonly GitlabTokenView[],
  { page }: Call<unknown>,
  present: (view: GitlabTokenView) => object,
) => ({
  status: 200,
  body: views.slice(page.offset, page.offset + page.perPage).map(present),
  total: views.length,
});

function accessTokens(path: string, placeOf: (call: Call<unknown>, writes: boolean) => GitlabPlace): Endpoint[] {
  return [
    endpoint('GET', path, {
      params: STATE,
      paged: true,
      handle: async (call) => {
        const { state, search } = call.params;
        const views = (await listGitlabTokens(call.ctx, placeOf(call, false))).filter(
          ({ token }) =>
            (state === undefined || isOver(token.state) === (state === 'inactive')) &&
            (search === undefined || token.name.toLowerCase().includes(search.toLowerCase())),
        );
        return listed(views, call, presentAccessToken);
      },
    }),
    endpoint('POST', path, {
      params: NEW_TOKEN,
      handle: async (call) => {
        const { ctx, params } = call;
        const place = placeOf(call, true);
        const level =
          place.project === null
            ? groupLevel(place.owner, params.access_level)
            : levelIn(params.access_level ?? DEFAULT_LEVEL);
        const { made, view } = await makeGitlabToken(ctx, place, {
          name: params.name,
          description: params.description ?? '',
          scopes: params.scopes,
          level,
          expiresAt: params.expires_at,
        });
        return shown(presentAccessToken, view, made.secret, 201);
      },
    }),
    endpoint('GET', `${path}/{token_id}`, {
      handle: async (call) => ok(presentAccessToken(await readGitlabToken(call.ctx, placeOf(call, false), idIn(call)))),
    }),
    endpoint('POST', `${path}/{token_id}/rotate`, {
      params: EXPIRY,
      handle: async (call) => {
        const expiry: { expiresAt?: UnixSeconds | undefined } = { expiresAt: call.params.expires_at };
        const { made, view } = await renewGitlabToken(call.ctx, placeOf(call, true), idIn(call), expiry);
        return shown(presentAccessToken, view, made.secret, 200);
      },
    }),
    endpoint('DELETE', `${path}/{token_id}`, {
      handle: async (call) => {
        await removeGitlabToken(call.ctx, placeOf(call, true), idIn(call));
        return NOTHING;
      },
    }),
  ];
}

const DEPLOY = '/projects/{id}/deploy_tokens';

const DEPLOY_TOKENS: readonly Endpoint[] = [
  endpoint('GET', DEPLOY, {
    params: { active: { type: 'boolean' } },
    paged: true,
    handle: async (call) => {
      const views = await listGitlabTokens(call.ctx, ofProject('deploy', call, false));
      const { active } = call.params;
      const wanted = views.filter(({ token }) => active === undefined || isOver(token.state) !== active);
      return listed(wanted, call, presentDeployToken);
    },
  }),
  endpoint('POST', DEPLOY, {
    params: {
      name: { type: 'string', required: true },
      username: { type: 'string' },
      scopes: { type: 'strings', required: true },
      expires_at: { type: 'datetime' },
    },
    handle: async (call) => {
      const { params } = call;
      if (params.username !== undefined && params.username !== '')
        throw badParams(['username is that of the machine account that is made: leave it out']);
      const { made, view } = await makeGitlabToken(call.ctx, ofProject('deploy', call, true), {
        name: params.name,
        description: '',
        scopes: params.scopes,
        level: null,
        ...(params.expires_at === undefined ? { expiresInDays: null } : { expiresAt: params.expires_at }),
      });
      return shown(presentDeployToken, view, made.secret, 201);
    },
  }),
  endpoint('GET', `${DEPLOY}/{token_id}`, {
    handle: async (call) =>
      ok(presentDeployToken(await readGitlabToken(call.ctx, ofProject('deploy', call, false), idIn(call)))),
  }),
  endpoint('DELETE', `${DEPLOY}/{token_id}`, {
    handle: async (call) => {
      await removeGitlabToken(call.ctx, ofProject('deploy', call, true), idIn(call));
      return NOTHING;
    },
  }),
];

export const MACHINE_TOKEN_ENDPOINTS: readonly Endpoint[] = [
  ...accessTokens('/projects/{id}/access_tokens', (call, writes) => ofProject('project', call, writes)),
  ...accessTokens('/groups/{id}/access_tokens', (call) => ofGroup(call)),
  ...DEPLOY_TOKENS,
];
