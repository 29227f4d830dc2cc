/**
 * Deploy keys of a repository.
 *
 * Invariant: a key created with a token ends with it (GitHub docs, "Managing your personal access tokens"); one
 * created on the page stays.
 */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import {
  type DeployKey,
  deleteDeployKey,
  deployKeyById,
  insertDeployKey,
  listDeployKeys,
} from '../../store/deploy-keys.ts';
import type { Page } from '../../store/page.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { refRulesOf } from '../decision/permit-target.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { demandFreeKey, keyOfDraft } from '../keys/ssh-keys.ts';
import { ownership } from './repositories.ts';
import { readTarget, targetRepository } from './target.ts';

export type { DeployKey };

/** Adds a key to the permit's repository. @throws Problem when it isn't a key, or is in use */
export async function addDeployKey(
  ctx: Context,
  permit: Permit,
  draft: { title: string; key: string; readOnly: boolean },
): Promise<DeployKey> {
  if (refRulesOf(permit) !== null && !draft.readOnly)
    throw problem(
      'unprocessable',
      'A token with ref rules makes read-only deploy keys only: one that writes would push to any ref.',
      'read_only',
    );
  const key = keyOfDraft(draft);
  const at = ctx.clock.now();
  return unlessTaken('key is already in use', 'key', () =>
    ctx.store.transaction(async (tx) => {
      const { owner, repository } = await readTarget(tx, permit);
      await demandFreeKey(tx, key.fingerprint);
      const id = await insertDeployKey(tx, {
        repositoryId: repository.id,
        ...key,
        readOnly: draft.readOnly,
        createdById: permit.actor.userId,
        createdByTokenId: permit.actor.tokenId,
        at,
      });
      await record(tx, permit, at, {
        action: 'public_key.create',
        ...ownership(owner),
        repositoryId: repository.id,
        data: {
          repo: `${owner.login}/${repository.name}`,
          title: key.title,
          fingerprint: `SHA256:${key.fingerprint}`,
          read_only: draft.readOnly,
        },
      });
      return present(await deployKeyById(tx, repository.id, id), `deploy key ${id}`);
    }),
  );
}

/** A page of the permit's repository's keys, the newest first. */
export function readDeployKeys(ctx: Context, permit: Permit, page: Page): Promise<DeployKey[]> {
  return listDeployKeys(ctx.store.db, targetRepository(permit).repository.id, page);
}

/** One of them. @throws Problem when there is none with that id */
export async function readDeployKey(ctx: Context, permit: Permit, id: number): Promise<DeployKey> {
  const key = await deployKeyById(ctx.store.db, targetRepository(permit).repository.id, id);
  if (key === null) throw problem('not_found', `There is no deploy key ${id}.`, 'id');
  return key;
}

/** Deletes one of them. @throws Problem when there is none with that id */
export async function removeDeployKey(ctx: Context, permit: Permit, id: number): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const { owner, repository } = await readTarget(tx, permit);
    const key = await deployKeyById(tx, repository.id, id);
    if (key === null || !(await deleteDeployKey(tx, repository.id, id)))
      throw problem('not_found', `There is no deploy key ${id}.`, 'id');
    await record(tx, permit, at, {
      action: 'public_key.delete',
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, title: key.title, fingerprint: `SHA256:${key.fingerprint}` },
    });
  });
}
