/** For the administrator: mails that the server sent, is keeping, or couldn't deliver. */
import type { VNode } from 'preact';
import { type ReadableMail } from '../../../actions/ground/mail.ts';
import { readMail, readOutbox } from '../../../actions/instance/outbox.ts';
import type { Need } from '../../../rules/model.ts';
import { notFound } from '../frame/error-pages.tsx';
import { INSTANCE_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { nextPagePath } from '../organizations/area.tsx';
import { Blankslate, Label, NextPage, Notice, Subhead, Time } from '../parts/components.tsx';

const PATH = '/instance/mail';
const PAGE_SIZE = 50;
/** Mails contain links that open accounts, so reading them is as powerful as managing people. */
const READ_MAIL: Need = { sets: [{ instance_users: 'write' }], publicRead: false, writes: false };

export const outboxPages: readonly WebPage[] = [
  { path: PATH, access: 'administrator', get: showList },
  { path: `${PATH}/:id`, access: 'administrator', get: showMail },
];

const STATES: Readonly<
  Record<ReadableMail['state'], readonly [tone: 'success' | 'attention' | 'danger' | 'secondary', words: string]>
> = {
  waiting: ['attention', 'Waiting'],
  sent: ['success', 'Sent'],
  kept: ['secondary', 'Kept'],
  failed: ['danger', 'Not sent'],
};

async function showList(visit: Visit): Promise<Answer> {
  const { ctx } = visit;
  const before = Number(visit.query.get('before'));
  const permit = await visit.permit(READ_MAIL, { kind: 'instance' });
  const mails = await readOutbox(ctx, permit, {
    beforeId: Number.isSafeInteger(before) && before > 0 ? before : null,
    limit: PAGE_SIZE + 1,
  });
  const shown = mails.slice(0, PAGE_SIZE);
  return page(
    'Mail',
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title="Mail" level={1} />
      {ctx.settings.smtp === null ? (
        <Notice tone="warn">
          No mail server is configured (setting <code>smtp</code>), so no mail is sent. Every mail is kept here, and in
          the folder <code>outbox</code> of the data folder.
        </Notice>
      ) : null}
      {shown.length === 0 ? (
        <Blankslate heading="No mail yet" />
      ) : (
        <ul class="Box list-style-none">
          {shown.map((mail) => (
            <Row mail={mail} />
          ))}
        </ul>
      )}
      <NextPage href={nextPagePath(visit, 'before', mails.length > PAGE_SIZE ? shown.at(-1)?.id : undefined)} />
    </WithMenu>,
  );
}

function Row({ mail }: { mail: ReadableMail }): VNode {
  const [tone, words] = STATES[mail.state];
  return (
    <li class="Box-row lk-break">
      <a class="text-bold" href={`${PATH}/${mail.id}`}>
        {mail.subject}
      </a>{' '}
      <Label tone={tone}>{words}</Label>
      <div class="color-fg-muted f6">
        to {mail.address}, <Time at={mail.createdAt} />
        {mail.failure === null ? null : `; tried ${mail.attempts} times: ${mail.failure}`}
      </div>
    </li>
  );
}

async function showMail(visit: Visit): Promise<Answer> {
  const id = Number(visit.param('id'));
  const mail = Number.isSafeInteger(id)
    ? await readMail(visit.ctx, await visit.permit(READ_MAIL, { kind: 'instance' }), id)
    : null;
  if (mail === null) return notFound();
  return page(
    mail.subject,
    <WithMenu visit={visit} menu={INSTANCE_MENU}>
      <Subhead title={mail.subject} level={1} />
      <p class="color-fg-muted">
        To {mail.address}, <Time at={mail.createdAt} />
      </p>
      {mail.text === '' ? (
        <p>It was sent, so what it said is no longer here.</p>
      ) : (
        <pre class="lk-mail" tabIndex={0} role="region" aria-label="What it says">
          {mail.text}
        </pre>
      )}
    </WithMenu>,
  );
}
