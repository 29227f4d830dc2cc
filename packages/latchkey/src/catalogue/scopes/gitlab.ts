/**
 * GitLab's scopes of personal access tokens, as data, in the order of GitLab's form.
 *
 * Source: GitLab docs "Access token scopes" (19.2); what includes what as the docs state it for personal tokens.
 * `granular` is left out: GitLab shows it on its fine-grained tokens, nobody can choose it.
 *
 * Rules of the mapping:
 * - Cloning and pushing is the part `git` of contents, files over REST the part `repository_files`, everything else of
 *   contents over REST the part `contents_rest`: so `read_api` reads all but does not clone, and `write_repository`
 *   pushes but calls no API.
 * - Container images are the parts `container_images` of packages and `proxied_images` of an organization's packages:
 *   the registries' scopes call no API either. What any live token may do there, needs a scope of the API too
 *   (`Need.gitlabScopes`).
 * - GitLab knows no workflow files: whoever may push there, may push any file.
 * - A scope for a GitLab feature that has no counterpart here gives nothing.
 */

import type { PermissionSet } from '../permissions.ts';
import { everythingIn, readingIn, type ScopeRow } from './row.ts';

const DOCS = 'GitLab docs, "Access token scopes"';
const CODE = 'GitLab source, lib/api: endpoints that allow the scope read_user';

const EVERYTHING: PermissionSet = {
  ...everythingIn('account'),
  ...everythingIn('repository'),
  ...everythingIn('organization'),
};
const READING: PermissionSet = {
  ...readingIn('account'),
  ...readingIn('repository', ['contents']),
  ...readingIn('organization'),
  contents_rest: 'read',
  repository_files: 'read',
};
const IN_API = [
  'read_api',
  'read_user',
  'read_repository',
  'write_repository',
  'read_registry',
  'write_registry',
  'create_runner',
  'manage_runner',
  'self_rotate',
];

export const GITLAB_SCOPES: readonly ScopeRow[] = [
  {
    name: 'api',
    parent: null,
    description: 'Read and change everything that you can reach, over the API and with Git',
    deed: 'read and write everything in every repository that you can; read and change your account and organizations',
    includes: IN_API,
    gives: EVERYTHING,
    source: DOCS,
  },
  {
    name: 'read_api',
    parent: null,
    description: 'Read everything that you can reach, over the API; no Git',
    deed: 'read everything that you can reach over the API',
    includes: ['read_user'],
    gives: READING,
    source: DOCS,
  },
  {
    name: 'read_user',
    parent: null,
    description: 'Read your profile, e-mail addresses, keys and events',
    source: CODE,
    gives: {
      emails: 'read',
      followers: 'read',
      gpg_keys: 'read',
      keys: 'read',
      git_signing_ssh_public_keys: 'read',
      user_events: 'read',
    },
  },
  { name: 'create_runner', parent: null, description: 'Create CI runners', gives: {}, source: DOCS },
  {
    name: 'manage_runner',
    parent: null,
    description: 'Manage CI runners',
    gives: { organization_self_hosted_runners: 'write' },
    source: DOCS,
  },
  { name: 'k8s_proxy', parent: null, description: 'Call Kubernetes through a cluster agent', gives: {}, source: DOCS },
  {
    name: 'self_rotate',
    parent: null,
    description: 'Rotate this very token, and nothing else',
    deed: 'rotate itself',
    gives: { token_rotation: 'write' },
    source: DOCS,
  },
  {
    name: 'read_repository',
    parent: null,
    description: 'Clone and fetch, and read files over the API',
    gives: { git: 'read', repository_files: 'read' },
    source: DOCS,
  },
  {
    name: 'write_repository',
    parent: null,
    description: 'Clone, fetch and push; no API',
    deed: 'clone, fetch and push with Git',
    gives: { git: 'write', workflows: 'write' },
    source: DOCS,
  },
  {
    name: 'read_registry',
    parent: null,
    description: 'Pull container images',
    gives: { container_images: 'read' },
    source: DOCS,
  },
  {
    name: 'write_registry',
    parent: null,
    description: 'Push container images',
    gives: { container_images: 'write' },
    source: DOCS,
  },
  {
    name: 'read_virtual_registry',
    parent: null,
    description: 'Pull images through the dependency proxy',
    gives: { proxied_images: 'read' },
    source: DOCS,
  },
  {
    name: 'write_virtual_registry',
    parent: null,
    description: 'Pull, push and delete images in the dependency proxy',
    includes: ['read_virtual_registry'],
    gives: { proxied_images: 'write' },
    source: DOCS,
  },
  {
    name: 'ai_features',
    parent: null,
    description: 'Use chat and code suggestions',
    gives: { copilot_messages: 'read', copilot_editor_context: 'read', copilot_requests: 'write' },
    source: DOCS,
  },
  {
    name: 'sudo',
    parent: null,
    description: 'Act as any other user, for administrators; gives nothing here',
    onlyWith: 'api',
    gives: {},
    source: DOCS,
  },
  {
    name: 'admin_mode',
    parent: null,
    description: 'Administer the instance, for administrators; together with api',
    deed: 'administer this server if you administer it yourself',
    onlyWith: 'api',
    gives: everythingIn('instance'),
    source: DOCS,
  },
  {
    name: 'read_service_ping',
    parent: null,
    description: 'Read the usage report of the instance',
    gives: {},
    source: DOCS,
  },
];
