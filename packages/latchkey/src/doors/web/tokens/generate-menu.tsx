/** The button of GitHub's guides that makes a token, with both kinds behind its arrow. */
import type { VNode } from 'preact';
import { CLASSIC_PATH, FINE_GRAINED_PATH } from './kinds.ts';

const KINDS = {
  'fine-grained': { path: FINE_GRAINED_PATH, words: 'Generate new token', note: 'Reaches what you choose' },
  classic: { path: CLASSIC_PATH, words: 'Generate new token (classic)', note: 'Reaches all that you do' },
} as const;

/** @param kind of the list that it stands above */
export function GenerateMenu({ kind }: { kind: keyof typeof KINDS }): VNode {
  return (
    <span class="lk-split">
      <a class="btn btn-primary btn-sm" href={`${KINDS[kind].path}/new`}>
        {KINDS[kind].words}
      </a>
      <details class="lk-menu" name="menu" data-menu>
        <summary class="btn btn-primary btn-sm" aria-label="Which kind of token">
          <span class="dropdown-caret" />
        </summary>
        <div class="lk-menu-list">
          <ul>
            {Object.values(KINDS).map(({ path, words, note }) => (
              <li>
                <a href={`${path}/new`}>
                  {words}
                  <span class="note d-block">{note}</span>
                </a>
              </li>
            ))}
          </ul>
        </div>
      </details>
    </span>
  );
}
