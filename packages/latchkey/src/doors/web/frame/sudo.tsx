/** Sudo mode: the password once more before what is sensitive, then not for two hours. */
import type { VNode } from 'preact';
import { enterSudo } from '../../../actions/accounts/sessions.ts';
import type { Problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { Notice } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { Form, Hidden, TextField } from '../parts/form.tsx';
import { Narrow } from './layout.tsx';
import { returnPath } from './return-path.ts';
import type { Visit } from './visit.ts';
import { type Answer, page, redirect, type WebPage } from './web-page.ts';

const NOTE = 'What you are about to do is sensitive. You will not be asked again for two hours.';

function PasswordField({ f }: { f: Fields }): VNode {
  return (
    <TextField
      f={f}
      name="sudo_password"
      label="Password"
      type="password"
      autocomplete="current-password"
      required
      autofocus
    />
  );
}

export const sudoPages: readonly WebPage[] = [
  {
    path: '/sudo',
    access: 'signed-in',
    get: (visit) => {
      const f = visit.fields('confirm');
      return page(
        'Confirm access',
        <Narrow title="Confirm that it is you">
          <Notice tone="info">{NOTE}</Notice>
          <div class="Box p-3">
            <Form f={f} submit="Confirm">
              <PasswordField f={f} />
            </Form>
          </div>
        </Narrow>,
      );
    },
    forms: {
      confirm: {
        run: async (visit) => {
          await enterSudo(visit.ctx, visit.user, new Secret(visit.typed?.get('sudo_password') ?? ''), visit.visitor);
          return redirect(returnPath(visit.query.get('return_to')));
        },
      },
    },
  },
];

/** The same question in the way of a form: what was typed travels on with it, but for passwords. */
export function sudoAgain(visit: Visit, problem: Problem | null): Answer {
  const typed = [...(visit.typed ?? [])].filter(
    ([name]) => name !== 'token' && name !== 'sudo_password' && !name.includes('password'),
  );
  const fresh = visit.fields(visit.typed?.get('form') ?? '');
  const f = new Fields({
    id: fresh.id,
    token: fresh.token,
    nonce: visit.typed?.get('nonce') ?? '',
    typed: visit.typed,
    query: visit.query,
    problem,
  });
  return page(
    'Confirm access',
    <Narrow title="Confirm that it is you">
      <Notice tone="info">{NOTE} What you typed is kept.</Notice>
      <div class="Box p-3">
        <Form f={f} submit="Confirm and go on">
          {typed
            .filter(([name]) => name !== 'form' && name !== 'nonce')
            .map(([name, value]) => (
              <Hidden name={name} value={value} />
            ))}
          <PasswordField f={f} />
        </Form>
      </div>
    </Narrow>,
    { status: problem === null ? 200 : 422 },
  );
}
