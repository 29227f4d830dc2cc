/**
 * What a person's role allows, as data: the second of the three parts of an effective right.
 *
 * Source: GitHub docs "Repository roles for an organization" and "Roles in an organization"; one row per permission,
 * with the highest level that the role holds. What no row names belongs to `admin` (of a repository) or `owner` (of
 * an organization) alone.
 */
import { isOperators, type Level, type PermissionName, type PermissionSet, permissionNamed } from './permissions.ts';

export type RepositoryRole = 'read' | 'triage' | 'write' | 'maintain' | 'admin';
/** From low to high: each role holds everything that the ones before it hold. */
export const REPOSITORY_ROLES: readonly RepositoryRole[] = ['read', 'triage', 'write', 'maintain', 'admin'];

/** What an organization gives every member in each of its repositories (GitHub: `default_repository_permission`). */
export type BasePermission = 'none' | 'read' | 'write' | 'admin';
export const BASE_PERMISSIONS: readonly BasePermission[] = ['none', 'read', 'write', 'admin'];

/** A person who may read may also take part: open issues and pull requests, comment, discuss. */
const READ: PermissionSet = {
  metadata: 'read',
  contents: 'read',
  issues: 'write',
  pull_requests: 'write',
  discussions: 'write',
  actions: 'read',
  attestations: 'read',
  artifact_metadata: 'read',
  checks: 'read',
  deployments: 'read',
  environments: 'read',
  merge_queues: 'read',
  packages: 'read',
  pages: 'read',
  repository_advisories: 'read',
  repository_custom_properties: 'read',
  statuses: 'read',
  codespaces: 'write',
  codespaces_metadata: 'read',
  codespaces_lifecycle_admin: 'write',
  code_quality: 'read',
};

const WRITE: PermissionSet = {
  ...READ,
  contents: 'write',
  actions: 'write',
  attestations: 'write',
  artifact_metadata: 'write',
  checks: 'write',
  deployments: 'write',
  environments: 'read',
  merge_queues: 'write',
  packages: 'write',
  repository_advisories: 'write',
  security_events: 'write',
  statuses: 'write',
  vulnerability_alerts: 'write',
  workflows: 'write',
  secret_scanning_alerts: 'write',
  codespaces_secrets: 'write',
  actions_variables: 'read',
  secrets: 'read',
  dependabot_secrets: 'read',
  agent_secrets: 'read',
  agent_variables: 'read',
  code_quality: 'write',
};

const MAINTAIN: PermissionSet = { ...WRITE, pages: 'write', administration: 'read', repository_hooks: 'read' };

/** `admin` is not listed: it holds every repository permission at every level. */
const REPOSITORY_ROLE_ALLOWS: Readonly<Record<Exclude<RepositoryRole, 'admin'>, PermissionSet>> = {
  read: READ,
  triage: READ,
  write: WRITE,
  maintain: MAINTAIN,
};

/** What a member who isn't an owner may do with the organization itself. */
const MEMBER_ALLOWS: PermissionSet = {
  members: 'read',
  organization_projects: 'write',
  organization_events: 'read',
  issue_types: 'read',
  issue_fields: 'read',
  team_discussions: 'write',
  organization_custom_properties: 'read',
  organization_knowledge_bases: 'read',
  organization_models: 'read',
  organization_copilot_spaces: 'read',
  organization_plan: 'read',
  organization_announcement_banners: 'read',
};

/** What roles hold of an operator's permissions, which no row names: readers may read, writers may write. */
const OPERATORS: Readonly<Record<Exclude<RepositoryRole, 'admin'>, Level>> = {
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
};

/** The highest level of `permission` that the repository role holds, or null for none. */
export function repositoryRoleLevel(role: RepositoryRole, permission: PermissionName): Level | null {
  if (role === 'admin') return 'admin';
  return REPOSITORY_ROLE_ALLOWS[role][permission] ?? (isOperators(permission) ? OPERATORS[role] : null);
}

/** The highest level of `permission` that the organization role holds, or null for none. */
export function organizationRoleLevel(role: 'owner' | 'member', permission: PermissionName): Level | null {
  return role === 'owner' ? 'admin' : (MEMBER_ALLOWS[permission] ?? operatorsLevel(permission));
}

function operatorsLevel(permission: PermissionName): Level | null {
  if (!isOperators(permission)) return null;
  const known = permissionNamed(permission);
  return known?.members === undefined ? 'read' : known.members;
}

/** The higher of two roles; null is the lowest. */
export function higherRole(a: RepositoryRole | null, b: RepositoryRole | null): RepositoryRole | null {
  if (a === null || b === null) return a ?? b;
  return REPOSITORY_ROLES.indexOf(a) >= REPOSITORY_ROLES.indexOf(b) ? a : b;
}
