/** Recent refusals of a token, each with its fix. */
import type { VNode } from 'preact';
import type { TokenRefusal } from '../../../../actions/decision/token-refusals.ts';
import type { OwnToken } from '../../../../actions/tokens/own-tokens.ts';
import type { Visit } from '../../frame/visit.ts';
import { CommandBox, Time } from '../../parts/components.tsx';
import { Spoken } from '../../parts/spoken.tsx';
import { checkPathFor } from '../check/question.ts';
import { pathOfToken } from '../kinds.ts';

/** The list, or a sentence when nothing was refused. */
export function Refused({
  visit,
  token,
  refusals,
}: {
  visit: Visit;
  token: OwnToken;
  refusals: readonly TokenRefusal[];
}): VNode {
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Refusals</h2>
      {refusals.length === 0 ? (
        <p class="color-fg-muted">Nothing was refused in the last 90 days.</p>
      ) : (
        <div class="Box">
          <ul>
            {refusals.map((refusal, i) => (
              <li class="Box-row">
                <p class="mb-1">
                  <strong>
                    Refused {refusal.times} {refusal.times === 1 ? 'time' : 'times'}
                  </strong>
                  : {refusal.purpose}, last <Time at={refusal.lastAt} /> from{' '}
                  <span class="lk-mono">{refusal.lastAddress}</span>
                </p>
                <p class="mb-1">
                  <Spoken words={refusal.words.sentence} />
                </p>
                <p class="mb-0">
                  <Mend visit={visit} token={token} refusal={refusal} />{' '}
                  <a class="ml-2" href={checkPathFor(token.id, refusal.purpose)}>
                    Check again
                  </a>
                </p>
                <Typed id={`way-out-${i}`} refusal={refusal} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** The remedy as a command for one's own machine. */
function Typed({ id, refusal: { words } }: { id: string; refusal: TokenRefusal }): VNode | null {
  const { command } = words;
  return command === undefined || command === null ? null : <CommandBox id={id} lines={command} label="Command" />;
}

/** The remedy as a link on this site. */
export function Mend({
  visit,
  token,
  refusal,
}: {
  visit: Visit;
  token: Pick<OwnToken, 'kind' | 'id'>;
  refusal: TokenRefusal;
}): VNode {
  const { url, wayOut } = refusal.words;
  const { publicUrl } = visit.ctx.settings;
  if (url === null || !url.startsWith(`${publicUrl}/`)) return <span class="color-fg-muted">{wayOut}</span>;
  const path = url.slice(publicUrl.length);
  const isFix = path.startsWith(`${pathOfToken(token)}?`);
  return (
    <a class={isFix ? 'btn btn-sm' : ''} href={path}>
      {isFix ? 'Fix this' : wayOut.replace(/:$/, '')}
    </a>
  );
}
