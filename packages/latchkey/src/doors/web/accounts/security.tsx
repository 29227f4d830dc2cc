/** Password and second factor. */

import type { VNode } from 'preact';
import { encode } from 'uqr';
import { changePassword } from '../../../actions/accounts/new-password.ts';
import {
  beginTwoFactor,
  confirmTwoFactor,
  disableTwoFactor,
  hasAuthenticator,
  recoveryCodesLeft,
  resumeTwoFactor,
} from '../../../actions/accounts/two-factor.ts';
import { twoFactorDemands } from '../../../actions/accounts/two-factor-demands.ts';
import { problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../../rules/password.ts';
import { SettingsArea } from '../frame/areas.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Instant, Label, Notice, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { identitiesSection } from './identities.tsx';
import { passkeyHint } from './passkeys.tsx';
import { CODES_PATH } from './recovery-codes.tsx';

const PATH = '/settings/security';
const PASSWORD_PATH = `${PATH}/password`;
const SET_UP_PATH = `${PATH}/two-factor`;

export const securityPages: readonly WebPage[] = [
  { path: PATH, access: 'signed-in', get: show },
  // Where password managers look (W3C, "A Well-Known URL for Changing Passwords").
  { path: '/.well-known/change-password', access: 'anybody', get: () => redirect(PASSWORD_PATH) },
  { path: PASSWORD_PATH, access: 'fresh', get: showPassword, forms: { password: { run: doChange } } },
  {
    path: SET_UP_PATH,
    access: 'fresh',
    get: showSetUp,
    forms: { confirm: { once: true, run: doConfirm }, disable: { asks: asksToDisable, run: doDisable } },
  },
];

async function show(visit: Visit): Promise<Answer> {
  const { twoFactorAt } = visit.user.account;
  const hint = await passkeyHint(visit);
  const identities = await identitiesSection(visit);
  const demands = twoFactorAt === null ? await twoFactorDemands(visit.ctx, await visit.ownPermit()) : [];
  return page(
    'Password and authentication',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Password and authentication" level={1} />
      <Subhead title="Password">
        <a class="btn" href={PASSWORD_PATH}>
          Change password
        </a>
      </Subhead>
      <p class="mb-4">You sign in here with it. Git and the API take tokens only.</p>
      <Subhead title="Passkeys">
        <a class="btn" href={`${PATH}/passkeys`}>
          Manage passkeys
        </a>
      </Subhead>
      <p class="mb-4">Sign in with your device's lock or a security key: nothing to type, nothing to phish.</p>
      {hint}
      {identities}
      <Subhead title="Two-factor authentication">
        <a class="btn" href={SET_UP_PATH}>
          {twoFactorAt === null ? 'Turn on' : 'Manage'}
        </a>
      </Subhead>
      {demands.map(({ organization, from }) => (
        <Notice tone="warn">
          {organization ?? 'This instance'} requires it from <Instant at={from} /> on. Without it, you can read only
          what is public there.
        </Notice>
      ))}
      {twoFactorAt === null ? (
        <p>
          <Label tone="attention">Off</Label> With it on, signing in takes a code from an app on your phone besides the
          password. For Git and the API you use tokens, as before.
        </p>
      ) : (
        <p>
          <Label tone="success">On</Label> since <Time at={twoFactorAt} />. Signing in takes a code as well as the
          password, and so do sensitive actions.
        </p>
      )}
    </WithMenu>,
  );
}

function showPassword(visit: Visit): Answer {
  const f = visit.fields('password');
  return page(
    'Change password',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Change password" level={1} />
      <div class="lk-wide-form mb-4">
        <Form f={f} submit="Change password">
          <input type="text" name="username" value={visit.user.account.login} autocomplete="username" hidden readonly />
          <TextField
            f={f}
            name="old_password"
            label="Old password"
            type="password"
            autocomplete="current-password"
            required
          />
          <TextField
            f={f}
            name="new_password"
            label="New password"
            type="password"
            autocomplete="new-password"
            maxLength={MAX_PASSWORD_LENGTH}
            required
            note={`At least ${MIN_PASSWORD_LENGTH} characters. Your other sessions end; your tokens keep working.`}
          />
          <TextField
            f={f}
            name="new_password_again"
            label="Confirm new password"
            type="password"
            autocomplete="new-password"
            maxLength={MAX_PASSWORD_LENGTH}
            required
          />
        </Form>
      </div>
    </WithMenu>,
  );
}

async function doChange(visit: Visit): Promise<Answer> {
  const typed = (name: string): string => visit.typed?.get(name) ?? '';
  if (typed('new_password') !== typed('new_password_again'))
    throw problem('invalid', 'The two new passwords are not the same.', 'new_password_again');
  await changePassword(
    visit.ctx,
    await visit.ownPermit(),
    visit.user,
    { old: new Secret(typed('old_password')), new: new Secret(typed('new_password')) },
    visit.device,
  );
  return redirect(PATH, { tone: 'success', text: 'The password was changed, and your other sessions were ended.' });
}

async function showSetUp(visit: Visit): Promise<Answer> {
  const adds = visit.query.get('app') === 'add' && !(await hasAuthenticator(visit.ctx, await visit.ownPermit()));
  if (visit.user.account.twoFactorAt !== null && !adds) return showManage(visit);
  const enrolling = { session: visit.user.session, sender: visit.sender };
  // After a wrong code, the scanned key stays; opening the page makes a new one.
  const begin = visit.typed === null ? beginTwoFactor : resumeTwoFactor;
  const { url, key } = await begin(visit.ctx, await visit.ownPermit(), enrolling);
  const f = visit.fields('confirm');
  return page(
    'Turn on two-factor authentication',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Turn on two-factor authentication" level={1} />
      <ol class="pl-4 mb-3">
        <li class="mb-3">
          <p>Scan this with an authenticator app:</p>
          <Qr text={url} />
          <p class="note mt-2">
            Can't scan? Type this key: <code class="lk-mono">{key}</code>
          </p>
        </li>
        <li>
          <p>Type the code that the app shows:</p>
          <div class="lk-wide-form">
            <Form f={f} submit="Turn on">
              <TextField
                f={f}
                name="otp"
                label="Code"
                autocomplete="one-time-code"
                inputmode="numeric"
                required
                note="Six digits. Afterwards you get recovery codes."
              />
            </Form>
          </div>
        </li>
      </ol>
    </WithMenu>,
  );
}

/** A QR code as SVG, black on white in both themes, so that every phone can read it. */
function Qr({ text }: { text: string }): VNode {
  const { data, size } = encode(text, { border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return (
    <svg
      class="lk-qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="QR code with the key that stands below it"
      shape-rendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  );
}

async function showManage(visit: Visit): Promise<Answer> {
  const hasApp = await hasAuthenticator(visit.ctx, await visit.ownPermit());
  const { left, short } = await recoveryCodesLeft(visit.ctx, await visit.ownPermit());
  const hint = await passkeyHint(visit);
  return page(
    'Two-factor authentication',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Two-factor authentication" level={1}>
        <Label tone="success">On</Label>
      </Subhead>
      <p>
        You have {left} recovery {left === 1 ? 'code' : 'codes'} left, in case you lose the app.{' '}
        <a href={CODES_PATH}>Make new ones</a>
      </p>
      {short === 0 ? null : (
        <Notice tone="warn">
          Your recovery codes are of an older, shorter kind. Make new ones: they can't be guessed even by somebody who
          steals the database.
        </Notice>
      )}
      {hint}
      {hasApp ? null : (
        <p>
          You have no authenticator app. <a href={`${SET_UP_PATH}?app=add`}>Add one</a>
        </p>
      )}
      <Subhead title="Turn it off" />
      <p>
        This removes the app, the recovery codes and the passkeys. From then on, signing in takes only the password.
      </p>
      <Form f={visit.fields('disable')} submit="Turn off" tone="danger" />
    </WithMenu>,
  );
}

async function asksToDisable(visit: Visit): Promise<Question> {
  const { left } = await recoveryCodesLeft(visit.ctx, await visit.ownPermit());
  return {
    title: 'Turn two-factor authentication off?',
    lead: 'From then on, whoever knows your password is in.',
    act: 'Turn it off',
    consequences: [
      { title: `The app, your passkeys and ${left} recovery codes are removed`, facts: 'This can’t be undone.' },
      {
        title: 'Stays: your sessions and tokens',
        facts: 'Except in organizations that require a second factor: there they reach only what is public.',
        stays: true,
      },
    ],
    subject: left,
    within: SettingsArea,
  };
}

async function doConfirm(visit: Visit): Promise<Answer> {
  const enrolling = { session: visit.user.session, sender: visit.sender };
  const codes = await confirmTwoFactor(visit.ctx, await visit.ownPermit(), visit.field('otp'), enrolling);
  return redirect(CODES_PATH, { tone: 'success', text: 'Two-factor authentication is on.', once: { codes } });
}

async function doDisable(visit: Visit): Promise<Answer> {
  await disableTwoFactor(visit.ctx, await visit.ownPermit());
  return redirect(PATH, { tone: 'success', text: 'Two-factor authentication is off.' });
}
