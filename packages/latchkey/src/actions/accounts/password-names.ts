/** Passwords that a person can't choose: the ones everybody tries first, and ones made of names connected to them. */
import { once } from '../../base/once.ts';
import type { Secret } from '../../base/secret.ts';
import { passwordProblem } from '../../rules/password.ts';
import type { Account } from '../../store/accounts.ts';
import { emailsOf } from '../../store/emails.ts';
import { listOrganizationsOf } from '../../store/memberships.ts';
import type { Context } from '../ground/context.ts';

/** The future owner of a password. */
export interface PasswordOwner {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
}

const PRODUCT = 'latchkey';
/** The most organizations whose names count: with more, the names no longer point to one person. */
const MAX_ORGANIZATIONS = 100;

/** A person with an account, with their organizations. */
export async function passwordOwner(ctx: Context, account: Account): Promise<PasswordOwner> {
  const { db } = ctx.store;
  const emails = await emailsOf(db, account.id);
  const organizations = await listOrganizationsOf(db, account.id, { beforeId: null, limit: MAX_ORGANIZATIONS });
  return {
    names: [account, ...organizations].flatMap(({ login, name }) => [login, name]),
    addresses: emails.map(({ address }) => address),
  };
}

/** What is wrong with a new password of that person, as a sentence; null when nothing is. */
export async function newPasswordProblem(ctx: Context, password: Secret, owner: PasswordOwner): Promise<string | null> {
  const { hostname } = new URL(ctx.settings.publicUrl);
  const names = [PRODUCT, ...owner.names, ...owner.addresses.map(withoutEnding), withoutEnding(hostname)];
  return passwordProblem(password.reveal(), { common: await commonPasswords(), names });
}

/** `ada@example.org` counts as `ada` and `example`; `org` is part of too many good words. */
function withoutEnding(address: string): string {
  return address.replace(/\.\w+$/, '');
}

/** Unpacked when the first password is chosen, not at the start. */
const commonPasswords = once(
  async (): Promise<ReadonlySet<string>> =>
    new Set((await import('@zxcvbn-ts/language-common')).dictionary['passwords-common']),
);
