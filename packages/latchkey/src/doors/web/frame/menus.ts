/** The menus, as data: behind the avatar, and in the rail, where each area of pages has its own. */
import { MAX_IN_MENU, type OwnOrganization } from '../../../actions/organizations/needs.ts';
import { MAX_PEOPLE_COUNTED } from '../../../actions/organizations/people-tables.ts';
import { countWords } from '../parts/table-tools.tsx';
import type { IconName } from '../styles/icons.ts';

export interface MenuItem {
  readonly label: string;
  readonly path: string;
  /** True when the pages below it belong to it, too. */
  readonly withBelow?: boolean;
  readonly items?: readonly MenuItem[];
  readonly icon?: IconName;
  /** How much waits there for whoever looks; 0 isn't shown. */
  readonly count?: number;
  /** How much there is, which asks nothing of anybody: `12`, `100+`; `0` isn't shown. */
  readonly total?: string;
  /** What it is below in the crumbs of a page, where that isn't its menu. */
  readonly crumb?: { readonly label: string; readonly path: string };
}

export interface Menu {
  /** Its name for people who can't see it. */
  readonly label: string;
  readonly items: readonly MenuItem[];
  /** Whose area it is, when it is an organization's. */
  readonly organization?: string;
  /** True when its pages are about whoever looks. */
  readonly isOwn?: boolean;
  /** The way to the menu that this one is below. */
  readonly up?: MenuItem;
}

/** Behind the avatar. Guides send people to `Settings` and `Edit profile`: GitHub's way and GitLab's. */
export const AVATAR_MENU: readonly MenuItem[] = [
  { label: 'Your repositories', path: '/' },
  { label: 'Edit profile', path: '/-/user_settings/profile' },
  { label: 'Settings', path: '/settings/profile' },
];

/** Where the owner of a locked account checks everything. */
export const UNLOCK_PATH = '/settings/unlock';

const TOKENS = { label: 'Tokens', path: '/settings/all-tokens' } as const;

export const SETTINGS_MENU: Menu = {
  label: 'Settings',
  isOwn: true,
  items: [
    { label: 'Public profile', path: '/settings/profile', icon: 'person' },
    { label: 'Account', path: '/settings/account', icon: 'gear' },
    { label: 'Appearance', path: '/settings/appearance', icon: 'paintbrush' },
    { label: 'Emails', path: '/settings/emails', icon: 'mail' },
    { label: 'Password and authentication', path: '/settings/security', icon: 'shield-lock', withBelow: true },
    { label: 'Organizations', path: '/settings/organizations', icon: 'organization' },
    { label: 'SSH keys', path: '/settings/keys', icon: 'key' },
    { label: 'Sessions', path: '/settings/sessions', icon: 'device-desktop' },
    { label: 'Security log', path: '/settings/security-log', icon: 'log' },
    { label: 'Developer settings', path: '/settings/developers', icon: 'code' },
  ],
};

export const DEVELOPER_MENU: Menu = {
  label: 'Developer settings',
  isOwn: true,
  up: { label: 'All settings', path: '/settings/profile', icon: 'arrow-left' },
  items: [
    {
      label: 'Personal access tokens',
      path: '/settings/developers',
      icon: 'key',
      items: [
        { label: 'All tokens', path: TOKENS.path, crumb: TOKENS },
        {
          label: 'Fine-grained tokens',
          path: '/settings/personal-access-tokens',
          withBelow: true,
          crumb: TOKENS,
        },
        { label: 'Tokens (classic)', path: '/settings/tokens', withBelow: true, crumb: TOKENS },
        { label: 'Token health', path: '/settings/token-health', crumb: TOKENS },
        { label: 'May a token do this?', path: '/settings/token-check', crumb: TOKENS },
      ],
    },
    { label: 'OAuth applications', path: '/settings/applications', icon: 'apps', withBelow: true },
    { label: 'Push approvals', path: '/settings/push-approvals', icon: 'git-branch-check', withBelow: true },
    { label: 'Machine accounts', path: '/settings/machines', icon: 'hubot', withBelow: true },
  ],
};

/** GitLab's way. */
export const PROFILE_MENU: Menu = {
  label: 'User settings',
  isOwn: true,
  items: [
    { label: 'Profile', path: '/-/user_settings/profile', icon: 'person' },
    {
      label: 'Access Tokens',
      path: '/-/user_settings/personal_access_tokens',
      icon: 'key',
      withBelow: true,
      crumb: TOKENS,
    },
    { label: 'Active sessions', path: '/settings/sessions', icon: 'device-desktop' },
    { label: 'Password', path: '/settings/security', icon: 'shield-lock' },
  ],
};

export const INSTANCE_MENU: Menu = {
  label: 'Instance',
  items: [
    { label: 'People', path: '/instance/people', icon: 'people' },
    { label: 'Invitations', path: '/instance/invitations', icon: 'person-add' },
    { label: 'Provisioning', path: '/instance/provisioning', icon: 'sync' },
    { label: 'Token policy', path: '/instance/policy', icon: 'law' },
    { label: 'Active tokens', path: '/instance/tokens', icon: 'key-asterisk' },
    { label: 'Workload issuers', path: '/instance/workload-issuers', icon: 'workflow' },
    { label: 'OAuth applications', path: '/instance/applications', icon: 'apps', withBelow: true },
    { label: 'Audit log', path: '/instance/audit-log', icon: 'log' },
    { label: 'Mail', path: '/instance/mail', icon: 'mail', withBelow: true },
    { label: 'Restoration', path: '/instance/restoration', icon: 'history' },
    { label: 'Health', path: '/instance/health', icon: 'pulse' },
  ],
};

/** `/organizations/octo/settings/…`: GitHub's paths. */
export function organizationPath(login: string, below: string): string {
  return `/organizations/${encodeURIComponent(login)}/settings/${below}`;
}

type Counted = Pick<OwnOrganization, 'login' | 'people' | 'tokens' | 'waiting'>;

/** An organization's own area, for its owners. */
export function organizationMenu({ login, ...counts }: Counted): Menu {
  const item = itemOf(login);
  const { waiting, people, tokens } = countsOf(counts);
  return {
    label: login,
    organization: login,
    items: [
      { label: 'Repositories', path: `/${login}`, icon: 'repo' },
      { ...item('People', 'people', 'people'), total: people },
      { ...item('Teams', 'teams', 'organization'), withBelow: true },
      item('Groups', 'groups', 'sync'),
      item('Machine accounts', 'machines', 'hubot'),
      {
        label: 'Personal access tokens',
        path: organizationPath(login, ''),
        icon: 'key',
        items: [
          { ...item('Pending requests', 'personal-access-token-requests'), count: waiting },
          { ...item('Active tokens', 'personal-access-tokens'), total: tokens },
          item('Policy', 'personal-access-token-policy'),
        ],
      },
      item('Repository defaults', 'repository-defaults', 'git-branch'),
      item('Rulesets', 'rulesets', 'shield-lock'),
      item('Single sign-on', 'single-sign-on', 'passkey-fill'),
      item('Audit log', 'audit-log', 'log'),
      item('Name', 'name', 'gear'),
    ],
  };
}

/** What its owners need most, for the rail of other pages. */
export function shortOrganizationMenu({ login, ...counts }: Counted): readonly MenuItem[] {
  const item = itemOf(login);
  const { waiting, people, tokens } = countsOf(counts);
  return [
    { ...item('Pending requests', 'personal-access-token-requests', 'inbox'), count: waiting },
    { ...item('Active tokens', 'personal-access-tokens', 'key-asterisk'), total: tokens },
    item('Policy', 'personal-access-token-policy', 'law'),
    { ...item('People', 'people', 'people'), total: people },
    item('Audit log', 'audit-log', 'log'),
  ];
}

function countsOf({ waiting, people, tokens }: Omit<Counted, 'login'>) {
  return {
    waiting: waiting?.count ?? 0,
    people: countWords(people, MAX_PEOPLE_COUNTED),
    tokens: countWords(tokens, MAX_IN_MENU),
  };
}

const itemOf =
  (login: string) =>
  (label: string, below: string, icon?: IconName): MenuItem => ({
    label,
    path: organizationPath(login, below),
    withBelow: true,
    ...(icon === undefined ? {} : { icon }),
  });

/** True when the item is for the page at `path`. */
export function isCurrent(item: MenuItem, path: string): boolean {
  return item.path === path || (item.withBelow === true && path.startsWith(`${item.path}/`));
}
