/** Signing in and out. */
import { askForPasskey, hasPasskeys, takesPasskeys } from '../../../actions/accounts/passkeys.ts';
import { halfSignedInBy, signOut } from '../../../actions/accounts/sessions.ts';
import { signIn, signInWithCode, signInWithPasskey } from '../../../actions/accounts/sign-in.ts';
import { signOutThere } from '../../../actions/identity/provider-logout.ts';
import { problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { Narrow } from '../frame/layout.tsx';
import { goingTo, ProviderButtons, toProvider } from '../frame/provider-buttons.tsx';
import { returnPath } from '../frame/return-path.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { PasskeyForm } from '../parts/passkey-form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const withReturn = (path: string, visit: Visit): string => {
  const asked = visit.query.get('return_to');
  return asked === null ? path : `${path}?${new URLSearchParams({ return_to: returnPath(asked) })}`;
};

export const signInPages: readonly WebPage[] = [
  {
    path: '/login',
    access: 'anybody',
    get: showSignIn,
    forms: { 'sign-in': { run: doSignIn }, passkey: { run: doPasskey }, provider: { run: doProvider } },
  },
  {
    path: '/login/two-factor',
    access: 'anybody',
    get: showCode,
    forms: { code: { run: doCode }, passkey: { run: doPasskey } },
  },
  {
    path: '/logout',
    access: 'anybody',
    get: showSignOut,
    forms: { 'sign-out': { run: doSignOut }, 'sign-out-there': { run: doSignOutThere } },
  },
];

async function showSignIn(visit: Visit): Promise<Answer> {
  if (visit.person !== null) return redirect(returnPath(visit.query.get('return_to')));
  const isLocal = visit.ctx.settings.localSignIn === null || visit.query.get('local') === '1';
  return isLocal ? showLocalSignIn(visit) : showProviders(visit);
}

/** Where people sign in by a provider, and only a few otherwise. */
function showProviders(visit: Visit): Answer {
  const local = new URLSearchParams({ ...Object.fromEntries(visit.query), local: '1' });
  return page(
    'Sign in',
    <Narrow title="Sign in to Latchkey">
      {visit.problem === null ? null : (
        <Notice tone="error" role="alert">
          {visit.problem.message}
        </Notice>
      )}
      <div class="Box p-3">
        <ProviderButtons visit={visit} words={(label) => `Sign in with ${label}`} />
      </div>
      <p class="mt-3 text-center">
        <a href={`/login?${local}`}>Sign in as an administrator of this server</a>
      </p>
    </Narrow>,
  );
}

async function showLocalSignIn(visit: Visit): Promise<Answer> {
  const f = visit.fields('sign-in');
  return page(
    'Sign in',
    <Narrow title="Sign in to Latchkey">
      <div class="Box p-3">
        <Form f={f} submit="Sign in">
          <TextField
            f={f}
            name="login"
            label="Username or e-mail address"
            autocomplete="username webauthn"
            required
            autofocus
            spellcheck={false}
          />
          <TextField f={f} name="password" label="Password" type="password" autocomplete="current-password" required />
        </Form>
        {takesPasskeys(visit.ctx) ? (
          <PasskeyForm
            f={visit.fields('passkey')}
            does="get"
            question={await askForPasskey(visit.ctx, visit.sender, 'sign-in', null)}
            submit="Sign in with a passkey"
            autofills={visit.problem === null}
          />
        ) : null}
        <ProviderButtons visit={visit} words={(label) => `Sign in with ${label}`} />
      </div>
      <p class="mt-3 text-center">
        <a href="/password_reset">Forgot your password?</a>
      </p>
      {visit.ctx.settings.signUp === 'open' && visit.ctx.settings.localSignIn === null ? (
        <p class="text-center">
          New here? <a href="/signup">Create an account</a>
        </p>
      ) : null}
    </Narrow>,
  );
}

function doProvider(visit: Visit): Promise<Answer> {
  return toProvider(visit, 'sign-in', returnPath(visit.query.get('return_to')));
}

async function doSignIn(visit: Visit): Promise<Answer> {
  const name = visit.field('login');
  const password = visit.typed?.get('password') ?? '';
  const missing = [
    ...(name === '' ? [problem('missing_field', 'Enter your username or e-mail address.', 'login')] : []),
    ...(password === '' ? [problem('missing_field', 'Enter your password.', 'password')] : []),
  ];
  const [first] = missing;
  if (first !== undefined) throw first;
  const begun = await signIn(visit.ctx, { name, password: new Secret(password), device: visit.device }, visit.visitor);
  visit.setSession(begun.secret);
  return redirect(
    begun.owes === null ? returnPath(visit.query.get('return_to')) : withReturn('/login/two-factor', visit),
  );
}

async function showCode(visit: Visit): Promise<Answer> {
  const secret = visit.cookies.readSecret('session');
  const half = secret === null ? null : await halfSignedInBy(visit.ctx, secret);
  if (half === null) return redirect(withReturn('/login', visit));
  const offersPasskey = takesPasskeys(visit.ctx) && (await hasPasskeys(visit.ctx, half.account));
  const f = visit.fields('code');
  return page(
    'Two-factor authentication',
    <Narrow title="Two-factor authentication">
      <div class="Box p-3">
        {offersPasskey ? (
          <PasskeyForm
            f={visit.fields('passkey')}
            does="get"
            question={await askForPasskey(visit.ctx, visit.sender, 'second-factor', half.account)}
            submit="Use a passkey"
            tone="primary"
          />
        ) : null}
        <Form f={f} submit="Verify">
          <TextField
            f={f}
            name="otp"
            label="Code"
            autocomplete="one-time-code"
            required
            autofocus
            spellcheck={false}
            note="The six digits that your authenticator app shows, or one of your recovery codes."
          />
        </Form>
      </div>
      <p class="mt-3 text-center color-fg-muted">Lost both? An administrator can turn your second factor off.</p>
    </Narrow>,
  );
}

async function doCode(visit: Visit): Promise<Answer> {
  const secret = visit.cookies.readSecret('session');
  const half = secret === null ? null : await halfSignedInBy(visit.ctx, secret);
  if (half === null) return redirect(withReturn('/login', visit));
  const begun = await signInWithCode(visit.ctx, half, visit.field('otp'), visit.device, visit.visitor);
  visit.setSession(begun.secret);
  return redirect(returnPath(visit.query.get('return_to')));
}

async function doPasskey(visit: Visit): Promise<Answer> {
  const secret = visit.path === '/login' ? null : visit.cookies.readSecret('session');
  const half = secret === null ? null : await halfSignedInBy(visit.ctx, secret);
  if (half === null && visit.path !== '/login') return redirect(withReturn('/login', visit));
  const answer = { sealed: visit.field('challenge'), response: visit.field('passkey') };
  const begun = await signInWithPasskey(visit.ctx, half, answer, visit.device, visit.visitor);
  visit.setSession(begun.secret);
  return redirect(returnPath(visit.query.get('return_to')));
}

async function showSignOut(visit: Visit): Promise<Answer> {
  if (visit.person === null) return redirect('/login');
  const f = visit.fields('sign-out');
  const there = await signOutThere(visit.ctx, visit.person.session);
  return page(
    'Sign out',
    <Narrow title="Sign out?">
      <div class="Box p-3 text-center">
        <Form f={f} submit="Sign out">
          <p>
            You are signed in as <strong>{visit.user.account.login}</strong>.
          </p>
        </Form>
        {there === null ? null : (
          <Form
            f={visit.fields('sign-out-there')}
            submit={`Sign out here and at ${there.label}`}
            tone="default"
            cancel={null}
          >
            <p class="mt-3 mb-2 color-fg-muted">
              You are signed in at {there.label} as well: whoever uses this browser next could come back with it.
            </p>
          </Form>
        )}
      </div>
    </Narrow>,
  );
}

/** Here first, whatever becomes of it there. */
async function doSignOutThere(visit: Visit): Promise<Answer> {
  const there = visit.person === null ? null : await signOutThere(visit.ctx, visit.person.session);
  const signedOut = await doSignOut(visit);
  const href = (await there?.address()) ?? null;
  return there === null || href === null ? signedOut : goingTo(`Signing out of ${there.label}`, href);
}

async function doSignOut(visit: Visit): Promise<Answer> {
  if (visit.person !== null) await signOut(visit.ctx, visit.person, visit.visitor);
  visit.setSession(null);
  return redirect('/login?notice=signed-out');
}
