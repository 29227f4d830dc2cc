/**
 * A person or an organization gets another name.
 *
 * What was made under the old name goes on: tokens, keys, sessions, roles, links. The old name leads to the account,
 * for git, REST and pages, until somebody takes it, and nobody else can for 90 days.
 *
 * Invariant: the folder of its repositories moves first, and back when the row can't follow. If the server dies in
 * between, a job brings the folder to where the row says.
 */
import { Problem, problem } from '../../base/errors.ts';
import { DAY_SEC, spokenInstant, type UnixSeconds } from '../../base/time.ts';
import { isSameName, loginProblem } from '../../rules/names.ts';
import { type Account, accountById, accountByLogin } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { emailsOf } from '../../store/emails.ts';
import { ownersOf } from '../../store/memberships.ts';
import { repositoryByName } from '../../store/repositories.ts';
import { accountCalled, renameAccount as renameIn, reservedFor } from '../../store/reserved-names.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import { keepTo } from '../decision/permit-target.ts';
import { demandFreeName, RESERVED_NAME_DAYS } from '../ground/account-names.ts';
import type { Context } from '../ground/context.ts';
import { enqueueJob, type JobPayloads } from '../ground/jobs.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { SETTLE_AFTER_SEC } from '../repositories/folders.ts';

/**
 * How many former names are kept for an account at a time: somebody who changes theirs again and again would take many
 * from others. The operator isn't bound by it.
 */
export const MAX_FORMER_NAMES = 5;

/**
 * Gives a person or an organization another name.
 * @throws Problem when the name is taken, reserved, not allowed, or theirs already; then nothing was changed
 */
export async function renameAccount(ctx: Context, permit: Permit, account: Account, to: string): Promise<Account> {
  ctx.git.demandWrites();
  keepTo(permit, { ownerId: account.id });
  if (account.kind === 'machine') throw new TypeError('machine accounts keep their names');
  const wrong = loginProblem(to);
  if (wrong !== null) throw problem('invalid', wrong, 'login');
  if (to === account.login) throw problem('unprocessable', `${to} is the name already.`, 'login');
  const { localSignIn } = ctx.settings;
  const isNamed = (login: string): boolean => localSignIn?.some((each) => isSameName(each, login)) === true;
  if (isNamed(account.login) && !isNamed(to))
    throw problem(
      'unprocessable',
      `The setting local-sign-in names ${account.login}: add ${to} to it first, or nobody gets in when the identity ` +
        'provider is away.',
      'login',
    );
  const names = [account.login, to] as const;
  await ctx.store.transaction(async (tx) => {
    await demandRoom(ctx, tx, permit, account);
    await demandFreeName(ctx, tx, to, { field: 'login', at: ctx.clock.now(), of: account.id });
    const holder = await accountByLogin(tx, to);
    if (holder !== null && holder.id !== account.id) throw taken(to);
    await settleLater(ctx, tx, account.id, names);
  });
  if (!isSameName(account.login, to) && (await ctx.git.namesOf(to)).length > 0)
    throw problem('already_exists', `Repositories lie on disk in the folder ${to} already.`, 'login');
  await ctx.git.renameOwner(account.login, to);
  try {
    return await unlessTaken(taken(to).message, 'login', () =>
      ctx.store.transaction(async (tx) => {
        const at = ctx.clock.now();
        const until = at + RESERVED_NAME_DAYS * DAY_SEC;
        const done = await renameIn(tx, account.id, to, until);
        if (done === null || done.before.login !== account.login)
          throw problem('conflict', `${account.login} is gone, or called otherwise by now.`, 'login');
        await settleLater(ctx, tx, account.id, names);
        await record(tx, permit, at, {
          action: account.kind === 'user' ? 'user.rename' : 'org.rename',
          ...(account.kind === 'user' ? { userId: account.id } : { organizationId: account.id }),
          data:
            account.kind === 'user' ? { login: to, old_login: account.login } : { org: to, old_login: account.login },
        });
        await tell(ctx, tx, done.after, {
          before: account.login,
          by: permit.actor.login,
          until: isSameName(account.login, to) ? null : until,
        });
        return done.after;
      }),
    );
  } catch (error) {
    await ctx.git.renameOwner(to, account.login);
    throw error;
  }
}

/** The account of that name, for the operator and administrators. @throws Problem when there is none of that kind */
export async function accountOfKind(
  ctx: Context,
  _permit: Permit,
  kind: 'user' | 'organization',
  login: string,
): Promise<Account> {
  const account = await accountByLogin(ctx.store.db, login);
  if (account?.kind === kind) return account;
  throw problem('not_found', `There is no ${kind} ${login.slice(0, 60)}.`, 'login');
}

/** The account that the permit is about. */
export async function ownAccountOf(ctx: Context, { target }: Permit): Promise<Account> {
  const id = target.kind === 'instance' ? undefined : target.owner?.id;
  const account = id === undefined ? null : await accountById(ctx.store.db, id);
  if (account === null) throw problem('not_found', 'The account is gone.');
  return account;
}

function taken(name: string): Problem {
  return problem('already_exists', `The name ${name} is taken.`, 'login');
}

async function demandRoom(ctx: Context, tx: Query, { bearer }: Permit, account: Account): Promise<void> {
  if (bearer === null) return;
  const { count, nextAt } = await reservedFor(tx, account.id, ctx.clock.now());
  if (count >= MAX_FORMER_NAMES)
    throw problem(
      'unprocessable',
      `${account.login} had ${MAX_FORMER_NAMES} other names lately: another change is possible from ` +
        `${spokenInstant(nextAt)}.`,
      'login',
    );
}

interface Told {
  readonly before: string;
  readonly by: string | null;
  /** Null where only the case changed. */
  readonly until: UnixSeconds | null;
}

/** To the person at every verified address, or to the organization's owners. */
async function tell(ctx: Context, tx: Query, { id, kind, login }: Account, told: Told): Promise<void> {
  const facts = { ...told, login, isOrganization: kind === 'organization' };
  if (kind === 'organization') {
    for (const userId of await ownersOf(tx, id)) await queueMail(ctx, tx, { userId }, 'account_renamed', facts);
    return;
  }
  for (const { address, verifiedAt } of await emailsOf(tx, id))
    if (verifiedAt !== null) await queueMail(ctx, tx, { userId: id, address }, 'account_renamed', facts);
}

async function settleLater(ctx: Context, tx: Query, accountId: number, names: readonly string[]): Promise<void> {
  await enqueueJob(tx, {
    kind: 'settle-account-folder',
    payload: { accountId, names },
    runAt: ctx.clock.now() + SETTLE_AFTER_SEC,
  });
}

/**
 * Moves repositories that lie under another of the account's names to where the row says. Usually there is nothing to
 * do. A folder of a name that is somebody else's by now is left alone.
 */
export async function settleAccountFolder(
  ctx: Context,
  { accountId, names }: JobPayloads['settle-account-folder'],
): Promise<void> {
  ctx.git.demandWrites();
  const { db } = ctx.store;
  const account = await accountById(db, accountId);
  if (account === null) return;
  for (const name of names) {
    if (name === account.login || (await accountCalled(db, name))?.id !== accountId) continue;
    for (const repository of await ctx.git.namesOf(name)) {
      const found = await repositoryByName(db, accountId, repository);
      if (found === null || found.renamed || ctx.git.exists(account.login, found.repository.name)) continue;
      await ctx.git.rename({ owner: name, name: repository }, { owner: account.login, name: found.repository.name });
      ctx.log.warn(
        { repository: `${account.login}/${found.repository.name}`, from: name },
        'a repository was brought to the folder of its owner, who got another name',
      );
    }
  }
}
