/**
 * Repositories that get another name or owner.
 *
 * The folder moves first, and back when the row can't follow. If the server dies in between, a job brings the folder to
 * where the row says.
 */
import { existsSync } from 'node:fs';
import { problem } from '../../base/errors.ts';
import { isSameName } from '../../rules/names.ts';
import type { Account } from '../../store/accounts.ts';
import { removeCollaborator, removeMachinesOfOthers } from '../../store/collaborators.ts';
import { unselectForOthers } from '../../store/grants.ts';
import { moveRepository, type Repository } from '../../store/repositories.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { settleLater } from './folders.ts';
import { ownership } from './repositories.ts';

/** Where a repository is, and where it goes: its owner and name there. */
export interface Move {
  readonly repository: Repository;
  readonly owner: Account;
  readonly to: { readonly owner: Account; readonly name: string };
}

/**
 * Moves a repository. With a new owner, tokens that were granted to the old one no longer reach it, and its old name
 * leads on to it for as long as the old owner exists. Machine accounts of others lose their roles: each works for its
 * owner alone.
 * @throws Problem when the name is taken there, or the repository is gone
 */
export async function relocate(ctx: Context, permit: Permit, move: Move): Promise<Repository> {
  const { repository, owner, to } = move;
  const [from, there] = [
    { owner: owner.login, name: repository.name },
    { owner: to.owner.login, name: to.name },
  ];
  const isSpelling = owner.id === to.owner.id && isSameName(repository.name, to.name);
  if (existsSync(ctx.git.path(there.owner, there.name)) && !isSpelling)
    throw problem('already_exists', `A repository lies on disk as ${there.owner}/${there.name} already.`, 'name');
  await ctx.store.transaction((tx) => settleLater(ctx, tx, repository.id, [from, there]));
  await ctx.git.rename(from, there);
  try {
    return await unlessTaken(`${there.owner} has a repository ${there.name} already.`, 'name', () =>
      ctx.store.transaction(async (tx) => {
        const at = ctx.clock.now();
        const moved = await moveRepository(tx, repository.id, { ownerId: to.owner.id, name: to.name }, at);
        if (moved === null) throw problem('not_found', 'The repository is gone.');
        // A look that came in between, since this took so long, may have moved it back.
        await settleLater(ctx, tx, repository.id, [there, from]);
        const repo = `${there.owner}/${there.name}`;
        if (owner.id === to.owner.id) {
          await record(tx, permit, at, {
            action: 'repo.rename',
            ...ownership(owner),
            repositoryId: repository.id,
            data: { repo, old_name: repository.name },
          });
          return moved;
        }
        await unselectForOthers(tx, repository.id, to.owner.id);
        await removeCollaborator(tx, repository.id, to.owner.id);
        await removeMachinesOfOthers(tx, repository.id, to.owner.id);
        // In the log of each side, since neither may read the other's.
        await record(tx, permit, at, {
          action: 'repo.transfer_outgoing',
          ...ownership(owner),
          repositoryId: repository.id,
          data: { repo: `${owner.login}/${repository.name}`, new_owner: to.owner.login },
        });
        await record(tx, permit, at, {
          action: 'repo.transfer',
          ...ownership(to.owner),
          repositoryId: repository.id,
          data: { repo, old_owner: owner.login },
        });
        return moved;
      }),
    );
  } catch (error) {
    await ctx.git.rename(there, from);
    throw error;
  }
}
