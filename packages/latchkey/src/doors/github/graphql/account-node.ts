/** People and organizations as nodes: what is told wherever an account is named, as over REST. */
import type { Account } from '../../../actions/accounts/accounts.ts';
import { htmlUrl, nodeId } from '../present/accounts.ts';
import type { Asking, Subject } from './asking.ts';
import { NOTHING } from './lists.ts';

export interface AccountNode {
  readonly __typename: 'User' | 'Organization';
  readonly account: Account;
  readonly subject: Subject;
  /** True when the query asked for this profile, and may see it. */
  readonly isProfile: boolean;
  readonly id: string;
  readonly login: string;
}

/** An account as a node. `isProfile`: its profile was decided already. */
export function accountNode(asking: Asking, account: Account, isProfile = false): AccountNode {
  const isOrganization = account.kind === 'organization';
  const html = htmlUrl(asking.apiUrl);
  const told = {
    login: account.login,
    databaseId: account.id,
    url: `${html}/${account.login}`,
    resourcePath: `/${account.login}`,
    avatarUrl: () => `${html}/avatars/${account.id}`,
    isViewer: account.id === asking.userId,
    isSiteAdmin: account.admin,
    isEmployee: false,
    isVerified: false,
    viewerCanCreateProjects: false,
    rulesets: NOTHING,
  };
  return {
    __typename: isOrganization ? 'Organization' : 'User',
    account,
    subject: { kind: isOrganization ? 'organization' : 'account', login: account.login },
    isProfile,
    id: nodeId(isOrganization ? 'Organization' : account.kind === 'machine' ? 'Bot' : 'User', account.id),
    ...told,
  };
}
