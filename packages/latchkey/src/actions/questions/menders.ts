/**
 * Who can take the cause of a refusal away, by name where the person may know the names.
 *
 * Never: the owners of an organization, told to somebody who isn't a member.
 */
import { listed } from '../../catalogue/refusals/links.ts';
import { MENDERS } from '../../catalogue/refusals/menders.ts';
import type { Reason, RefusalFacts } from '../../catalogue/refusals/refusals.ts';
import type { Explanation } from '../../rules/explain.ts';
import { isSameName } from '../../rules/names.ts';
import { accountByLogin } from '../../store/accounts.ts';
import { ownersForMembers } from '../../store/memberships.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { formFacts } from '../tokens/form.ts';

/** Owners to name. */
const MAX_NAMED = 5;

/** For each cause, in words for the token's owner: `An owner of acme (ada or dan).` All of them are needed. */
export async function whoMends(ctx: Context, permit: Permit, { reasons, facts }: Explanation): Promise<string[]> {
  const said = await Promise.all(reasons.map((reason) => whoMendsOne(ctx, permit, reason, facts)));
  return [...new Set(said)];
}

async function whoMendsOne(ctx: Context, permit: Permit, reason: Reason, facts: RefusalFacts): Promise<string> {
  const { ownerLogin, fullName, decidedBy, tokenKind } = facts;
  const owners = (): Promise<string> => ownersOf(ctx, permit, ownerLogin);
  switch (MENDERS[reason]) {
    case 'nobody':
      return 'Nobody: it takes time, or another token.';
    case 'instance':
      return 'An administrator of this server.';
    case 'policy':
      return decidedBy === 'instance' ? 'An administrator of this server.' : sentence(await owners());
    case 'owner':
      return sentence(await owners());
    case 'repository':
      return fullName.includes('/')
        ? `An administrator of ${fullName}, or ${await owners()}.`
        : sentence(await owners());
    case 'self':
      return 'You can.';
    case 'adds':
      return tokenKind === 'fine-grained' && (await approves(ctx, permit, ownerLogin))
        ? `You can. Then it waits for ${await owners()}.`
        : 'You can.';
  }
}

/**
 * `an owner of acme (ada or dan)`. About what the person may not see, it says the same whether it is an organization,
 * a person or nothing.
 */
async function ownersOf(ctx: Context, permit: Permit, login: string | null): Promise<string> {
  if (login === null) return 'an administrator of this server';
  const { userId } = permit.actor;
  if (isSameName(login, permit.actor.login)) return 'you';
  const account = await accountByLogin(ctx.store.db, login);
  const owners =
    account === null || userId === null ? [] : await ownersForMembers(ctx.store.db, [account.id], [userId]);
  const named = owners.slice(0, MAX_NAMED).map(({ owner }) => owner);
  if (named.length === 0) return `whoever owns ${login}`;
  return `an owner of ${login} (${listed(named, 'or')}${owners.length > named.length ? ', among others' : ''})`;
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

/** True when what the person adds to a token there waits for an owner. */
async function approves(ctx: Context, permit: Permit, login: string | null): Promise<boolean> {
  if (login === null) return false;
  const { owners } = await formFacts(ctx, permit);
  return owners.some((owner) => isSameName(owner.login, login) && owner.needsApproval);
}
