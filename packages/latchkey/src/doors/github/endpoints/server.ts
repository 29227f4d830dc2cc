/** The server itself: what it is, and how much of its rate limit is left. */
import { type Allowance, peekRateLimit } from '../../../actions/ground/rate-limit.ts';
import { networkOf } from '../../../base/address.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';

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
  openapi_url: '/openapi.json',
} as const;

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/',
    operationId: 'meta/root',
    summary: 'Where everything is.',
    uncounted: true,
    need: { sets: [], publicRead: true, writes: false },
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
    handle: async () => ok({ verifiable_password_authentication: false }),
  }),
  endpoint({
    method: 'GET',
    path: '/rate_limit',
    operationId: 'rate-limit/get',
    summary: 'How many requests are left. Asking costs none.',
    uncounted: true,
    handle: async ({ ctx, permit, address }) => {
      const { userId } = permit.actor;
      const core = rate(
        userId === null
          ? await peekRateLimit(ctx, 'api-address', networkOf(address))
          : await peekRateLimit(ctx, 'api-user', userId),
      );
      return ok({ resources: { core, search: core }, rate: core });
    },
  }),
];
