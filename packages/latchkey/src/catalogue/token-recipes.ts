/**
 * The tokens that people need most, as data: each fills in the form, none skips it.
 *
 * Source: seven of our own for Git and REST, then the six example links of GitHub's docs (seed 002), word for word.
 */
import { PERMISSIONS, type PermissionSet } from './permissions.ts';

export interface TokenRecipe {
  readonly title: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: PermissionSet;
  /** As a link spells them. */
  readonly refRules?: string;
  readonly selection?: 'all' | 'selected';
  /** Shown as a card, in this order. */
  readonly isFirst?: true;
  /** Needs an organization as its resource owner. */
  readonly isForOrganization?: true;
}

const READ_ALL: PermissionSet = Object.fromEntries(
  PERMISSIONS.filter(({ group, levels }) => group === 'repository' && levels.includes('read')).map(({ name }) => [
    name,
    'read',
  ]),
);

export const TOKEN_RECIPES: readonly TokenRecipe[] = [
  {
    title: 'Clone and push',
    name: 'laptop',
    description: 'My own work on this computer, with Git',
    permissions: { contents: 'write', workflows: 'write' },
    selection: 'selected',
    isFirst: true,
  },
  {
    title: 'CI: build and test',
    name: 'ci',
    description: 'Checks out code and reports the result',
    permissions: { contents: 'read', statuses: 'write' },
    selection: 'selected',
    isFirst: true,
  },
  {
    title: 'CI: release',
    name: 'ci-release',
    description: 'Pushes tags, sets commit statuses, publishes packages',
    permissions: { contents: 'write', statuses: 'write', deployments: 'write', packages: 'write' },
    selection: 'selected',
    isFirst: true,
  },
  {
    title: 'Everything of mine, read only',
    name: 'read-everything',
    description: 'Backups and reports of everything I have',
    permissions: READ_ALL,
    selection: 'all',
    isFirst: true,
  },
  {
    title: 'Coding agent',
    name: 'agent',
    description: 'Clones, and pushes to branches below agent/ only',
    permissions: { contents: 'write' },
    refRules: 'agent/**',
    selection: 'selected',
    isFirst: true,
  },
  {
    title: 'Bot of an organization',
    name: 'bot',
    description: 'Pushes branches, opens pull requests, answers issues',
    permissions: { contents: 'write', pull_requests: 'write', issues: 'write' },
    selection: 'selected',
    isFirst: true,
    isForOrganization: true,
  },
  { title: 'Clone only', name: 'clone', description: 'Clone and fetch', permissions: { contents: 'read' } },
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
