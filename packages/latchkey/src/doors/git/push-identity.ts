/**
 * Whom git is told to name for a push: in reflogs, and to the repository's own hooks, where an operator allows them.
 *
 * `docs/operations.md` lists the variables. Never: a secret, an e-mail address.
 */
import { committerOf } from '../../actions/repositories/target.ts';
import type { ServiceRun } from '../../git/room.ts';
import type { GitCall } from './call.ts';

export function pushIdentity(call: GitCall): Required<Pick<ServiceRun, 'committer' | 'forOwnHooks'>> {
  const { permit, from, owner, repository } = call;
  const { userId, login, tokenId } = permit.actor;
  return {
    committer: committerOf(permit),
    forOwnHooks: {
      LATCHKEY_REPOSITORY: `${owner.login}/${repository.name}`,
      LATCHKEY_USER: login,
      ...(userId === null ? {} : { LATCHKEY_USER_ID: String(userId) }),
      ...(tokenId === null ? {} : { LATCHKEY_TOKEN_ID: String(tokenId) }),
      LATCHKEY_ADDRESS: from,
      REMOTE_USER: login,
      REMOTE_ADDR: from,
    },
  };
}
