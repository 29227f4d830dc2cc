/** A derived token, as the token that it is from makes it. */
import { authorize } from '../../src/actions/decision/authorize.ts';
import type { Context } from '../../src/actions/ground/context.ts';
import { type CreatedDerivedToken, type DerivationRequest, deriveToken } from '../../src/actions/tokens/derivation.ts';
import type { Secret } from '../../src/base/secret.ts';

export async function deriveFrom(
  ctx: Context,
  secret: Secret,
  request: DerivationRequest = {},
): Promise<CreatedDerivedToken> {
  const verdict = await authorize(ctx, {
    credential: { form: 'bearer', secret },
    need: { sets: [], publicRead: false, writes: false, gitlabScopes: [] },
    target: { kind: 'account', login: null },
    address: '127.0.0.1',
    userAgent: null,
    purpose: 'derive',
  });
  if (!verdict.allowed) throw new Error(verdict.explanation.sentence);
  return deriveToken(ctx, verdict.permit, request);
}
