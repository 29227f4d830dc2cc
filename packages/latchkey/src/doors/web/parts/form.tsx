/**
 * Forms: every one is made of these, so that each carries its token, keeps what was typed, and says what is wrong where
 * it is wrong.
 *
 * Invariant: every control has a label, and names its note and its error by `aria-describedby`; after a complaint the
 * summary has the focus.
 */
import type { ComponentChildren, VNode } from 'preact';
import type { Fields } from './fields.ts';

interface FormProps {
  readonly f: Fields;
  /** The words of its button; null when the children bring their own. */
  readonly submit: string | null;
  readonly tone?: 'primary' | 'danger' | 'default';
  readonly small?: boolean;
  /** Where it is sent, if not to its page. */
  readonly action?: string;
  readonly inline?: boolean;
  readonly children?: ComponentChildren;
}

/** A form of a page. Its id is a key of the page's `forms`. */
export function Form({
  f,
  submit,
  tone = 'primary',
  small = false,
  action,
  inline = false,
  children,
}: FormProps): VNode {
  const look = tone === 'default' ? '' : ` btn-${tone}`;
  return (
    <form method="post" class={inline ? 'lk-inline-form' : 'lk-form'} {...(action === undefined ? {} : { action })}>
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
    </form>
  );
}

export function Hidden({ name, value }: { name: string; value: string }): VNode {
  return <input type="hidden" name={name} value={value} />;
}

const idOf = (f: Fields, name: string): string => `${f.id}-${name}`;

/** Everything that is wrong, at once, with links to the fields. */
export function ErrorSummary({ f }: { f: Fields }): VNode | null {
  if (f.complaints.length === 0) return null;
  return (
    <div class="flash flash-error mb-3" role="alert" tabIndex={-1} autofocus data-focus>
      <h2 class="f4">{f.complaints.length === 1 ? 'That did not work' : `${f.complaints.length} things are wrong`}</h2>
      <ul class="pl-3">
        {f.complaints.map(({ field, message }) => (
          <li>{field === null ? message : <a href={`#${idOf(f, field)}`}>{message}</a>}</li>
        ))}
      </ul>
    </div>
  );
}

interface FieldProps {
  readonly f: Fields;
  readonly name: string;
  readonly label: string;
  /** A line below it. */
  readonly note?: ComponentChildren;
  /** What it holds at first. */
  readonly value?: string;
  readonly required?: boolean;
}

function describedBy({ f, name, note }: FieldProps): { 'aria-describedby'?: string; 'aria-invalid'?: 'true' } {
  const ids = [
    note === undefined ? '' : `${idOf(f, name)}-note`,
    f.error(name) === '' ? '' : `${idOf(f, name)}-error`,
  ].filter((id) => id !== '');
  return {
    ...(ids.length === 0 ? {} : { 'aria-describedby': ids.join(' ') }),
    ...(f.error(name) === '' ? {} : { 'aria-invalid': 'true' as const }),
  };
}

/** A label, a control, its note and its error. */
function Group(props: FieldProps & { children: ComponentChildren }): VNode {
  const { f, name, label, note, required, children } = props;
  const error = f.error(name);
  return (
    <div class={`form-group${error === '' ? '' : ' errored'}`}>
      <div class="form-group-header">
        <label for={idOf(f, name)} {...(required === true ? { class: 'lk-required' } : {})}>
          {label}
        </label>
      </div>
      <div class="form-group-body">{children}</div>
      {error === '' ? null : (
        <p class="lk-error" id={`${idOf(f, name)}-error`}>
          {error}
        </p>
      )}
      {note === undefined ? null : (
        <p class="note" id={`${idOf(f, name)}-note`}>
          {note}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'email' | 'password' | 'date' | 'number' | 'search' | 'url';
  readonly autocomplete?: string;
  readonly inputmode?: 'numeric' | 'email' | 'text';
  readonly maxLength?: number;
  readonly autofocus?: boolean;
  readonly spellcheck?: boolean;
  readonly block?: boolean;
  /** Of dates and numbers. */
  readonly min?: string;
  readonly max?: string;
}

/** A line of text. Passwords and one-time codes are never shown again. */
export function TextField(props: TextFieldProps): VNode {
  const {
    f,
    name,
    type = 'text',
    value = '',
    required = false,
    autocomplete,
    inputmode,
    maxLength,
    autofocus = false,
    spellcheck = true,
    block = true,
    min,
    max,
  } = props;
  const shown = type === 'password' || autocomplete === 'one-time-code' ? '' : f.value(name, value);
  return (
    <Group {...props}>
      <input
        id={idOf(f, name)}
        name={name}
        type={type as 'text'}
        value={shown}
        required={required}
        class={`form-control${block ? ' input-block' : ''}`}
        {...(autocomplete === undefined ? {} : { autocomplete })}
        {...(inputmode === undefined ? {} : { inputmode })}
        {...(min === undefined ? {} : { min })}
        {...(max === undefined ? {} : { max })}
        {...(maxLength === undefined ? {} : { maxLength })}
        {...(autofocus && f.complaints.length === 0 ? { autofocus } : {})}
        {...(spellcheck ? {} : { spellcheck: false })}
        {...describedBy(props)}
      />
    </Group>
  );
}

/** Several lines of text. */
export function TextArea(props: FieldProps & { rows?: number; maxLength?: number }): VNode {
  const { f, name, value = '', required = false, rows = 3, maxLength } = props;
  return (
    <Group {...props}>
      <textarea
        id={idOf(f, name)}
        name={name}
        rows={rows}
        required={required}
        class="form-control input-block"
        {...(maxLength === undefined ? {} : { maxLength })}
        {...describedBy(props)}
      >
        {f.value(name, value)}
      </textarea>
    </Group>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly note?: ComponentChildren;
  readonly disabled?: boolean;
}

/** One of many, in a drop-down. */
export function Select(props: FieldProps & { choices: readonly Choice[] }): VNode {
  const { f, name, value = '', required = false, choices } = props;
  const chosen = f.value(name, value);
  return (
    <Group {...props}>
      <select id={idOf(f, name)} name={name} required={required} class="form-select" {...describedBy(props)}>
        {choices.map((choice) => (
          <option value={choice.value} selected={choice.value === chosen} disabled={choice.disabled === true}>
            {choice.label}
          </option>
        ))}
      </select>
    </Group>
  );
}

/** One of a few, each with its explanation. */
export function Radios({
  f,
  name,
  label,
  value = '',
  note,
  choices,
}: FieldProps & { choices: readonly Choice[] }): VNode {
  const chosen = f.value(name, value);
  return (
    <fieldset class="form-group" id={idOf(f, name)} tabIndex={-1}>
      <legend class="text-bold f5 mb-1">{label}</legend>
      {note === undefined ? null : <p class="note mb-2">{note}</p>}
      {f.error(name) === '' ? null : <p class="lk-error">{f.error(name)}</p>}
      {choices.map((choice) => (
        <Tick
          type="radio"
          id={`${idOf(f, name)}-${choice.value}`}
          name={name}
          choice={choice}
          checked={choice.value === chosen}
        />
      ))}
    </fieldset>
  );
}

/** A box to tick; it sends `value` (`on`) when it is ticked. */
export function Checkbox({
  f,
  name,
  label,
  note,
  value = 'on',
  checked = false,
  disabled = false,
}: FieldProps & { checked?: boolean; disabled?: boolean }): VNode {
  const choice: Choice = { value, label, disabled, ...(note === undefined ? {} : { note }) };
  return (
    <Tick
      type="checkbox"
      id={`${idOf(f, name)}-${value}`}
      name={name}
      choice={choice}
      checked={f.isChosen(name, value, checked)}
    />
  );
}

function Tick({
  type,
  id,
  name,
  choice,
  checked,
}: {
  type: 'radio' | 'checkbox';
  id: string;
  name: string;
  choice: Choice;
  checked: boolean;
}): VNode {
  const noteId = choice.note === undefined ? {} : { 'aria-describedby': `${id}-note` };
  return (
    <div class="form-checkbox">
      <label for={id}>
        <input
          type={type}
          id={id}
          name={name}
          value={choice.value}
          checked={checked}
          disabled={choice.disabled === true}
          {...noteId}
        />{' '}
        {choice.label}
      </label>
      {choice.note === undefined ? null : (
        <p class="note" id={`${id}-note`}>
          {choice.note}
        </p>
      )}
    </div>
  );
}
