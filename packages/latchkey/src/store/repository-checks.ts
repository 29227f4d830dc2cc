/** What the last look through each repository found. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';

export interface RepositoryCheck {
  readonly repositoryId: number;
  readonly checkedAt: UnixSeconds;
  readonly state: 'whole' | 'damaged' | 'unfinished';
  /** What git said about it; '' when it is whole. */
  readonly said: string;
}

/**
 * Stores a finding.
 * @returns true when it is damage that wasn't known before
 */
export async function keepCheck(tx: Query, check: RepositoryCheck): Promise<boolean> {
  const before = await tx
    .selectFrom('repository_checks')
    .select('damaged')
    .where('repository_id', '=', check.repositoryId)
    .executeTakeFirst();
  // A check that didn't finish doesn't overrule an earlier one.
  const wasDamaged = before?.damaged === 1;
  const damaged = check.state === 'damaged' || (check.state === 'unfinished' && wasDamaged) ? 1 : 0;
  const values = { checked_at: check.checkedAt, state: check.state, damaged };
  const said = check.state === 'unfinished' && wasDamaged ? {} : { said: check.said };
  await tx
    .insertInto('repository_checks')
    .values({ repository_id: check.repositoryId, ...values, said: check.said })
    .onConflict((conflict) => conflict.column('repository_id').doUpdateSet({ ...values, ...said }))
    .execute();
  return damaged === 1 && !wasDamaged;
}

/**
 * The repository that was checked longest ago, or that was made before `madeBefore` and never checked; null when all
 * were checked since `before`.
 */
export async function nextToCheck(
  q: Query,
  { before, madeBefore }: { readonly before: UnixSeconds; readonly madeBefore: UnixSeconds },
): Promise<number | null> {
  const row = await q
    .selectFrom('repositories')
    .leftJoin('repository_checks', 'repository_checks.repository_id', 'repositories.id')
    .select('repositories.id')
    .where((each) =>
      each.or([
        each.and([each('repository_checks.checked_at', 'is', null), each('repositories.created_at', '<', madeBefore)]),
        each('repository_checks.checked_at', '<', before),
      ]),
    )
    .orderBy((each) => each.fn.coalesce('repository_checks.checked_at', each.val(0)))
    .orderBy('repositories.id')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

export interface CheckSummary {
  /** Checked repositories, out of `all`. */
  readonly checked: number;
  readonly all: number;
  readonly damaged: number;
  readonly unfinished: number;
}

export async function summarizeChecks(q: Query): Promise<CheckSummary> {
  const { all } = await q
    .selectFrom('repositories')
    .select((row) => row.fn.countAll<number>().as('all'))
    .executeTakeFirstOrThrow();
  const row = await q
    .selectFrom('repository_checks')
    .innerJoin('repositories', 'repositories.id', 'repository_checks.repository_id')
    .select((each) => [
      each.fn.countAll<number>().as('checked'),
      each.fn.sum<number | null>('damaged').as('damaged'),
      each.fn.sum<number | null>(each.case().when('state', '=', 'unfinished').then(1).else(0).end()).as('unfinished'),
    ])
    .executeTakeFirstOrThrow();
  return {
    all: Number(all),
    checked: Number(row.checked),
    damaged: Number(row.damaged ?? 0),
    unfinished: Number(row.unfinished ?? 0),
  };
}

/** Names of damaged repositories, `owner/name`, with what git said. */
export async function damagedRepositories(q: Query, limit: number): Promise<{ name: string; said: string }[]> {
  const rows = await q
    .selectFrom('repository_checks')
    .innerJoin('repositories', 'repositories.id', 'repository_checks.repository_id')
    .innerJoin('accounts', 'accounts.id', 'repositories.owner_id')
    .select(['accounts.login', 'repositories.name', 'repository_checks.said'])
    .where('repository_checks.damaged', '=', 1)
    .orderBy('repositories.id')
    .limit(limit)
    .execute();
  return rows.map(({ login, name, said }) => ({ name: `${login}/${name}`, said }));
}
