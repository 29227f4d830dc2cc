/**
 * What every field of a form has around its control: a label, a note, and what is wrong with it.
 *
 * Invariant: every control has a label, and names its note and its error by `aria-describedby`.
 */
import type { ComponentChildren, VNode } from 'preact';
import type { Fields } from './fields.ts';
import { Spoken } from './spoken.tsx';

/** The id of a field's control, for links in the summary of errors. */
export const idOf = (f: Fields, name: string): string => `${f.id}-${name}`;

/** Parameters of every field. */
export interface FieldProps {
  readonly f: Fields;
  readonly name: string;
  readonly label: string;
  /** A line below the field. */
  readonly note?: ComponentChildren;
  /** Its initial value. */
  readonly value?: string;
  readonly required?: boolean;
}

/** The ids of its note and its error, if it has them. */
export function describedBy({ f, name, note }: FieldProps): { 'aria-describedby'?: string; 'aria-invalid'?: 'true' } {
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
export function Group(props: FieldProps & { children: ComponentChildren }): VNode {
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
          <Spoken words={error} />
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
