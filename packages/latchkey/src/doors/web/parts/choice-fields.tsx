/** Fields that are chosen from: a list, radio buttons, boxes to tick. */
import type { ComponentChildren, VNode } from 'preact';
import { describedBy, type FieldProps, Group, idOf } from './field-group.tsx';
import type { Fields } from './fields.ts';
import { Spoken } from './spoken.tsx';

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
      {f.error(name) === '' ? null : (
        <p class="lk-error">
          <Spoken words={f.error(name)} />
        </p>
      )}
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

/** Asked once a save was refused since it would shut its own maker out. */
export function ConfirmLockOut({ f }: { f: Fields }): VNode | null {
  if (f.error('confirm_lock_out') === '') return null;
  return (
    <>
      <p class="color-fg-danger" role="alert">
        <Spoken words={f.error('confirm_lock_out')} />
      </p>
      <Checkbox f={f} name="confirm_lock_out" label="Save it even though it shuts me out" />
    </>
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
