/**
 * People as lists on pages need them: narrowed by what somebody types and by state, counted, with what else is known of
 * those on the page.
 *
 * Invariant: a list reads one page of people, and counts at most `MAX_PEOPLE_COUNTED`, however many there are.
 */
import { type RawBuilder, sql } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { OrganizationRole } from '../rules/model.ts';
import type { Query } from './db.ts';
import { countRows } from './page.ts';

export const PEOPLE_TABS = ['all', 'no-second-factor', 'administrators', 'suspended'] as const;
export type PeopleTab = (typeof PEOPLE_TABS)[number];

/** The most that are counted; a page says "more than" beyond. */
export const MAX_PEOPLE_COUNTED = 1_000;

export interface PeopleList {
  /** Its members; null = every person of the instance. */
  readonly organizationId: number | null;
  /** A part of the login or the name, and of an e-mail address where `byMail`; '' = all. */
  readonly text: string;
  /** False where whoever asks may not know e-mail addresses: a search would give them away. */
  readonly byMail: boolean;
  /** `administrators`: owners, in an organization. */
  readonly tab: PeopleTab;
}

/** Ids of a page of the list, by login, with their roles in the organization. */
export async function listedPeople(
  q: Query,
  list: PeopleList,
  page: { readonly offset: number; readonly limit: number },
): Promise<{ readonly id: number; readonly role: OrganizationRole | null }[]> {
  const rows = await matching(q, list)
    .select(['accounts.id', 'memberships.role'])
    .orderBy('accounts.login_key')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return rows.map(({ id, role }) => ({ id, role: list.organizationId === null ? null : role }));
}

/** How many are on each tab, each at most `MAX_PEOPLE_COUNTED` + 1. */
export async function countPeople(q: Query, list: Omit<PeopleList, 'tab'>): Promise<Record<PeopleTab, number>> {
  const counts = await Promise.all(
    PEOPLE_TABS.map(async (tab) => {
      const some = matching(q, { ...list, tab })
        .select('accounts.id')
        .limit(MAX_PEOPLE_COUNTED + 1);
      return [tab, await countRows(q, some)] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<PeopleTab, number>;
}

/** How many members each of these organizations has, at most `MAX_PEOPLE_COUNTED` + 1. A few organizations. */
export async function countMembers(q: Query, organizationIds: readonly number[]): Promise<Map<number, number>> {
  const counts = await Promise.all(
    organizationIds.map(async (id) => {
      const some = q
        .selectFrom('memberships')
        .select('user_id')
        .where('organization_id', '=', id)
        .limit(MAX_PEOPLE_COUNTED + 1);
      return [id, await countRows(q, some)] as const;
    }),
  );
  return new Map(counts);
}

function matching(q: Query, { organizationId, text, byMail, tab }: PeopleList) {
  let query = q
    .selectFrom('accounts')
    .leftJoin('memberships', (join) =>
      join.onRef('memberships.user_id', '=', 'accounts.id').on('memberships.organization_id', '=', organizationId ?? 0),
    );
  query =
    organizationId === null
      ? query.where('accounts.kind', '=', 'user')
      : query.where('memberships.organization_id', 'is not', null);
  if (text !== '') query = query.where(saying(text, byMail));
  switch (tab) {
    case 'all':
      return query;
    case 'no-second-factor':
      return query.where('accounts.kind', '=', 'user').where('accounts.two_factor_at', 'is', null);
    case 'suspended':
      return query.where((row) =>
        row.or([
          row('accounts.suspended_at', 'is not', null),
          row('accounts.disabled_by_provider_at', 'is not', null),
          row('accounts.locked_at', 'is not', null),
        ]),
      );
    case 'administrators':
      return organizationId === null
        ? query.where('accounts.admin', '=', 1)
        : query.where('memberships.role', '=', 'owner');
  }
}

function saying(text: string, byMail: boolean): RawBuilder<boolean> {
  const part = `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  const mail = byMail
    ? sql`or exists (select 1 from emails
        where emails.user_id = accounts.id and emails.address_key like ${part} escape '\\')`
    : sql``;
  return sql<boolean>`(accounts.login_key like ${part} escape '\\'
    or lower(accounts.name) like ${part} escape '\\' ${mail})`;
}

/** What else is known of somebody. */
export interface PersonFacts {
  /** Tokens that are not revoked. */
  readonly tokens: number;
  readonly usedAt: UnixSeconds | null;
  readonly signedInAt: UnixSeconds | null;
  readonly mail: string | null;
}

/**
 * Facts about these people, by id.
 * @param organizationId only tokens that its owners see: those with a grant there, and classic and scoped ones
 */
export async function personFacts(
  q: Query,
  ids: readonly number[],
  organizationId: number | null,
): Promise<Map<number, PersonFacts>> {
  const some = [-1, ...ids];
  let counted = q
    .selectFrom('tokens')
    .leftJoin('token_use', 'token_use.token_id', 'tokens.id')
    .select((row) => ['user_id', row.fn.countAll<number>().as('count'), row.fn.max('last_used_at').as('used_at')])
    .where('user_id', 'in', some)
    .where('revoked_at', 'is', null)
    .groupBy('user_id');
  if (organizationId !== null)
    counted = counted.where((row) =>
      row.or([
        row('tokens.kind', 'in', ['classic', 'scoped']),
        row.exists(
          row
            .selectFrom('grants')
            .select('grants.id')
            .whereRef('grants.token_id', '=', 'tokens.id')
            .where('grants.owner_id', '=', organizationId)
            .where('grants.state', '=', 'active'),
        ),
      ]),
    );
  const [tokens, sessions, mails] = await Promise.all([
    counted.execute(),
    q
      .selectFrom('sessions')
      .select((row) => ['user_id', row.fn.max('last_seen_at').as('seen_at')])
      .where('user_id', 'in', some)
      .groupBy('user_id')
      .execute(),
    q
      .selectFrom('emails')
      .select(['user_id', 'address'])
      .where('user_id', 'in', some)
      .where('is_primary', '=', 1)
      .execute(),
  ]);
  const byId = <Row extends { readonly user_id: number }>(rows: readonly Row[]): Map<number, Row> =>
    new Map(rows.map((row) => [row.user_id, row]));
  const [counts, seen, addresses] = [byId(tokens), byId(sessions), byId(mails)];
  return new Map(
    ids.map((id) => [
      id,
      {
        tokens: Number(counts.get(id)?.count ?? 0),
        usedAt: counts.get(id)?.used_at ?? null,
        signedInAt: seen.get(id)?.seen_at ?? null,
        mail: addresses.get(id)?.address ?? null,
      },
    ]),
  );
}
