/** People as GitLab shows them. */

import type { Account } from '../../../actions/accounts/people.ts';
import { closedBy } from '../../../actions/ground/closed-accounts.ts';
import { instant } from './dates.ts';

/** The public fields of a person. `publicUrl` without a slash at the end. */
export function presentUser({ id, login, name, ...account }: Account, publicUrl: string): Record<string, unknown> {
  return {
    id,
    username: login,
    public_email: null,
    name: name === '' ? login : name,
    state: closedBy(account) === null ? 'active' : 'blocked',
    locked: false,
    avatar_url: null,
    web_url: `${publicUrl}/${login}`,
  };
}

/** The public profile of a person. */
export function presentProfile(account: Account, publicUrl: string): Record<string, unknown> {
  const { bio = '', location = '', company = '' } = account.profile as Record<string, string>;
  return {
    ...presentUser(account, publicUrl),
    created_at: instant(account.createdAt),
    bio,
    location,
    organization: company,
    bot: account.kind === 'machine',
  };
}

/** What people see of themselves. */
export function presentSelf(account: Account, email: string | null, publicUrl: string): Record<string, unknown> {
  return {
    ...presentProfile(account, publicUrl),
    email,
    commit_email: email,
    confirmed_at: email === null ? null : instant(account.createdAt),
    two_factor_enabled: account.twoFactorAt !== null,
    private_profile: false,
    can_create_group: false,
    can_create_project: false,
    external: false,
    identities: [],
    ...(account.admin ? { is_admin: true } : {}),
  };
}
