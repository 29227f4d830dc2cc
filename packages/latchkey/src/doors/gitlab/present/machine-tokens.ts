/** Project, group and deploy tokens, and service accounts, as GitLab shows them. */
import type { Account } from '../../../actions/accounts/people.ts';
import type { GitlabTokenView } from '../../../actions/organizations/gitlab-tokens.ts';
import { isOver } from '../../../rules/token-state.ts';
import { instant } from './dates.ts';
import { presentToken } from './tokens.ts';

/** Without its secret. */
export function presentAccessToken({ token, scopes, accessLevel }: GitlabTokenView): Record<string, unknown> {
  return { ...presentToken(token, scopes), access_level: accessLevel };
}

/** Without its secret. `username` is that of its machine account; any other does for Git, too. */
export function presentDeployToken({ token, scopes, machine }: GitlabTokenView): Record<string, unknown> {
  return {
    id: token.id,
    name: token.name,
    username: machine.login,
    expires_at: instant(token.expiresAt),
    revoked: token.revokedAt !== null,
    expired: token.revokedAt === null && isOver(token.state),
    scopes,
  };
}

/** A machine account. It has no e-mail address. */
export function presentServiceAccount({ id, login, name }: Account): Record<string, unknown> {
  return { id, username: login, name: name === '' ? login : name, email: null };
}
