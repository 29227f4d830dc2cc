/**
 * GitHub's classic scopes, as data: the tree, what each is for, and the permissions it stands for.
 *
 * Source of the tree: GitHub docs "Scopes for OAuth apps" (2026-08), and for the names that the page leaves out the
 * endpoint descriptions of the OpenAPI document (@octokit/openapi 23.0.2).
 *
 * Rules of the mapping:
 * - Where an endpoint names scopes, the names decide (see `catalogue/routes/github.ts`); the permissions here decide
 *   everywhere else.
 * - A scope that GitHub lets do only part of a level gets the smaller part, and the endpoint that needs the rest names
 *   its scope.
 * - Never: `repo` does not give workflows, packages or codespaces, each of which has a scope of its own.
 */

import type { PermissionSet } from '../permissions.ts';
import { everythingIn, type ScopeRow } from './row.ts';

const DOCS = 'GitHub docs, "Scopes for OAuth apps"';
const OPENAPI = 'scopes named by endpoint descriptions, @octokit/openapi 23.0.2';

/** Anybody who may do something in a repository may see that it exists. */
const SEEN: PermissionSet = { metadata: 'read' };
/** What `repo` leaves to other scopes. */
const NOT_IN_REPO = ['workflows', 'packages', 'codespaces', 'codespaces_lifecycle_admin', 'codespaces_metadata'];
/** Starring needs `public_repo` on GitHub, which `repo` includes. */
const REPOSITORIES: PermissionSet = { ...everythingIn('repository', NOT_IN_REPO), starring: 'write' };
const SECURITY: PermissionSet = {
  ...SEEN,
  security_events: 'write',
  secret_scanning_alerts: 'write',
  vulnerability_alerts: 'write',
};
/** What `admin:org` leaves to other scopes. */
const NOT_IN_ADMIN_ORG = [
  'organization_hooks',
  'organization_network_configurations',
  'organization_audit_log',
  'organization_packages',
];

export const CLASSIC_SCOPES: readonly ScopeRow[] = [
  {
    name: 'repo',
    parent: null,
    description: 'Read and change all repositories that you can reach, private ones too',
    deed: 'read and write everything in every repository that you can',
    gives: REPOSITORIES,
    source: DOCS,
  },
  {
    name: 'repo:status',
    parent: 'repo',
    description: 'Read and set commit statuses, without the code',
    gives: { ...SEEN, statuses: 'write' },
    source: DOCS,
  },
  {
    name: 'repo_deployment',
    parent: 'repo',
    description: 'Read and set deployments and their statuses, without the code',
    gives: { ...SEEN, deployments: 'write' },
    source: DOCS,
  },
  {
    name: 'public_repo',
    parent: 'repo',
    description: 'Read and change public repositories, and star them',
    gives: REPOSITORIES,
    selection: 'public',
    source: DOCS,
  },
  {
    name: 'repo:invite',
    parent: 'repo',
    description: 'Accept or decline invitations to repositories, without the code',
    gives: { private_repository_invitations: 'read' },
    source: DOCS,
  },
  {
    name: 'security_events',
    parent: 'repo',
    description: 'Read and change code scanning, secret scanning and Dependabot alerts',
    gives: SECURITY,
    source: `${DOCS}; Dependabot alerts: ${OPENAPI}`,
  },
  {
    name: 'workflow',
    parent: null,
    description: 'Add and change workflow files under .github/workflows',
    gives: { workflows: 'write' },
    source: DOCS,
  },
  {
    name: 'write:packages',
    parent: null,
    description: 'Publish packages',
    gives: { packages: 'write', organization_packages: 'write' },
    source: DOCS,
  },
  {
    name: 'read:packages',
    parent: 'write:packages',
    description: 'Download packages',
    gives: { packages: 'read', organization_packages: 'read' },
    source: DOCS,
  },
  { name: 'delete:packages', parent: null, description: 'Delete packages', gives: {}, source: DOCS },
  {
    name: 'admin:org',
    parent: null,
    description: 'Manage organizations: members, teams, projects, settings, tokens',
    gives: everythingIn('organization', NOT_IN_ADMIN_ORG),
    source: `${DOCS}; tokens and requests: Latchkey`,
  },
  {
    name: 'write:org',
    parent: 'admin:org',
    description: 'Change memberships and projects of organizations',
    gives: { members: 'write', organization_projects: 'write' },
    source: DOCS,
  },
  {
    name: 'read:org',
    parent: 'write:org',
    description: 'Read memberships, teams and projects of organizations',
    gives: { members: 'read', organization_projects: 'read' },
    source: DOCS,
  },
  {
    name: 'manage_runners:org',
    parent: 'admin:org',
    description: 'Manage runners and runner groups of organizations',
    gives: { organization_self_hosted_runners: 'write', organization_runner_custom_images: 'write' },
    source: OPENAPI,
  },
  {
    name: 'admin:public_key',
    parent: null,
    description: 'Manage your SSH keys, and delete them',
    gives: { keys: 'write' },
    source: DOCS,
  },
  {
    name: 'write:public_key',
    parent: 'admin:public_key',
    description: 'Add and read your SSH keys',
    gives: { keys: 'write' },
    source: DOCS,
  },
  {
    name: 'read:public_key',
    parent: 'write:public_key',
    description: 'Read your SSH keys',
    gives: { keys: 'read' },
    source: DOCS,
  },
  {
    name: 'admin:repo_hook',
    parent: null,
    description: 'Manage webhooks of repositories, and delete them',
    gives: { ...SEEN, repository_hooks: 'write' },
    source: DOCS,
  },
  {
    name: 'write:repo_hook',
    parent: 'admin:repo_hook',
    description: 'Add, change, read and ping webhooks of repositories',
    gives: { ...SEEN, repository_hooks: 'write' },
    source: DOCS,
  },
  {
    name: 'read:repo_hook',
    parent: 'write:repo_hook',
    description: 'Read and ping webhooks of repositories',
    gives: { ...SEEN, repository_hooks: 'read' },
    source: DOCS,
  },
  {
    name: 'admin:org_hook',
    parent: null,
    description: 'Manage webhooks of organizations',
    gives: { organization_hooks: 'write' },
    source: DOCS,
  },
  { name: 'gist', parent: null, description: 'Write gists', gives: { gists: 'write' }, source: DOCS },
  {
    name: 'notifications',
    parent: null,
    description: 'Read notifications, watch and unwatch repositories',
    gives: { watching: 'write' },
    source: DOCS,
  },
  {
    name: 'user',
    parent: null,
    description: 'Read and change your profile and account',
    gives: { profile: 'write', emails: 'write', blocking: 'write', interaction_limits: 'write' },
    source: `${DOCS}; blocks and limits: ${OPENAPI}`,
  },
  {
    name: 'read:user',
    parent: 'user',
    description: 'Read your profile',
    gives: { plan: 'read', user_events: 'read', followers: 'read' },
    source: DOCS,
  },
  {
    name: 'user:email',
    parent: 'user',
    description: 'Read your e-mail addresses',
    gives: { emails: 'read' },
    source: DOCS,
  },
  {
    name: 'user:follow',
    parent: 'user',
    description: 'Follow and unfollow people',
    gives: { followers: 'write' },
    source: DOCS,
  },
  {
    name: 'delete_repo',
    parent: null,
    description: 'Delete repositories that you administer',
    gives: SEEN,
    source: DOCS,
  },
  {
    name: 'write:discussion',
    parent: null,
    description: 'Write team discussions',
    gives: { team_discussions: 'write' },
    source: OPENAPI,
  },
  {
    name: 'read:discussion',
    parent: 'write:discussion',
    description: 'Read team discussions',
    gives: { team_discussions: 'read' },
    source: OPENAPI,
  },
  {
    name: 'admin:enterprise',
    parent: null,
    description: 'Manage the whole instance',
    gives: everythingIn('instance'),
    source: DOCS,
  },
  {
    name: 'manage_runners:enterprise',
    parent: 'admin:enterprise',
    description: 'Manage runners of the instance',
    gives: {},
    source: DOCS,
  },
  {
    name: 'manage_billing:enterprise',
    parent: 'admin:enterprise',
    description: 'Read and change billing of the instance',
    gives: {},
    source: DOCS,
  },
  {
    name: 'read:enterprise',
    parent: 'admin:enterprise',
    description: 'Read the settings of the instance',
    gives: { instance_organizations: 'read', instance_policies: 'read' },
    source: DOCS,
  },
  {
    name: 'scim:enterprise',
    parent: 'admin:enterprise',
    description: 'Provision the people of the instance',
    gives: { instance_users: 'write' },
    source: OPENAPI,
  },
  {
    name: 'audit_log',
    parent: null,
    description: 'Read audit logs',
    gives: { organization_audit_log: 'read', instance_audit_log: 'read' },
    source: OPENAPI,
  },
  {
    name: 'read:audit_log',
    parent: 'audit_log',
    description: 'Read audit logs',
    gives: { organization_audit_log: 'read', instance_audit_log: 'read' },
    source: DOCS,
  },
  {
    name: 'codespace',
    parent: null,
    description: 'Create and manage codespaces',
    source: DOCS,
    gives: { ...SEEN, codespaces: 'write', codespaces_lifecycle_admin: 'write', codespaces_metadata: 'read' },
  },
  {
    name: 'codespace:secrets',
    parent: 'codespace',
    description: 'Manage your codespaces secrets',
    gives: { codespaces_user_secrets: 'write' },
    source: OPENAPI,
  },
  {
    name: 'copilot',
    parent: null,
    description: 'Use and set up Copilot',
    source: OPENAPI,
    gives: {
      copilot_messages: 'read',
      copilot_editor_context: 'read',
      copilot_requests: 'write',
      organization_copilot_content_exclusion: 'write',
    },
  },
  {
    name: 'manage_billing:copilot',
    parent: 'copilot',
    description: 'Read and change Copilot seats',
    gives: { organization_copilot_seat_management: 'write', organization_copilot_metrics: 'read' },
    source: OPENAPI,
  },
  {
    name: 'write:network_configurations',
    parent: null,
    description: 'Change network configurations of organizations',
    gives: { organization_network_configurations: 'write' },
    source: OPENAPI,
  },
  {
    name: 'read:network_configurations',
    parent: 'write:network_configurations',
    description: 'Read network configurations of organizations',
    gives: { organization_network_configurations: 'read' },
    source: OPENAPI,
  },
  {
    name: 'project',
    parent: null,
    description: 'Read and change projects of people and organizations',
    gives: { projects: 'admin', organization_projects: 'admin' },
    source: DOCS,
  },
  {
    name: 'read:project',
    parent: 'project',
    description: 'Read projects of people and organizations',
    gives: { projects: 'read', organization_projects: 'read' },
    source: DOCS,
  },
  {
    name: 'admin:gpg_key',
    parent: null,
    description: 'Manage your GPG keys, and delete them',
    gives: { gpg_keys: 'write' },
    source: DOCS,
  },
  {
    name: 'write:gpg_key',
    parent: 'admin:gpg_key',
    description: 'Add and read your GPG keys',
    gives: { gpg_keys: 'write' },
    source: DOCS,
  },
  {
    name: 'read:gpg_key',
    parent: 'write:gpg_key',
    description: 'Read your GPG keys',
    gives: { gpg_keys: 'read' },
    source: DOCS,
  },
  {
    name: 'admin:ssh_signing_key',
    parent: null,
    description: 'Manage your SSH signing keys, and delete them',
    gives: { git_signing_ssh_public_keys: 'write' },
    source: OPENAPI,
  },
  {
    name: 'write:ssh_signing_key',
    parent: 'admin:ssh_signing_key',
    description: 'Add and read your SSH signing keys',
    gives: { git_signing_ssh_public_keys: 'write' },
    source: OPENAPI,
  },
  {
    name: 'read:ssh_signing_key',
    parent: 'write:ssh_signing_key',
    description: 'Read your SSH signing keys',
    gives: { git_signing_ssh_public_keys: 'read' },
    source: OPENAPI,
  },
  {
    name: 'site_admin',
    parent: null,
    description: 'Administer the site, as on GitHub Enterprise Server',
    gives: everythingIn('instance'),
    source: 'GitHub Enterprise Server docs, "Scopes for OAuth apps"',
  },
];
