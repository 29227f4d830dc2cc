/** Where queries begin. */
import { readTargetAccount, searchPeople } from '../../../actions/accounts/people.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { nameOfAccount } from '../../../actions/decision/names-by-id.ts';
import { searchRepositories } from '../../../actions/repositories/search.ts';
import { seenTarget } from '../../../actions/repositories/view.ts';
import { isoInstant } from '../../../base/time.ts';
import { readSearch } from '../search-phrase.ts';
import { noAccount } from './account-fields.ts';
import { accountNode } from './account-node.ts';
import type { Asking } from './asking.ts';
import { Unanswered } from './errors.ts';
import { decided, type FieldRow, type FieldTable, plain } from './fields.ts';
import { connection, type PageArgs } from './lists.ts';
import { noNode, repositoryNumbered } from './mutation-fields.ts';
import { readNodeId } from './node-ids.ts';
import { loadNode, objectSource, refNode } from './object-nodes.ts';
import { repositoryConnection, repositoryField } from './repository-lists.ts';
import { type RepositoryNode, repositoryNode } from './repository-node.ts';

type Root = undefined;
interface Login {
  readonly login: string;
}

function accountField(what: string, kinds: readonly string[]): FieldRow {
  const isOrganization = kinds.length === 1 && kinds[0] === 'organization';
  return decided<Root, Login>({
    twin: isOrganization ? 'GET /orgs/{org}' : 'GET /users/{username}',
    subject: (_, { login }) => ({ kind: isOrganization ? 'organization' : 'account', login }),
    missing: ({ login }) => noAccount(what, login),
    resolve: async (_, { login }, asking, permit) => {
      const { target } = permit;
      const account =
        target.kind === 'instance' || target.owner === null ? null : await readTargetAccount(asking.ctx, permit);
      if (account === null || !kinds.includes(account.kind)) throw new Unanswered('NOT_FOUND', noAccount(what, login));
      return accountNode(asking, account, true);
    },
  });
}

/** What an id stands for, decided like a request for it by name. */
async function nodeById(id: string, asking: Asking, field: string): Promise<unknown> {
  const named = readNodeId(id);
  const missing = noNode(id);
  if (named === null) throw new Unanswered('NOT_FOUND', missing);
  if (named.type === 'User' || named.type === 'Bot' || named.type === 'Organization')
    return accountById(named, asking, { field, missing });
  const subject = await repositoryNumbered(asking, named.id);
  const permit = await asking.decide({ field, twin: 'GET /repos/{owner}/{repo}', subject, missing });
  const repository = repositoryNode(asking, await seenTarget(asking.ctx, permit));
  if (named.type === 'Repository') return repository;
  const found = await withinRepository(asking, repository, { type: named.type, within: named.within, field });
  if (found === null) throw new Unanswered('NOT_FOUND', missing);
  return found;
}

async function withinRepository(
  asking: Asking,
  repository: RepositoryNode,
  { type, within, field }: { type: string; within: string; field: string },
): Promise<unknown> {
  const permit = await asking.decide({
    field,
    twin: 'GET /repos/{owner}/{repo}/git/ref/{ref}',
    subject: repository.subject,
  });
  const source = objectSource(asking, repository, permit);
  if (type !== 'Ref') return loadNode(asking, source, within);
  const object = await source.load(within);
  return object === null ? null : refNode(repository, within, { objectId: object.id, source });
}

async function accountById(
  { type, id }: { type: string; id: number },
  asking: Asking,
  { field, missing }: { field: string; missing: string },
): Promise<unknown> {
  const name = await nameOfAccount(asking.ctx, id);
  if (name === null || (type === 'Organization') !== (name.kind === 'organization'))
    throw new Unanswered('NOT_FOUND', missing);
  const isOrganization = name.kind === 'organization';
  const permit = await asking.decide({
    field,
    twin: isOrganization ? 'GET /orgs/{org}' : 'GET /users/{username}',
    subject: { kind: isOrganization ? 'organization' : 'account', login: name.login },
    missing,
  });
  return accountNode(asking, await readTargetAccount(asking.ctx, permit), true);
}

interface SearchArgs extends PageArgs {
  readonly query: string;
  readonly type: 'REPOSITORY' | 'USER' | 'ISSUE' | 'DISCUSSION';
}

const COUNTS = { userCount: 0, issueCount: 0, codeCount: 0, discussionCount: 0, wikiCount: 0, repositoryCount: 0 };

async function search(args: SearchArgs, asking: Asking, permit: Permit) {
  if (args.type === 'USER') return searchUsers(args, asking, permit);
  const phrase = args.type === 'REPOSITORY' ? readSearch(args.query, permit.actor.login) : null;
  const rows = phrase === null ? [] : await searchRepositories(asking.ctx, permit, phrase.search, phrase.order);
  const found = phrase === null ? [] : rows.filter(phrase.fits);
  return { ...COUNTS, ...repositoryConnection(asking, found, args), repositoryCount: found.length };
}

/** The most people that a search finds. */
const MAX_PEOPLE = 1000;

async function searchUsers(args: SearchArgs, asking: Asking, permit: Permit) {
  const words = args.query
    .split(/\s+/)
    .filter((word) => !word.includes(':'))
    .join(' ');
  const { people, total } = await searchPeople(asking.ctx, permit, words, { offset: 0, limit: MAX_PEOPLE });
  const listed = connection({ rows: people, keyOf: ({ id }) => id, nodeOf: (one) => accountNode(asking, one) }, args);
  return { ...COUNTS, ...listed, userCount: total };
}

export const ROOT_FIELDS: FieldTable = {
  Query: {
    viewer: decided<Root>({
      twin: 'GET /user',
      // The request as a whole was decided about the caller's own account.
      subject: (_, __, { permit }) => ({ found: permit.target }),
      resolve: async (_, __, asking, permit) => accountNode(asking, await readTargetAccount(asking.ctx, permit), true),
    }),
    user: accountField('a User', ['user', 'machine']),
    organization: accountField('an Organization', ['organization']),
    repositoryOwner: accountField('a RepositoryOwner', ['user', 'machine', 'organization']),
    repository: repositoryField<Root, { readonly owner: string; readonly name: string }>((_, { owner, name }) => ({
      owner,
      name,
    })),
    node: {
      twins: [],
      resolve: (_: Root, { id }: { readonly id: string }, asking: Asking, field: string) => nodeById(id, asking, field),
    },
    nodes: {
      twins: [],
      resolve: (_: Root, { ids }: { readonly ids: readonly string[] }, asking: Asking, field: string) =>
        // Each has an error of its own in its place of the list.
        ids.map((id) => nodeById(id, asking, field)),
    },
    search: decided<Root, SearchArgs>({
      twin: 'GET /search/repositories',
      subject: () => ({ kind: 'instance' }),
      resolve: (_, args, asking, permit) => search(args, asking, permit),
    }),
    rateLimit: plain((_, __, { cost, nodes, allowance }) =>
      allowance === null
        ? null
        : {
            cost,
            nodeCount: nodes,
            limit: allowance.limit,
            used: allowance.used,
            remaining: allowance.remaining,
            resetAt: isoInstant(allowance.resetsAt),
          },
    ),
    meta: plain(() => ({ isPasswordAuthenticationVerifiable: false, hookIpAddresses: null, gitIpAddresses: null })),
  },
};
