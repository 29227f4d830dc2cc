/** Lists of repositories, and one by its name. */
import type { Account } from '../../../actions/accounts/accounts.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import {
  type FoundRepository,
  type RepositoryOrder,
  searchRepositories,
} from '../../../actions/repositories/search.ts';
import { seenTarget } from '../../../actions/repositories/view.ts';
import type { Asking, Subject } from './asking.ts';
import { decided, type FieldRow } from './fields.ts';
import { connection, type PageArgs } from './lists.ts';
import { type RepositoryNode, repositoryNode } from './repository-node.ts';

type Affiliation = 'OWNER' | 'COLLABORATOR' | 'ORGANIZATION_MEMBER';

export interface RepositoryArgs extends PageArgs {
  readonly affiliations?: readonly (Affiliation | null)[] | null;
  readonly ownerAffiliations?: readonly (Affiliation | null)[] | null;
  readonly privacy?: 'PUBLIC' | 'PRIVATE' | null;
  readonly visibility?: 'PUBLIC' | 'PRIVATE' | 'INTERNAL' | null;
  readonly isArchived?: boolean | null;
  readonly isFork?: boolean | null;
  readonly isLocked?: boolean | null;
  readonly hasIssuesEnabled?: boolean | null;
  readonly orderBy?: { readonly field: keyof typeof ORDERS; readonly direction: 'ASC' | 'DESC' } | null;
}

const ORDERS = {
  CREATED_AT: 'created_at',
  NAME: 'name',
  PUSHED_AT: 'last_activity_at',
  // Nobody has stars here.
  STARGAZERS: 'id',
  UPDATED_AT: 'updated_at',
} as const satisfies Record<string, RepositoryOrder>;

/** A page of listed repositories. */
export function repositoryConnection(asking: Asking, rows: readonly FoundRepository[], args: PageArgs) {
  return {
    ...connection(
      {
        rows,
        keyOf: ({ repository }) => repository.id,
        nodeOf: (row): RepositoryNode => repositoryNode(asking, row, { found: row.permit.target }),
      },
      args,
    ),
    totalDiskUsage: 0,
  };
}

/** The repositories of an account that the caller may see; of the caller themselves also those they work in. */
export async function ownedRepositories(asking: Asking, permit: Permit, owner: Account, args: RepositoryArgs) {
  if (args.isFork === true || args.isLocked === true || args.hasIssuesEnabled === true)
    return repositoryConnection(asking, [], args);
  const isSelf = owner.id === asking.userId;
  const order = args.orderBy ?? { field: 'CREATED_AT', direction: 'ASC' };
  const rows = await searchRepositories(
    asking.ctx,
    permit,
    {
      ...(isSelf ? { membership: true } : { ownerId: owner.id }),
      ...(args.isArchived == null ? {} : { archived: args.isArchived }),
    },
    { by: ORDERS[order.field], direction: order.direction === 'ASC' ? 'asc' : 'desc' },
  );
  const affiliations = isSelf ? wantedOf(args) : null;
  const wanted = rows.filter(
    (row) =>
      (affiliations === null || affiliations.has(affiliationOf(row, owner.id))) &&
      fits(row, args.visibility ?? null, args.privacy ?? null),
  );
  return repositoryConnection(asking, wanted, args);
}

/** Both arguments restrict the list; each is "owner or collaborator" unless it says otherwise. */
function wantedOf({ affiliations, ownerAffiliations }: RepositoryArgs): ReadonlySet<Affiliation | null> {
  const owned = new Set(ownerAffiliations ?? (['OWNER', 'COLLABORATOR'] as const));
  return affiliations == null ? owned : new Set(affiliations.filter((one) => owned.has(one)));
}

function affiliationOf({ owner, givenRole }: FoundRepository, userId: number): Affiliation {
  return owner.id === userId ? 'OWNER' : givenRole === null ? 'ORGANIZATION_MEMBER' : 'COLLABORATOR';
}

function fits({ repository }: FoundRepository, visibility: string | null, privacy: string | null): boolean {
  const isPublic = repository.visibility === 'public';
  return (
    (visibility === null || repository.visibility.toUpperCase() === visibility) &&
    (privacy === null || (privacy === 'PUBLIC') === isPublic)
  );
}

/** A field that answers the repository of a name; null with `NOT_FOUND` for one that the caller may not see. */
export function repositoryField<Source extends { readonly subject?: Subject } | undefined, Args>(
  nameOf: (source: Source, args: Args) => { readonly owner: string; readonly name: string },
): FieldRow {
  return decided<Source, Args>({
    twin: 'GET /repos/{owner}/{repo}',
    subject: (source, args) => ({ kind: 'repository', ...nameOf(source, args) }),
    missing: (args, source) => {
      const { owner, name } = nameOf(source, args);
      return `Could not resolve to a Repository with the name '${owner}/${name}'.`;
    },
    resolve: async (_, __, asking, permit) =>
      repositoryNode(asking, await seenTarget(asking.ctx, permit), { found: permit.target }),
  });
}
