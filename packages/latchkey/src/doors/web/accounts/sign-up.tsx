/** New people: the first administrator through the set-up link, others by invitation or on their own. */
import type { VNode } from 'preact';
import { isSetUpLink, readInvitation, type SignUpForm, setUp, signUp } from '../../../actions/accounts/sign-up.ts';
import { readSecret } from '../../../actions/ground/one-time-secrets.ts';
import { Secret } from '../../../base/secret.ts';
import { MAX_EMAIL_LENGTH, MAX_LOGIN_LENGTH } from '../../../rules/names.ts';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../../rules/password.ts';
import { deadLink } from '../frame/error-pages.tsx';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import type { Fields } from '../parts/fields.ts';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const NEXT = '/settings/profile';

export const signUpPages: readonly WebPage[] = [
  { path: '/setup/:link', access: 'anybody', get: showSetUp, forms: { 'set-up': { once: true, run: doSetUp } } },
  { path: '/signup', access: 'anybody', get: showSignUp, forms: { 'sign-up': { once: true, run: doSignUp } } },
  { path: '/signup/:link', access: 'anybody', get: showSignUp, forms: { 'sign-up': { once: true, run: doSignUp } } },
];

const linkOf = (visit: Visit): Secret | null => readSecret(visit.params['link']);

function formOf(visit: Visit): SignUpForm {
  return {
    login: visit.field('login'),
    email: visit.field('email'),
    password: new Secret(visit.typed?.get('password') ?? ''),
    device: visit.device,
  };
}

function PersonFields({ f, email = '' }: { f: Fields; email?: string }): VNode {
  return (
    <>
      <TextField
        f={f}
        name="login"
        label="Username"
        autocomplete="username"
        maxLength={MAX_LOGIN_LENGTH}
        required
        autofocus
        spellcheck={false}
        note="Letters, digits and single hyphens. It is part of the addresses of your repositories."
      />
      <TextField
        f={f}
        name="email"
        label="E-mail address"
        type="email"
        value={email}
        autocomplete="email"
        maxLength={MAX_EMAIL_LENGTH}
        required
      />
      <TextField
        f={f}
        name="password"
        label="Password"
        type="password"
        autocomplete="new-password"
        maxLength={MAX_PASSWORD_LENGTH}
        required
        note={`At least ${MIN_PASSWORD_LENGTH} characters. A few words that nobody else would put together are best.`}
      />
    </>
  );
}

async function showSetUp(visit: Visit): Promise<Answer> {
  const link = linkOf(visit);
  if (link === null || !(await isSetUpLink(visit.ctx, link)))
    return deadLink('The server is already set up, or was started again since: each start prints a new link.');
  const f = visit.fields('set-up');
  return page(
    'Set up Latchkey',
    <Narrow title="Set up Latchkey">
      <Notice tone="info">You are the first here: this account administers the instance.</Notice>
      <div class="Box p-3">
        <Form f={f} submit="Create the first account">
          <PersonFields f={f} />
        </Form>
      </div>
    </Narrow>,
  );
}

async function doSetUp(visit: Visit): Promise<Answer> {
  visit.setSession(await setUp(visit.ctx, linkOf(visit) ?? new Secret(''), formOf(visit), visit.visitor));
  return redirect('/');
}

async function showSignUp(visit: Visit): Promise<Answer> {
  if (visit.person !== null) return redirect(NEXT);
  const link = linkOf(visit);
  const invitation = link === null ? null : await readInvitation(visit.ctx, link);
  if (visit.params['link'] !== undefined && invitation === null)
    return deadLink('Ask whoever invited you for another.');
  if (invitation === null && visit.ctx.settings.signUp !== 'open') {
    const words =
      visit.ctx.settings.signUp === 'invited'
        ? 'Accounts here are by invitation. Ask an administrator for one.'
        : 'Only an administrator creates accounts here.';
    return page(
      'Sign up',
      <Narrow title="Sign up">
        <Notice tone="warn">{words}</Notice>
      </Narrow>,
      { status: 403 },
    );
  }
  const f = visit.fields('sign-up');
  return page(
    'Sign up',
    <Narrow title="Create an account">
      <div class="Box p-3">
        <Form f={f} submit="Create account">
          <PersonFields f={f} email={invitation?.address ?? ''} />
        </Form>
      </div>
      <p class="mt-3 text-center">
        Have one already? <a href="/login">Sign in</a>
      </p>
    </Narrow>,
  );
}

async function doSignUp(visit: Visit): Promise<Answer> {
  const link = linkOf(visit);
  if (link === null && visit.params['link'] !== undefined) return deadLink('Ask whoever invited you for another.');
  visit.setSession(await signUp(visit.ctx, link, formOf(visit), visit.visitor));
  return redirect('/settings/emails');
}
