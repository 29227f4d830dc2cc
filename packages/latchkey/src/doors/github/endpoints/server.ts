/** The server itself: what it is, and how much of it one has left. */
import { endpoint, ok, type Endpoint } from '../endpoint.ts';

export const SERVER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET', path: '/meta', operationId: 'meta/get', summary: 'What this server offers.', uncounted: true,
    handle: async () => ok({ verifiable_password_authentication: false }),
  }),
];
