/** One permission of the form: its name, the sentence of its level, and exactly its own levels to choose from. */
import type { VNode } from 'preact';
import { permissionSentence } from '../../../../catalogue/permission-sentences.ts';
import type { Permission } from '../../../../catalogue/permissions.ts';
import type { Fields } from '../../parts/fields.ts';
import { levelWords } from './level-words.ts';

interface Props {
  readonly f: Fields;
  readonly prefix: string;
  readonly permission: Permission;
  /** '' = none. */
  readonly level: string;
  readonly isAdded?: boolean;
  /** Its title alone; a search or adding it shows the rest: all of them would double the page. */
  readonly isBrief?: boolean;
}

export function PermissionRow({ f, prefix, permission, level, isAdded = false, isBrief = false }: Props): VNode {
  const name = prefix + permission.name;
  const id = `${f.id}-${name}`;
  const error = f.error(name) === '' && isAdded ? f.error(permission.name) : f.error(name);
  const isOffered = level === '' || (permission.levels as readonly string[]).includes(level);
  const said = [...(isBrief ? [] : [`${id}-says`]), ...(error === '' ? [] : [`${id}-error`])].join(' ');
  return (
    <div class="lk-permission">
      <div class="lk-permission-name">
        <label for={id}>{permission.title}</label>
        {isBrief ? null : (
          <>
            {' '}
            <code class="lk-field-name">{permission.name}</code>
            <p class="note" id={`${id}-says`}>
              {sentenceOf(permission, level)}
            </p>
          </>
        )}
        {error === '' ? null : (
          <p class="lk-error" id={`${id}-error`}>
            {error}
          </p>
        )}
      </div>
      <select
        id={id}
        name={name}
        class="form-select select-sm"
        {...(said === '' ? {} : { 'aria-describedby': said })}
        {...(error === '' ? {} : { 'aria-invalid': 'true' })}
      >
        <option value="" selected={level === ''}>
          {isAdded ? 'Remove' : 'No access'}
        </option>
        {permission.levels.map((each) => (
          <option value={each} selected={each === level}>
            {levelWords(permission, each)}
          </option>
        ))}
        {isOffered ? null : (
          <option value={level} selected>
            {level}
          </option>
        )}
      </select>
      {isAdded ? (
        <button type="button" class="btn btn-sm btn-invisible lk-needs-script" data-empties={id}>
          <span aria-hidden="true">×</span>
          <span class="sr-only">Remove {permission.title}</span>
        </button>
      ) : null}
    </div>
  );
}

/** Of the chosen level; before a choice, of the least. */
function sentenceOf(permission: Permission, level: string): string {
  const chosen = permission.levels.find((each) => each === level) ?? permission.levels[0];
  return chosen === undefined ? '' : permissionSentence(permission, chosen);
}
