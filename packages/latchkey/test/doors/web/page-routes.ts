/**
 * Every address of the pages, with values for its parameters: the table by which tests prove that they left out no
 * page.
 *
 * Invariant: a route that the door registers and this table lacks, or the other way round, fails every test that uses
 * the table.
 */
import { generateKeyPairSync } from 'node:crypto';
import Fastify from 'fastify';
import { expect } from 'vitest';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addIssuer } from '../../../src/actions/federation/issuers.ts';
import { addRule, type NewRuleDraft } from '../../../src/actions/federation/rules.ts';
import type { Context } from '../../../src/actions/ground/context.ts';
import { mintSecret } from '../../../src/actions/ground/one-time-secrets.ts';
import { beginAnew } from '../../../src/actions/instance/restoration.ts';
import { machineOwner, makeMachine } from '../../../src/actions/organizations/machines.ts';
import { setTeamMember } from '../../../src/actions/organizations/teams/members.ts';
import { setTeamRole } from '../../../src/actions/organizations/teams/repositories.ts';
import { createTeam } from '../../../src/actions/organizations/teams/tree.ts';
import type { AskedLook } from '../../../src/actions/repositories/approvals/asking.ts';
import { createRuleset } from '../../../src/actions/repositories/refs/rulesets.ts';
import { onRepository } from '../../../src/actions/repositories/transfers.ts';
import { beginDeviceAuthorization } from '../../../src/actions/tokens/device-authorization.ts';
import { type CreatedToken, createToken } from '../../../src/actions/tokens/tokens.ts';
import { webDoor } from '../../../src/doors/web/plugin.ts';
import type { TokenKind } from '../../../src/rules/model.ts';
import { newestAuditId } from '../../../src/store/audit.ts';
import type { Query } from '../../../src/store/db.ts';
import { insertLink, type LinkPurpose } from '../../../src/store/one-time-links.ts';
import { approvalsFor, insertApproval, turnApproval } from '../../../src/store/push-approvals.ts';
import { setRulesets } from '../../../src/store/rulesets.ts';
import { endDelivery, insertDelivery } from '../../../src/store/webhook-deliveries.ts';
import { insertWebhook } from '../../../src/store/webhooks.ts';
import { deriveFrom } from '../../actions/derive.ts';
import { furnishApplications, OWN_CLIENT_ID } from '../oauth/furnished-applications.ts';

/**
 * The values of parameters in a world with the organization octo, its repository octo/site, and an administrator who
 * owns both.
 */
export interface Places {
  readonly tokens: Readonly<Record<TokenKind, number>>;
  readonly mail: number;
  readonly hook: number;
  /** Of machine accounts, by what they belong to: one of a rule, and another. */
  readonly machineTokens: Readonly<Record<'octo' | 'own', readonly number[]>>;
  /** Rules for workloads of the same machine accounts. */
  readonly rules: Readonly<Record<'octo' | 'own', readonly number[]>>;
  /** An application of the owner, and one of the instance. */
  readonly applications: Readonly<Record<'own' | 'instance' | 'registered', number>>;
  /** Pushes that wait for approval, and that were answered. */
  readonly approvals: readonly number[];
  readonly links: Readonly<Record<'invitation' | 'verification' | 'password' | 'alarm' | 'demo', string>>;
  /** Of a device that is waiting. */
  readonly userCode: string;
}

const RULE: NewRuleDraft = {
  issuer: 'github',
  conditions: [
    { claim: 'repository_id', values: ['74'] },
    { claim: 'workflow_ref', values: ['octo-org/octo-repo/.github/workflows/deploys-everything-there-is.yml@*'] },
  ],
  token: {
    name: 'deploys-everything-there-is-by-rule',
    description: '',
    grants: [
      { owner: '', selection: 'all', repositories: [], permissions: { contents: 'write' }, justification: null },
    ],
  },
};

/**
 * Who looks: the administrator, an anonymous visitor, one on the server's own machine, somebody whose second factor is
 * missing, or the first person of an empty instance, whose address contains the set-up link.
 */
type Looker = 'administrator' | 'nobody' | 'here' | 'half' | 'first';

export interface Page {
  readonly as: Looker;
  readonly at: (places: Places) => readonly string[];
}
/** Not a page: it redirects (303), or is downloaded as a file. */
export interface NoPage {
  readonly as: Looker;
  readonly is: 'redirect' | 'download';
  readonly at: (places: Places) => readonly string[];
}

const page = (...paths: string[]): Page => ({ as: 'administrator', at: () => paths });
const forNobody = (...paths: string[]): Page => ({ as: 'nobody', at: () => paths });
const made = (at: (places: Places) => string | string[]): Page => ({
  as: 'administrator',
  at: (places) => [at(places)].flat(),
});
const ofToken = (kind: TokenKind, list: string, below = ''): Page =>
  made(({ tokens }) => `${list}/${tokens[kind]}${below}`);
const redirect = (...paths: string[]): NoPage => ({ as: 'administrator', is: 'redirect', at: () => paths });
const download = (...paths: string[]): NoPage => ({ as: 'administrator', is: 'download', at: () => paths });

const FINE = '/settings/personal-access-tokens';
const CLASSIC = '/settings/tokens';
const SCOPED = '/-/user_settings/personal_access_tokens';
const ORG = '/organizations/octo/settings';
const WISH = new URLSearchParams({
  client_id: 'latchkey-cli',
  response_type: 'code',
  redirect_uri: 'http://127.0.0.1:5555/',
  code_challenge: 'A'.repeat(43),
  code_challenge_method: 'S256',
  scope: 'contents:write metadata:read',
  ref_rules: 'main: none;agent/**',
});

/** What an application asks for: little, with answers on the machine; and all, with answers elsewhere. */
const APPLICATION_WISHES = [
  { scope: 'contents:read metadata:read', redirect_uri: 'http://127.0.0.1:5555/callback' },
  { scope: 'repo read:org gist', redirect_uri: 'https://charts.example.org/callback' },
].map(
  (wish) =>
    `/login/oauth/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: OWN_CLIENT_ID,
      code_challenge: 'A'.repeat(43),
      code_challenge_method: 'S256',
      ...wish,
    })}`,
);

/** By the pattern of the route. A page with a search is opened with a match, and without one. */
export const PAGE_ROUTES: Readonly<Record<string, Page | NoPage>> = {
  '/settings/organizations': page('/settings/organizations'),
  '/settings/all-tokens': page(...searches('/settings/all-tokens')),
  '/login': forNobody('/login', '/login?notice=session-ended'),
  '/login/two-factor': { as: 'half', at: () => ['/login/two-factor'] },
  '/logout': page('/logout'),
  '/setup/:link': { as: 'first', at: () => [] },
  '/demo/:link': { as: 'here', at: ({ links }) => [`/demo/${links.demo}`] },
  '/signup': forNobody('/signup'),
  '/signup/:link': { as: 'nobody', at: ({ links }) => [`/signup/${links.invitation}`] },
  '/password_reset': forNobody('/password_reset'),
  '/password_reset/:link': { as: 'nobody', at: ({ links }) => [`/password_reset/${links.password}`] },
  '/verify/:link': made(({ links }) => `/verify/${links.verification}`),
  '/not-me/:link': { as: 'nobody', at: ({ links }) => [`/not-me/${links.alarm}`] },
  '/locked': forNobody('/locked', '/locked?ask=administrator'),
  '/help': forNobody('/help'),
  '/download': forNobody('/download'),
  '/help/:topic': forNobody('/help/token_expired', '/help/ssh_remote'),
  '/sudo': page('/sudo'),
  '/login/oauth/authorize': page(`/login/oauth/authorize?${WISH}`, ...APPLICATION_WISHES),
  '/login/device': made(({ userCode }) => ['/login/device', `/login/device?user_code=${userCode}`]),
  '/device': redirect('/device'),

  '/': page('/'),
  '/:owner': page('/octo', '/ada'),
  '/new': page('/new'),
  '/:owner/:repo': page('/octo/site'),
  '/:owner/:repo/settings': page('/octo/site/settings'),
  '/:owner/:repo/settings/hooks/:id': made(({ hook }) => `/octo/site/settings/hooks/${hook}`),

  '/settings': redirect('/settings'),
  '/-/profile': redirect('/-/profile'),
  '/settings/profile': page('/settings/profile'),
  '/settings/account': page('/settings/account'),
  '/settings/account/data': download('/settings/account/data'),
  '/-/user_settings/profile': page('/-/user_settings/profile'),
  '/settings/appearance': page('/settings/appearance'),
  '/settings/emails': page('/settings/emails'),
  '/settings/security': page('/settings/security'),
  '/.well-known/change-password': redirect('/.well-known/change-password'),
  '/settings/security/identities': page('/settings/security/identities'),
  '/login/sso/:provider/callback': { as: 'nobody', is: 'redirect', at: () => ['/login/sso/work/callback'] },
  '/settings/security/passkeys': page('/settings/security/passkeys'),
  '/settings/keys': page('/settings/keys'),
  '/settings/security/password': page('/settings/security/password'),
  '/settings/security/two-factor': page('/settings/security/two-factor'),
  '/settings/security/recovery-codes': page('/settings/security/recovery-codes'),
  '/settings/unlock': page('/settings/unlock'),
  '/settings/sessions': page('/settings/sessions'),
  // With a service: `test/doors/forward/sign-in.test.ts`.
  '/sessions/service': page('/sessions/service'),
  '/sessions/service/refused': page('/sessions/service/refused'),
  '/sessions/service/signed-out': page('/sessions/service/signed-out'),
  '/settings/security-log': page('/settings/security-log'),
  '/settings/security-log.jsonl': download('/settings/security-log.jsonl'),

  '/settings/developers': redirect('/settings/developers'),
  [FINE]: page(FINE),
  [`${FINE}/new`]: page(
    `${FINE}/new`,
    `${FINE}/new?contents=write&issues=read&target_name=octo&selection=selected&repository_search=o`,
  ),
  [`${FINE}/:id`]: ofToken('fine-grained', FINE),
  [`${FINE}/:id/edit`]: ofToken('fine-grained', FINE, '/edit'),
  [`${FINE}/:id/renew`]: ofToken('fine-grained', FINE, '/renew'),
  [`${FINE}/:id/created`]: ofToken('fine-grained', FINE, '/created'),
  [`${FINE}/:id/created/live`]: { ...ofToken('fine-grained', FINE, '/created/live'), is: 'download' },
  [`${FINE}/:id/delete`]: ofToken('fine-grained', FINE, '/delete'),
  [`${FINE}/:id/endpoints`]: ofToken('fine-grained', FINE, '/endpoints'),
  [CLASSIC]: page(CLASSIC),
  [`${CLASSIC}/new`]: page(`${CLASSIC}/new`),
  [`${CLASSIC}/:id`]: ofToken('classic', CLASSIC),
  [`${CLASSIC}/:id/edit`]: ofToken('classic', CLASSIC, '/edit'),
  [`${CLASSIC}/:id/renew`]: ofToken('classic', CLASSIC, '/renew'),
  [`${CLASSIC}/:id/created`]: ofToken('classic', CLASSIC, '/created'),
  [`${CLASSIC}/:id/created/live`]: { ...ofToken('classic', CLASSIC, '/created/live'), is: 'download' },
  [`${CLASSIC}/:id/delete`]: ofToken('classic', CLASSIC, '/delete'),
  [SCOPED]: page(SCOPED),
  [`${SCOPED}/:id`]: ofToken('scoped', SCOPED),
  [`${SCOPED}/:id/edit`]: ofToken('scoped', SCOPED, '/edit'),
  [`${SCOPED}/:id/renew`]: ofToken('scoped', SCOPED, '/renew'),
  [`${SCOPED}/:id/created`]: ofToken('scoped', SCOPED, '/created'),
  [`${SCOPED}/:id/created/live`]: { ...ofToken('scoped', SCOPED, '/created/live'), is: 'download' },
  [`${SCOPED}/:id/delete`]: ofToken('scoped', SCOPED, '/delete'),
  '/-/profile/personal_access_tokens': redirect('/-/profile/personal_access_tokens'),
  '/settings/token-health': page('/settings/token-health'),
  '/settings/token-check': page(
    '/settings/token-check?ask=git&git=push&repository=octo%2Fsite&ref=main',
    '/settings/token-check?url=https%3A%2F%2Fgit.example.org%2Focto%2Fsite.git%2FHEAD',
    '/settings/token-check?ask=permission&permission=administration&level=write&on=octo%2Fsite',
    '/settings/token-check',
  ),
  '/settings/token-health.ics': download('/settings/token-health.ics'),

  '/organizations/:org/settings/': redirect(`${ORG}/`),
  '/organizations/:org/settings/people': page(`${ORG}/people`),
  '/organizations/:org/settings/teams': page(`${ORG}/teams`),
  '/organizations/:org/settings/teams/:team': page(`${ORG}/teams/site-reliability`),
  '/organizations/:org/settings/repository-defaults': page(`${ORG}/repository-defaults`),
  '/organizations/:org/settings/personal-access-tokens/export': download(
    `${ORG}/personal-access-tokens/export?format=csv`,
    `${ORG}/personal-access-tokens/export?format=json`,
  ),
  '/organizations/:org/settings/groups': page(`${ORG}/groups`),
  '/organizations/:org/settings/name': page(`${ORG}/name`),
  '/organizations/:org/settings/single-sign-on': page(`${ORG}/single-sign-on`),
  '/orgs/:org/sso': page('/orgs/octo/sso'),
  '/organizations/:org/settings/machines': page(`${ORG}/machines`),
  '/organizations/:org/settings/machines/:machine': page(`${ORG}/machines/octo-deploys-everything-there-is`),
  '/organizations/:org/settings/machines/:machine/tokens/:id': made(({ machineTokens }) =>
    machineTokens.octo.map((id) => `${ORG}/machines/octo-deploys-everything-there-is/tokens/${id}`),
  ),
  '/settings/machines/:machine/tokens/:id': made(({ machineTokens }) =>
    machineTokens.own.map((id) => `/settings/machines/ada-bot/tokens/${id}`),
  ),
  '/settings/push-approvals': page('/settings/push-approvals'),
  '/settings/push-approvals/:id': made(({ approvals }) => approvals.map((id) => `/settings/push-approvals/${id}`)),
  '/settings/machines': page('/settings/machines'),
  '/settings/machines/:machine': page('/settings/machines/ada-bot'),
  '/organizations/:org/settings/machines/:machine/workload-rules': page(
    `${ORG}/machines/octo-deploys-everything-there-is/workload-rules`,
  ),
  '/settings/machines/:machine/workload-rules': page('/settings/machines/ada-bot/workload-rules'),
  '/organizations/:org/settings/machines/:machine/workload-rules/:id': made(({ rules }) =>
    rules.octo.map((id) => `${ORG}/machines/octo-deploys-everything-there-is/workload-rules/${id}`),
  ),
  '/settings/machines/:machine/workload-rules/:id': made(({ rules }) =>
    rules.own.map((id) => `/settings/machines/ada-bot/workload-rules/${id}`),
  ),
  '/settings/applications': page('/settings/applications'),
  '/settings/applications/:id': made(({ applications }) => `/settings/applications/${applications.own}`),
  '/instance/applications': page('/instance/applications'),
  '/instance/applications/:id': made(({ applications: { registered, instance } }) =>
    [registered, instance].map((id) => `/instance/applications/${id}`),
  ),
  '/instance/workload-issuers': page('/instance/workload-issuers'),
  '/instance/provisioning': page('/instance/provisioning'),
  '/organizations/:org/settings/personal-access-token-policy': page(`${ORG}/personal-access-token-policy`),
  '/organizations/:org/settings/personal-access-token-requests': page(
    ...searches(`${ORG}/personal-access-token-requests`),
  ),
  '/organizations/:org/settings/personal-access-tokens': page(...searches(`${ORG}/personal-access-tokens`)),
  '/organizations/:org/settings/rulesets': page(`${ORG}/rulesets`),
  '/organizations/:org/settings/audit-log': page(...logSearches(`${ORG}/audit-log`)),
  '/organizations/:org/settings/audit-log.jsonl': download(`${ORG}/audit-log.jsonl`),

  '/instance': redirect('/instance'),
  '/instance/people': page('/instance/people'),
  '/instance/people/:login/name': page('/instance/people/hal/name'),
  '/instance/people/:login/delete': page('/instance/people/hal/delete', '/instance/people/ada/delete'),
  '/instance/invitations': page('/instance/invitations'),
  '/instance/policy': page('/instance/policy'),
  '/instance/tokens': page('/instance/tokens', '/instance/tokens?owner=ada'),
  '/instance/audit-log': page(...logSearches('/instance/audit-log')),
  '/instance/audit-log.jsonl': download('/instance/audit-log.jsonl'),
  '/instance/mail': page('/instance/mail'),
  '/instance/mail/:id': made(({ mail }) => `/instance/mail/${mail}`),
  '/instance/health': page('/instance/health'),
  '/instance/restoration': page('/instance/restoration'),
};

function searches(path: string): string[] {
  return ['', '?owner=ada', '?repository=site', '?permission=contents_write', '?permission=codespaces_read'].map(
    (query) => path + query,
  );
}

function logSearches(path: string): string[] {
  return [
    '',
    '?action=org',
    '?action=repo.destroy',
    '?actor=ada',
    '?actor=ada&action=repo.destroy',
    '?phrase=-actor:ada+operation:create',
  ].map((query) => path + query);
}

/**
 * The door's current routes: `GET` for pages, `POST` for forms. Routes for the style, the script and the icon are left
 * out, and so are the client's files, which may be missing.
 */
export async function webRoutes(ctx: Context): Promise<Readonly<Record<'GET' | 'POST', readonly string[]>>> {
  const fastify = Fastify({ logger: false });
  const found = { GET: new Set<string>(), POST: new Set<string>() };
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const [name, urls] of Object.entries(found))
      if ([method].flat().includes(name) && !/^\/(?:assets|download)\//.test(url)) urls.add(url);
  });
  await fastify.register(webDoor(ctx, new AbortController().signal));
  await fastify.close();
  return { GET: [...found.GET].sort(), POST: [...found.POST].sort() };
}

/** Fails unless the table has exactly the routes of the door. */
export async function expectEveryRoute(ctx: Context): Promise<void> {
  expect(Object.keys(PAGE_ROUTES).sort(), 'add the page to test/doors/web/page-routes.ts').toEqual(
    (await webRoutes(ctx)).GET,
  );
}

/** A team of octo below another one, with a member and a role in octo/site. */
export async function furnishTeams(ctx: Context, login: string): Promise<void> {
  await createTeam(ctx, operatorPermit(), { organization: 'octo', name: 'Engineering' });
  const draft = { name: 'Site reliability', description: 'Keeps the site up', parent: 'engineering' };
  const { slug } = await createTeam(ctx, operatorPermit(), { organization: 'octo', ...draft });
  const team = { organization: 'octo', team: slug };
  await setTeamMember(ctx, operatorPermit(), team, { login, role: 'maintainer' });
  await setTeamRole(ctx, operatorPermit(), { ...team, owner: 'octo', name: 'site' }, 'write');
}

/** A machine account of octo and one of the owner's own, each with a rule for workloads. */
export async function furnishMachines(ctx: Context, owner: string): Promise<void> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
  await addIssuer(ctx, operatorPermit(), { preset: 'github', jwks });
  for (const [login, whose] of [
    ['octo-deploys-everything-there-is', 'octo'],
    ['ada-bot', owner],
  ] as const) {
    const account = await machineOwner(ctx, operatorPermit(), whose);
    const machine = await makeMachine(ctx, operatorPermit(), account, { login, purpose: 'deploys the site' });
    await addRule(ctx, operatorPermit(), { owner: account, machine }, RULE);
  }
}

/** One of octo and one of octo/site, with as much in each as fits on its line. */
async function furnishRulesets(ctx: Context): Promise<void> {
  const draft = {
    name: 'Releases and whatever else must never be rewritten',
    target: 'branch',
    enforcement: 'active',
    refs: { include: ['~DEFAULT_BRANCH', 'release/**/*'], exclude: ['release/tmp/*'] },
    rules: ['deletion', 'non_fast_forward'],
    bypass: ['admin', 'organization_owner'],
  } as const;
  const repository = await onRepository(ctx, operatorPermit(), { owner: 'octo', name: 'site' });
  await createRuleset(ctx, repository, { ...draft, name: 'Tags', target: 'tag', refs: ALL, repositories: null });
  const { db } = ctx.store;
  const { id } = await db.selectFrom('accounts').select('id').where('login', '=', 'octo').executeTakeFirstOrThrow();
  const made = { ...draft, id: 1, repositories: ALL, createdAt: 0, updatedAt: 0 };
  await ctx.store.transaction((tx) => setRulesets(tx, { kind: 'account', id }, [made]));
}

const ALL = { include: ['~ALL'], exclude: [] } as const;

/**
 * Gives the owner a token of each kind, and two in doubt after a restore; and octo/site a webhook with deliveries that
 * were answered, refused and not answered. Ends every session.
 */
export async function furnish(ctx: Context, owner: string): Promise<void> {
  const draft = { userLogin: owner, description: 'What it is for', scopes: [] as string[], grants: [] };
  const grant = {
    owner: '',
    selection: 'all' as const,
    repositories: [],
    permissions: { contents: 'write' },
    justification: null,
  };
  await leaveInDoubt(ctx, [
    await createToken(ctx, operatorPermit(), { ...draft, kind: 'classic', name: 'of a backup', scopes: ['repo'] }),
    await createToken(ctx, operatorPermit(), {
      ...draft,
      kind: 'fine-grained',
      name: 'nightly-mirror-of-everything-there-is',
      grants: [grant],
    }),
  ]);
  const one = await createToken(ctx, operatorPermit(), {
    ...draft,
    kind: 'fine-grained',
    name: 'one',
    grants: [grant],
  });
  await furnishMachines(ctx, owner);
  await furnishTeams(ctx, owner);
  await furnishApplications(ctx, { id: await accountId(ctx, owner), tokenId: one.token.id });
  await createToken(ctx, operatorPermit(), {
    ...draft,
    userLogin: 'octo-deploys-everything-there-is',
    kind: 'fine-grained',
    name: 'nightly',
    grants: [{ ...grant, owner: 'octo' }],
  });
  const child = await deriveFrom(ctx, one.secret, { agent: 'claude-code/2.1', session: 's-1', expiresInSec: 600 });
  await deriveFrom(ctx, child.secret, { permissions: { contents: 'read' }, refRules: [{ pattern: 'agent/**' }] });
  await createToken(ctx, operatorPermit(), { ...draft, kind: 'classic', name: 'two', scopes: ['repo'] });
  await createToken(ctx, operatorPermit(), { ...draft, kind: 'scoped', name: 'three', scopes: ['api'] });
  const { db } = ctx.store;
  const { id: repositoryId } = await db
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', 'site')
    .executeTakeFirstOrThrow();
  const at = ctx.clock.now();
  for (const state of ['approved', 'waiting'] as const)
    await leaveAsked(ctx, { tokenId: one.token.id, repositoryId }, state);
  await furnishRulesets(ctx);
  const hook = await insertWebhook(
    db,
    repositoryId,
    {
      config: { url: 'https://ci.example.org/hook', contentType: 'json', secret: null, insecureSsl: false },
      events: ['push'],
      active: true,
    },
    at,
  );
  for (const [statusCode, status] of [
    [200, 'OK'],
    [500, 'Internal Server Error'],
    [0, 'no answer within 10 seconds'],
  ] as const) {
    const id = await insertDelivery(db, {
      webhookId: hook.id,
      guid: `guid-${statusCode}`,
      event: 'push',
      action: null,
      redelivery: false,
      payload: { ref: 'refs/heads/main' },
      at,
    });
    await endDelivery(db, id, {
      deliveredAt: at,
      durationMs: 12,
      status,
      statusCode,
      requestHeaders: {},
      responseHeaders: {},
      responseBody: '',
    });
  }
}

/**
 * Finds or makes the values of the parameters. `owner` is the administrator; the person `hal` gets a second factor, and
 * a link for another password.
 */
export async function placesIn(ctx: Context, owner: string): Promise<Places> {
  const { db } = ctx.store;
  const user = await db.selectFrom('accounts').select('id').where('login', '=', owner).executeTakeFirstOrThrow();
  const email = await db
    .selectFrom('emails')
    .select(['address', 'user_id'])
    .where('user_id', '=', user.id)
    .executeTakeFirstOrThrow();
  const hal = await db
    .updateTable('accounts')
    .set({ two_factor_at: ctx.clock.now() })
    .where('login', '=', 'hal')
    .returning('id')
    .executeTakeFirstOrThrow();
  const newest = async (kind: TokenKind): Promise<number> =>
    (
      await db
        .selectFrom('tokens')
        .select('id')
        .where('user_id', '=', user.id)
        .where('kind', '=', kind)
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow()
    ).id;
  const link = async (purpose: LinkPurpose): Promise<string> => {
    const secret = mintSecret();
    const [userId, address] =
      purpose === 'invitation'
        ? [null, 'new@example.org']
        : ['password', 'alarm', 'demo'].includes(purpose)
          ? [hal.id, null]
          : [user.id, email.address];
    await insertLink(db, {
      digest: secret.digest(),
      purpose,
      userId,
      address,
      createdAt: ctx.clock.now(),
      endsAt: ctx.clock.now() + 3600,
    });
    return secret.reveal();
  };
  const device = await beginDeviceAuthorization(
    ctx,
    { permissions: [{ permission: 'contents', level: 'write' }], owners: null, expiresInDays: 90, name: 'a device' },
    '192.0.2.9',
  );
  return {
    tokens: {
      'fine-grained': await newest('fine-grained'),
      classic: await newest('classic'),
      scoped: await newest('scoped'),
    },
    mail: (await db.selectFrom('outbox').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow()).id,
    hook: (await db.selectFrom('webhooks').select('id').orderBy('id').executeTakeFirstOrThrow()).id,
    machineTokens: {
      octo: await tokensOfMachine(db, 'octo-deploys-everything-there-is'),
      own: await tokensOfMachine(db, 'ada-bot'),
    },
    rules: {
      octo: await rulesOfMachine(db, 'octo-deploys-everything-there-is'),
      own: await rulesOfMachine(db, 'ada-bot'),
    },
    applications: {
      own: await applicationNumber(db, OWN_CLIENT_ID),
      instance: await applicationNumber(db, 'client-of-all'),
      registered: await applicationNumber(db, 'client-that-waits'),
    },
    approvals: (await approvalsFor(db, user.id, 10)).map(({ id }) => id),
    links: {
      invitation: await link('invitation'),
      verification: await link('verification'),
      password: await link('password'),
      alarm: await link('alarm'),
      demo: await link('demo'),
    },
    userCode: device!.userCode,
  };
}

async function accountId({ store: { db } }: Context, login: string): Promise<number> {
  return (await db.selectFrom('accounts').select('id').where('login', '=', login).executeTakeFirstOrThrow()).id;
}

async function applicationNumber(q: Query, clientId: string): Promise<number> {
  return (await q.selectFrom('applications').select('id').where('client_id', '=', clientId).executeTakeFirstOrThrow())
    .id;
}

async function rulesOfMachine(q: Query, login: string): Promise<number[]> {
  const rows = await q
    .selectFrom('workload_rules')
    .innerJoin('accounts', 'accounts.id', 'workload_rules.machine_id')
    .select('workload_rules.id')
    .where('accounts.login', '=', login)
    .execute();
  return rows.map(({ id }) => id);
}

async function tokensOfMachine(q: Query, login: string): Promise<number[]> {
  const rows = await q
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.user_id')
    .select('tokens.id')
    .where('accounts.login', '=', login)
    .orderBy('tokens.id')
    .limit(2)
    .execute();
  return rows.map(({ id }) => id);
}

/** A push that a token of the owner asks about, with all that a page may have to show. */
async function leaveAsked(
  ctx: Context,
  of: { readonly tokenId: number; readonly repositoryId: number },
  state: 'approved' | 'waiting',
): Promise<void> {
  const at = ctx.clock.now();
  const asked: AskedLook = {
    look: {
      kind: 'force',
      commits: [
        { id: '1'.repeat(40), subject: `A subject without a place to break ${'x'.repeat(160)}`, author: 'Ada' },
      ],
      commitCount: 60,
      lostCount: 2,
      files: [
        { path: `src/${'deep/'.repeat(35)}file.ts`, added: 12, removed: 3 },
        { path: 'logo.png', added: null, removed: null },
      ],
      fileCount: 250,
      added: 1200,
      removed: 30,
    },
    name: 'one',
    agent: 'claude-code/2.1',
    session: 's-1',
  };
  const id = await insertApproval(ctx.store.db, {
    ...of,
    derivedId: null,
    ref: 'refs/heads/release/the-next-one-with-a-name-that-takes-more-than-a-line-of-a-telephone',
    oldId: '2'.repeat(40),
    newId: '1'.repeat(40),
    look: JSON.stringify(asked),
    address: '192.0.2.7',
    askedAt: at,
    expiresAt: at + 86_400,
  });
  if (state !== 'waiting')
    await turnApproval(ctx.store.db, id, { from: 'waiting', to: state, at, expiresAt: at + 900, decidedBy: 'ada' });
}

/** A backup is put back; all that is known is that these tokens were edited since, and that somebody left. */
async function leaveInDoubt(ctx: Context, made: readonly CreatedToken[]): Promise<void> {
  const newest = await newestAuditId(ctx.store.db);
  const lost = [
    ...made.map(({ token }) => ({ action: 'personal_access_token.update', tokenId: token.id })),
    { action: 'org.remove_member', tokenId: null },
  ];
  const entries = lost.map((entry, n) => ({ ...entry, id: newest + n + 1, userId: null, previousTokenId: null }));
  await beginAnew(ctx, operatorPermit(), { how: 'tail', entries });
}
