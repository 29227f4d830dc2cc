/** A choice of a policy that an organization makes for itself, unless the instance has made it for all. */
import type { VNode } from 'preact';
import { Select } from '../parts/choice-fields.tsx';
import type { Fields } from '../parts/fields.ts';
import { Hidden } from '../parts/form.tsx';

export const ALLOWED = (isInstance: boolean) => [
  { value: '', label: isInstance ? 'Let organizations decide' : 'Same as the instance' },
  { value: 'yes', label: 'Allow' },
  { value: 'no', label: 'Restrict' },
];

export const APPROVAL = (isInstance: boolean) => [
  { value: '', label: isInstance ? 'Let organizations decide' : 'Same as the instance (by default: required)' },
  { value: 'yes', label: 'Require approval by an owner' },
  { value: 'no', label: 'Do not require approval' },
];

const choice = (value: boolean | null): string => (value === null ? '' : value ? 'yes' : 'no');

/** What a field of a choice says; null = no choice. */
export const chosenOf = (text: string): boolean | null => (text === 'yes' ? true : text === 'no' ? false : null);

/** A choice of allowing or demanding something. One that the instance has made stands there and can't be changed. */
export function Choice(props: {
  f: Fields;
  name: string;
  label: string;
  chosen: boolean | null;
  above: boolean | null;
  choices: ReturnType<typeof ALLOWED>;
  note: string;
}): VNode {
  const { f, name, label, chosen, above, choices, note } = props;
  const value = choice(chosen);
  if (above === null) return <Select f={f} name={name} label={label} value={value} choices={choices} note={note} />;
  const decided = choices.find((each) => each.value === choice(above))?.label ?? '';
  const own = chosen === null || chosen === above ? null : choices.find((each) => each.value === value)?.label;
  return (
    <div class="form-group">
      <Hidden name={name} value={value} />
      <p class="text-bold mb-1">{label}</p>
      <p class="mb-1">
        {decided} <span class="color-fg-muted">(decided above, by the instance)</span>
      </p>
      {own == null ? null : (
        <p class="note">Your own choice is kept, and counts once the instance lets organizations decide: {own}.</p>
      )}
    </div>
  );
}
