/**
 * The tokens that people need most, as data: each fills in the form, none skips it.
 *
 * Source: five of our own for Git and REST, then the six example links of GitHub's docs (seed 002), word for word.
 */
import { PERMISSIONS, type PermissionSet } from './permissions.ts';

export interface TokenRecipe {
  readonly title: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: PermissionSet;
  /** As a link spells them. */
  readonly refRules?: string;
}

const READ_ALL: PermissionSet = Object.fromEntries(
  PERMISSIONS.filter(({ group, levels }) => group === 'repository' && levels.includes('read')).map(({ name }) => [
    name,
    'read',
  ]),
);

export const TOKEN_RECIPES: readonly TokenRecipe[] = [
  { title: 'Clone only', name: 'clone', description: 'Clone and fetch', permissions: { contents: 'read' } },
  {
    title: 'Clone and push',
    name: 'push',
    description: 'Clone, fetch and push, workflow files too',
    permissions: { contents: 'write', workflows: 'write' },
  },
  {
    title: 'Coding agent',
    name: 'agent',
    description: 'Clone, and push to branches below agent/ only',
    permissions: { contents: 'write' },
    refRules: 'agent/**',
  },
  {
    title: 'CI release',
    name: 'ci-release',
    description: 'Push tags, set commit statuses, publish packages',
    permissions: { contents: 'write', statuses: 'write', deployments: 'write', packages: 'write' },
  },
  {
    title: 'Read everything',
    name: 'read-everything',
    description: 'Read all of the selected repositories',
    permissions: READ_ALL,
  },
  {
    title: 'Read repo contents',
    name: 'Repo-reading token',
    description: 'Just contents:read',
    permissions: { contents: 'read' },
  },
  {
    title: 'Push access to repos',
    name: 'Repo-writing token',
    description: 'Just contents:write',
    permissions: { contents: 'write' },
  },
  {
    title: 'GitHub Models access',
    name: 'GitHub Models token',
    permissions: { user_models: 'read' },
    description:
      'Used to call GitHub Models APIs to easily run LLMs: ' +
      'https://docs.github.com/github-models/quickstart#step-2-make-an-api-call',
  },
  {
    title: 'Update code and open a PR',
    name: 'Core-loop token',
    permissions: { contents: 'write', pull_requests: 'write', workflows: 'write' },
    description:
      'Write code and push it to main! Includes permission to edit workflow files for Actions - remove ' +
      "`workflows:write` if you don't need to do that",
  },
  {
    title: 'Manage Copilot licenses in an organization',
    name: 'Core-loop token',
    permissions: { organization_copilot_seat_management: 'write' },
    description:
      'Enable or disable copilot access for users with the Seat Management APIs: ' +
      'https://docs.github.com/rest/copilot/copilot-user-management\nBe sure to select an organization for your ' +
      'resource owner below!',
  },
  {
    title: 'Make Copilot requests',
    name: 'Copilot requests token',
    permissions: { copilot_requests: 'write' },
    description:
      'Make Copilot API requests on behalf of the user, consuming premium requests: ' +
      'https://docs.github.com/copilot/concepts/billing/copilot-requests',
  },
];
