/** Requests of one's own tokens, which wait for an organization's owners: what their side can do about them. */
import { cancelRequest } from '../../../actions/organizations/approvals.ts';
import { remindOwners } from '../../../actions/tokens/reminders.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { idIn } from './own-token-bodies.ts';

const PATH = '/user/personal-access-token-requests/{request_id}';
const WRITE: Need = { sets: [{ personal_access_tokens: 'write' }], publicRead: false, writes: true };
const describe = { resource: 'PersonalAccessTokenRequest', target: { kind: 'self' }, need: WRITE } as const;

export const OWN_REQUEST_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'POST',
    path: `${PATH}/remind`,
    operationId: 'tokens/remind-owners',
    summary:
      'Mails the owners a reminder of all your waiting requests, at most once a day. The token shows who can ' +
      'approve a request, in `approvers` of its `pending_request`.',
    success: 200,
    handle: async ({ ctx, permit, params }) => {
      const id = idIn(params['request_id']);
      return ok({ id, reminded_at: isoInstant(await remindOwners(ctx, permit, id)) });
    },
  }),
  endpoint({
    ...describe,
    method: 'DELETE',
    path: PATH,
    operationId: 'tokens/cancel-request',
    summary: 'Cancels a request that waits for an organization.',
    handle: async ({ ctx, permit, params }) => {
      await cancelRequest(ctx, permit, idIn(params['request_id']));
      return nothing();
    },
  }),
];
