/**
 * The fields of people and organizations.
 *
 * A profile is a question of its own wherever the query came to an account by something else.
 */
import type { Account } from '../../../actions/accounts/accounts.ts';
import { hiddenBySso } from '../../../actions/organizations/credential-authorizations.ts';
import { organizationsInReach, readOrganization } from '../../../actions/organizations/organizations.ts';
import { isoInstant } from '../../../base/time.ts';
import { type AccountNode, accountNode } from './account-node.ts';
import type { Asking, Twin } from './asking.ts';
import { decided, type FieldTable, plain } from './fields.ts';
import { connection, NOTHING, type PageArgs } from './lists.ts';
import { ownedRepositories, type RepositoryArgs, repositoryField } from './repository-lists.ts';

/** The most organizations of one person that a list has. */
const MAX_ORGANIZATIONS = 1000;

/** A word of a profile; null when there is none. */
function said({ profile }: Account, field: string): string | null {
  const value = profile[field];
  return typeof value === 'string' && value !== '' ? value : null;
}

function profile(answer: (account: Account) => unknown) {
  const twin = ({ isProfile, __typename }: AccountNode): Twin | null =>
    isProfile ? null : __typename === 'Organization' ? 'GET /orgs/{org}' : 'GET /users/{username}';
  return decided<AccountNode>({
    twin,
    among: ['GET /users/{username}', 'GET /orgs/{org}'],
    resolve: ({ account }) => answer(account),
  });
}

const isSelf = ({ account }: AccountNode, { userId }: Asking): boolean => account.id === userId;

/** What both kinds of account have. */
const PROFILE = {
  name: profile((account) => (account.name === '' ? null : account.name)),
  location: profile((account) => said(account, 'location')),
  websiteUrl: profile((account) => said(account, 'blog')),
  createdAt: profile((account) => isoInstant(account.createdAt)),
  updatedAt: profile((account) => isoInstant(account.createdAt)),
  repositories: decided<AccountNode, RepositoryArgs>({
    twin: (node, asking) =>
      node.__typename === 'Organization'
        ? 'GET /orgs/{org}/repos'
        : isSelf(node, asking)
          ? 'GET /user/repos'
          : 'GET /users/{username}/repos',
    among: ['GET /orgs/{org}/repos', 'GET /user/repos', 'GET /users/{username}/repos'],
    subject: (node, _, asking) => (isSelf(node, asking) ? { kind: 'account', login: null } : node.subject),
    resolve: ({ account }, args, asking, permit) => ownedRepositories(asking, permit, account, args),
  }),
  repository: repositoryField<AccountNode, { readonly name: string }>(({ login }, { name }) => ({
    owner: login,
    name,
  })),
};

export const ACCOUNT_FIELDS: FieldTable = {
  User: {
    ...PROFILE,
    bio: profile((account) => said(account, 'bio')),
    company: profile((account) => said(account, 'company')),
    email: profile((account) => said(account, 'email') ?? ''),
    organizations: decided<AccountNode, PageArgs>({
      twin: (node, asking) => (isSelf(node, asking) ? 'GET /user/orgs' : 'GET /users/{username}'),
      among: ['GET /user/orgs', 'GET /users/{username}'],
      subject: (node, _, asking) => (isSelf(node, asking) ? { kind: 'account', login: null } : node.subject),
      resolve: (node, args, asking, permit) =>
        isSelf(node, asking) ? ownOrganizations(asking, permit, args) : NOTHING,
    }),
    organization: decided<AccountNode, { readonly login: string }>({
      twin: 'GET /orgs/{org}',
      subject: (_, { login }) => ({ kind: 'organization', login }),
      missing: ({ login }) => noAccount('an Organization', login),
      resolve: async (node, { login }, asking, permit) => {
        const { account } = await readOrganization(asking.ctx, permit);
        const mine = isSelf(node, asking) ? await ownOrganizations(asking, permit, { first: 0 }, login) : NOTHING;
        return mine.totalCount > 0 ? accountNode(asking, account, true) : null;
      },
    }),
  },
  Organization: {
    ...PROFILE,
    description: profile((account) => said(account, 'description')),
    email: profile((account) => said(account, 'email')),
    requiresTwoFactorAuthentication: decided<AccountNode>({
      twin: 'GET /orgs/{org}',
      resolve: async (_, __, { ctx }, permit) => {
        const { seesPrivate, demandsTwoFactor } = await readOrganization(ctx, permit);
        return seesPrivate ? demandsTwoFactor : null;
      },
    }),
  },
  GitHubMetadata: {
    isPasswordAuthenticationVerifiable: plain(() => false),
  },
};

/** GitHub's words for an account that isn't there. */
export function noAccount(what: string, login: string): string {
  return `Could not resolve to ${what} with the login of '${login}'.`;
}

/** The organizations that the token reaches; with `login`, that one if it is among them. */
async function ownOrganizations(asking: Asking, permit: Asking['permit'], args: PageArgs, login: string | null = null) {
  const { ctx } = asking;
  const all = await organizationsInReach(ctx, permit, { beforeId: null, limit: MAX_ORGANIZATIONS });
  const hidden = new Set(await hiddenBySso(ctx, permit));
  const rows = all.filter(
    (account) => !hidden.has(account.id) && (login === null || account.login.toLowerCase() === login.toLowerCase()),
  );
  return connection({ rows, keyOf: ({ id }) => id, nodeOf: (account) => accountNode(asking, account) }, args);
}
