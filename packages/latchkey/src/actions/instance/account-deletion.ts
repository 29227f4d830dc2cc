/**
 * The end of a person's account: their tokens, keys, sessions and addresses go in one step, and what they own goes
 * where the caller says.
 *
 * Invariant: nothing that belonged to the account comes to the next one of its name. The name stays reserved for 90
 * days, and ids are never given twice; the audit log keeps the name.
 * Invariant: an organization keeps an owner, and the instance an administrator.
 */
import { problem } from '../../base/errors.ts';
import { DAY_SEC, type UnixSeconds } from '../../base/time.ts';
import { deleteAccount } from '../../store/account-deletion.ts';
import { type Account, administrators, ownerByLogin } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import { countOwners, listOrganizationsOf, membershipRole } from '../../store/memberships.ts';
import { batchesOf } from '../../store/page.ts';
import { listRepositories, type Repository, repositoryByName } from '../../store/repositories.ts';
import { countTokens } from '../../store/tokens.ts';
import { userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { RESERVED_NAME_DAYS } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { deleteRepositoriesOf } from '../repositories/changes.ts';
import { relocate } from '../repositories/moves.ts';
import { demandFreeRefs } from '../repositories/refs/ref-guard.ts';

/** What becomes of the repositories that the person owns: none are expected, they go too, or another account's. */
export type RepositoriesThen = 'none' | 'delete' | { readonly moveTo: string };

/** What a deletion ends. */
export interface DeletionPreview {
  readonly account: Account;
  /** Full names. */
  readonly repositories: readonly string[];
  /** Tokens that are not revoked. */
  readonly tokens: number;
  /** Logins of the organizations that they belong to. */
  readonly organizations: readonly string[];
  /** Why it can't be deleted yet, as sentences. */
  readonly hindrances: readonly string[];
}

/** @throws Problem when there is no such person */
export async function previewDeletion(ctx: Context, _permit: Permit, login: string): Promise<DeletionPreview> {
  const { db } = ctx.store;
  const account = await userNamed(db, login);
  const repositories = await repositoriesOf(db, account);
  const organizations = await organizationsOf(db, account);
  return {
    account,
    repositories: repositories.map(({ name }) => `${account.login}/${name}`),
    tokens: await countTokens(db, account.id, null),
    organizations: organizations.map((organization) => organization.login),
    hindrances: await hindrances(db, account, organizations),
  };
}

/**
 * Deletes a person. @throws Problem when there is no such person, they are the last owner of an organization or the
 * last administrator, or they own repositories and nothing was said of these; then nothing was changed. Repositories
 * that moved before another one could not be moved stay where they are by then.
 */
export async function deleteUser(
  ctx: Context,
  permit: Permit,
  { login, repositories }: { readonly login: string; readonly repositories: RepositoriesThen },
): Promise<void> {
  ctx.git.demandWrites();
  await demandFreeRefs(ctx, permit, 'everything');
  const account = await userNamed(ctx.store.db, login);
  if (account.id === permit.actor.userId)
    throw problem('unprocessable', 'You can’t delete your own account: another administrator can.', 'login');
  await demandUnhindered(ctx.store.db, account);
  const moved = typeof repositories === 'object' ? await moveAll(ctx, permit, account, repositories.moveTo) : null;
  const gone = await ctx.store.transaction(async (tx) => {
    const at = ctx.clock.now();
    await demandUnhindered(tx, account);
    const owned = repositories === 'delete' ? await deleteRepositoriesOf(ctx, tx, account) : [];
    const left = await repositoriesOf(tx, account);
    if (left.length > 0) throw stillOwns(account, left);
    const tokens = await countTokens(tx, account.id, null);
    const reservedUntil = at + RESERVED_NAME_DAYS * DAY_SEC;
    await sayGoodbye(ctx, tx, account, { by: permit.actor.login, reservedUntil });
    if (!(await deleteAccount(tx, account, reservedUntil))) throw problem('not_found', `${account.login} is gone.`);
    await record(tx, permit, at, {
      action: 'user.delete',
      userId: account.id,
      data: { login: account.login, tokens, repositories: owned.length, moved_to: moved },
    });
    return owned;
  });
  for (const { name } of gone) await ctx.git.remove(account.login, name);
}

async function repositoriesOf(q: Query, { id }: Account): Promise<Repository[]> {
  return (await Array.fromAsync(batchesOf((page) => listRepositories(q, id, page)))).flat();
}

async function organizationsOf(q: Query, { id }: Account): Promise<Account[]> {
  return (await Array.fromAsync(batchesOf((page) => listOrganizationsOf(q, id, page)))).flat();
}

async function demandUnhindered(q: Query, account: Account): Promise<void> {
  const [first] = await hindrances(q, account, await organizationsOf(q, account));
  if (first !== undefined) throw problem('unprocessable', first, 'login');
}

async function hindrances(q: Query, account: Account, organizations: readonly Account[]): Promise<string[]> {
  const found: string[] = [];
  for (const { id, login } of organizations)
    if ((await membershipRole(q, id, account.id)) === 'owner' && (await countOwners(q, id)) === 1)
      found.push(`${account.login} is the only owner of ${login}: make somebody else an owner first.`);
  if (account.admin && !(await administrators(q)).some(({ id }) => id !== account.id))
    found.push(`${account.login} is the only administrator: make somebody else an administrator first.`);
  return found;
}

function stillOwns(account: Account, owned: readonly Repository[]) {
  const shown = owned.slice(0, 3).map(({ name }) => `${account.login}/${name}`);
  const more = owned.length > shown.length ? ` and ${owned.length - shown.length} more` : '';
  return problem(
    'conflict',
    `${account.login} owns ${owned.length === 1 ? 'a repository' : `${owned.length} repositories`} ` +
      `(${shown.join(', ')}${more}): say whether to delete or move what they own.`,
    'repositories',
  );
}

/** The login of the account that has them now; null when there was nothing to move. */
async function moveAll(ctx: Context, permit: Permit, account: Account, moveTo: string): Promise<string | null> {
  const { db } = ctx.store;
  const heir = await ownerByLogin(db, moveTo);
  if (heir === null) throw problem('not_found', `There is no user or organization ${moveTo.slice(0, 60)}.`, 'move_to');
  if (heir.id === account.id)
    throw problem('unprocessable', `Repositories of ${account.login} go to another account.`, 'move_to');
  const owned = await repositoriesOf(db, account);
  for (const { name } of owned) {
    const there = await repositoryByName(db, heir.id, name);
    if (there !== null && !there.renamed)
      throw problem('already_exists', `${heir.login} has a repository ${name} already: rename one of both.`, 'move_to');
  }
  for (const repository of owned)
    await relocate(ctx, permit, { repository, owner: account, to: { owner: heir, name: repository.name } });
  return owned.length === 0 ? null : heir.login;
}

/** To every verified address: they hear it, whoever did it. */
async function sayGoodbye(
  ctx: Context,
  tx: Query,
  account: Account,
  facts: { readonly by: string; readonly reservedUntil: UnixSeconds },
): Promise<void> {
  for (const { address, verifiedAt } of await emailsOf(tx, account.id))
    if (verifiedAt !== null)
      await queueMail(ctx, tx, { userId: null, address }, 'account_deleted', { login: account.login, ...facts });
}
