/**
 * Rules of owners: which workloads get tokens of a machine account. The rights are those of a token that nobody has the
 * secret of, so whatever ends or narrows that token does so to all that was given by the rule.
 */
import { DAY_SEC, type UnixSeconds } from '../base/time.ts';
import type { ClaimCondition } from '../rules/workload-claims.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** Everybody who remembers issuers and rules forgets them. */
const INSTANCE = subjectOf('account', 0);

export interface WorkloadRule {
  readonly id: number;
  readonly issuerId: number;
  readonly tokenId: number;
  readonly machineId: number;
  /** The name of its token. */
  readonly name: string;
  readonly conditions: readonly ClaimCondition[];
  /** The longest life of a token that it gives. */
  readonly maxLifeSec: number;
  readonly isSingleUse: boolean;
  readonly takesPullRequests: boolean;
  readonly createdAt: UnixSeconds;
}

/** A rule that can give tokens, with what an exchange needs to know. */
export interface LivingRule extends WorkloadRule {
  readonly machineLogin: string;
  /** The account that the machine belongs to. */
  readonly ownerId: number | null;
  readonly ownerKind: 'user' | 'organization' | 'machine' | null;
  /** The digest of the secret of its token. */
  readonly secretDigest: string;
}

export async function insertRule(tx: Query, rule: Omit<WorkloadRule, 'id' | 'name'>): Promise<number> {
  await bumpRevision(tx, INSTANCE);
  const { id } = await tx
    .insertInto('workload_rules')
    .values({
      issuer_id: rule.issuerId,
      token_id: rule.tokenId,
      machine_id: rule.machineId,
      conditions_json: JSON.stringify(rule.conditions),
      max_life_sec: rule.maxLifeSec,
      is_single_use: rule.isSingleUse ? 1 : 0,
      takes_pull_requests: rule.takesPullRequests ? 1 : 0,
      created_at: rule.createdAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Which rules, by one of these. */
type Which = Partial<Pick<WorkloadRule, 'id' | 'issuerId' | 'machineId' | 'tokenId'>>;

function selected(q: Query, { id, issuerId, machineId, tokenId }: Which) {
  let query = q
    .selectFrom('workload_rules')
    .innerJoin('tokens', 'tokens.id', 'workload_rules.token_id')
    .selectAll('workload_rules')
    .select(['tokens.name', 'tokens.revoked_at'])
    .orderBy('workload_rules.id');
  if (id !== undefined) query = query.where('workload_rules.id', '=', id);
  if (issuerId !== undefined) query = query.where('workload_rules.issuer_id', '=', issuerId);
  if (machineId !== undefined) query = query.where('workload_rules.machine_id', '=', machineId);
  if (tokenId !== undefined) query = query.where('workload_rules.token_id', '=', tokenId);
  return query;
}

/** Rules, the oldest first, those whose token has ended included. */
export async function rulesWhere(q: Query, which: Which): Promise<WorkloadRule[]> {
  return (await selected(q, which).execute()).map(ruleOf);
}

/** How many rules there are, by the ids of issuers that have some. */
export async function countRules(q: Query): Promise<ReadonlyMap<number, number>> {
  const rows = await q
    .selectFrom('workload_rules')
    .select((row) => ['issuer_id', row.fn.countAll<number>().as('count')])
    .groupBy('issuer_id')
    .execute();
  return new Map(rows.map(({ issuer_id, count }) => [issuer_id, Number(count)]));
}

/** The rules of an issuer that can give tokens, the oldest first. */
export async function livingRules(q: Query, issuerId: number): Promise<LivingRule[]> {
  const rows = await selected(q, { issuerId })
    .innerJoin('accounts as machine', 'machine.id', 'workload_rules.machine_id')
    .leftJoin('accounts as owner', 'owner.id', 'machine.owned_by')
    .innerJoin('token_secrets', (join) =>
      join.onRef('token_secrets.token_id', '=', 'tokens.id').on('token_secrets.state', '=', 'current'),
    )
    .select(['machine.login', 'owner.id as owner_id', 'owner.kind as owner_kind', 'token_secrets.digest'])
    .where('tokens.revoked_at', 'is', null)
    .execute();
  return rows.map((row) => ({
    ...ruleOf(row),
    machineLogin: row.login,
    ownerId: row.owner_id,
    ownerKind: row.owner_kind,
    secretDigest: row.digest,
  }));
}

/** Changes what a rule demands. */
export async function updateRule(
  tx: Query,
  id: number,
  rule: Pick<WorkloadRule, 'conditions' | 'maxLifeSec' | 'isSingleUse' | 'takesPullRequests'>,
): Promise<void> {
  await bumpRevision(tx, INSTANCE);
  await tx
    .updateTable('workload_rules')
    .set({
      conditions_json: JSON.stringify(rule.conditions),
      max_life_sec: rule.maxLifeSec,
      is_single_use: rule.isSingleUse ? 1 : 0,
      takes_pull_requests: rule.takesPullRequests ? 1 : 0,
    })
    .where('id', '=', id)
    .execute();
}

/** Deletes one. The caller ends its token. */
export async function deleteRule(tx: Query, id: number): Promise<void> {
  await bumpRevision(tx, INSTANCE);
  await tx.deleteFrom('workload_rules').where('id', '=', id).execute();
}

/** Of some tokens, those that belong to rules. */
export async function tokensOfRules(q: Query, tokenIds: readonly number[]): Promise<Set<number>> {
  if (tokenIds.length === 0) return new Set();
  const rows = await q.selectFrom('workload_rules').select('token_id').where('token_id', 'in', tokenIds).execute();
  return new Set(rows.map(({ token_id }) => token_id));
}

/**
 * Takes a workload's token, so that nobody takes it again; false when somebody has.
 * @param digest of the issuer and the token's `jti`
 * @param endsAt from when it is refused for its age
 */
export async function takeOnce(tx: Query, digest: string, endsAt: UnixSeconds): Promise<boolean> {
  const row = await tx
    .insertInto('workload_exchanges')
    .values({ digest, ends_at: endsAt })
    .onConflict((conflict) => conflict.doNothing())
    .returning('digest')
    .executeTakeFirst();
  return row !== undefined;
}

/** The row that says from when on it is known which tokens were taken; digests are never this. */
const KNOWN_SINCE = 'known since';
/** As long as a token that is in doubt may live, and a day for clocks. */
const DOUBTED_SEC = 2 * DAY_SEC;

/** Marks every token that was issued up to then as one that may have been taken already: a backup was restored. */
export async function doubtExchangesBefore(tx: Query, at: UnixSeconds): Promise<void> {
  const ends_at = at + DOUBTED_SEC;
  await tx
    .insertInto('workload_exchanges')
    .values({ digest: KNOWN_SINCE, ends_at })
    .onConflict((conflict) => conflict.column('digest').doUpdateSet({ ends_at }))
    .execute();
}

/** Up to when issued tokens may have been taken without a mark; 0 = all marks are there. */
export async function exchangesDoubtedUntil(q: Query): Promise<UnixSeconds> {
  const row = await q
    .selectFrom('workload_exchanges')
    .select('ends_at')
    .where('digest', '=', KNOWN_SINCE)
    .executeTakeFirst();
  return row === undefined ? 0 : row.ends_at - DOUBTED_SEC;
}

/** Forgets those that have ended. */
export async function forgetTaken(tx: Query, before: UnixSeconds): Promise<void> {
  await tx.deleteFrom('workload_exchanges').where('ends_at', '<', before).execute();
}

function ruleOf(row: Awaited<ReturnType<ReturnType<typeof selected>['execute']>>[number]): WorkloadRule {
  return {
    id: row.id,
    issuerId: row.issuer_id,
    tokenId: row.token_id,
    machineId: row.machine_id,
    name: row.name,
    conditions: JSON.parse(row.conditions_json) as ClaimCondition[],
    maxLifeSec: row.max_life_sec,
    isSingleUse: row.is_single_use === 1,
    takesPullRequests: row.takes_pull_requests === 1,
    createdAt: row.created_at,
  };
}
