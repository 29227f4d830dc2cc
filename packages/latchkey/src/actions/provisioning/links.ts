/**
 * Accounts that were here before their directory: given to it, and taken away, by an administrator.
 *
 * Never: by an address or a name alone. Whoever links says which account is which person.
 */
import { problem } from '../../base/errors.ts';
import { deleteProvisioned, insertProvisioned, provisionedUser } from '../../store/provisioning.ts';
import { userNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';
import { clientNamed } from './clients.ts';
import { orTaken } from './people.ts';
import { demandFit } from './person.ts';

/** Gives a directory an account that was here before it. @throws Problem */
export async function linkPerson(
  ctx: Context,
  permit: Permit,
  {
    login,
    client: name,
    userName,
    externalId,
  }: { readonly login: string; readonly client: string; readonly userName: string; readonly externalId: string | null },
): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const [account, client] = [await userNamed(tx, login), await clientNamed(tx, name)];
    if ((await provisionedUser(tx, account.id)) !== null)
      throw problem('conflict', `${account.login} is provisioned already. Unlink the account first.`, 'login');
    const names = { formatted: null, givenName: null, familyName: null };
    const person = { userName, externalId, displayName: account.name || null, name: names, emails: [] };
    demandFit(person);
    const at = ctx.clock.now();
    await orTaken(userName, () =>
      insertProvisioned(tx, { userId: account.id, clientId: client.id, person, createdAt: at }),
    );
    await record(tx, permit, at, {
      action: 'external_identity.provision_link',
      userId: account.id,
      data: { login: account.login, user_name: userName, client: client.name },
    });
  });
}

/** Takes an account away from its directory; nothing else of it changes. @throws Problem */
export async function unlinkPerson(ctx: Context, permit: Permit, login: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const account = await userNamed(tx, login);
    if (!(await deleteProvisioned(tx, account.id)))
      throw problem('not_found', `No directory provisions ${account.login}.`, 'login');
    await record(tx, permit, ctx.clock.now(), {
      action: 'external_identity.provision_unlink',
      userId: account.id,
      data: { login: account.login },
    });
  });
}
