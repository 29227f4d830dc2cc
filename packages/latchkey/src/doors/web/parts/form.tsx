/**
 * Forms: every one is made of this, so that each carries its token and says what is wrong. What stands in them is in
 * `text-fields.tsx` and `choice-fields.tsx`.
 *
 * Invariant: after a complaint the summary has the focus.
 */
import type { ComponentChildren, VNode } from 'preact';
import { idOf } from './field-group.tsx';
import type { Fields } from './fields.ts';
import { usePageContext } from './page-context.ts';
import { Spoken } from './spoken.tsx';

interface FormProps {
  readonly f: Fields;
  /** The text of its button; null when the children contain one. */
  readonly submit: string | null;
  readonly tone?: 'primary' | 'danger' | 'default';
  readonly small?: boolean;
  /** Where it is sent, if not to its own page. */
  readonly action?: string;
  readonly inline?: boolean;
  /** For fields that stand outside of it. */
  readonly id?: string;
  /** Where Cancel leads, if not where the page says; null where nothing can be canceled. */
  readonly cancel?: string | null;
  readonly children?: ComponentChildren;
}

/** A form of a page. Its id is a key in the page's `forms`. */
export function Form({
  f,
  submit,
  tone = 'primary',
  small = false,
  action,
  inline = false,
  cancel,
  id,
  children,
}: FormProps): VNode {
  const look = tone === 'default' ? '' : ` btn-${tone}`;
  return (
    <form
      method="post"
      class={inline ? 'lk-inline-form' : 'lk-form'}
      {...(action === undefined ? {} : { action })}
      {...(id === undefined ? {} : { id })}
    >
      <Hidden name="form" value={f.id} />
      <Hidden name="token" value={f.token} />
      <Hidden name="nonce" value={f.nonce} />
      <ErrorSummary f={f} />
      {children}
      {submit === null ? null : (
        <button type="submit" class={`btn${look}${small ? ' btn-sm' : ''}`}>
          {submit}
        </button>
      )}
      {inline || submit === null || children === undefined ? null : <CancelLink to={cancel} />}
    </form>
  );
}

/** Leads away from a form without sending it. */
export function CancelLink({ to }: { to?: string | null | undefined }): VNode | null {
  const { cancelTo } = usePageContext();
  const leads = to === undefined ? cancelTo : to;
  return leads === null ? null : (
    <>
      {' '}
      <a class="btn btn-invisible" href={leads}>
        Cancel
      </a>
    </>
  );
}

export function Hidden({ name, value }: { name: string; value: string }): VNode {
  return <input type="hidden" name={name} value={value} />;
}

/** Everything that is wrong, at once, with links to the fields. */
export function ErrorSummary({ f }: { f: Fields }): VNode | null {
  if (f.complaints.length === 0) return null;
  const only = f.complaints.length === 1 ? f.complaints[0] : undefined;
  return (
    <div class="flash flash-error mb-3" role="alert" tabIndex={-1} autofocus data-focus>
      {only === undefined ? (
        <>
          <h2 class="f4">{`${f.complaints.length} things are wrong`}</h2>
          <ul class="pl-3">
            {f.complaints.map((complaint) => (
              <li>
                <Complained f={f} {...complaint} />
              </li>
            ))}
          </ul>
        </>
      ) : (
        <Complained f={f} {...only} />
      )}
    </div>
  );
}

function Complained({ f, field, message }: { f: Fields; field: string | null; message: string }): VNode {
  return field === null ? (
    <Spoken words={message} />
  ) : (
    <a href={`#${idOf(f, field)}`}>
      <Spoken words={message} />
    </a>
  );
}

/** Removes the row that `name` and `value` identify. */
export function RemoveButton({
  f,
  name,
  value,
  label,
}: {
  f: Fields;
  name: string;
  value: string;
  label: string;
}): VNode {
  return (
    <Form f={f} submit={null} inline>
      <Hidden name={name} value={value} />
      <button type="submit" class="btn btn-danger btn-sm" aria-label={label}>
        Remove
      </button>
    </Form>
  );
}
