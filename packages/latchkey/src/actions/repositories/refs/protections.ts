/**
 * Protected branches and tags of a repository: listed, set, removed.
 *
 * Invariant: a protection counts from the next request on, at every door that moves a ref (`ref-guard.ts`), for
 * everybody but the operator at the command line.
 */
import { problem } from '../../../base/errors.ts';
import {
  DEFAULT_PROTECTION,
  type ProtectionRole,
  type RefProtection,
  stricter,
} from '../../../rules/refs/ref-protections.ts';
import { refPattern } from '../../../rules/refs/ref-rule-text.ts';
import type { RefAct } from '../../../rules/refs/ref-rules.ts';
import type { Account } from '../../../store/accounts.ts';
import type { Query } from '../../../store/db.ts';
import { setProtections } from '../../../store/ref-protections.ts';
import type { Repository } from '../../../store/repositories.ts';
import type { Permit } from '../../decision/authorize.ts';
import { keepTo } from '../../decision/permit-target.ts';
import type { Context } from '../../ground/context.ts';
import { record } from '../../ground/record.ts';
import { ownership, type RepositoryName, repositoryNamed } from '../repositories.ts';
import { readTarget } from '../target.ts';

/** The most protections of one repository. */
export const MAX_REF_PROTECTIONS = 50;

/** A protection as it is asked for. A role that is left out is that of `DEFAULT_PROTECTION`. */
export interface ProtectionDraft extends Readonly<Partial<Record<RefAct, ProtectionRole>>> {
  /** `main`, `release/**`, `refs/tags/v*`. */
  readonly pattern: string;
}

/**
 * The protections of a repository, in the order in which they were added.
 * @param name of the repository, for the operator; else it is the permit's
 */
export async function readProtections(
  ctx: Context,
  permit: Permit,
  name: RepositoryName | null = null,
): Promise<readonly RefProtection[]> {
  return (await placeOf(ctx.store.db, permit, name)).repository.protections;
}

/**
 * Protects what a pattern matches, or changes how. Whoever may not push may not force-push either: `force` is raised to
 * `update` where it is below it.
 * @throws Problem when the pattern can't be read, or the repository has `MAX_REF_PROTECTIONS` already
 */
export async function protectRefs(
  ctx: Context,
  permit: Permit,
  draft: ProtectionDraft,
  name: RepositoryName | null = null,
): Promise<RefProtection> {
  const read = refPattern(draft.pattern);
  if ('problem' in read) throw problem('invalid', read.problem, 'pattern');
  const { create, update, force, delete: deletes } = { ...DEFAULT_PROTECTION, ...draft };
  const protection: RefProtection = {
    pattern: read.pattern,
    create,
    update,
    force: stricter(force, update),
    delete: deletes,
  };
  await change(ctx, permit, name, (before) => {
    const others = before.filter(({ pattern }) => pattern !== protection.pattern);
    if (others.length >= MAX_REF_PROTECTIONS)
      throw problem('unprocessable', `A repository has at most ${MAX_REF_PROTECTIONS} protections.`, 'pattern');
    const isNew = others.length === before.length;
    return {
      after: isNew
        ? [...before, protection]
        : before.map((each) => (each.pattern === protection.pattern ? protection : each)),
      action: isNew ? 'protected_branch.create' : 'protected_branch.update',
      data: protection,
    };
  });
  return protection;
}

/** @param pattern as it was given, or in full. @throws Problem when no protection has it */
export async function unprotectRefs(
  ctx: Context,
  permit: Permit,
  pattern: string,
  name: RepositoryName | null = null,
): Promise<void> {
  const read = refPattern(pattern);
  await change(ctx, permit, name, (before) => {
    const after = before.filter((each) => 'problem' in read || each.pattern !== read.pattern);
    if ('problem' in read || after.length === before.length)
      throw problem('not_found', `No protection here has the pattern ${pattern}.`, 'pattern');
    return { after, action: 'protected_branch.destroy', data: { pattern: read.pattern } };
  });
}

interface Change {
  readonly after: readonly RefProtection[];
  readonly action: 'protected_branch.create' | 'protected_branch.update' | 'protected_branch.destroy';
  readonly data: object;
}

function change(
  ctx: Context,
  permit: Permit,
  name: RepositoryName | null,
  decide: (before: Repository['protections']) => Change,
): Promise<void> {
  return ctx.store.transaction(async (tx: Query) => {
    const { owner, repository } = await placeOf(tx, permit, name);
    const { after, action, data } = decide(repository.protections);
    await setProtections(tx, repository.id, after);
    await record(tx, permit, ctx.clock.now(), {
      action,
      ...ownership(owner),
      repositoryId: repository.id,
      data: { repo: `${owner.login}/${repository.name}`, ...data },
    });
  });
}

async function placeOf(
  q: Query,
  permit: Permit,
  name: RepositoryName | null,
): Promise<{ readonly owner: Account; readonly repository: Repository }> {
  if (name === null) return readTarget(q, permit);
  const place = await repositoryNamed(q, name);
  keepTo(permit, { ownerId: place.owner.id, repositoryId: place.repository.id });
  return place;
}
