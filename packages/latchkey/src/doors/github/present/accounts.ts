/**
 * People and organizations in GitHub's words.
 *
 * Source: GitHub's OpenAPI description, schemas `simple-user`, `public-user`, `private-user`, `organization-simple`.
 * Fields for things that this server doesn't have (followers, gists) are zero, and their links lead where GitHub's
 * would.
 */
import type { Account } from '../../../actions/accounts/accounts.ts';
import { isoInstant } from '../../../base/time.ts';

/** GitHub's opaque node ids: base64 of a length-tagged type and the number. */
export function nodeId(type: string, id: number | string): string {
  return Buffer.from(`0${type.length}:${type}${id}`).toString('base64');
}

/** The address of the pages, from that of the API. */
export function htmlUrl(apiUrl: string): string {
  return apiUrl.slice(0, -'/api/v3'.length);
}

/** GitHub's word for a kind of account: machine accounts are its bots. */
function typeOf({ kind }: Pick<Account, 'kind'>): 'User' | 'Organization' | 'Bot' {
  return kind === 'machine' ? 'Bot' : kind === 'user' ? 'User' : 'Organization';
}

/** A person or organization as part of something else: `simple-user`. */
export function simpleUser(apiUrl: string, account: Pick<Account, 'id' | 'login' | 'kind' | 'admin'>) {
  const url = `${apiUrl}/users/${encodeURIComponent(account.login)}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(typeOf(account), account.id),
    avatar_url: `${htmlUrl(apiUrl)}/avatars/${account.id}`,
    gravatar_id: '',
    url,
    html_url: `${htmlUrl(apiUrl)}/${encodeURIComponent(account.login)}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: typeOf(account),
    user_view_type: 'public',
    site_admin: account.admin,
  };
}

/** Counts shown in a profile. */
export interface ProfileCounts {
  readonly publicRepositories: number;
  readonly privateRepositories: number;
}

/** A public profile: `public-user`. */
export function publicUser(apiUrl: string, account: Account, counts: ProfileCounts, email: string | null) {
  const field = (name: string): string | null =>
    typeof account.profile[name] === 'string' && account.profile[name] !== ''
      ? (account.profile[name] as string)
      : null;
  return {
    ...simpleUser(apiUrl, account),
    name: account.name === '' ? null : account.name,
    company: field('company'),
    blog: field('blog') ?? '',
    location: field('location'),
    email,
    hireable: typeof account.profile['hireable'] === 'boolean' ? account.profile['hireable'] : null,
    bio: field('bio'),
    twitter_username: field('twitter_username'),
    public_repos: counts.publicRepositories,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: isoInstant(account.createdAt),
    updated_at: isoInstant(account.createdAt),
  };
}

/** One's own profile, for a caller who may see its private half: `private-user`. */
export function privateUser(apiUrl: string, account: Account, counts: ProfileCounts, email: string | null) {
  return {
    ...publicUser(apiUrl, account, counts, email),
    user_view_type: 'private',
    private_gists: 0,
    total_private_repos: counts.privateRepositories,
    owned_private_repos: counts.privateRepositories,
    disk_usage: 0,
    collaborators: 0,
    two_factor_authentication: account.twoFactorAt !== null,
  };
}
