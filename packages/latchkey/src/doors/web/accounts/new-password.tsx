/** A new password for somebody who forgot theirs, through a mailed link. */
import { askForPasswordLink, readPasswordLink, resetPassword } from '../../../actions/accounts/new-password.ts';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import { Secret } from '../../../base/secret.ts';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../../rules/password.ts';
import { deadLink } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

export const newPasswordPages: readonly WebPage[] = [
  { path: '/password_reset', access: 'anybody', get: showAsk, forms: { ask: { once: true, run: doAsk } } },
  { path: '/password_reset/:link', access: 'anybody', get: showReset, forms: { reset: { once: true, run: doReset } } },
];

function showAsk(visit: Visit): Answer {
  const f = visit.fields('ask');
  return page(
    'New password',
    <Narrow title="Choose a new password">
      {visit.ctx.settings.smtp === null ? (
        <Notice tone="warn">
          This server sends no mail. The administrator finds the link in the outbox, and can give it to you.
        </Notice>
      ) : null}
      <div class="Box p-3">
        <Form f={f} submit="Send me a link">
          <TextField
            f={f}
            name="login"
            label="Username or e-mail address"
            autocomplete="username"
            required
            autofocus
            spellcheck={false}
            note="The link goes to your verified e-mail address and works for an hour."
          />
        </Form>
      </div>
      <p class="mt-3 text-center">
        <a href="/login">Back to signing in</a>
      </p>
    </Narrow>,
  );
}

async function doAsk(visit: Visit): Promise<Answer> {
  await askForPasswordLink(visit.ctx, visit.field('login'), visit.visitor);
  return redirect('/login?notice=mail-sent');
}

const linkOf = (visit: Visit): Secret | null => readSecret(visit.param('link'));

async function showReset(visit: Visit): Promise<Answer> {
  const link = linkOf(visit);
  const account = link === null ? null : await readPasswordLink(visit.ctx, link);
  if (account === null) return deadLink('Ask for another on the sign-in page.');
  const f = visit.fields('reset');
  return page(
    'New password',
    <Narrow title="Choose a new password">
      <div class="Box p-3">
        <Form f={f} submit="Set the password">
          <p>
            For the account <strong>{account.login}</strong>. Every session ends, everywhere.
          </p>
          <TextField
            f={f}
            name="new_password"
            label="New password"
            type="password"
            autocomplete="new-password"
            maxLength={MAX_PASSWORD_LENGTH}
            required
            autofocus
            note={`At least ${MIN_PASSWORD_LENGTH} characters.`}
          />
        </Form>
      </div>
    </Narrow>,
  );
}

async function doReset(visit: Visit): Promise<Answer> {
  const link = linkOf(visit);
  if (link === null) return deadLink('Ask for another on the sign-in page.');
  await resetPassword(visit.ctx, link, new Secret(visit.typed?.get('new_password') ?? ''), visit.device, visit.visitor);
  visit.setSession(null);
  return redirect('/login?notice=password-changed');
}
