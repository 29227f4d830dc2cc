/** For whoever looks for a scope, such as `repo`, among permissions: what to add here, and where scopes are. */
import type { VNode } from 'preact';
import { type ScopeDialect, scopeNamed } from '../../../../catalogue/scopes/scopes.ts';
import { CLASSIC_PATH, SCOPED_PATH } from '../kinds.ts';

const PLACES: Readonly<Record<ScopeDialect, { readonly path: string; readonly name: string }>> = {
  classic: { path: `${CLASSIC_PATH}/new`, name: 'Tokens (classic)' },
  scoped: { path: SCOPED_PATH, name: 'Access Tokens' },
};

/** A line; nothing while something else is searched for. */
export function ScopeHint({ words, forMachine }: { words: string; forMachine: boolean }): VNode | null {
  const wanted = words.trim();
  const dialect = (['classic', 'scoped'] as const).find((each) => scopeNamed(each, wanted) !== undefined);
  if (dialect !== undefined && forMachine)
    return (
      <p class="note px-3 mb-2">
        <code>{wanted}</code> is a scope, which tokens of machine accounts don’t have. Add what the token should do:
        Contents to clone and push.
      </p>
    );
  if (dialect !== undefined)
    return (
      <p class="note px-3 mb-2">
        <code>{wanted}</code> is a scope of{' '}
        <a href={`${PLACES[dialect].path}?scopes=${encodeURIComponent(wanted)}`}>{PLACES[dialect].name}</a>. Here, add
        what the token should do: Contents to clone and push.
      </p>
    );
  return wanted === '' && !forMachine ? (
    <p class="note px-3 mb-2">
      Looking for scopes such as <code>repo</code> or <code>read_repository</code>? They are on{' '}
      <a href={PLACES.classic.path}>{PLACES.classic.name}</a> and <a href={PLACES.scoped.path}>{PLACES.scoped.name}</a>.
    </p>
  ) : null;
}
