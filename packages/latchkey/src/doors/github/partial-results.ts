/** What a list over several organizations says when single sign-on hides some of them from the token. */
import type { Permit } from '../../actions/decision/authorize.ts';
import type { Context } from '../../actions/ground/context.ts';
import { hiddenBySso } from '../../actions/organizations/credential-authorizations.ts';
import type { Reply } from './endpoint.ts';

/** The most organizations that the header names. */
const MAX_NAMED = 100;

/**
 * The list, with GitHub's header if it is not all of it.
 * @param list makes it, knowing the ids of the organizations that are hidden
 */
export async function withPartialResults(
  ctx: Context,
  permit: Permit,
  list: (hidden: ReadonlySet<number>) => Reply | Promise<Reply>,
): Promise<Reply> {
  const hidden = await hiddenBySso(ctx, permit);
  const reply = await list(new Set(hidden));
  if (hidden.length === 0) return reply;
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'X-GitHub-SSO': `partial-results; organizations=${hidden.slice(0, MAX_NAMED).join(',')}`,
    },
  };
}
