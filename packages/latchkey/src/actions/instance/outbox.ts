/**
 * The outbox, as an administrator of the instance reads it.
 */
import { Fault } from '../../base/errors.ts';
import { listMails, mailById, type OutboxMail } from '../../store/outbox.ts';
import type { Page } from '../../store/page.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { openMail, type ReadableMail } from '../ground/mail.ts';

/** A page of the outbox, newest first, for an administrator. */
export async function readOutbox(ctx: Context, _permit: Permit, page: Page): Promise<ReadableMail[]> {
  return (await listMails(ctx.store.db, page)).map((mail) => openedOrWords(ctx, mail));
}

/** One mail of the outbox, for an administrator; null when there is none. */
export async function readMail(ctx: Context, _permit: Permit, id: number): Promise<ReadableMail | null> {
  const mail = await mailById(ctx.store.db, id);
  return mail === null ? null : openedOrWords(ctx, mail);
}

function openedOrWords(ctx: Context, mail: OutboxMail): ReadableMail {
  try {
    return openMail(ctx, mail);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ...mail, text: 'This mail is sealed with a key that is not here.', html: '' };
  }
}
