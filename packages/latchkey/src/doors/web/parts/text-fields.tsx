/** Fields that are typed into. They keep what was typed, but for secrets. */
import type { VNode } from 'preact';
import { describedBy, type FieldProps, Group, idOf } from './field-group.tsx';

interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'email' | 'password' | 'date' | 'number' | 'search' | 'url';
  readonly autocomplete?: string;
  readonly inputmode?: 'numeric' | 'email' | 'text';
  readonly maxLength?: number;
  readonly autofocus?: boolean;
  readonly spellcheck?: boolean;
  readonly block?: boolean;
  /** For dates and numbers. */
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

/** The name of another person, who must be known to this server. */
export function UsernameField({ f }: Pick<FieldProps, 'f'>): VNode {
  return (
    <TextField
      f={f}
      name="login"
      label="Username"
      required
      block={false}
      maxLength={60}
      spellcheck={false}
      autocomplete="off"
    />
  );
}

/** Several lines of text. */
export function TextArea(props: FieldProps & { rows?: number; maxLength?: number; placeholder?: string }): VNode {
  const { f, name, value = '', required = false, rows = 3, maxLength, placeholder } = props;
  return (
    <Group {...props}>
      <textarea
        id={idOf(f, name)}
        name={name}
        rows={rows}
        required={required}
        class="form-control input-block"
        {...(maxLength === undefined ? {} : { maxLength })}
        {...(placeholder === undefined ? {} : { placeholder })}
        {...describedBy(props)}
      >
        {f.value(name, value)}
      </textarea>
    </Group>
  );
}
