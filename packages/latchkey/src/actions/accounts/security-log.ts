/** A person's security log: every entry about their account. */
import { type AuditEntry, listAudit } from '../../store/audit.ts';
import { batchesOf, type Page } from '../../store/page.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { personOf } from './sessions.ts';

export type { AuditEntry };

/** A page of the person's own log, newest first. */
function readSecurityLog(ctx: Context, permit: Permit, page: Page): Promise<AuditEntry[]> {
  return listAudit(ctx.store.db, { userId: personOf(permit) }, page);
}

/** The whole log, newest first, in batches. */
export function exportSecurityLog(ctx: Context, permit: Permit): AsyncIterable<readonly AuditEntry[]> {
  return batchesOf((page) => readSecurityLog(ctx, permit, page));
}
