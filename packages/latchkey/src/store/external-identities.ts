/**
 * Identities that people have at identity providers, and by which they sign in here.
 *
 * Invariant: an identity is its issuer and subject, compared byte by byte, and belongs to one account; an account has
 * one of each issuer.
 * Never: an account found by an address or a name that a provider tells.
 */
import type { Selectable } from 'kysely';
import type { UnixSeconds } from '../base/time.ts';
import { demandPerson } from './account-kinds.ts';
import type { Query } from './db.ts';
import type { ExternalIdentitiesTable } from './schema.ts';

export interface ExternalIdentity {
  readonly id: number;
  readonly userId: number;
  /** As the provider's discovery document names itself. */
  readonly issuer: string;
  /** The provider's own name for the person, which never changes (`sub`). */
  readonly subject: string;
  /** What the provider called the person when it was linked: an address or a name. Only ever shown. */
  readonly label: string;
  readonly createdAt: UnixSeconds;
  readonly lastUsedAt: UnixSeconds | null;
  /** When the provider signed the person out everywhere and they were frozen for it; null = they aren't. */
  readonly frozenAt: UnixSeconds | null;
}

/**
 * Links an identity with an account.
 * @throws a unique violation when it is linked already, or the account has another one of this issuer
 */
export async function insertIdentity(
  tx: Query,
  made: Omit<ExternalIdentity, 'id' | 'lastUsedAt' | 'frozenAt'>,
): Promise<void> {
  await demandPerson(tx, made.userId);
  await tx
    .insertInto('external_identities')
    .values({
      user_id: made.userId,
      issuer: made.issuer,
      subject: made.subject,
      label: made.label,
      created_at: made.createdAt,
      last_used_at: null,
    })
    .execute();
}

/** A person's identities, the oldest first. */
export async function identitiesOf(q: Query, userId: number): Promise<ExternalIdentity[]> {
  const rows = await q
    .selectFrom('external_identities')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('id')
    .execute();
  return rows.map(identityOf);
}

/** The identity that a provider proved; null when nobody here has it. */
export async function identityBySubject(q: Query, issuer: string, subject: string): Promise<ExternalIdentity | null> {
  const row = await q
    .selectFrom('external_identities')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row === undefined ? null : identityOf(row);
}

/** Records a use. False when the identity is no longer linked. */
export async function noteIdentityUse(tx: Query, id: number, at: UnixSeconds): Promise<boolean> {
  const row = await tx
    .updateTable('external_identities')
    .set({ last_used_at: at })
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How many members an organization has, and how many of them have an identity of this issuer. */
export async function countLinkedMembers(
  q: Query,
  organizationId: number,
  issuer: string,
): Promise<{ members: number; linked: number }> {
  const { members, linked } = await q
    .selectFrom('memberships as m')
    .leftJoin('external_identities as e', (join) =>
      join.onRef('e.user_id', '=', 'm.user_id').on('e.issuer', '=', issuer),
    )
    .select((row) => [row.fn.countAll<number>().as('members'), row.fn.count<number>('e.id').as('linked')])
    .where('m.organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return { members: Number(members), linked: Number(linked) };
}

/** Removes one of a person's identities. False when there is none. */
export async function deleteIdentity(tx: Query, userId: number, id: number): Promise<boolean> {
  const row = await tx
    .deleteFrom('external_identities')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

function identityOf(row: Selectable<ExternalIdentitiesTable>): ExternalIdentity {
  return {
    id: row.id,
    userId: row.user_id,
    issuer: row.issuer,
    subject: row.subject,
    label: row.label,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    frozenAt: row.frozen_at,
  };
}
