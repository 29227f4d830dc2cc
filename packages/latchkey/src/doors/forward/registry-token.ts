/**
 * The address at which clients of a container registry exchange a username and a token for the token that they send.
 *
 * They get the one that they sent. A second one would have to end with it, and would be one more thing to steal; what
 * they may do is decided at each request to the registry, whatever scope they ask for here.
 * Never: a token for a credential that doesn't work, or anything about why beyond what its sender may know.
 */
import { answerChecks } from '../../actions/questions/checks.ts';
import {
  NOBODYS_REGISTRY_TOKEN,
  REGISTRY_TOKEN_LIFETIME_SEC,
  registryErrors,
} from '../../catalogue/registry-tokens.ts';
import type { ResourceServerCall } from './call.ts';
import { STATUS_OF } from './refuse.ts';

interface RegistryAnswer {
  readonly status: 200 | 401 | 403;
  readonly body: object;
}

/** Any live token, about its own account. */
const ANY = { need: { sets: [], publicRead: false, writes: false }, target: { kind: 'account', login: null } } as const;

export async function answerRegistryToken({
  ctx,
  credential,
  address,
  userAgent,
}: ResourceServerCall): Promise<RegistryAnswer> {
  if (credential.form === 'none') return { status: 200, body: tokenAnswer(NOBODYS_REGISTRY_TOKEN) };
  const { results } = await answerChecks(ctx, { credential, checks: [ANY], address, userAgent, purpose: null });
  const [objection] = results;
  if (objection === null && 'secret' in credential)
    return { status: 200, body: tokenAnswer(credential.secret.reveal()) };
  if (objection == null || 'error' in objection) return { status: 403, body: registryErrors(403, 'This is no token.') };
  const { reason, sentence, remedy } = objection.explanation;
  const status = STATUS_OF[reason];
  return { status, body: registryErrors(status, `${sentence} ${remedy.text}`) };
}

function tokenAnswer(token: string): object {
  return { token, access_token: token, expires_in: REGISTRY_TOKEN_LIFETIME_SEC };
}
