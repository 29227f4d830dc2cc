/**
 * What every change writes into the audit log.
 *
 * Event names are those of `catalogue/audit-events`.
 */

import type { UnixSeconds } from '../../base/time.ts';
import type { AuditAction } from '../../catalogue/audit-events.ts';
import { appendAudit } from '../../store/audit.ts';
import type { Query } from '../../store/db.ts';
import type { Actor } from './context.ts';

export interface AuditEvent {
  readonly action: AuditAction;
  /** The person whose security log shows it; null = nobody. */
  readonly userId?: number | null;
  readonly organizationId?: number | null;
  readonly repositoryId?: number | null;
  readonly tokenId?: number | null;
  /** Further facts, under the names in the catalogue. Never a secret. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Writes an event in the transaction of its change. */
export async function record(
  tx: Query,
  { actor }: { readonly actor: Actor },
  at: UnixSeconds,
  event: AuditEvent,
): Promise<void> {
  await appendAudit(tx, {
    at,
    action: event.action,
    actorId: actor.userId,
    actorLogin: actor.login,
    userId: event.userId ?? null,
    organizationId: event.organizationId ?? null,
    repositoryId: event.repositoryId ?? null,
    tokenId: event.tokenId ?? null,
    actorTokenId: actor.tokenId,
    address: actor.address,
    userAgent: actor.userAgent,
    data: { ...event.data, ...(actor.act && { act: actor.act }), ...(actor.sshKey && { ssh_key: actor.sshKey }) },
  });
}
