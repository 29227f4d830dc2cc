/**
 * Moves of refs that a token asks its owner about, for which GitHub has no API: seen and asked for by the token. No
 * endpoint approves: that takes a person on a page.
 */

import { ownApproval, ownApprovals, type PushApproval } from '../../../actions/repositories/approvals/approvals.ts';
import { requestApproval } from '../../../actions/repositories/approvals/requests.ts';
import { Type } from '../../../base/json-schema.ts';
import { isoInstant } from '../../../base/time.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { APPROVALS_PAGE } from '../../../catalogue/refusals/approval.ts';
import { created, type Endpoint, endpoint, ok } from '../endpoint.ts';
import { closed, idIn } from './own-token-bodies.ts';

const PATH = '/user/personal-access-tokens/current/push-approvals';
/** Whoever holds a token may see what it asked for. What may be asked for is judged by the repository. */
const ANY: Need = { sets: [], publicRead: false, writes: false, gitlabScopes: [] };
const describe = { resource: 'PersonalAccessToken', target: { kind: 'self' } } as const;

const Request = Type.Object(
  {
    repository: Type.String({ maxLength: 200, description: '`OWNER/NAME`' }),
    ref: Type.String({ maxLength: 1024, description: 'A branch by its name, or a ref in full.' }),
    sha: Type.Union([Type.String({ maxLength: 64 }), Type.Null()], {
      description: 'Where the ref should point: an object that the repository has. `null` deletes the ref.',
    }),
  },
  closed,
);

function approval(publicUrl: string, one: PushApproval) {
  return {
    id: one.id,
    state: one.state,
    html_url: `${publicUrl}${APPROVALS_PAGE}/${one.id}`,
    repository: one.repository,
    ref: one.ref,
    before: one.oldId === '' ? null : one.oldId,
    after: one.newId === '' ? null : one.newId,
    created_at: isoInstant(one.askedAt),
    expires_at: isoInstant(one.expiresAt),
    decided_at: one.decidedAt === null ? null : isoInstant(one.decidedAt),
    decided_by: one.decidedBy,
  };
}

export const PUSH_APPROVAL_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    ...describe,
    method: 'GET',
    path: PATH,
    operationId: 'tokens/list-push-approvals',
    summary:
      'The requests of the token that makes this request to move refs after approval: those that wait, and those ' +
      'answered lately.',
    need: ANY,
    handle: async ({ ctx, permit }) =>
      ok((await ownApprovals(ctx, permit)).map((each) => approval(ctx.settings.publicUrl, each))),
  }),
  endpoint({
    ...describe,
    method: 'GET',
    path: `${PATH}/{approval_id}`,
    operationId: 'tokens/get-push-approval',
    summary: 'One request to move a ref: `waiting`, `approved`, `denied`, `used`, `replaced` or `expired`.',
    need: ANY,
    handle: async ({ ctx, permit, params }) =>
      ok(approval(ctx.settings.publicUrl, await ownApproval(ctx, permit, idIn(params['approval_id'])))),
  }),
  endpoint({
    ...describe,
    method: 'POST',
    path: PATH,
    operationId: 'tokens/request-push-approval',
    summary:
      'Asks the owner of the token, without a push, whether a ref may move to an object that is already in the ' +
      'repository. Once they approve it on a page, the same push or change of the ref passes once.',
    need: ANY,
    body: Request,
    handle: async ({ ctx, permit, body }) => {
      const shown = approval(ctx.settings.publicUrl, await requestApproval(ctx, permit, body));
      return created(shown, shown.html_url);
    },
  }),
];
