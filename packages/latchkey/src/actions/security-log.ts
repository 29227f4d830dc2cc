/** The security log of a person: every entry that is about their account. */
import { listAudit, type AuditEntry } from '../store/audit.ts';
import type { Page } from '../store/page.ts';
import type { Permit } from './authorize.ts';
import type { Context } from './context.ts';
import { personOf } from './sessions.ts';

export type { AuditEntry };

/** A page of the person's own log, newest first. */
export function readSecurityLog(ctx: Context, permit: Permit, page: Page): Promise<AuditEntry[]> {
  return listAudit(ctx.store.db, { userId: personOf(permit) }, page);
}
