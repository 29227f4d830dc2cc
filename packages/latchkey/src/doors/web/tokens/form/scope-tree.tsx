/** Scopes to tick, as the tree that they form, so that people see what includes what. */
import type { VNode } from 'preact';
import { type Scope, type ScopeDialect, scopesOf } from '../../../../catalogue/scopes/scopes.ts';
import type { Fields } from '../../parts/fields.ts';

/** Links name scopes in one parameter, with commas or spaces; a form sends each separately. */
export function scopesIn(source: URLSearchParams): string[] {
  return [
    ...new Set(
      [...source.getAll('scopes'), ...source.getAll('scopes[]')]
        .flatMap((each) => each.split(/[\s,]+/))
        .filter((each) => each !== ''),
    ),
  ];
}

export function ScopeTree({
  f,
  dialect,
  chosen,
  label,
  note,
}: {
  f: Fields;
  dialect: ScopeDialect;
  chosen: readonly string[];
  label: string;
  note: string;
}): VNode {
  const scopes = scopesOf(dialect);
  const known = new Set(scopes.map(({ name }) => name));
  const error = f.error('scopes');
  return (
    <fieldset class="form-group" id={`${f.id}-scopes`} tabIndex={-1}>
      <legend class="text-bold f5 mb-1">{label}</legend>
      <p class="note mb-2">{note}</p>
      {error === '' ? null : <p class="lk-error">{error}</p>}
      {chosen
        .filter((name) => !known.has(name))
        .map((name) => (
          <input type="hidden" name="scopes" value={name} />
        ))}
      <div class="Box">
        <ul>
          {scopes
            .filter(({ parent }) => parent === null)
            .map((scope) => (
              <Branch id={f.id} scope={scope} scopes={scopes} chosen={chosen} />
            ))}
        </ul>
      </div>
    </fieldset>
  );
}

function Branch({
  id,
  scope,
  scopes,
  chosen,
  depth = 0,
}: {
  id: string;
  scope: Scope;
  scopes: readonly Scope[];
  chosen: readonly string[];
  depth?: number;
}): VNode {
  const children = scopes.filter(({ parent }) => parent === scope.name);
  const includer = chosen.find(
    (name) => name !== scope.name && scopes.find((one) => one.name === name)?.allIncluded.has(scope.name) === true,
  );
  const inputId = `${id}-scopes-${scope.name}`;
  return (
    <li class={depth === 0 ? 'Box-row lk-scope' : 'lk-scope lk-scope-below'}>
      <div class="lk-scope-line">
        <label for={inputId}>
          <input
            type="checkbox"
            id={inputId}
            name="scopes"
            value={scope.name}
            checked={chosen.includes(scope.name)}
            aria-describedby={`${inputId}-note`}
            data-includes={[...scope.allIncluded].join(' ')}
          />{' '}
          <span class="text-bold">{scope.name}</span>
        </label>
        <span class="color-fg-muted" id={`${inputId}-note`}>
          {scope.description}
          {includer === undefined ? null : (
            <>
              {' '}
              <span class="color-fg-success">(included in {includer})</span>
            </>
          )}
        </span>
      </div>
      {children.length === 0 ? null : (
        <ul>
          {children.map((child) => (
            <Branch id={id} scope={child} scopes={scopes} chosen={chosen} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}
