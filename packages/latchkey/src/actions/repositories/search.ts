/**
 * Repositories found by the parameters of GitLab's list, counted: what the asking credential may see. (The other
 * dialect's lists page by key and count nothing: `listing`.)
 *
 * Invariant: each row was decided on its own, so a token lists nothing that it couldn't read one by one.
 */
import { present } from '../../base/present.ts';
import type { Need } from '../../catalogue/needs.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import type { Target } from '../../rules/model.ts';
import { readUserFacts } from '../../store/decision-facts.ts';
import { rulesetsOfAccounts } from '../../store/rulesets.ts';
import { type RepositoryOrder, type RepositorySearch, visibleRepositories } from '../../store/visible-repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import { ownerRecord, recordOf } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import type { RepositoryView } from './view.ts';

export type { RepositoryOrder };
/** A row of a list, without anything read from disk. */
export type ListedRepository = Pick<RepositoryView, 'owner' | 'repository' | 'role'>;

/** A row with how it was decided. */
export interface FoundRepository extends ListedRepository {
  /** The role that its owner gave the caller, apart from what ownership, membership and teams bring. */
  readonly givenRole: RepositoryRole | null;
  /** That the caller may see it. */
  readonly permit: Permit;
}

/** The most rows a list checks. People who see more than this have to narrow the search. */
const MAX_LISTED_REPOSITORIES = 10_000;
const SEEN: Need = { sets: [{ metadata: 'read' }], publicRead: true, writes: false };

/** All repositories that match the search and that the caller may see, in order. */
export async function searchRepositories(
  ctx: Context,
  permit: Permit,
  search: Omit<RepositorySearch, 'userId' | 'organizationIds'>,
  order: { by: RepositoryOrder; direction: 'asc' | 'desc' },
  need: Need = SEEN,
): Promise<FoundRepository[]> {
  const { userId } = permit.actor;
  const facts = userId === null ? null : await readUserFacts(ctx.store.db, userId);
  const organizationIds = [...(facts?.memberships.keys() ?? [])];
  const rows = await visibleRepositories(
    ctx.store.db,
    { ...search, userId, organizationIds },
    order,
    MAX_LISTED_REPOSITORIES,
  );
  const owners = new Map(
    await Promise.all(
      [...new Map(rows.map(({ owner }) => [owner.id, owner])).values()].map(
        async (owner) => [owner.id, await ownerRecord(ctx, facts, owner)] as const,
      ),
    ),
  );
  const ofOwners = await rulesetsOfAccounts(ctx.store.db, [...owners.keys()]);
  return rows.flatMap(({ owner, repository, given }) => {
    const known = present(owners.get(owner.id), `owner ${owner.id}`);
    const record = recordOf(facts, known, repository, given, ofOwners.get(owner.id) ?? []);
    const target: Target = {
      kind: 'repository',
      owner: known,
      repository: record,
      fullName: `${owner.login}/${repository.name}`,
    };
    const seen = permit.on(target, need);
    const { collaboratorRole: givenRole } = given;
    return seen === null ? [] : [{ owner, repository, role: record.role, givenRole, permit: seen }];
  });
}
