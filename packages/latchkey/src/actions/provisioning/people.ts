/**
 * People as a directory provisions them: made, changed, disabled, enabled, let go.
 *
 * Invariant: a directory reaches its own people and nobody else. No account is found by an address or a name: one that
 * is taken is a conflict, which an administrator resolves.
 * Invariant: the provider's flag is the only one that it sets or lifts, and never on the last administrator.
 * Never: the addresses, the login or the password of an account changed after it was made: they decide who signs in.
 */
import { type Problem, problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { emailProblem } from '../../rules/names.ts';
import { setDisabledByProvider } from '../../store/account-flags.ts';
import {
  type Account,
  accountById,
  accountByLogin,
  accountsByIds,
  administrators,
  setProfile,
} from '../../store/accounts.ts';
import { isUniqueViolation, type Query } from '../../store/db.ts';
import { holderOfVerified } from '../../store/emails.ts';
import { deleteIdentity, identitiesOf } from '../../store/external-identities.ts';
import { batchesOf } from '../../store/page.ts';
import { leaveGroups } from '../../store/provisioned-groups.ts';
import {
  addressOf,
  deleteProvisioned,
  insertProvisioned,
  type ProvisionedPerson,
  type ProvisionedSearch,
  type ProvisionedUser,
  provisionedUser,
  searchProvisioned,
  updateProvisioned,
} from '../../store/provisioning.ts';
import { deleteSessionsOf } from '../../store/sessions.ts';
import { listTokens } from '../../store/tokens.ts';
import { makeUser } from '../accounts/accounts.ts';
import { makePasswordLink, WELCOME_DAYS } from '../accounts/new-password.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { record } from '../ground/record.ts';
import { sourceOfDirectory, syncGroups } from '../identity/group-sync.ts';
import { endOne } from '../tokens/tokens.ts';
import type { Directory } from './clients.ts';
import { demandFit, loginFrom, personOf, shownName } from './person.ts';

export type { ProvisionedSearch };

/** A person as their directory sees them. */
export interface PersonView extends ProvisionedUser {
  /** False while the directory has them disabled. An administrator's suspension is not its business. */
  readonly active: boolean;
}

/** What a directory asks for. */
export interface PersonWish extends ProvisionedPerson {
  /** Null = as it is; active, for somebody new. */
  readonly active: boolean | null;
}

/** A page of the directory's people, and how many there are in all. */
export async function listPeople(
  ctx: Context,
  { client }: Directory,
  search: ProvisionedSearch,
  page: { readonly offset: number; readonly limit: number },
): Promise<{ readonly people: PersonView[]; readonly total: number }> {
  const { db } = ctx.store;
  const { found, total } = await searchProvisioned(db, client.id, search, page);
  const accounts = await accountsByIds(
    db,
    found.map(({ userId }) => userId),
  );
  return { people: found.map((each) => viewOf(each, accounts.get(each.userId))), total };
}

/** @throws Problem `not_found` when the directory has no such person */
export async function readPerson({ store: { db } }: Context, directory: Directory, id: number): Promise<PersonView> {
  const { stored, account } = await ofDirectory(db, directory, id);
  return viewOf(stored, account);
}

function viewOf(stored: ProvisionedUser, account: Account | undefined): PersonView {
  return { ...stored, active: account?.disabledByProviderAt === null };
}

async function ofDirectory(
  q: Query,
  { client }: Directory,
  id: number,
): Promise<{ readonly stored: ProvisionedUser; readonly account: Account }> {
  const stored = await provisionedUser(q, id);
  const account = stored === null ? null : await accountById(q, id);
  if (stored === null || account === null || stored.clientId !== client.id)
    throw problem('not_found', 'There is no such person: they were deleted here, or are another directory’s.');
  return { stored, account };
}

/**
 * Makes an account for a person.
 * @throws Problem `already_exists` when the user name, the login that follows from it, or the address is taken
 */
export async function provisionPerson(ctx: Context, directory: Directory, wish: PersonWish): Promise<PersonView> {
  demandFit(wish);
  const { client } = directory;
  const login = loginFrom(wish.userName);
  const address = addressOf(wish) ?? wish.userName;
  const wrong = emailProblem(address);
  if (wrong !== null)
    throw problem('missing_field', 'An account needs an e-mail address: send one in emails, or as userName.', 'emails');
  await demandNew(ctx, directory, { wish, login, address });
  const draft = { login, email: address, verified: client.trustsAddresses, admin: false, password: null };
  return orTaken(wish.userName, () =>
    makeUser(ctx, draft, async (tx, account) => {
      const at = ctx.clock.now();
      await insertProvisioned(tx, { userId: account.id, clientId: client.id, person: personOf(wish), createdAt: at });
      await setProfile(tx, account.id, { name: shownName(wish), profile: account.profile });
      await record(tx, directory, at, {
        action: 'external_identity.provision',
        userId: account.id,
        data: { login, user_name: wish.userName, client: client.name },
      });
      if (wish.active === false) await turnOff(ctx, tx, directory, account);
      else if (client.issuer === null) await welcome(ctx, tx, account, address, client.name);
      return readBack(tx, account.id);
    }),
  );
}

/** Without an identity provider, they need a password: a mailed link lets them choose one. */
async function welcome(ctx: Context, tx: Query, account: Account, address: string, by: string): Promise<void> {
  const path = await makePasswordLink(ctx, tx, account, { address, welcomes: true });
  const facts = { by, login: account.login, path, days: WELCOME_DAYS };
  await queueMail(ctx, tx, { userId: account.id, address }, 'welcome', facts);
}

/** @throws Problem in words that say how an administrator resolves it */
async function demandNew(
  ctx: Context,
  { client }: Directory,
  { wish, login, address }: { readonly wish: PersonWish; readonly login: string; readonly address: string },
): Promise<void> {
  const { db } = ctx.store;
  const { total } = await searchProvisioned(db, client.id, { userName: wish.userName }, { offset: 0, limit: 0 });
  if (total > 0) throw taken(wish.userName);
  const link = (account: Account): string =>
    `latchkey admin scim link ${account.login} --client ${client.name} --user-name ${wish.userName}`;
  const same = await accountByLogin(db, login);
  if (same !== null)
    throw problem(
      'already_exists',
      `There is an account ${same.login} already, which this directory didn’t make. If it is the same person, an ` +
        `administrator links it: ${link(same)}`,
      'userName',
    );
  const holder = await holderOfVerified(db, address);
  const other = holder === null ? null : await accountById(db, holder);
  if (other !== null)
    throw problem(
      'already_exists',
      `The account ${other.login} has verified the address ${address}. Accounts are never linked by an address; if ` +
        `it is the same person, an administrator does it: ${link(other)}`,
      'emails',
    );
}

function taken(userName: string): Problem {
  return problem('already_exists', `This directory has somebody with the user name ${userName} already.`, 'userName');
}

/**
 * Changes a person.
 * @param change what the directory wants of them now, from what is stored; called once, within the transaction
 * @throws Problem when there is nobody, the user name is taken, or they are the last administrator
 */
export async function changePerson(
  ctx: Context,
  directory: Directory,
  id: number,
  change: (now: PersonView) => PersonWish,
): Promise<PersonView> {
  return ctx.store.transaction(async (tx) => {
    const { stored, account } = await ofDirectory(tx, directory, id);
    const now = viewOf(stored, account);
    const wish = change(now);
    demandFit(wish);
    const person = personOf(wish);
    if (JSON.stringify(person) !== JSON.stringify(personOf(stored.person))) {
      await orTaken(wish.userName, () => updateProvisioned(tx, id, person, ctx.clock.now()));
      await setProfile(tx, id, { name: shownName(wish), profile: account.profile });
      await record(tx, directory, ctx.clock.now(), {
        action: 'external_identity.update',
        userId: id,
        data: { login: account.login, user_name: wish.userName, client: directory.client.name },
      });
    }
    if (wish.active === false && now.active) await turnOff(ctx, tx, directory, account);
    if (wish.active === true && !now.active) await turnOn(ctx, tx, directory, account);
    return readBack(tx, id);
  });
}

/**
 * Lets a person go: disabled, every token revoked for good, sessions and linked identities removed. The account keeps
 * its name and its repositories until an administrator decides about them.
 * @throws Problem when there is nobody, or they are the last administrator
 */
export async function releasePerson(ctx: Context, directory: Directory, id: number): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const { account } = await ofDirectory(tx, directory, id);
    await turnOff(ctx, tx, directory, account);
    const tokens = await Array.fromAsync(batchesOf((page) => listTokens(tx, id, {}, page)));
    for (const token of tokens.flat())
      await endOne(ctx, tx, directory, { id: token.id, by: `the directory ${directory.client.name}` });
    for (const identity of await identitiesOf(tx, id)) await deleteIdentity(tx, id, identity.id);
    await leaveGroups(tx, directory.client.id, id);
    await syncGroups(ctx, tx, directory, {
      source: sourceOfDirectory(directory.client.id),
      groups: new Map([[id, new Set<string>()]]),
    });
    await deleteProvisioned(tx, id);
    await record(tx, directory, ctx.clock.now(), {
      action: 'external_identity.release',
      userId: id,
      data: { login: account.login, client: directory.client.name, tokens: tokens.flat().length },
    });
  });
}

async function turnOff(ctx: Context, tx: Query, directory: Directory, account: Account): Promise<void> {
  const at = ctx.clock.now();
  const changed = await setDisabledByProvider(tx, account.id, at);
  // Counted after the change, whose row of the revision keeps two of these apart.
  if (account.admin && (await administrators(tx)).length === 0)
    throw problem(
      'unprocessable',
      `${account.login} is the only administrator of this server, and stays. Make somebody else one first.`,
    );
  await deleteSessionsOf(tx, account.id, null);
  if (changed)
    await record(tx, directory, at, {
      action: 'external_identity.deprovision',
      userId: account.id,
      data: { login: account.login, client: directory.client.name },
    });
}

async function turnOn(ctx: Context, tx: Query, directory: Directory, account: Account): Promise<void> {
  if (await setDisabledByProvider(tx, account.id, null))
    await record(tx, directory, ctx.clock.now(), {
      action: 'external_identity.reprovision',
      userId: account.id,
      data: { login: account.login, client: directory.client.name },
    });
}

async function readBack(tx: Query, id: number): Promise<PersonView> {
  const stored = present(await provisionedUser(tx, id), 'the person just written');
  return viewOf(stored, (await accountById(tx, id)) ?? undefined);
}

/** Turns the store's unique violation into the matching problem. */
export async function orTaken<T>(userName: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw taken(userName);
    throw error;
  }
}
