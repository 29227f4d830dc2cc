/**
 * From a permit to the repository that it names: its row and its objects on disk.
 *
 * Invariant: what is read and changed is exactly the repository that the decision was about, found by its id,
 * whatever its name is by now.
 */

import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import type { Signature } from '../../git/objects/commits.ts';
import type { Plumbing } from '../../git/objects/plumbing.ts';
import type { Committer } from '../../git/processes/environment.ts';
import type { OwnerRecord, RepositoryRecord } from '../../rules/model.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import { type Repository, repositoryById } from '../../store/repositories.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

export type { Repository };

/** The repository of a permit. @throws TypeError when the permit is not about one */
export function targetRepository({ target }: Permit): { owner: OwnerRecord; repository: RepositoryRecord } {
  if (target.kind !== 'repository' || target.owner === null || target.repository === null)
    throw new TypeError('this needs a permit on a repository');
  return { owner: target.owner, repository: target.repository };
}

/**
 * The row of the permit's repository with its owner, as they are now.
 * @throws Problem when it has been deleted meanwhile
 */
export async function readTarget(q: Query, permit: Permit): Promise<{ owner: Account; repository: Repository }> {
  const repository = await repositoryById(q, targetRepository(permit).repository.id);
  const owner = repository === null ? null : await accountById(q, repository.ownerId);
  if (repository === null || owner === null) throw problem('not_found', 'The repository is gone.');
  return { owner, repository };
}

/** The objects and refs of the permit's repository, for the functions of the git room. */
export function openTarget(ctx: Context, permit: Permit): Plumbing {
  const { owner, repository } = targetRepository(permit);
  const { userId, address } = permit.actor;
  const caller = userId === null ? networkOf(address ?? '') : `user ${userId}`;
  return ctx.git.open(owner.login, repository.name, caller, committerOf(permit));
}

/**
 * Whom reflogs and hooks name for what a permit moves: no address of theirs, since whoever reads the disk reads it.
 * With a derived token also the agent and session that it was derived for: `ada via claude-code/2.1 (session s-17)`.
 * It stands in the name, since git writes "push" as the message whatever it is told.
 */
export function committerOf({ actor: { userId, login, act } }: Permit): Committer {
  const via = act === undefined ? '' : ` via ${act.agent ?? 'a derived token'}`;
  const session = act?.session == null ? '' : ` (session ${act.session})`;
  return {
    name: `${login}${via}${session}`,
    email: userId === null ? `${login}@users.noreply` : `${userId}+${login}@users.noreply`,
  };
}

/**
 * How a commit made for somebody names them: display name and primary address.
 * @throws TypeError for an anonymous caller
 */
export async function signatureFor(ctx: Context, permit: Permit): Promise<Signature> {
  const { userId, login } = permit.actor;
  const account = userId === null ? null : await accountById(ctx.store.db, userId);
  if (account === null) throw new TypeError('a commit of nobody was asked for');
  const [primary] = await emailsOf(ctx.store.db, account.id);
  return {
    name: account.name === '' ? login : account.name,
    email: primary?.address ?? `${account.id}+${login}@users.noreply`,
    at: ctx.clock.now(),
  };
}

/** The account that a permit is about, or that owns what it is about. @throws TypeError when it is about none */
export function readTargetOwner({ target }: Permit): OwnerRecord {
  if (target.kind === 'instance' || target.owner === null) throw new TypeError('this needs a permit on an account');
  return target.owner;
}
