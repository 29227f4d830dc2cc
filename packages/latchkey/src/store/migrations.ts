/**
 * Brings the tables up to date: forward only, each step once, by one process at a time.
 *
 * Invariant: all pending steps happen in one transaction, so a failed upgrade leaves the database as it was.
 * To add one: `migrations/NNNN-noun.ts`, and its row in `MIGRATIONS`. Never change a released one.
 */

import type { Kysely } from 'kysely';
import { Fault } from '../base/errors.ts';
import type { Engine, OpenedEngine, Query } from './db.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { tokenNotices } from './migrations/0010-token-notices.ts';
import { repositoryHomepage } from './migrations/0020-repository-homepage.ts';
import { commitStatuses } from './migrations/0021-commit-statuses.ts';
import { deployKeys } from './migrations/0022-deploy-keys.ts';
import { webhooks } from './migrations/0023-webhooks.ts';
import { outbox } from './migrations/0040-outbox.ts';
import { sessions } from './migrations/0041-sessions.ts';
import { tokenDays } from './migrations/0050-token-days.ts';
import { refusals } from './migrations/0060-refusals.ts';
import { logins } from './migrations/0061-logins.ts';
import { resourceServers } from './migrations/0070-resource-servers.ts';
import { jobs } from './migrations/0080-jobs.ts';
import { rateWindows } from './migrations/0081-rate-windows.ts';
import { nodes } from './migrations/0082-nodes.ts';
import { searches } from './migrations/0084-searches.ts';
import { exclusions } from './migrations/0101-exclusions.ts';
import { proofs } from './migrations/0120-proofs.ts';
import { locks } from './migrations/0121-locks.ts';
import { passkeys } from './migrations/0122-passkeys.ts';
import { sealing } from './migrations/0130-sealing.ts';
import { steadyClock } from './migrations/0150-steady-clock.ts';
import { claimedAddresses } from './migrations/0210-claimed-addresses.ts';
import { auditChain } from './migrations/0220-audit-chain.ts';
import { pushIntents } from './migrations/0230-push-intents.ts';
import { writeProbe } from './migrations/0231-write-probe.ts';
import { jobLanes } from './migrations/0232-job-lanes.ts';
import { repositoryChecks } from './migrations/0233-repository-checks.ts';
import { epochs } from './migrations/0241-epochs.ts';
import { reminders } from './migrations/0250-reminders.ts';
import { pushedLeaks } from './migrations/0310-pushed-leaks.ts';
import { refRules } from './migrations/0340-ref-rules.ts';
import { reservedNames } from './migrations/0350-reserved-names.ts';
import { tokensInDoubt } from './migrations/0365-tokens-in-doubt.ts';
import { inspections } from './migrations/0366-inspections.ts';
import { effectiveRight } from './migrations/0380-effective-right.ts';
import { derivedTokens } from './migrations/0385-derived-tokens.ts';
import { externalIdentities } from './migrations/0395-external-identities.ts';
import { singleSignOn } from './migrations/0470-single-sign-on.ts';
import { machineAccounts } from './migrations/0490-machine-accounts.ts';
import { lfsLocks } from './migrations/0500-lfs-locks.ts';
import { tokenDaysByRepository } from './migrations/0520-token-days-by-repository.ts';
import { timeZone } from './migrations/0530-time-zone.ts';
import { workloadFederation } from './migrations/0540-workload-federation.ts';
import { pushApprovals } from './migrations/0550-push-approvals.ts';
import { serviceSessions } from './migrations/0560-service-sessions.ts';
import { narrowings } from './migrations/0570-narrowings.ts';
import { serverAddress } from './migrations/0571-server-address.ts';
import { gitlabTokens } from './migrations/0590-gitlab-tokens.ts';
import { refProtections } from './migrations/0640-ref-protections.ts';
import { applications } from './migrations/0660-applications.ts';
import { teams } from './migrations/0670-teams.ts';
import { formerNames } from './migrations/0671-former-names.ts';
import { groups } from './migrations/0672-groups.ts';
import { providerSessions } from './migrations/0677-provider-sessions.ts';
import { sshKeys } from './migrations/0700-ssh-keys.ts';
import { mirrors } from './migrations/0702-mirrors.ts';
import { rulesets } from './migrations/0707-rulesets.ts';
import { disabledByProvider } from './migrations/0710-disabled-by-provider.ts';
import { provisioning } from './migrations/0711-provisioning.ts';
import type { Migration } from './migrations/migration.ts';

/** In order. */
export const MIGRATIONS: readonly Migration[] = [
  foundation,
  tokenNotices,
  repositoryHomepage,
  commitStatuses,
  deployKeys,
  webhooks,
  outbox,
  sessions,
  tokenDays,
  refusals,
  logins,
  resourceServers,
  jobs,
  rateWindows,
  nodes,
  searches,
  exclusions,
  proofs,
  locks,
  passkeys,
  sealing,
  steadyClock,
  claimedAddresses,
  auditChain,
  pushIntents,
  writeProbe,
  jobLanes,
  repositoryChecks,
  epochs,
  reminders,
  pushedLeaks,
  refRules,
  reservedNames,
  tokensInDoubt,
  inspections,
  effectiveRight,
  derivedTokens,
  externalIdentities,
  singleSignOn,
  machineAccounts,
  lfsLocks,
  workloadFederation,
  pushApprovals,
  serviceSessions,
  narrowings,
  serverAddress,
  gitlabTokens,
  tokenDaysByRepository,
  timeZone,
  refProtections,
  applications,
  disabledByProvider,
  teams,
  provisioning,
  sshKeys,
  providerSessions,
  formerNames,
  rulesets,
  groups,
  mirrors,
];

interface MigrationsTable {
  migrations: { name: string; applied_at: number };
}

/**
 * Runs the pending steps and returns their names.
 * @throws Fault when the database has steps that this program doesn't know, because a newer one made it
 */
export function migrate(opened: OpenedEngine, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  return opened.alone((tx) => stepsIn(tx, opened.engine, migrations));
}

/** The same in a transaction of the caller's, in which no other process is. */
export async function stepsIn(tx: Query, engine: Engine, migrations: readonly Migration[]): Promise<string[]> {
  const db = tx as unknown as Kysely<MigrationsTable>;
  await db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
  const rows = await db.selectFrom('migrations').select('name').execute();
  const applied = new Set(rows.map((row) => row.name));
  refuseNewer(applied, migrations);
  const pending = migrations.filter((migration) => !applied.has(migration.name));
  for (const migration of pending) {
    await migration.up(tx, engine);
    await db
      .insertInto('migrations')
      .values({ name: migration.name, applied_at: Math.floor(Date.now() / 1000) })
      .execute();
  }
  return pending.map((migration) => migration.name);
}

/** The names of the steps that a database has, in the order of this program. */
export async function appliedSteps(q: Query): Promise<string[]> {
  const db = q as unknown as Kysely<MigrationsTable>;
  const rows = await db.selectFrom('migrations').select('name').execute();
  const applied = new Set(rows.map(({ name }) => name));
  refuseNewer(applied, MIGRATIONS);
  return MIGRATIONS.map(({ name }) => name).filter((name) => applied.has(name));
}

export interface MigrationCounts {
  readonly applied: number;
  /** The steps this program has. More or fewer than were applied when another version uses the same database. */
  readonly known: number;
}

/** How many steps the database has applied, and how many there are. */
export async function countMigrations(
  q: Query,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<MigrationCounts> {
  const db = q as unknown as Kysely<MigrationsTable>;
  const { count } = await db
    .selectFrom('migrations')
    .select((row) => row.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return { applied: Number(count), known: migrations.length };
}

/** The steps of a database and of this program, compared. */
export interface StepsOf {
  /** How many the database has. */
  readonly applied: number;
  /** Names that this program has, and the database hasn't. */
  readonly pending: readonly string[];
  /** Names that only a newer program knows. */
  readonly unknown: readonly string[];
}

/** Compares them, and makes none. */
export async function stepsOf(q: Query): Promise<StepsOf> {
  const tables = await q.introspection.getTables();
  const isNew = !tables.some(({ name }) => name === 'migrations');
  const db = q as unknown as Kysely<MigrationsTable>;
  const rows = isNew ? [] : await db.selectFrom('migrations').select('name').execute();
  const applied = new Set(rows.map(({ name }) => name));
  return {
    applied: applied.size,
    pending: MIGRATIONS.map(({ name }) => name).filter((name) => !applied.has(name)),
    unknown: unknownSteps(applied, MIGRATIONS),
  };
}

function unknownSteps(applied: ReadonlySet<string>, migrations: readonly Migration[]): string[] {
  const known = new Set(migrations.map((migration) => migration.name));
  return [...applied].filter((name) => !known.has(name)).toSorted();
}

function refuseNewer(applied: ReadonlySet<string>, migrations: readonly Migration[]): void {
  const unknown = unknownSteps(applied, migrations);
  if (unknown.length === 0) return;
  throw new Fault(`the database was made by a newer Latchkey: this one does not know ${unknown.join(', ')}`, {
    hint: 'start the newer version, or restore the backup from before the upgrade',
  });
}
