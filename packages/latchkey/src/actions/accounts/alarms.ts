/**
 * "This wasn't me": every change to how a person signs in is mailed to all their previous addresses, each mail with a
 * link that locks the account.
 *
 * Invariant: the mails go where the person read mail before the change, including an address that was just removed.
 * Never: a link that grants anything; it can only take away.
 */
import { DAY_SEC } from '../../base/time.ts';
import type { MailFacts, MailTemplate } from '../../catalogue/mails/mails.ts';
import type { Query } from '../../store/db.ts';
import { type Email, emailsOf } from '../../store/emails.ts';
import { insertLink } from '../../store/one-time-links.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { queueMail } from '../ground/mail.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';

/** How long such a link works. */
export const ALARM_SEC = 14 * DAY_SEC;

/** Mails that contain such a link. */
type AlarmTemplate = {
  [K in MailTemplate]: MailFacts[K] extends { readonly alarmPath: string } ? K : never;
}[MailTemplate];

export interface AlarmedChange<K extends AlarmTemplate> {
  readonly userId: number;
  /** As they were before the change. */
  readonly emails: readonly Email[];
  readonly template: K;
  /** The content of the mail, given the path of its own link. */
  readonly facts: (alarmPath: string) => MailFacts[K];
}

/** Mails a person about the change, in its transaction. */
export async function tellOfChange<K extends AlarmTemplate>(
  ctx: Context,
  tx: Query,
  told: AlarmedChange<K>,
): Promise<void> {
  const { userId, emails, template, facts } = told;
  for (const { address } of emails.filter(({ verifiedAt }) => verifiedAt !== null)) {
    const at = ctx.clock.now();
    const secret = mintSecret();
    await insertLink(tx, {
      digest: secret.digest(),
      purpose: 'alarm',
      userId,
      address,
      createdAt: at,
      endsAt: at + ALARM_SEC,
    });
    await queueMail(ctx, tx, { userId, address }, template, facts(`/not-me/${secret.reveal()}`));
  }
}

/** Changes whose mails say who made them, when and from where. */
type OwnTemplate = 'passkeys_changed' | 'ssh_keys_changed' | 'identities_changed';

/** Mails the holder of a permit about a change that they have just made, in its transaction. */
export async function tellHolder<K extends OwnTemplate>(
  ctx: Context,
  tx: Query,
  { actor: { userId, login: by, address } }: Pick<Permit, 'actor'>,
  template: K,
  what: Omit<MailFacts[K], 'at' | 'by' | 'address' | 'alarmPath'>,
): Promise<void> {
  if (userId === null) return;
  const at = ctx.clock.now();
  await tellOfChange(ctx, tx, {
    userId,
    emails: await emailsOf(tx, userId),
    template,
    facts: (alarmPath) => ({ ...what, at, by, address, alarmPath }) as unknown as MailFacts[K],
  });
}
