/**
 * The line below a new secret: waiting, used, or refused with the fix. Where scripts run it changes by itself (server-
 * sent events); elsewhere a link asks again.
 *
 * Invariant: a stream ends after `STREAM_MS`, so that the browser comes again and proves anew who it is.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { type FirstUse, firstUseOf } from '../../../../actions/tokens/first-use.ts';
import { type OwnToken, ownToken } from '../../../../actions/tokens/own-tokens.ts';
import { problem } from '../../../../base/errors.ts';
import type { TokenKind } from '../../../../rules/model.ts';
import { withPublicPath } from '../../frame/public-path.ts';
import type { Visit } from '../../frame/visit.ts';
import { type Answer, file, type WebPage } from '../../frame/web-page.ts';
import { Time } from '../../parts/components.tsx';
import { Spoken } from '../../parts/spoken.tsx';
import { createdPath, idParam, LIST_PATHS } from '../kinds.ts';
import { Mend } from '../use/refusals.tsx';

const LOOK_EVERY_MS = 1_000;
const STREAM_MS = 60_000;
/** How much of a user agent is shown: a program, its version. */
const MAX_AGENT_LENGTH = 40;

interface Shown {
  readonly visit: Visit;
  readonly token: OwnToken;
  readonly first: FirstUse;
}

/** The line with its place in the page. */
export function FirstUseLine({ visit, token, first }: Shown): VNode {
  return (
    <section class="lk-live" aria-label="First use" aria-live="polite" data-live-use>
      <Line visit={visit} token={token} first={first} />
    </section>
  );
}

function Line({ visit, token, first: { use, refusal } }: Shown): VNode {
  if (use !== null)
    return (
      <div class="lk-live-words" data-state="used">
        <p class="mb-0">
          <strong>It works</strong>: used <Time at={use.usedAt} /> by {programOf(use.agent)} from{' '}
          <span class="lk-mono">{use.address}</span>
          {use.purpose === '' ? null : <>, to {use.purpose}</>}.
        </p>
      </div>
    );
  if (refusal !== null)
    return (
      <div class="lk-live-words" data-state="refused">
        <p class="mb-1">
          <strong>Refused</strong> <Time at={refusal.lastAt} />: {refusal.purpose}, from{' '}
          <span class="lk-mono">{refusal.lastAddress}</span>
        </p>
        <p class="mb-1">
          <Spoken words={refusal.words.sentence} />
        </p>
        <p class="mb-0">
          <Mend visit={visit} token={token} refusal={refusal} />
        </p>
      </div>
    );
  return (
    <>
      <div class="lk-live-words" data-state="waiting">
        <p class="mb-0">
          <strong>Waiting for its first use…</strong>
        </p>
        <p class="note mb-0 lk-live-note">This line changes by itself as soon as Git or an API call arrives.</p>
      </div>
      {/* In a tab of its own, since the secret is on this page alone. */}
      <a class="btn btn-sm lk-live-check" href={createdPath(token)} target="_blank" rel="noopener">
        Check now<span class="sr-only"> in a new tab</span>
      </a>
    </>
  );
}

/** `git/2.47.0 (…)` → `git 2.47.0` */
function programOf(agent: string): string {
  const [first = ''] = agent.split(' ');
  return first.replace('/', ' ').slice(0, MAX_AGENT_LENGTH) || 'a program without a name';
}

/** The line as it changes, as events. */
export function firstUseStream(kind: TokenKind): WebPage {
  return {
    path: `${LIST_PATHS[kind]}/:id/created/live`,
    access: 'signed-in',
    get: async (visit): Promise<Answer> => {
      const token = await ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind);
      if (visit.streams.areFull)
        throw problem('limit_reached', 'Too many pages wait for news from this server. Reload the page instead.');
      return file('text/event-stream', visit.streams.counted(eventsOf(visit, token)));
    },
  };
}

async function* eventsOf(visit: Visit, token: OwnToken): AsyncGenerator<string> {
  const permit = await visit.ownPermit();
  const endsAtMs = performance.now() + STREAM_MS;
  const { closing } = visit.streams;
  yield 'retry: 1000\n\n';
  let told = '';
  while (performance.now() < endsAtMs && !closing.aborted) {
    const first = await firstUseOf(visit.ctx, permit, token.id);
    const html = lineAsText({ visit, token, first });
    const isOver = first.use !== null;
    // A comment keeps the connection from seeming dead.
    yield html === told ? ': alive\n\n' : `event: ${isOver ? 'used' : 'line'}\ndata: ${html}\n\n`;
    if (isOver) return;
    told = html;
    await pause(LOOK_EVERY_MS, undefined, { ref: false, signal: closing }).catch(() => {});
  }
}

function lineAsText(shown: Shown): string {
  return withPublicPath(renderToString(<Line {...shown} />), shown.visit.ctx.settings.publicPath).replace(
    /[\r\n]+/g,
    ' ',
  );
}
