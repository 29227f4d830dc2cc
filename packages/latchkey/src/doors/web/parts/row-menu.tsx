/** What can be done with one row of a table, behind the button at its end. */
import type { VNode } from 'preact';
import { Icon } from './components.tsx';

/** One thing to do: a link that works without scripts. */
export interface RowAct {
  readonly words: string;
  readonly path: string;
  readonly danger?: boolean;
}

/** Opens without scripts, because it is a `<details>`; one at a time. @param of what the row is about */
export function RowMenu({ of, acts }: { of: string; acts: readonly RowAct[] }): VNode {
  return (
    <details class="lk-menu lk-row-menu" name="menu" data-menu>
      <summary class="btn btn-invisible btn-sm" aria-label={`Actions for ${of}`}>
        <Icon name="kebab-horizontal" />
      </summary>
      <div class="lk-menu-list">
        <ul>
          {acts.map(({ words, path, danger = false }) => (
            <li>
              <a href={path} {...(danger ? { class: 'color-fg-danger' } : {})}>
                {words}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}
