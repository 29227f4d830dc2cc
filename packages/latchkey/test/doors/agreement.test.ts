/**
 * Random worlds. A token may never do more than it was granted, than its owner may do, and than the organization
 * allows; and Git, GitHub's and GitLab's API, forward authorization and the dry run give the same answer.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { organizationNamed, removeMember, setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { reviewRequests } from '../../src/actions/organizations/approvals.ts';
import { changePolicy } from '../../src/actions/organizations/policy-change.ts';
import { setTeamMember } from '../../src/actions/organizations/teams/members.ts';
import { setTeamRole } from '../../src/actions/organizations/teams/repositories.ts';
import { createTeam } from '../../src/actions/organizations/teams/tree.ts';
import { removeCollaborator } from '../../src/actions/repositories/repositories.ts';
import { onRepository, transferRepository } from '../../src/actions/repositories/transfers.ts';
import type { RepositoryRole } from '../../src/catalogue/roles.ts';
import type { TokenDraft } from '../../src/rules/draft.ts';
import { NO_POLICY } from '../../src/rules/policy.ts';
import { setPolicy, storedPolicy } from '../../src/store/policies.ts';
import { listRequests } from '../../src/store/requests.ts';
import { authorizeForOrganization } from '../../src/store/token-organizations.ts';
import { grant } from './github/api.ts';
import { type Running, startWorld } from './github/running.ts';

const OPERATOR = operatorPermit();
let world: Running;
beforeAll(async () => {
  world = await startWorld();
  await world.person('ada');
});
afterAll(() => world.close());

type Level = 'read' | 'write';
const LEVELS: readonly Level[] = ['read', 'write'];

interface Case {
  readonly visibility: 'public' | 'internal' | 'private';
  readonly membership: 'none' | 'member' | 'owner';
  readonly base: 'none' | 'read' | 'write';
  readonly collaborator: RepositoryRole | null;
  /** Of a team below the one with the role, or of that itself. */
  readonly team: { readonly role: RepositoryRole; readonly isBelow: boolean } | null;
  readonly kind: 'fine-grained' | 'classic';
  readonly contents: Level | null;
  readonly selection: 'all' | 'selected' | 'elsewhere';
  readonly scope: 'none' | 'public_repo' | 'repo';
  readonly allowed: boolean;
  readonly approval: 'not required' | 'pending' | 'approved' | 'denied';
  readonly sso: 'not required' | 'authorized' | 'not authorized';
  readonly capDays: 7 | 60;
  readonly lifeDays: 1 | 30;
  /** It went to somebody else, and came back: what selected it, and what teams had there, is gone. */
  readonly hasMoved: boolean;
}

const CASES: fc.Arbitrary<Case> = fc.record({
  visibility: fc.constantFrom('public', 'internal', 'private'),
  membership: fc.constantFrom('none', 'member', 'owner'),
  base: fc.constantFrom('none', 'read', 'write'),
  collaborator: fc.constantFrom(null, 'read', 'triage', 'write', 'maintain', 'admin'),
  team: fc.option(
    fc.record({
      role: fc.constantFrom<RepositoryRole>('read', 'triage', 'write', 'maintain', 'admin'),
      isBelow: fc.boolean(),
    }),
  ),
  kind: fc.constantFrom('fine-grained', 'fine-grained', 'classic'),
  contents: fc.constantFrom(null, 'read', 'write', 'write'),
  selection: fc.constantFrom('all', 'selected', 'elsewhere'),
  scope: fc.constantFrom('none', 'public_repo', 'repo'),
  allowed: fc.boolean(),
  approval: fc.constantFrom('not required', 'pending', 'approved', 'denied'),
  sso: fc.constantFrom('not required', 'not required', 'authorized', 'not authorized'),
  capDays: fc.constantFrom(7, 60),
  lifeDays: fc.constantFrom(1, 30),
  hasMoved: fc.constantFrom(false, false, true),
});

const reaches = (held: Level | null, wanted: Level): boolean => held === 'write' || held === wanted;

/** The first part: active grants of the token. */
function granted(one: Case, level: Level): boolean {
  if (one.kind === 'classic')
    return one.scope === 'repo' || (one.scope === 'public_repo' && one.visibility === 'public');
  const inForce = one.membership === 'owner' || one.approval === 'not required' || one.approval === 'approved';
  const isSelected = one.selection === 'all' || (one.selection === 'selected' && !one.hasMoved);
  return inForce && isSelected && reaches(one.contents, level);
}

/** The second part: the rights of its owner. */
function mayDo(one: Case, level: Level): boolean {
  const roles: (Level | null)[] = [
    one.membership === 'owner' ? 'write' : null,
    one.membership === 'member' && one.base !== 'none' ? one.base : null,
    one.collaborator === null ? null : ['write', 'maintain', 'admin'].includes(one.collaborator) ? 'write' : 'read',
    one.team === null || one.hasMoved || one.membership === 'none'
      ? null
      : ['write', 'maintain', 'admin'].includes(one.team.role)
        ? 'write'
        : 'read',
    one.visibility === 'private' ? null : 'read',
  ];
  return roles.some((role) => reaches(role, level));
}

/** The third part: what the organization allows. */
function allows(one: Case): boolean {
  // Outside collaborators are asked for no single sign-on.
  return one.allowed && one.lifeDays <= one.capDays && (one.sso !== 'not authorized' || one.membership === 'none');
}

let count = 0;

/** Builds the world of a case, makes the token while everything is open, then closes what the case closes. */
async function build(one: Case): Promise<{ fullName: string; secret: string }> {
  const ctx = world.server.context;
  const [login, organization] = [`user${++count}`, `org${count}`];
  await world.person(login);
  await world.organization(organization, 'ada', [login]);
  await world.repository(`${organization}/site`, one.visibility);
  await world.repository(`${organization}/other`, 'private');
  if (one.membership === 'owner') await setMember(ctx, OPERATOR, { organization, login, role: 'owner' });
  await world.collaborator(`${organization}/site`, login, one.collaborator ?? 'read');
  if (one.team !== null) await joinTeam(organization, login, one.team);
  await changePolicy(ctx, OPERATOR, organization, {
    requiresApproval: one.approval !== 'not required',
    basePermission: 'read',
  });
  const { secret, id } = await world.token(login, draftOf(one, organization));
  await decide(one, organization, id);
  const { id: ownerId } = await organizationNamed(ctx.store.db, organization);
  if (one.sso === 'authorized') await ctx.store.transaction((tx) => authorizeForOrganization(tx, id, ownerId, 1));
  if (one.collaborator === null) await removeCollaborator(ctx, OPERATOR, { owner: organization, name: 'site', login });
  if (one.membership === 'none') await removeMember(ctx, OPERATOR, { organization, login, keepsRoles: true });
  await changePolicy(ctx, OPERATOR, organization, {
    basePermission: one.base,
    allowed: { [one.kind]: one.allowed },
    maxLifetimeDays: { [one.kind]: one.capDays },
  });
  const policy = (await storedPolicy(ctx.store.db, ownerId)) ?? NO_POLICY;
  if (one.sso !== 'not required')
    await ctx.store.transaction((tx) =>
      setPolicy(tx, ownerId, { ...policy, requiresSso: true, ssoIssuer: 'https://id.example.org' }, 1),
    );
  if (one.hasMoved) await moveThereAndBack(organization);
  return { fullName: `${organization}/site`, secret };
}

async function moveThereAndBack(organization: string): Promise<void> {
  const ctx = world.server.context;
  for (const [owner, newOwner] of [
    [organization, 'ada'],
    ['ada', organization],
  ] as const)
    await transferRepository(ctx, await onRepository(ctx, OPERATOR, { owner, name: 'site' }), { newOwner });
}

async function joinTeam(organization: string, login: string, team: NonNullable<Case['team']>): Promise<void> {
  const ctx = world.server.context;
  await createTeam(ctx, OPERATOR, { organization, name: 'upper' });
  await createTeam(ctx, OPERATOR, { organization, name: 'lower', parent: 'upper' });
  const place = { organization, team: 'upper', owner: organization, name: 'site' };
  await setTeamRole(ctx, OPERATOR, place, team.role);
  const own = { organization, team: team.isBelow ? 'lower' : 'upper' };
  await setTeamMember(ctx, OPERATOR, own, { login, role: 'member' });
}

function draftOf(one: Case, owner: string): Partial<TokenDraft> {
  if (one.kind === 'classic')
    return { kind: 'classic', scopes: one.scope === 'none' ? [] : [one.scope], expiresInDays: one.lifeDays };
  const repositories = one.selection === 'all' ? [] : [one.selection === 'selected' ? 'site' : 'other'];
  return {
    expiresInDays: one.lifeDays,
    grants: [
      grant({
        owner,
        selection: one.selection === 'all' ? 'all' : 'selected',
        repositories,
        permissions: one.contents === null ? {} : { contents: one.contents },
      }),
    ],
  };
}

async function decide(one: Case, organization: string, tokenId: number): Promise<void> {
  const ctx = world.server.context;
  const [request] = await listRequests(ctx.store.db, { tokenId, state: 'pending' }, { beforeId: null, limit: 1 });
  if (request === undefined || one.approval === 'pending' || one.approval === 'not required') return;
  await reviewRequests(ctx, OPERATOR, {
    organization,
    requestIds: [request.id],
    action: one.approval === 'approved' ? 'approve' : 'deny',
    reason: null,
  });
}

/** True when the request was allowed, whatever the empty repository then answers. */
const isIn = (status: number): boolean => ![401, 403, 404].includes(status);

async function answersOf(fullName: string, secret: string, level: Level): Promise<Record<string, boolean>> {
  const git = await world.gitStatus(fullName, level === 'read' ? 'git-upload-pack' : 'git-receive-pack', secret);
  const github =
    level === 'read'
      ? await world.restStatus('GET', `/repos/${fullName}/commits`, secret)
      : await postRef(fullName, secret);
  const forward = await statusOf('/forward-auth', secret, {
    'X-Forwarded-Method': 'GET',
    'X-Forwarded-Uri': `/${fullName}.git/info/refs?service=git-${level === 'read' ? 'upload' : 'receive'}-pack`,
  });
  // Only reads: GitLab's answer to a change of an empty repository doesn't show what is allowed.
  const gitlab =
    level === 'read'
      ? { gitlab: isIn(await statusOf(`/api/v4/projects/${encodeURIComponent(fullName)}/repository/branches`, secret)) }
      : {};
  const graphql = await graphqlRefusals(
    secret,
    level === 'read'
      ? `{repository(owner:"${fullName.split('/')[0]}",name:"site"){refs(first:1,refPrefix:"refs/heads/"){totalCount}}}`
      : `mutation{createRef(input:{repositoryId:"${await nodeIdOf(fullName)}",name:"refs/heads/x",oid:"${ONES}"})
          {ref{id}}}`,
  );
  return {
    graphql: !graphql.some((type) => type !== 'UNPROCESSABLE'),
    git: isIn(git),
    github: isIn(github),
    forward: isIn(forward),
    dryRun: await dryRun(fullName, secret, level),
    ...gitlab,
  };
}

const ONES = '1'.repeat(40);

/** The types of a query's errors. */
async function graphqlRefusals(secret: string, query: string): Promise<readonly string[]> {
  const { errors = [], message } = await graphql(secret, query);
  return message === undefined ? errors.map(({ type }) => type) : [message];
}

interface GraphqlAnswer {
  /** What the whole request was refused with. */
  readonly message?: string;
  readonly errors?: readonly { readonly type: string }[];
  readonly data?: {
    readonly list?: { readonly repositories: { readonly nodes: readonly { readonly nameWithOwner: string }[] } } | null;
  } | null;
}

async function graphql(secret: string, query: string): Promise<GraphqlAnswer> {
  const response = await fetch(`${world.server.url}/api/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as GraphqlAnswer;
}

/** The id of a repository, which its opponents may have from before they lost it. */
async function nodeIdOf(fullName: string): Promise<string> {
  const [organization = ''] = fullName.split('/');
  const { id } = await organizationNamed(world.server.context.store.db, organization);
  const repository = await world.server.context.store.db
    .selectFrom('repositories')
    .select('id')
    .where('owner_id', '=', id)
    .where('name', '=', 'site')
    .executeTakeFirstOrThrow();
  return Buffer.from(`010:Repository${repository.id}`).toString('base64');
}

/** What a list has over REST; null where REST refuses it. */
async function listed(path: string, secret: string): Promise<readonly string[] | null> {
  const response = await fetch(world.api + path, { headers: { authorization: `Bearer ${secret}` } });
  const body: unknown = await response.json();
  return response.ok ? (body as { full_name: string }[]).map(({ full_name }) => full_name).toSorted() : null;
}

/** The same over GraphQL. */
async function queried(root: string, secret: string): Promise<readonly string[] | null> {
  const every = '[OWNER,COLLABORATOR,ORGANIZATION_MEMBER]';
  const args = `first:100,affiliations:${every},ownerAffiliations:${every}`;
  const { data } = await graphql(secret, `{list: ${root}{repositories(${args}){nodes{nameWithOwner}}}}`);
  const nodes = data?.list?.repositories.nodes;
  return nodes === undefined ? null : nodes.map(({ nameWithOwner }) => nameWithOwner).toSorted();
}

async function statusOf(path: string, secret: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(world.server.url + path, { headers: { authorization: `Bearer ${secret}`, ...headers } });
  await response.arrayBuffer();
  return response.status;
}

async function dryRun(repository: string, secret: string, level: Level): Promise<boolean> {
  const response = await fetch(`${world.api}/user/personal-access-tokens/current/check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ permission: 'contents', level, repository }),
  });
  return ((await response.json()) as { allowed: boolean }).allowed;
}

async function postRef(fullName: string, secret: string): Promise<number> {
  const response = await fetch(`${world.api}/repos/${fullName}/git/refs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ ref: 'refs/heads/x', sha: '1'.repeat(40) }),
  });
  await response.arrayBuffer();
  return response.status;
}

it('a token does what all three parts allow, nothing else, and the same through every door', async () => {
  const seen = { yes: 0, no: 0 };
  await fc.assert(
    fc.asyncProperty(CASES, async (one) => {
      const { fullName, secret } = await build(one);
      for (const level of LEVELS) {
        const isPublicRead = level === 'read' && one.visibility === 'public';
        const expected = isPublicRead || (granted(one, level) && mayDo(one, level) && allows(one));
        const answers = await answersOf(fullName, secret, level);
        expect({ level, ...answers }).toEqual({
          level,
          ...Object.fromEntries(Object.keys(answers).map((door) => [door, expected])),
        });
        seen[expected ? 'yes' : 'no']++;
      }
      const [organization = ''] = fullName.split('/');
      expect(await queried('viewer', secret)).toEqual(await listed('/user/repos?per_page=100', secret));
      expect(await queried(`organization(login:"${organization}")`, secret)).toEqual(
        await listed(`/orgs/${organization}/repos?per_page=100`, secret),
      );
    }),
    { numRuns: 80, interruptAfterTimeLimit: 60_000 },
  );
  expect(seen.yes).toBeGreaterThan(5);
  expect(seen.no).toBeGreaterThan(5);
}, 120_000);
