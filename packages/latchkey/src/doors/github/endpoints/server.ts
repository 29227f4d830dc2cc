/** The server itself: what it is, and how much of it one has left. */
import { peekAllowance, type Allowance } from '../../../actions/rate-limit.ts';
import { networkOf } from '../../../base/address.ts';
import { endpoint, ok, type Endpoint } from '../endpoint.ts';

/** What stands for "no limit" in a form that has none: GitHub Enterprise Server leaves such answers to 404, on which clients stop counting. */
const UNLIMITED = { limit: 1_000_000_000, used: 0, remaining: 1_000_000_000, reset: 0 };

function rate(allowance: Allowance | null) {
  return allowance === null ? UNLIMITED : { limit: allowance.limit, used: allowance.used, remaining: allowance.remaining, reset: allowance.resetsAt };
}

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET', path: '/meta', operationId: 'meta/get', summary: 'What this server offers.', uncounted: true,
    handle: async () => ok({ verifiable_password_authentication: false }),
  }),
  endpoint({
    method: 'GET', path: '/rate_limit', operationId: 'rate-limit/get', summary: 'How many requests are left. Asking costs none.', uncounted: true,
    handle: async ({ ctx, permit, address }) => {
      const { userId } = permit.actor;
      const core = rate(userId === null ? await peekAllowance(ctx, 'api-address', networkOf(address)) : await peekAllowance(ctx, 'api-user', userId));
      return ok({ resources: { core, search: core }, rate: core });
    },
  }),
];
