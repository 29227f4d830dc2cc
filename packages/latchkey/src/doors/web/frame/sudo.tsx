/** Sudo mode: confirming your identity before anything sensitive, on a page of its own or in front of a form. */
import type { VNode } from 'preact';
import { askForPasskey, hasPasskeys, takesPasskeys } from '../../../actions/accounts/passkeys.ts';
import { canProve, enterSudo, type ProofKind, proofKindOf } from '../../../actions/accounts/sudo.ts';
import { confirmingIssuers } from '../../../actions/identity/provider-confirmation.ts';
import type { Problem } from '../../../base/errors.ts';
import { Secret } from '../../../base/secret.ts';
import { Notice } from '../parts/components.tsx';
import { Fields } from '../parts/fields.ts';
import { Form, Hidden } from '../parts/form.tsx';
import { KeptFields, keptFields } from '../parts/kept-fields.tsx';
import { PasskeyForm } from '../parts/passkey-form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { Narrow } from './layout.tsx';
import { ProviderButtons, toProvider } from './provider-buttons.tsx';
import { returnPath } from './return-path.ts';
import { formToken, isFormToken } from './same-origin.ts';
import type { Visit } from './visit.ts';
import { type Answer, page, redirect, type WebPage } from './web-page.ts';

const TITLE = 'Confirm that it is you';
const NOTE =
  'This is a sensitive action. You won’t be asked again for two hours, except where you change how you sign in.';
/** Tells our own prompt from a form that somebody else made up. */
const PROMPT_TOKEN = 'sudo_token';
const KINDS: readonly ProofKind[] = ['password', 'code'];
const fieldOf = (kind: ProofKind): string => `sudo_${kind}`;

/** The prompt for a passkey, above the others, for people who have one. */
async function byPasskey(
  visit: Visit,
  f: Fields,
  kept: readonly (readonly [string, string])[] = [],
): Promise<VNode | null> {
  if (!takesPasskeys(visit.ctx) || !(await hasPasskeys(visit.ctx, visit.user.account))) return null;
  const question = await askForPasskey(visit.ctx, visit.sender, 'sudo', visit.user.account);
  return (
    <PasskeyForm f={f} does="get" question={question} submit="Confirm with a passkey" tone="primary">
      <Hidden name={PROMPT_TOKEN} value={formToken(visit.sender)} />
      <Hidden name="sudo_passkey" value="1" />
      <KeptFields fields={kept} />
    </PasskeyForm>
  );
}

function ProofField({ visit, f }: { visit: Visit; f: Fields }): VNode {
  const kind = proofKindOf(visit.user.account);
  return (
    <>
      <Hidden name={PROMPT_TOKEN} value={formToken(visit.sender)} />
      {kind === 'password' ? (
        <TextField
          f={f}
          name={fieldOf(kind)}
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
        />
      ) : (
        <TextField
          f={f}
          name={fieldOf(kind)}
          label="Code"
          autocomplete="one-time-code"
          required
          autofocus
          spellcheck={false}
          note="The six digits that your authenticator app shows, or one of your recovery codes."
        />
      )}
    </>
  );
}

export const sudoPages: readonly WebPage[] = [
  {
    path: '/sudo',
    access: 'signed-in',
    get: async (visit) => {
      const f = visit.fields('confirm');
      const passkey = await byPasskey(visit, f);
      const issuers = await confirmingIssuers(visit.ctx, visit.user.account);
      return page(
        'Confirm access',
        <Narrow title={TITLE}>
          <Notice tone="info">{NOTE}</Notice>
          <div class="Box p-3">
            {passkey}
            {issuers.length > 0 && !(await canProve(visit.ctx, visit.user.account)) ? null : (
              <Form f={f} submit="Confirm">
                <ProofField visit={visit} f={f} />
              </Form>
            )}
            <ProviderButtons visit={visit} words={(label) => `Confirm with ${label}`} only={issuers} />
          </div>
        </Narrow>,
      );
    },
    forms: {
      provider: { run: (visit) => toProvider(visit, 'confirm', returnPath(visit.query.get('return_to'))) },
      confirm: {
        run: async (visit) => {
          await prove(visit);
          return redirect(returnPath(visit.query.get('return_to')));
        },
      },
    },
  },
];

/** True when the form that was sent is our prompt, filled in. */
export function holdsProof({ typed, sender }: Visit): boolean {
  return (
    typed !== null &&
    (typed.has('sudo_passkey') || KINDS.some((kind) => typed.has(fieldOf(kind)))) &&
    isFormToken(typed.get(PROMPT_TOKEN), sender)
  );
}

/** Enters sudo mode with what was typed: the session gets a new secret. @throws Problem */
export async function prove(visit: Visit): Promise<void> {
  const { ctx, user, typed } = visit;
  const kind = KINDS.find((each) => typed?.has(fieldOf(each))) ?? proofKindOf(user.account);
  const proof =
    typed?.has('sudo_passkey') === true
      ? {
          kind: 'passkey' as const,
          sender: visit.sender,
          answer: { sealed: visit.field('challenge'), response: visit.field('passkey') },
        }
      : { kind, typed: new Secret(typed?.get(fieldOf(kind)) ?? '') };
  const renewed = await enterSudo(ctx, { ...user, secret: visit.secret }, proof, visit.visitor);
  visit.renew(renewed.person, renewed.secret);
}

/**
 * The same prompt in front of a form: what was typed is kept in it, except for passwords and codes. A form that came
 * without our token gets none here: after the proof it is only shown, and does nothing by itself.
 */
export async function sudoAgain(visit: Visit, problem: Problem | null): Promise<Answer> {
  const fresh = visit.fields(visit.typed?.get('form') ?? '');
  const f = new Fields({
    id: fresh.id,
    token: isFormToken(visit.typed?.get('token') ?? null, visit.sender) ? fresh.token : '',
    nonce: visit.typed?.get('nonce') ?? '',
    typed: visit.typed,
    query: visit.query,
    problem,
  });
  const kept = keptFields(visit.typed);
  const passkey = await byPasskey(visit, f, kept);
  const issuers = await confirmingIssuers(visit.ctx, visit.user.account);
  return page(
    'Confirm access',
    <Narrow title={TITLE}>
      <Notice tone="info">{NOTE} What you typed is kept.</Notice>
      <div class="Box p-3">
        {passkey}
        {issuers.length > 0 && !(await canProve(visit.ctx, visit.user.account)) ? null : (
          <Form f={f} submit="Confirm and continue">
            <KeptFields fields={kept} />
            <ProofField visit={visit} f={f} />
          </Form>
        )}
        {issuers.length === 0 ? null : (
          <p class="mt-3 mb-0 text-center">
            <a href={`/sudo?${new URLSearchParams({ return_to: visit.path })}`}>Confirm where you signed in</a>. What
            you typed here is lost then.
          </p>
        )}
      </div>
    </Narrow>,
    { status: problem === null ? 200 : 422 },
  );
}
