/** The menus, as data: the bar, behind the avatar, and beside the pages of each area. */
export interface MenuItem {
  readonly label: string;
  readonly path: string;
  /** True when the pages below it belong to it, too. */
  readonly withBelow?: boolean;
  readonly items?: readonly MenuItem[];
  /** How much waits there for whoever looks; 0 isn't shown. */
  readonly count?: number;
}

export interface Menu {
  /** Its name for people who can't see it. */
  readonly label: string;
  readonly items: readonly MenuItem[];
}

/** Behind the avatar. Guides send people to `Settings` and `Edit profile`: GitHub's way and GitLab's. */
export const AVATAR_MENU: readonly MenuItem[] = [
  { label: 'Your repositories', path: '/' },
  { label: 'Edit profile', path: '/-/user_settings/profile' },
  { label: 'Settings', path: '/settings/profile' },
];

/** Where the owner of a locked account checks everything. */
export const UNLOCK_PATH = '/settings/unlock';

export const SETTINGS_MENU: Menu = {
  label: 'Settings',
  items: [
    { label: 'Public profile', path: '/settings/profile' },
    { label: 'Appearance', path: '/settings/appearance' },
    { label: 'Emails', path: '/settings/emails' },
    { label: 'Password and authentication', path: '/settings/security', withBelow: true },
    { label: 'Sessions', path: '/settings/sessions' },
    { label: 'Security log', path: '/settings/security-log' },
    { label: 'Developer settings', path: '/settings/developers' },
  ],
};

export const DEVELOPER_MENU: Menu = {
  label: 'Developer settings',
  items: [
    {
      label: 'Personal access tokens',
      path: '/settings/developers',
      items: [
        { label: 'Fine-grained tokens', path: '/settings/personal-access-tokens', withBelow: true },
        { label: 'Tokens (classic)', path: '/settings/tokens', withBelow: true },
        { label: 'Token health', path: '/settings/token-health' },
        { label: 'May a token do this?', path: '/settings/token-check' },
      ],
    },
    { label: 'Push approvals', path: '/settings/push-approvals', withBelow: true },
    { label: 'Machine accounts', path: '/settings/machines', withBelow: true },
  ],
};

/** GitLab's way. */
export const PROFILE_MENU: Menu = {
  label: 'User settings',
  items: [
    { label: 'Profile', path: '/-/user_settings/profile' },
    { label: 'Access tokens', path: '/-/user_settings/personal_access_tokens', withBelow: true },
    { label: 'Active sessions', path: '/settings/sessions' },
    { label: 'Password', path: '/settings/security' },
  ],
};

export const INSTANCE_MENU: Menu = {
  label: 'Instance',
  items: [
    { label: 'People', path: '/instance/people' },
    { label: 'Invitations', path: '/instance/invitations' },
    { label: 'Token policy', path: '/instance/policy' },
    { label: 'Active tokens', path: '/instance/tokens' },
    { label: 'Workload issuers', path: '/instance/workload-issuers' },
    { label: 'Audit log', path: '/instance/audit-log' },
    { label: 'Mail', path: '/instance/mail', withBelow: true },
    { label: 'Restoration', path: '/instance/restoration' },
    { label: 'Health', path: '/instance/health' },
  ],
};

/** True when the item is for the page at `path`. */
export function isCurrent(item: MenuItem, path: string): boolean {
  return item.path === path || (item.withBelow === true && path.startsWith(`${item.path}/`));
}
