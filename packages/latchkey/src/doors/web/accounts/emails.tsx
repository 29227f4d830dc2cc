/** A person's e-mail addresses, and the page behind the link that verifies one. */
import type { VNode } from 'preact';
import {
  addEmail,
  type Email,
  listEmails,
  MAX_EMAILS,
  makePrimary,
  readVerification,
  removeEmail,
  resendVerification,
  verifyByLink,
} from '../../../actions/accounts/emails.ts';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import { MAX_EMAIL_LENGTH } from '../../../rules/names.ts';
import { SettingsArea } from '../frame/areas.tsx';
import { deadLink } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, type FormAction, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Label, Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const PATH = '/settings/emails';

/** An action on one of the addresses, reported afterwards. */
function onEmail(
  act: (visit: Visit, id: number) => Promise<void>,
  text: string,
  more: Pick<FormAction, 'once' | 'access' | 'asks'>,
): FormAction {
  return {
    ...more,
    run: async (visit) => {
      await act(visit, Number(visit.field('id')));
      return redirect(PATH, { tone: 'success', text });
    },
  };
}

export const emailPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'signed-in',
    get: show,
    forms: {
      add: {
        access: 'fresh',
        once: true,
        run: async (visit) => {
          await addEmail(visit.ctx, await visit.ownPermit(), visit.field('email'));
          return redirect(PATH, {
            tone: 'success',
            text: 'The address was added. A mail with a link that verifies it is on its way.',
          });
        },
      },
      resend: onEmail(
        async (visit, id) => resendVerification(visit.ctx, await visit.ownPermit(), id),
        'The mail was sent again.',
        { once: true },
      ),
      primary: onEmail(
        async (visit, id) => makePrimary(visit.ctx, await visit.ownPermit(), id),
        'The primary address was changed.',
        { access: 'fresh' },
      ),
      remove: onEmail(
        async (visit, id) => removeEmail(visit.ctx, await visit.ownPermit(), id),
        'The address was removed.',
        { access: 'fresh', asks: asksToRemove },
      ),
    },
  },
  { path: '/verify/:link', access: 'signed-in', get: showVerify, forms: { verify: { once: true, run: doVerify } } },
];

/** Null when there is no such address: then `run` says so. */
async function asksToRemove(visit: Visit): Promise<Question | null> {
  const emails = await listEmails(visit.ctx, await visit.ownPermit());
  const email = emails.find(({ id }) => String(id) === visit.field('id'));
  if (email === undefined || email.primary) return null;
  return {
    title: `Remove ${email.address}?`,
    lead: 'No mail goes there any more.',
    act: 'Remove this address',
    consequences: [
      { title: 'Whoever has it may claim it for an account of their own' },
      { title: 'Stays: commits that name it, and your other addresses', stays: true },
    ],
    subject: email.id,
    within: SettingsArea,
  };
}

async function show(visit: Visit): Promise<Answer> {
  const emails = await listEmails(visit.ctx, await visit.ownPermit());
  const f = visit.fields('add');
  return page(
    'Emails',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Emails" level={1} />
      {emails.some(({ verifiedAt }) => verifiedAt !== null) ? null : (
        <Notice tone="warn">
          Verify an e-mail address: without one, no token can be created.{' '}
          {visit.ctx.settings.smtp === null
            ? 'This server sends no mail; the administrator finds the link in the outbox.'
            : 'Look for the mail with the link, also in the spam folder.'}
        </Notice>
      )}
      <ul class="Box list-style-none mb-4">
        {emails.map((email) => (
          <Row visit={visit} email={email} />
        ))}
      </ul>
      <Subhead title="Add an address" />
      {emails.length >= MAX_EMAILS ? (
        <p>A person has at most {MAX_EMAILS} addresses.</p>
      ) : (
        <div class="lk-wide-form">
          <Form f={f} submit="Add">
            <TextField
              f={f}
              name="email"
              label="E-mail address"
              type="email"
              autocomplete="email"
              maxLength={MAX_EMAIL_LENGTH}
              required
            />
          </Form>
        </div>
      )}
    </WithMenu>,
  );
}

function Row({ visit, email }: { visit: Visit; email: Email }): VNode {
  const { id, address, primary, verifiedAt } = email;
  const button = (form: string, words: string): VNode => (
    <Form f={visit.fields(form)} submit={null} inline>
      <Hidden name="id" value={String(id)} />
      <button type="submit" class="btn btn-sm" aria-label={`${words} ${address}`}>
        {words}
      </button>
    </Form>
  );
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <span class="lk-break">
        <strong>{address}</strong> {primary ? <Label tone="accent">Primary</Label> : null}{' '}
        {verifiedAt === null ? <Label tone="attention">Unverified</Label> : <Label tone="success">Verified</Label>}
      </span>
      <span class="d-flex flex-wrap lk-gap">
        {verifiedAt === null ? button('resend', 'Send the mail again') : null}
        {verifiedAt !== null && !primary ? button('primary', 'Make primary') : null}
        {primary ? null : button('remove', 'Remove')}
      </span>
    </li>
  );
}

/** With a button: mail programs open links by themselves, and that must not verify anything. */
async function showVerify(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.param('link'));
  const address = link === null ? null : await readVerification(visit.ctx, link);
  if (address === null) return deadLink('Ask for another under Settings, Emails.');
  const f = visit.fields('verify');
  return page(
    'Verify your address',
    <Narrow title="Verify your address">
      <div class="Box p-3 text-center">
        <Form f={f} submit="Yes, that is my address">
          <p class="lk-break">
            <strong>{address}</strong>
          </p>
        </Form>
      </div>
    </Narrow>,
  );
}

async function doVerify(visit: Visit): Promise<Answer> {
  const link = readSecret(visit.param('link'));
  if (link === null) return deadLink('Ask for another under Settings, Emails.');
  await verifyByLink(visit.ctx, await visit.ownPermit(), link);
  return redirect(PATH, { tone: 'success', text: 'The address is verified.' });
}
