/**
 * The doors of the demo: a link for each of its people, which signs its visitor in as them.
 *
 * Invariant: a link works once, while the server runs as a demo, for a visitor on the same machine. Every start
 * replaces the links of the one before.
 * Never: a link in a log. The terminal prints it, and the database knows its digest.
 */
import type { Secret } from '../../base/secret.ts';
import { isLoopback } from '../../base/settings/values.ts';
import { DAY_SEC } from '../../base/time.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import { deleteLinks, insertLink, linkByDigest, useLink } from '../../store/one-time-links.ts';
import type { Permit } from '../decision/authorize.ts';
import { accountNamed } from '../ground/account-names.ts';
import { closedBy } from '../ground/closed-accounts.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { beginSession, type Visitor } from './sessions.ts';
import { type Begun, begin } from './sign-in.ts';

const DEMO_LINK_SEC = 7 * DAY_SEC;

/** New paths by login, in the same order; somebody who is gone by now gets none. */
export async function makeDemoLinks(
  ctx: Context,
  _permit: Permit,
  logins: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const at = ctx.clock.now();
  return ctx.store.transaction(async (tx) => {
    await deleteLinks(tx, 'demo', null);
    const paths = new Map<string, string>();
    for (const login of logins) {
      const account = await accountNamed(tx, login);
      if (account === null) continue;
      const secret = mintSecret();
      await insertLink(tx, {
        digest: secret.digest(),
        purpose: 'demo',
        userId: account.id,
        address: null,
        createdAt: at,
        endsAt: at + DEMO_LINK_SEC,
      });
      paths.set(login, `/demo/${secret.reveal()}`);
    }
    return paths;
  });
}

/** Whose link it is; null when it does not work: unknown, used, ended, not from this machine, or no demo runs. */
export async function personOfDemoLink(ctx: Context, link: Secret, visitor: Visitor): Promise<Account | null> {
  if (!ctx.settings.demo || !isLoopback(visitor.address)) return null;
  const found = await linkByDigest(ctx.store.db, 'demo', link.digest(), ctx.clock.now());
  const account = found?.userId == null ? null : await accountById(ctx.store.db, found.userId);
  return account === null || closedBy(account) !== null || account.lockedAt !== null ? null : account;
}

/** Uses the link up and signs its person in; a second factor that they turned on is still asked for. Null as above. */
export async function signInByDemoLink(
  ctx: Context,
  link: Secret,
  device: Secret,
  visitor: Visitor,
): Promise<Begun | null> {
  const account = await personOfDemoLink(ctx, link, visitor);
  if (account === null) return null;
  const owes = account.twoFactorAt === null ? null : 'second-factor';
  return ctx.store.transaction(async (tx) => {
    if (!(await useLink(tx, link.digest()))) return null;
    const secret =
      owes === null
        ? await begin(ctx, tx, account, device.digest(), visitor)
        : await beginSession(tx, ctx.clock.now(), account.id, visitor, owes);
    return { secret, owes };
  });
}
