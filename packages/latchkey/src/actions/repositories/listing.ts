/**
 * Lists of repositories, limited to what this very credential may see.
 *
 * Invariant: every repository in an answer was decided like a request for that repository alone.
 */
import type { Need } from '../../catalogue/needs.ts';
import {
  type ListedRepository,
  listRepositoriesBy,
  type RepositoryFilter,
  type RepositoryOrder,
  type RepositoryPlace,
} from '../../store/repository-lists.ts';
import type { Identity } from '../decision/authenticate.ts';
import { consider, holderOf, type Permit } from '../decision/authorize.ts';
import { targetOf } from '../decision/targets.ts';
import type { Context } from '../ground/context.ts';
import { type RepositoryView, viewOf } from './view.ts';

export type {
  Affiliation,
  RepositoryFilter,
  RepositoryOrder,
  RepositoryPlace,
  RepositorySort,
} from '../../store/repository-lists.ts';

const SEE: Need = { sets: [{ metadata: 'read' }], publicRead: true, writes: false };
/** The most rows to check in one request. The next page continues after them. */
const MAX_LOOKED_AT = 1000;

export interface RepositoryListing {
  readonly repositories: readonly RepositoryView[];
  /** Where the next page begins; null when there is none. */
  readonly next: RepositoryPlace | null;
}

/** A page of the matching repositories that the caller may see. */
export async function listVisible(
  ctx: Context,
  permit: Permit,
  filter: RepositoryFilter,
  order: RepositoryOrder,
  page: { after: RepositoryPlace | null; skip: number; limit: number },
): Promise<RepositoryListing> {
  const holder = await holderOf(ctx, permit);
  const seen: RepositoryView[] = [];
  let { after, skip } = page;
  for (let lookedAt = 0; lookedAt < MAX_LOOKED_AT; ) {
    const rows = await listRepositoriesBy(ctx.store.db, filter, order, { after, skip: 0, limit: page.limit });
    for (const row of rows) {
      after = row.place;
      const view = await viewFor(ctx, permit, holder, row);
      if (view === null || skip-- > 0) continue;
      seen.push(view);
      if (seen.length === page.limit) return { repositories: seen, next: after };
    }
    lookedAt += rows.length;
    if (rows.length < page.limit) return { repositories: seen, next: null };
  }
  return { repositories: seen, next: after };
}

/** The repository as its viewer sees it; null when they may not. */
export async function viewFor(
  ctx: Context,
  permit: Permit,
  holder: Identity | null,
  { owner, repository }: Pick<ListedRepository, 'owner' | 'repository'>,
): Promise<RepositoryView | null> {
  if (holder === null) return viewOf(ctx, { owner, repository, role: 'admin' });
  const name = { kind: 'repository', owner: owner.login, name: repository.name } as const;
  if ((await consider(ctx, { need: SEE, target: name, address: permit.actor.address ?? '' }, holder)) !== null)
    return null;
  const target = await targetOf(ctx, holder, name);
  return viewOf(ctx, {
    owner,
    repository,
    role: target.kind === 'repository' ? (target.repository?.role ?? null) : null,
  });
}
