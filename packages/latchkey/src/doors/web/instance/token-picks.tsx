/** Tokens of anybody, with boxes to tick: what the pages for the administrator have in common. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { TokenView } from '../../../actions/tokens/views.ts';
import { problem } from '../../../base/errors.ts';
import type { Visit } from '../frame/visit.ts';
import { tickedIds } from '../organizations/area.tsx';
import { Label } from '../parts/components.tsx';
import { NameOf, PersonLine } from '../parts/person.tsx';
import { Right } from '../parts/spoken.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { Ends, LastUse } from '../tokens/lists.tsx';

export const TOKENS_ON_A_PAGE = 50;

/** The permit to see the tokens of the instance, or to change them. */
export function tokensPermit(visit: Visit, level: 'read' | 'write'): Promise<Permit> {
  return visit.permit(
    { sets: [{ instance_personal_access_tokens: level }], publicRead: false, writes: level === 'write' },
    { kind: 'instance' },
  );
}

/** The rows, for a form that calls `pickedTokens`. */
export function TokenPicks({ visit, rows }: { visit: Visit; rows: readonly TokenView[] }): VNode {
  return (
    <div class="Box mb-3">
      <ul>
        {rows.map((token) => (
          <li class="Box-row lk-pick">
            <input type="checkbox" id={`token-${token.id}`} name="ids" value={String(token.id)} />
            <div class="lk-token-what">
              <PersonLine login={token.owner.login} />
              <label for={`token-${token.id}`}>
                <NameOf name={token.name} login={token.owner.login} />
              </label>{' '}
              <Label>{KIND_WORDS[token.kind]}</Label>
              <p class="mb-1">
                <Right token={token} reader="other" />
              </p>
              <p class="color-fg-muted f6 mb-0">
                <Ends token={token} at={visit.ctx.clock.now()} /> · <LastUse token={token} />
              </p>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The ids that were ticked, as many as a page shows. @throws Problem when there is none */
export function pickedTokens(visit: Visit): number[] {
  const ids = tickedIds(visit).slice(0, TOKENS_ON_A_PAGE);
  if (ids.length === 0) throw problem('missing', 'Select a token first.');
  return ids;
}
