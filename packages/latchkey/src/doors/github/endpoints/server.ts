/** The server itself: what it is, how much of its rate limit is left, and this API's documentation. */
import { type Allowance, peekRateLimit } from '../../../actions/ground/rate-limit.ts';
import { networkOf } from '../../../base/address.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { permissionSentence } from '../../../catalogue/permission-sentences.ts';
import { PERMISSIONS } from '../../../catalogue/permissions.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { API_VERSIONS, ENTERPRISE_VERSION } from '../headers.ts';
import { openApi } from '../openapi.ts';

/**
 * Means "no limit" in a format that can't express it: GitHub Enterprise Server answers 404 instead, and then clients
 * stop counting.
 */
const UNLIMITED = { limit: 1_000_000_000, used: 0, remaining: 1_000_000_000, reset: 0 };

function rate(allowance: Allowance | null) {
  return allowance === null
    ? UNLIMITED
    : { limit: allowance.limit, used: allowance.used, remaining: allowance.remaining, reset: allowance.resetsAt };
}

/**
 * From here GitHub's clients find everything else (GitHub docs, "Get GitHub API root"), as far as this server has it.
 */
const ROOT = {
  current_user_url: '/user',
  emails_url: '/user/emails',
  organization_url: '/orgs/{org}',
  organization_repositories_url: '/orgs/{org}/repos{?type,page,per_page,sort}',
  rate_limit_url: '/rate_limit',
  repository_url: '/repos/{owner}/{repo}',
  current_user_repositories_url: '/user/repos{?type,page,per_page,sort}',
  user_url: '/users/{user}',
  user_organizations_url: '/user/orgs',
  personal_access_tokens_url: '/user/personal-access-tokens{?state,kind}',
  permissions_url: '/permissions',
  openapi_url: '/openapi.json',
} as const;

/**
 * GitHub's resources. All but GraphQL share one limit here. Source: GitHub docs "Get rate limit status for the
 * authenticated user".
 */
const RESOURCES = [
  'core',
  'search',
  'code_search',
  'integration_manifest',
  'source_import',
  'code_scanning_upload',
  'code_scanning_autofix',
  'actions_runner_registration',
  'scim',
  'dependency_snapshots',
  'dependency_sbom',
  'audit_log',
  'audit_log_streaming',
] as const;

const OPEN: Need = { sets: [], publicRead: true, writes: false };

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/',
    operationId: 'meta/root',
    summary: 'The addresses of this API.',
    uncounted: true,
    need: OPEN,
    target: { kind: 'none' },
    handle: async ({ apiUrl }) =>
      ok(Object.fromEntries(Object.entries(ROOT).map(([name, path]) => [name, apiUrl + path]))),
  }),
  endpoint({
    method: 'GET',
    path: '/meta',
    operationId: 'meta/get',
    summary: 'What this server offers.',
    uncounted: true,
    handle: async () => ok({ verifiable_password_authentication: false, installed_version: ENTERPRISE_VERSION }),
  }),
  endpoint({
    method: 'GET',
    path: '/versions',
    operationId: 'meta/get-all-versions',
    summary: 'The versions of this API, newest first.',
    uncounted: true,
    handle: async () => ok(API_VERSIONS.toReversed()),
  }),
  endpoint({
    method: 'GET',
    path: '/zen',
    operationId: 'meta/get-zen',
    summary: 'A sentence, for clients that check whether the server answers.',
    handle: async () => ({
      status: 200,
      body: 'A token can do what it says, and nothing else.',
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    }),
  }),
  endpoint({
    method: 'GET',
    path: '/permissions',
    operationId: 'meta/list-permissions',
    summary: 'Every permission of a fine-grained token, with a sentence for each level on what it opens and risks.',
    need: OPEN,
    target: { kind: 'none' },
    handle: async () =>
      ok(
        PERMISSIONS.map((permission) => ({
          name: permission.name,
          title: permission.title,
          group: permission.group,
          levels: permission.levels.map((level) => ({ level, sentence: permissionSentence(permission, level) })),
        })),
      ),
  }),
  endpoint({
    method: 'GET',
    path: '/rate_limit',
    operationId: 'rate-limit/get',
    summary: 'How many requests are left. Asking does not count.',
    uncounted: true,
    handle: async ({ ctx, permit, address }) => {
      const { userId } = permit.actor;
      const core = rate(
        userId === null
          ? await peekRateLimit(ctx, 'api-address', networkOf(address))
          : await peekRateLimit(ctx, 'api-user', userId),
      );
      // Nobody queries without a token.
      const graphql =
        userId === null
          ? { ...core, limit: 0, used: 0, remaining: 0 }
          : rate(await peekRateLimit(ctx, 'graphql-user', userId));
      return ok({ resources: { ...Object.fromEntries(RESOURCES.map((name) => [name, core])), graphql }, rate: core });
    },
  }),
];

/** Endpoints that describe all of them, including themselves; `all` is called only when somebody reads. */
export function documentationEndpoints(all: () => readonly Endpoint[]): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/openapi.json',
      operationId: 'docs/openapi',
      summary: 'The description of this API in OpenAPI 3.1.',
      need: OPEN,
      target: { kind: 'none' },
      uncounted: true,
      handle: async ({ apiUrl }) => ({ status: 200, body: openApi(all(), apiUrl) }),
    }),
    endpoint({
      method: 'GET',
      path: '/docs',
      operationId: 'docs/reference',
      summary: 'The reference of this API, as a page.',
      need: OPEN,
      target: { kind: 'none' },
      uncounted: true,
      // Loaded on first use, so that tools that only want the table need no renderer.
      handle: async ({ apiUrl }) => {
        const { REFERENCE_CSP, referencePage } = await import('../reference-page.tsx');
        return {
          status: 200,
          body: referencePage(all(), apiUrl),
          headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': REFERENCE_CSP },
        };
      },
    }),
  ];
}
