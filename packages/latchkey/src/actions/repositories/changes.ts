/**
 * Changes to an existing repository: its description, its visibility, its name, its end.
 *
 * Invariant: a change reports all its complaints at once, and then changes nothing.
 */

import { type Complaint, Problem, problem } from '../../base/errors.ts';
import type { AuditAction } from '../../catalogue/audit-events.ts';
import { branchNameProblem } from '../../git/objects/names.ts';
import { readRef } from '../../git/objects/refs.ts';
import { resolveCommit } from '../../git/objects/revisions.ts';
import type { Visibility } from '../../rules/model.ts';
import { repositoryNameProblem } from '../../rules/names.ts';
import type { Account } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import {
  deleteRepository as deleteRow,
  listRepositories,
  type Repository,
  repositoryByName,
  setArchived,
  setDescription,
  setHomepage,
  setVisibility,
} from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { settleLater } from './folders.ts';
import { relocate } from './moves.ts';
import { movingHead } from './pushes.ts';
import { demandFreeRefs } from './refs/ref-guard.ts';
import { MAX_REPOSITORY_DESCRIPTION_LENGTH, ownership } from './repositories.ts';
import { openTarget, readTarget } from './target.ts';

/** The longest address of a repository's home page. */
const MAX_HOMEPAGE_LENGTH = 255;

/** Fields that are left out stay. */
export interface RepositoryChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** '' = none. */
  readonly homepage?: string | undefined;
  readonly visibility?: Visibility | undefined;
  readonly archived?: boolean | undefined;
  readonly defaultBranch?: string | undefined;
}

/** Changes the permit's repository. @throws Problem with every complaint; then nothing was changed */
export async function changeRepository(ctx: Context, permit: Permit, change: RepositoryChange): Promise<Repository> {
  const { owner, repository } = await readTarget(ctx.store.db, permit);
  if ((change.name ?? repository.name) !== repository.name || change.defaultBranch !== undefined)
    ctx.git.demandWrites();
  await check(ctx, permit, owner, repository, change);
  const isArchived = repository.archivedAt !== null && change.archived !== false;
  if (
    isArchived &&
    Object.entries(change).some(
      ([field, value]) => value !== undefined && field !== 'archived' && field !== 'visibility',
    )
  ) {
    throw problem('conflict', 'Repository was archived so is read-only.');
  }
  const write = (tx: Query): Promise<void> => writeFields(ctx, tx, permit, { owner, repository }, change);
  if (change.defaultBranch === undefined) await ctx.store.transaction(write);
  else await movingHead(ctx, permit, change.defaultBranch, write);
  if (change.name !== undefined && change.name !== repository.name)
    return relocate(ctx, permit, { repository, owner, to: { owner, name: change.name } });
  return (await readTarget(ctx.store.db, permit)).repository;
}

async function check(
  ctx: Context,
  permit: Permit,
  owner: Account,
  repository: Repository,
  change: RepositoryChange,
): Promise<void> {
  const { name, description = '', homepage = '', defaultBranch } = change;
  const complaints: Complaint[] = [];
  const complain = (field: string, message: string | null): void => {
    if (message !== null) complaints.push({ field, code: 'invalid', message });
  };
  complain('name', name === undefined ? null : repositoryNameProblem(name));
  complain(
    'description',
    description.length > MAX_REPOSITORY_DESCRIPTION_LENGTH
      ? `A description has at most ${MAX_REPOSITORY_DESCRIPTION_LENGTH} characters.`
      : null,
  );
  complain('homepage', homepageProblem(homepage));
  complain('default_branch', defaultBranch === undefined ? null : await branchProblem(ctx, permit, defaultBranch));
  if (complaints.length > 0) throw new Problem(complaints);
  const known = name === undefined ? null : await repositoryByName(ctx.store.db, owner.id, name);
  if (known !== null && !known.renamed && known.repository.id !== repository.id)
    throw problem('already_exists', `${owner.login} has a repository ${name} already.`, 'name');
}

/** What is wrong with a repository's home page; null when nothing is. */
export function homepageProblem(homepage: string): string | null {
  if (homepage === '') return null;
  if (homepage.length > MAX_HOMEPAGE_LENGTH) return `A homepage has at most ${MAX_HOMEPAGE_LENGTH} characters.`;
  return /^https?:\/\/[^\s]+$/.test(homepage) && URL.canParse(homepage)
    ? null
    : 'A homepage is an address that begins with http:// or https://.';
}

async function branchProblem(ctx: Context, permit: Permit, branch: string): Promise<string | null> {
  const wrong = branchNameProblem(branch);
  if (wrong !== null) return wrong;
  const plumbing = openTarget(ctx, permit);
  const isThere =
    (await readRef(plumbing, `refs/heads/${branch}`)) !== null || (await resolveCommit(plumbing, 'HEAD')) === null;
  return isThere
    ? null
    : `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`;
}

async function writeFields(
  ctx: Context,
  tx: Query,
  permit: Permit,
  { owner, repository: before }: { readonly owner: Account; readonly repository: Repository },
  change: RepositoryChange,
): Promise<void> {
  const at = ctx.clock.now();
  const log = (action: AuditAction, data: object = {}): Promise<void> =>
    record(tx, permit, at, {
      action,
      ...ownership(owner),
      repositoryId: before.id,
      data: { repo: `${owner.login}/${before.name}`, ...data },
    });
  if (change.description !== undefined && change.description !== before.description) {
    await setDescription(tx, before.id, change.description, at);
    await log('repo.update', { field: 'description' });
  }
  if (change.homepage !== undefined && change.homepage !== before.homepage) {
    await setHomepage(tx, before.id, change.homepage, at);
    await log('repo.update', { field: 'homepage' });
  }
  if (change.defaultBranch !== undefined) await log('repo.update_default_branch', { branch: change.defaultBranch });
  if (change.visibility !== undefined && (await setVisibility(tx, before.id, change.visibility, at))) {
    await log('repo.access', { visibility: change.visibility, previous_visibility: before.visibility });
  }
  if (change.archived !== undefined && (await setArchived(tx, before.id, change.archived ? at : null, at)))
    await log(change.archived ? 'repo.archived' : 'repo.unarchived');
}

/**
 * Deletes the permit's repository with everything that belongs to it. Its row is deleted first, so that nobody reaches
 * half of it.
 */
export async function deleteRepository(ctx: Context, permit: Permit): Promise<void> {
  ctx.git.demandWrites();
  await demandFreeRefs(ctx, permit, 'everything');
  const { owner, repository } = await readTarget(ctx.store.db, permit);
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    if (!(await deleteRow(tx, repository.id))) throw problem('not_found', 'The repository is gone.');
    await settleLater(ctx, tx, repository.id, [{ owner: owner.login, name: repository.name }]);
    await record(tx, permit, at, {
      action: 'repo.destroy',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}` },
    });
  });
  await ctx.git.remove(owner.login, repository.name);
}

/**
 * Deletes the rows of all repositories of an account, in the caller's transaction. Once that is committed, their
 * folders are the caller's to remove.
 */
export async function deleteRepositoriesOf(ctx: Context, tx: Query, owner: Account): Promise<Repository[]> {
  const gone: Repository[] = [];
  for (;;) {
    const some = await listRepositories(tx, owner.id, { beforeId: null, limit: 500 });
    if (some.length === 0) return gone;
    for (const { id, name } of some) {
      await deleteRow(tx, id);
      await settleLater(ctx, tx, id, [{ owner: owner.login, name }]);
    }
    gone.push(...some);
  }
}
