/**
 * People in tables: of the instance for its administrators, of an organization for its members.
 *
 * Invariant: e-mail addresses, sign-ins and all tokens of a person are for administrators. An organization's owners see
 * what reaches it; its members see logins, names and roles.
 */
import type { UnixSeconds } from '../../base/time.ts';
import type { Need } from '../../catalogue/needs.ts';
import type { OrganizationRole } from '../../rules/model.ts';
import { type Account, accountsByIds } from '../../store/accounts.ts';
import {
  countPeople,
  listedPeople,
  MAX_PEOPLE_COUNTED,
  PEOPLE_TABS,
  type PeopleTab,
  personFacts,
} from '../../store/people-lists.ts';
import { organizationNamed } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

export { MAX_PEOPLE_COUNTED, PEOPLE_TABS, type PeopleTab };

/** Rows on one page. */
export const PEOPLE_ON_A_PAGE = 25;

export interface PeopleWish {
  readonly text: string;
  readonly tab: PeopleTab;
  /** From 1. */
  readonly page: number;
}

/** What only those who manage them see. */
interface ManagedFacts {
  readonly tokens: number;
  /** The last sign of them: a token of theirs, for administrators also a page. Null = none. */
  readonly seenAt: UnixSeconds | null;
  /** Null where the reader may not know it, or there is none. */
  readonly mail: string | null;
}

export interface PersonRow {
  readonly account: Account;
  /** Null on the instance's list. */
  readonly role: OrganizationRole | null;
  readonly facts: ManagedFacts | null;
}

export interface PeopleTable {
  readonly rows: readonly PersonRow[];
  /** At most `MAX_PEOPLE_COUNTED` + 1 each; null on tabs that the reader may not open. */
  readonly counts: Readonly<Record<PeopleTab, number | null>>;
}

/** Everybody on the instance. The permit is to see its people. */
export function instancePeople(ctx: Context, _permit: Permit, wish: PeopleWish): Promise<PeopleTable> {
  return table(ctx, null, true, wish);
}

const SEE: Need = { sets: [{ members: 'read' }], publicRead: false, writes: false };
const MANAGE: Need = { sets: [{ members: 'write' }], publicRead: false, writes: true };

/** The members of an organization; nobody for who isn't one. */
export async function organizationPeople(
  ctx: Context,
  permit: Permit,
  organization: string,
  wish: PeopleWish,
): Promise<PeopleTable> {
  const { id } = await organizationNamed(ctx.store.db, organization);
  if (!permit.holds(SEE)) return { rows: [], counts: nothingOf(wish.tab) };
  const manages = permit.holds(MANAGE);
  return table(ctx, id, manages, manages ? wish : { ...wish, tab: 'all' });
}

function nothingOf(tab: PeopleTab): PeopleTable['counts'] {
  return { all: 0, 'no-second-factor': null, administrators: null, suspended: null, [tab]: 0 };
}

async function table(
  ctx: Context,
  organizationId: number | null,
  manages: boolean,
  { text, tab, page }: PeopleWish,
): Promise<PeopleTable> {
  const q = ctx.store.db;
  await ctx.usage.flush();
  const list = { organizationId, text, byMail: organizationId === null };
  const [found, counts] = await Promise.all([
    listedPeople(q, { ...list, tab }, { offset: (page - 1) * PEOPLE_ON_A_PAGE, limit: PEOPLE_ON_A_PAGE }),
    countPeople(q, list),
  ]);
  const ids = found.map(({ id }) => id);
  const [accounts, facts] = await Promise.all([
    accountsByIds(q, ids),
    manages ? personFacts(q, ids, organizationId) : new Map<number, never>(),
  ]);
  return {
    counts: manages ? counts : { ...counts, 'no-second-factor': null, suspended: null },
    rows: found.flatMap(({ id, role }) => {
      const account = accounts.get(id);
      if (account === undefined) return [];
      const known = facts.get(id);
      return [{ account, role, facts: known === undefined ? null : factsFor(known, organizationId === null) }];
    }),
  };
}

function factsFor(
  {
    tokens,
    usedAt,
    signedInAt,
    mail,
  }: { tokens: number; usedAt: number | null; signedInAt: number | null; mail: string | null },
  all: boolean,
): ManagedFacts {
  const seen = Math.max(usedAt ?? 0, all ? (signedInAt ?? 0) : 0);
  return { tokens, seenAt: seen === 0 ? null : seen, mail: all ? mail : null };
}
