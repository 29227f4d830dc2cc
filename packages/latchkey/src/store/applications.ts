/**
 * OAuth applications (clients), and the tokens that people gave to them.
 *
 * Invariant: secrets are stored as digests.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import type { ApplicationsTable } from './schema.ts';
import { type Token, tokenOf } from './tokens.ts';

export interface Application {
  readonly id: number;
  readonly clientId: string;
  readonly name: string;
  /** '' = none. */
  readonly homepage: string;
  readonly source: ApplicationsTable['source'];
  /** The person who made it; null = an administrator for all, nobody, or a person who is gone. */
  readonly ownerId: number | null;
  readonly redirectUris: readonly string[];
  /** Null = a public client (RFC 6749 section 2.1). */
  readonly secretDigest: string | null;
  readonly secretLastFour: string | null;
  /** From when it may ask people; null = an administrator has not approved it. */
  readonly approvedAt: UnixSeconds | null;
  readonly createdAt: UnixSeconds;
  readonly usedAt: UnixSeconds | null;
}

export async function insertApplication(
  tx: Query,
  application: Omit<Application, 'id' | 'usedAt'>,
): Promise<Application> {
  const row = await tx
    .insertInto('applications')
    .values({
      client_id: application.clientId,
      name: application.name,
      homepage: application.homepage,
      source: application.source,
      owner_id: application.ownerId,
      redirect_uris_json: JSON.stringify(application.redirectUris),
      secret_digest: application.secretDigest,
      secret_last_four: application.secretLastFour,
      approved_at: application.approvedAt,
      created_at: application.createdAt,
      used_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return applicationOf(row);
}

export async function applicationById(q: Query, id: number): Promise<Application | null> {
  const row = await q.selectFrom('applications').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : applicationOf(row);
}

export async function applicationByClientId(q: Query, clientId: string): Promise<Application | null> {
  const row = await q.selectFrom('applications').selectAll().where('client_id', '=', clientId).executeTakeFirst();
  return row === undefined ? null : applicationOf(row);
}

/** Made by a person or an administrator here. */
const MADE_HERE = ['person', 'instance'] as const;
/** Told of by themselves. */
const SELF_MADE = ['registered', 'document'] as const;

/** Those that were made here by a person, newest first; null = those of administrators, and of people who are gone. */
export async function applicationsOf(q: Query, ownerId: number | null, limit: number): Promise<Application[]> {
  const rows = await q
    .selectFrom('applications')
    .selectAll()
    .where('owner_id', ownerId === null ? 'is' : '=', ownerId)
    .where('source', 'in', MADE_HERE)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(applicationOf);
}

/** Those that nobody here made, newest first. */
export async function selfMadeApplications(
  q: Query,
  { isApproved, limit }: { readonly isApproved: boolean; readonly limit: number },
): Promise<Application[]> {
  const rows = await q
    .selectFrom('applications')
    .selectAll()
    .where('source', 'in', SELF_MADE)
    .where('approved_at', isApproved ? 'is not' : 'is', null)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(applicationOf);
}

export async function countSelfMade(q: Query): Promise<number> {
  const { count } = await q
    .selectFrom('applications')
    .select((row) => row.fn.countAll<number | string>().as('count'))
    .where('source', 'in', SELF_MADE)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Deletes the oldest that nobody approved or ever used; null when there is none. */
export async function deleteOldestUnused(tx: Query): Promise<Application | null> {
  const oldest = await tx
    .selectFrom('applications')
    .select('id')
    .where('source', 'in', SELF_MADE)
    .where('approved_at', 'is', null)
    .where('used_at', 'is', null)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (oldest === undefined) return null;
  const row = await tx.deleteFrom('applications').where('id', '=', oldest.id).returningAll().executeTakeFirst();
  return row === undefined ? null : applicationOf(row);
}

/** Deletes those that nobody here made and nobody has used, or approved, since; never one with a token that lives. */
export async function deleteUnused(
  tx: Query,
  { before, at }: { readonly before: UnixSeconds; readonly at: UnixSeconds },
): Promise<Application[]> {
  const rows = await tx
    .deleteFrom('applications')
    .where('source', 'in', SELF_MADE)
    .where('created_at', '<', before)
    .where((row) => row.or([row('used_at', 'is', null), row('used_at', '<', before)]))
    .where((row) => row.or([row('approved_at', 'is', null), row('approved_at', '<', before)]))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('tokens')
            .select('tokens.id')
            .whereRef('tokens.application_id', '=', 'applications.id')
            .where('tokens.revoked_at', 'is', null)
            .where((row) => row.or([row('tokens.expires_at', 'is', null), row('tokens.expires_at', '>', at)])),
        ),
      ),
    )
    .returningAll()
    .execute();
  return rows.map(applicationOf);
}

/** Changes one that is there. */
export async function updateApplication(
  tx: Query,
  id: number,
  change: Partial<Pick<Application, 'name' | 'homepage' | 'redirectUris' | 'approvedAt' | 'usedAt'>> &
    Partial<Pick<Application, 'secretDigest' | 'secretLastFour'>>,
): Promise<void> {
  await tx
    .updateTable('applications')
    .set({
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.homepage === undefined ? {} : { homepage: change.homepage }),
      ...(change.redirectUris === undefined ? {} : { redirect_uris_json: JSON.stringify(change.redirectUris) }),
      ...(change.approvedAt === undefined ? {} : { approved_at: change.approvedAt }),
      ...(change.usedAt === undefined ? {} : { used_at: change.usedAt }),
      ...(change.secretDigest === undefined ? {} : { secret_digest: change.secretDigest }),
      ...(change.secretLastFour === undefined ? {} : { secret_last_four: change.secretLastFour }),
    })
    .where('id', '=', id)
    .execute();
}

/** Deletes one. The caller ends its tokens first. */
export async function deleteApplication(tx: Query, id: number): Promise<void> {
  await tx.deleteFrom('applications').where('id', '=', id).execute();
}

/** Says of a token which application it was given to. */
export async function giveToApplication(tx: Query, tokenId: number, applicationId: number): Promise<void> {
  await tx.updateTable('tokens').set({ application_id: applicationId }).where('id', '=', tokenId).execute();
}

/** A token that was given to an application, with that one's id. */
export interface GivenToken {
  readonly applicationId: number;
  readonly token: Token;
}

/** Tokens that were given to applications and not revoked, newest first. */
export async function givenTokens(
  q: Query,
  which: { readonly applicationId?: number; readonly userId?: number },
): Promise<GivenToken[]> {
  let query = q
    .selectFrom('tokens')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('application_id', 'is not', null);
  if (which.applicationId !== undefined) query = query.where('application_id', '=', which.applicationId);
  if (which.userId !== undefined) query = query.where('user_id', '=', which.userId);
  const rows = await query.orderBy('id', 'desc').execute();
  return rows.flatMap((row) =>
    row.application_id === null ? [] : [{ applicationId: row.application_id, token: tokenOf(row) }],
  );
}

/** The application that a token was given to; null = none, or there is no such token. */
export async function applicationOfToken(q: Query, tokenId: number): Promise<Application | null> {
  const row = await q
    .selectFrom('applications')
    .innerJoin('tokens', 'tokens.application_id', 'applications.id')
    .selectAll('applications')
    .where('tokens.id', '=', tokenId)
    .executeTakeFirst();
  return row === undefined ? null : applicationOf(row);
}

function applicationOf(row: Selectable<ApplicationsTable>): Application {
  return {
    id: row.id,
    clientId: row.client_id,
    name: row.name,
    homepage: row.homepage,
    source: row.source,
    ownerId: row.owner_id,
    redirectUris: JSON.parse(row.redirect_uris_json) as string[],
    secretDigest: row.secret_digest,
    secretLastFour: row.secret_last_four,
    approvedAt: row.approved_at,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}
