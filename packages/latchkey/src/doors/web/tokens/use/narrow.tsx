/** What a token has and never used: said once it was watched for long enough, taken away, and given back. */
import type { VNode } from 'preact';
import { type OwnToken, ownToken } from '../../../../actions/tokens/own-tokens.ts';
import { ACTIVITY_DAYS, type Activity } from '../../../../actions/tokens/use/activity.ts';
import {
  narrowed,
  narrowToken,
  type Observation,
  observedFrom,
  undoableNarrowing,
  undoNarrowing,
} from '../../../../actions/tokens/use/narrowing.ts';
import type { TokenKind } from '../../../../rules/model.ts';
import type { Visit } from '../../frame/visit.ts';
import { type FormAction, redirect } from '../../frame/web-page.ts';
import { Notice, Time } from '../../parts/components.tsx';
import { Form, Hidden } from '../../parts/form.tsx';
import { idParam, pathOfToken } from '../kinds.ts';

/** `?observe=so-far`: the person chose not to wait. */
function observationIn(text: string | null): Observation {
  return text === 'so-far' ? 'so-far' : 'enough';
}

interface Props {
  readonly visit: Visit;
  readonly token: OwnToken;
  readonly activity: Activity;
}

export function Narrow({ visit, token, activity }: Props): VNode | null {
  const at = visit.ctx.clock.now();
  const observation = observationIn(visit.query.get('observe'));
  const narrower = narrowed(token, activity, at, observation);
  if (narrower === null) return <NotYet visit={visit} token={token} activity={activity} />;
  const { dropped } = narrower;
  return (
    <section class="Box p-3 mt-3" aria-labelledby="narrow-title">
      <h3 class="f4" id="narrow-title">
        More access than it uses
      </h3>
      <p class="mb-2">
        {observation === 'enough' ? (
          <>Unused in the last {ACTIVITY_DAYS} days:</>
        ) : (
          <>
            Unused so far. It was made <Time at={token.createdAt} />, so some of it may still be for later:
          </>
        )}
      </p>
      <ul class="pl-3 mb-2 lk-bullets">
        {dropped.map((each) => (
          <li class="lk-break">{each}</li>
        ))}
      </ul>
      <Form
        f={visit.fields('narrow')}
        submit={dropped.length === 1 ? 'Remove this' : `Remove these ${dropped.length}`}
        tone="default"
        inline
      >
        <Hidden name="observe" value={observation} />
        {dropped.map((each) => (
          <Hidden name="gone" value={each} />
        ))}
      </Form>
      <p class="note mt-2 mb-0">The secret stays the same. It can be undone here for 7 days.</p>
    </section>
  );
}

/** Until then nothing is called unused, unless the person wants to know already. */
function NotYet({ visit, token, activity }: Props): VNode | null {
  const at = visit.ctx.clock.now();
  const from = observedFrom(token);
  if (from === null || from <= at || narrowed(token, activity, at, 'so-far') === null) return null;
  return (
    <p class="color-fg-muted mt-3 mb-0">
      Permissions that it never uses are listed here after {ACTIVITY_DAYS} days, <Time at={from} />.{' '}
      <a href={`${pathOfToken(token)}?observe=so-far`}>See what it has not used so far</a>
    </p>
  );
}

/** The last narrowing, as long as it can be undone. */
export async function Undo({ visit, token }: Pick<Props, 'visit' | 'token'>): Promise<VNode | null> {
  const narrowing = await undoableNarrowing(visit.ctx, token.id);
  if (narrowing === null) return null;
  return (
    <Notice tone="info">
      <p class="mb-2">
        Narrowed to what it used <Time at={narrowing.at} />. Something broke? Undo gives it back, until{' '}
        <Time at={narrowing.until} />.
      </p>
      <Form f={visit.fields('undo-narrow')} submit="Undo" small tone="default" inline />
    </Notice>
  );
}

export function narrowForms(kind: TokenKind): Readonly<Record<'narrow' | 'undo-narrow', FormAction>> {
  const tokenOf = async (visit: Visit): Promise<OwnToken> =>
    ownToken(visit.ctx, await visit.ownPermit(), idParam(visit), kind);
  return {
    narrow: {
      run: async (visit) => {
        const token = await tokenOf(visit);
        const gone = await narrowToken(visit.ctx, await visit.ownPermit(), token, {
          observation: observationIn(visit.field('observe')),
          shown: visit.typed?.getAll('gone') ?? [],
        });
        return redirect(pathOfToken(token), {
          tone: 'success',
          text: `Removed: ${gone.join('; ')}. The secret stays the same.`,
        });
      },
    },
    'undo-narrow': {
      run: async (visit) => {
        const token = await tokenOf(visit);
        await undoNarrowing(visit.ctx, await visit.ownPermit(), token.id);
        return redirect(pathOfToken(token), { tone: 'success', text: 'Access restored. The secret stays the same.' });
      },
    },
  };
}
