/**
 * Every fine-grained permission, as data.
 *
 * Invariant: a name is stored in databases and links, so it is never renamed, reused or given a position. Source
 * `github`: GitHub docs "Managing your personal access tokens" (20 account, 28 repository, 28 organization);
 * `github-2026`: seen there later; `latchkey`: what GitHub's fine-grained tokens do not reach (packages, checks, a
 * user's projects, the instance, tokens themselves), named after GitHub App permissions where there is one.
 */

import { oncePer } from '../base/once.ts';

/** `read` < `write` < `admin`; each level includes the ones below it. */
export type Level = 'read' | 'write' | 'admin';
export const LEVELS: readonly Level[] = ['read', 'write', 'admin'];

/**
 * The resource owners a permission is for: only oneself, anyone who owns repositories, an organization, the instance.
 */
export type PermissionGroup = 'account' | 'repository' | 'organization' | 'instance';
export const PERMISSION_GROUPS: readonly PermissionGroup[] = ['account', 'repository', 'organization', 'instance'];

const ROWS = [
  { name: 'blocking', title: 'Block another user', group: 'account', levels: ['read', 'write'], source: 'github' },
  {
    name: 'codespaces_user_secrets',
    title: 'Codespaces user secrets',
    group: 'account',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'copilot_messages', title: 'Copilot Chat', group: 'account', levels: ['read'], source: 'github' },
  {
    name: 'copilot_editor_context',
    title: 'Copilot Editor Context',
    group: 'account',
    levels: ['read'],
    source: 'github',
  },
  { name: 'copilot_requests', title: 'Copilot requests', group: 'account', levels: ['write'], source: 'github' },
  { name: 'emails', title: 'Email addresses', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'user_events', title: 'Events', group: 'account', levels: ['read'], source: 'github' },
  { name: 'followers', title: 'Followers', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'gpg_keys', title: 'GPG keys', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'gists', title: 'Gists', group: 'account', levels: ['write'], source: 'github' },
  { name: 'keys', title: 'Git SSH keys', group: 'account', levels: ['read', 'write'], source: 'github' },
  {
    name: 'interaction_limits',
    title: 'Interaction limits',
    group: 'account',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'knowledge_bases', title: 'Knowledge bases', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'user_models', title: 'Models', group: 'account', levels: ['read'], source: 'github' },
  { name: 'plan', title: 'Plan', group: 'account', levels: ['read'], source: 'github' },
  {
    name: 'private_repository_invitations',
    title: 'Private repository invitations',
    group: 'account',
    levels: ['read'],
    source: 'github',
  },
  { name: 'profile', title: 'Profile', group: 'account', levels: ['write'], source: 'github' },
  {
    name: 'git_signing_ssh_public_keys',
    title: 'SSH signing keys',
    group: 'account',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'starring', title: 'Starring', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'watching', title: 'Watching', group: 'account', levels: ['read', 'write'], source: 'github' },
  { name: 'actions', title: 'Actions', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'administration', title: 'Administration', group: 'repository', levels: ['read', 'write'], source: 'github' },
  {
    name: 'artifact_metadata',
    title: 'Artifact Metadata',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'attestations', title: 'Attestations', group: 'repository', levels: ['read', 'write'], source: 'github' },
  {
    name: 'security_events',
    title: 'Code scanning alerts',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'codespaces', title: 'Codespaces', group: 'repository', levels: ['read', 'write'], source: 'github' },
  {
    name: 'codespaces_lifecycle_admin',
    title: 'Codespaces lifecycle admin',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'codespaces_metadata',
    title: 'Codespaces metadata',
    group: 'repository',
    levels: ['read'],
    source: 'github',
  },
  { name: 'codespaces_secrets', title: 'Codespaces secrets', group: 'repository', levels: ['write'], source: 'github' },
  { name: 'statuses', title: 'Commit statuses', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'contents', title: 'Contents', group: 'repository', levels: ['read', 'write'], source: 'github' },
  {
    name: 'repository_custom_properties',
    title: 'Custom properties',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'vulnerability_alerts',
    title: 'Dependabot alerts',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'dependabot_secrets',
    title: 'Dependabot secrets',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'deployments', title: 'Deployments', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'discussions', title: 'Discussions', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'environments', title: 'Environments', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'issues', title: 'Issues', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'merge_queues', title: 'Merge queues', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'metadata', title: 'Metadata', group: 'repository', levels: ['read'], source: 'github' },
  { name: 'pages', title: 'Pages', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'pull_requests', title: 'Pull requests', group: 'repository', levels: ['read', 'write'], source: 'github' },
  {
    name: 'repository_advisories',
    title: 'Repository security advisories',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'secret_scanning_alerts',
    title: 'Secret scanning alerts',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'secrets', title: 'Secrets', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'actions_variables', title: 'Variables', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'repository_hooks', title: 'Webhooks', group: 'repository', levels: ['read', 'write'], source: 'github' },
  { name: 'workflows', title: 'Workflows', group: 'repository', levels: ['write'], source: 'github' },
  {
    name: 'organization_api_insights',
    title: 'API Insights',
    group: 'organization',
    levels: ['read'],
    source: 'github',
  },
  {
    name: 'organization_administration',
    title: 'Administration',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_user_blocking',
    title: 'Blocking users',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_campaigns',
    title: 'Campaigns',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_custom_org_roles',
    title: 'Custom organization roles',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_custom_properties',
    title: 'Custom repository properties',
    group: 'organization',
    levels: ['read', 'write', 'admin'],
    source: 'github',
  },
  {
    name: 'organization_custom_roles',
    title: 'Custom repository roles',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'organization_events', title: 'Events', group: 'organization', levels: ['read'], source: 'github' },
  {
    name: 'organization_copilot_seat_management',
    title: 'GitHub Copilot Business',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'issue_types', title: 'Issue Types', group: 'organization', levels: ['read', 'write'], source: 'github' },
  {
    name: 'organization_knowledge_bases',
    title: 'Knowledge bases',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'members', title: 'Members', group: 'organization', levels: ['read', 'write'], source: 'github' },
  { name: 'organization_models', title: 'Models', group: 'organization', levels: ['read'], source: 'github' },
  {
    name: 'organization_network_configurations',
    title: 'Network configurations',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_announcement_banners',
    title: 'Organization announcement banners',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_codespaces',
    title: 'Organization codespaces',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_codespaces_secrets',
    title: 'Organization codespaces secrets',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_codespaces_settings',
    title: 'Organization codespaces settings',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_dependabot_secrets',
    title: 'Organization dependabot secrets',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_code_scanning_dismissal_requests',
    title: 'Code scanning dismissal requests',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_private_registries',
    title: 'Private registries',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'organization_plan', title: 'Plan', group: 'organization', levels: ['read'], source: 'github' },
  {
    name: 'organization_projects',
    title: 'Projects',
    group: 'organization',
    levels: ['read', 'write', 'admin'],
    source: 'github',
  },
  {
    name: 'organization_secrets',
    title: 'Secrets',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_self_hosted_runners',
    title: 'Self-hosted runners',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'team_discussions',
    title: 'Team discussions',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  {
    name: 'organization_actions_variables',
    title: 'Variables',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github',
  },
  { name: 'organization_hooks', title: 'Webhooks', group: 'organization', levels: ['read', 'write'], source: 'github' },
  {
    name: 'code_quality',
    title: 'Code quality',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'agent_secrets',
    title: 'Agent secrets',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'agent_variables',
    title: 'Agent variables',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'copilot_agent_settings',
    title: 'Copilot agent settings',
    group: 'repository',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_agent_secrets',
    title: 'Agent secrets',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_agent_variables',
    title: 'Agent variables',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_copilot_spaces',
    title: 'Copilot Spaces',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_copilot_agent_settings',
    title: 'Copilot agent settings',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_copilot_content_exclusion',
    title: 'Copilot content exclusion',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_runner_custom_images',
    title: 'Hosted runner custom images',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'issue_fields',
    title: 'Issue Fields',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'github-2026',
  },
  {
    name: 'organization_copilot_metrics',
    title: 'Organization Copilot metrics',
    group: 'organization',
    levels: ['read'],
    source: 'github-2026',
  },
  {
    name: 'personal_access_tokens',
    title: 'Personal access tokens',
    group: 'account',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  { name: 'projects', title: 'Projects', group: 'account', levels: ['read', 'write', 'admin'], source: 'latchkey' },
  { name: 'packages', title: 'Packages', group: 'repository', levels: ['read', 'write'], source: 'latchkey' },
  { name: 'checks', title: 'Checks', group: 'repository', levels: ['read', 'write'], source: 'latchkey' },
  {
    name: 'organization_packages',
    title: 'Packages',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  {
    name: 'organization_personal_access_tokens',
    title: 'Personal access tokens',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  {
    name: 'organization_personal_access_token_requests',
    title: 'Personal access token requests',
    group: 'organization',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  { name: 'organization_audit_log', title: 'Audit log', group: 'organization', levels: ['read'], source: 'latchkey' },
  { name: 'instance_users', title: 'Users', group: 'instance', levels: ['read', 'write'], source: 'latchkey' },
  {
    name: 'instance_organizations',
    title: 'Organizations',
    group: 'instance',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  { name: 'instance_policies', title: 'Policies', group: 'instance', levels: ['read', 'write'], source: 'latchkey' },
  {
    name: 'instance_personal_access_tokens',
    title: 'Personal access tokens',
    group: 'instance',
    levels: ['read', 'write'],
    source: 'latchkey',
  },
  { name: 'instance_audit_log', title: 'Audit log', group: 'instance', levels: ['read'], source: 'latchkey' },
] as const;

/**
 * Parts of a permission that an operation can require on their own, because a classic or GitLab scope can give just
 * that part. A fine-grained grant never names them: holding the whole permission means holding its parts at the same
 * level.
 */
const PARTS = {
  /** Clone, fetch and push: what GitLab's `read_repository` and `write_repository` give without the REST API. */
  git: 'contents',
  /** Files of a repository over REST: what GitLab's `read_repository` allows to read. */
  repository_files: 'contents',
  /** Everything in contents over REST: what GitLab's `read_api` gives without clone and push. */
  contents_rest: 'contents',
  /**
   * Pulling and pushing container images: what GitLab's `read_registry` and `write_registry` give without the REST API.
   */
  container_images: 'packages',
  /**
   * Images through an organization's dependency proxy: what GitLab's `read_virtual_registry` and
   * `write_virtual_registry` give without the REST API.
   */
  proxied_images: 'organization_packages',
  /** Renewing the token that makes the request: what GitLab's `self_rotate` gives. */
  token_rotation: 'personal_access_tokens',
} as const;

export type PermissionPart = keyof typeof PARTS;
/** A permission of the catalogue. */
type KnownPermission = (typeof ROWS)[number]['name'];
/** A permission that an operator's route map added, with a prefix of its own: `acme:deploy`. */
export type CustomPermission = `${string}:${string}`;
export type PermissionName = KnownPermission | PermissionPart | CustomPermission;
/** Permission → the highest level held or required. */
export type PermissionSet = Readonly<Partial<Record<PermissionName, Level>>>;

export interface Permission {
  readonly name: PermissionName;
  /** The title in GitHub's form. */
  readonly title: string;
  readonly group: PermissionGroup;
  /** The levels that can be chosen, from low to high. */
  readonly levels: readonly Level[];
  readonly source: 'github' | 'github-2026' | 'latchkey' | 'operator';
  /** Of an operator's: the highest level that members hold who are no owners; null = none, left out = read. */
  readonly members?: Level | null;
  /** Of a service's own: the hosts where it counts. */
  readonly hosts?: readonly string[];
}

/** Why a name is none of a permission. Commands of the operator may have been given another route map, or none. */
export function noPermissionNamed(name: string): string {
  const known = `There is no permission named ${name.slice(0, 60)}`;
  return name.includes(':') ? `${known}: the route map in use here has none of that name.` : `${known}.`;
}

const ALL: Permission[] = [...ROWS];
const BY_NAME = new Map<string, Permission>(ROWS.map((permission) => [permission.name, permission]));

/** The catalogue, in the order of GitHub's tables. The operator's route map adds to the end. */
export const PERMISSIONS: readonly Permission[] = ALL;

/**
 * Replaces the operator's permissions with these: the one thing in this room that can change. Called when the route map
 * is loaded, at the start and on reload. Tokens keep their permission names, whether a map still has them or not.
 */
export function setOperatorPermissions(
  own: readonly (Permission & { readonly name: CustomPermission; readonly source: 'operator' })[],
): void {
  for (const { name } of ALL.splice(ROWS.length)) BY_NAME.delete(name);
  ALL.push(...own);
  for (const permission of own) BY_NAME.set(permission.name, permission);
}

/** The permission of that name, or undefined when there is none. */
export function permissionNamed(name: string): Permission | undefined {
  return BY_NAME.get(name);
}

/**
 * True for the name of a permission that an operator added. The prefix `github` is ours: no token holds a permission
 * with it.
 */
export function isOperators(name: string): name is CustomPermission {
  return name.includes(':') && !name.startsWith('github:');
}

/** True when holding `held` is enough for `needed`. */
export function atLeast(held: Level | null | undefined, needed: Level): boolean {
  return held === needed || held === 'admin' || (held === 'write' && needed === 'read');
}

/** The permission that a part belongs to; a whole permission is its own. People see this name. */
export function wholeOf(name: PermissionName): Exclude<PermissionName, PermissionPart> {
  return name in PARTS ? PARTS[name as PermissionPart] : (name as Exclude<PermissionName, PermissionPart>);
}

/**
 * True when a set holds any permission. Every request asks this, and sets are shared and large: checking 75 names takes
 * 4 µs, since even the first one needs a list of all.
 */
export const holdsAny = oncePer((set: PermissionSet) => Object.keys(set).length > 0);

/** The level of `name` that a set holds, directly or as part of a whole. */
export function levelIn(set: PermissionSet, name: PermissionName): Level | undefined {
  const direct = set[name];
  if (!(name in PARTS)) return direct;
  const whole = set[PARTS[name as PermissionPart]];
  return whole !== undefined && (direct === undefined || atLeast(whole, direct)) ? whole : direct;
}
