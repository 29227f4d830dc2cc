/** Leaked credentials: anyone who finds some can have them revoked. */
import { MAX_REPORTED, revokeLeaked } from '../../../actions/tokens/leaks.ts';
import { Type } from '../../../base/json-schema.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { sayNo } from './place.ts';

const Body = Type.Object(
  { credentials: Type.Array(Type.String({ maxLength: 300 }), { minItems: 1, maxItems: MAX_REPORTED }) },
  { additionalProperties: false },
);

export const CREDENTIAL_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'POST',
    path: '/credentials/revoke',
    operationId: 'credentials/revoke',
    resource: null,
    success: 202,
    body: Body,
    summary:
      'Revokes tokens that were found in the open. For everybody, without a credential; the answer tells nothing ' +
      'about them.',
    need: { sets: [], publicRead: true, writes: false },
    target: { kind: 'none' },
    handle: async ({ ctx, permit, body }) => {
      // GitHub accepts it from anonymous callers only, so that no account is tied to a find.
      if (permit.actor.userId !== null) throw sayNo(403, 'This endpoint is called without a credential.');
      await revokeLeaked(ctx, permit, body.credentials);
      return { status: 202, body: {} };
    },
  }),
];
