/**
 * A form that a passkey fills in. Passkeys need scripts: without them it stays hidden, and the alternative (a
 * password, a code) shows.
 */
import type { ComponentChildren, VNode } from 'preact';
import type { Fields } from './fields.ts';
import { Form, Hidden } from './form.tsx';

interface PasskeyFormProps {
  readonly f: Fields;
  /** `create` makes a passkey, `get` asks for one. */
  readonly does: 'create' | 'get';
  readonly question: { readonly options: string; readonly sealed: string };
  readonly submit: string;
  readonly tone?: 'primary' | 'default';
  /** True where the browser also offers passkeys in a field for the username (WebAuthn, "conditional mediation"). */
  readonly autofills?: boolean;
  readonly children?: ComponentChildren;
}

export function PasskeyForm({ f, does, question, submit, tone = 'default', ...more }: PasskeyFormProps): VNode {
  const { autofills = false, children } = more;
  return (
    <div hidden data-passkey={does} data-options={question.options} data-autofills={autofills ? '' : undefined}>
      <Form f={f} submit={submit} tone={tone}>
        <Hidden name="challenge" value={question.sealed} />
        <Hidden name="passkey" value="" />
        {children}
      </Form>
      <p class="lk-error" role="status" />
    </div>
  );
}
