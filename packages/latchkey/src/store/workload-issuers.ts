/** Issuers of workload identities that administrators trust. */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { isPresetName, type PresetName } from '../catalogue/workloads/issuers.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';
import type { WorkloadIssuersTable } from './schema.ts';

/** Everybody who remembers issuers and rules forgets them. */
const INSTANCE = subjectOf('account', 0);

export interface WorkloadIssuer {
  readonly id: number;
  /** How rules and commands call it. */
  readonly name: string;
  /** As `iss` has it, to the letter. */
  readonly issuer: string;
  readonly preset: PresetName;
  /** Its public keys as a JWK set, pasted; null = they are fetched. */
  readonly jwks: string | null;
  /** Authorities of its own, in PEM; null = those that Node trusts. */
  readonly ca: string | null;
  /** The longest life of its tokens that is taken. */
  readonly maxLifeSec: number;
  readonly createdAt: UnixSeconds;
}

/** @throws a unique violation when one of this name or issuer is there */
export async function insertIssuer(tx: Query, issuer: Omit<WorkloadIssuer, 'id'>): Promise<WorkloadIssuer> {
  await bumpRevision(tx, INSTANCE);
  const row = await tx
    .insertInto('workload_issuers')
    .values({
      name: issuer.name,
      issuer: issuer.issuer,
      preset: issuer.preset,
      jwks_json: issuer.jwks,
      ca_pem: issuer.ca,
      max_life_sec: issuer.maxLifeSec,
      created_at: issuer.createdAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return issuerOf(row);
}

/** All of them, by name. */
export async function listIssuers(q: Query): Promise<WorkloadIssuer[]> {
  return (await q.selectFrom('workload_issuers').selectAll().orderBy('name').execute()).map(issuerOf);
}

export async function issuerByName(q: Query, name: string): Promise<WorkloadIssuer | null> {
  const row = await q.selectFrom('workload_issuers').selectAll().where('name', '=', name).executeTakeFirst();
  return row === undefined ? null : issuerOf(row);
}

/** @param issuer as `iss` has it, to the letter */
export async function issuerByAddress(q: Query, issuer: string): Promise<WorkloadIssuer | null> {
  const row = await q.selectFrom('workload_issuers').selectAll().where('issuer', '=', issuer).executeTakeFirst();
  return row === undefined ? null : issuerOf(row);
}

export async function countIssuers(q: Query): Promise<number> {
  const { count } = await q
    .selectFrom('workload_issuers')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Changes one that is there. */
export async function updateIssuer(
  tx: Query,
  id: number,
  { jwks, ca, maxLifeSec }: Pick<WorkloadIssuer, 'jwks' | 'ca' | 'maxLifeSec'>,
): Promise<WorkloadIssuer> {
  await bumpRevision(tx, INSTANCE);
  const row = await tx
    .updateTable('workload_issuers')
    .set({ jwks_json: jwks, ca_pem: ca, max_life_sec: maxLifeSec })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return issuerOf(row);
}

/** Deletes one with its rules. The caller ends their tokens. */
export async function deleteIssuer(tx: Query, id: number): Promise<void> {
  await bumpRevision(tx, INSTANCE);
  await tx.deleteFrom('workload_issuers').where('id', '=', id).execute();
}

function issuerOf(row: Selectable<WorkloadIssuersTable>): WorkloadIssuer {
  return {
    id: row.id,
    name: row.name,
    issuer: row.issuer,
    // A newer release may know more: what this one doesn't is judged by the strictest words that fit any issuer.
    preset: isPresetName(row.preset) ? row.preset : 'other',
    jwks: row.jwks_json,
    ca: row.ca_pem,
    maxLifeSec: row.max_life_sec,
    createdAt: row.created_at,
  };
}
