/** Repositories as they are shown: with owner, the viewer's role, default branch and size. */
import { sshCloneAddress } from '../../base/settings/values.ts';
import type { RepositoryRole } from '../../catalogue/roles.ts';
import { defaultBranch } from '../../git/objects/refs.ts';
import type { Account } from '../../store/accounts.ts';
import type { Repository } from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { readTarget, targetRepository } from './target.ts';

export interface RepositoryView {
  readonly owner: Account;
  readonly repository: Repository;
  /** The caller's role; null for an anonymous caller. */
  readonly role: RepositoryRole | null;
  readonly defaultBranch: string;
  /** The size of its objects on disk, in KiB. */
  readonly sizeKb: number;
  /** What is cloned over SSH; null where there is none. */
  readonly sshUrl: string | null;
}

/** What a client clones over SSH; null where there is none. */
export function sshUrlOf({ settings }: Context, { owner, repository }: Pick<RepositoryView, 'owner' | 'repository'>) {
  const { sshAddress } = settings;
  return sshAddress === null ? null : sshCloneAddress(sshAddress, `${owner.login}/${repository.name}`);
}

/** The repository of a permit. */
export async function viewTarget(ctx: Context, permit: Permit): Promise<RepositoryView> {
  return viewOf(ctx, await seenTarget(ctx, permit));
}

/** The same without what is read from disk. */
export async function seenTarget(
  ctx: Context,
  permit: Permit,
): Promise<Pick<RepositoryView, 'owner' | 'repository' | 'role'>> {
  return { ...(await readTarget(ctx.store.db, permit)), role: targetRepository(permit).repository.role };
}

/** Adds what is read from disk. A missing repository has no size, and the usual default branch. */
export async function viewOf(
  ctx: Context,
  known: Pick<RepositoryView, 'owner' | 'repository' | 'role'>,
): Promise<RepositoryView> {
  const path = ctx.git.path(known.owner.login, known.repository.name);
  const [branch, bytes] = await Promise.all([defaultBranch(path), ctx.git.sizeOf(path)]);
  return { ...known, defaultBranch: branch, sizeKb: Math.ceil(bytes / 1024), sshUrl: sshUrlOf(ctx, known) };
}
