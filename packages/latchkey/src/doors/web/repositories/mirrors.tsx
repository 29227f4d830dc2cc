/** Mirrors, in a repository's settings: where they go, how the last run ended, when the next one is. */
import type { VNode } from 'preact';
import type { Mirror } from '../../../actions/repositories/creation/mirrors.ts';
import { Label, Time } from '../parts/components.tsx';

/** Nothing where there is none: the operator sets them up. */
export function Mirrors({ mirrors }: { mirrors: readonly Mirror[] }): VNode | null {
  if (mirrors.length === 0) return null;
  return (
    <section class="mt-4">
      <h2 class="f3 mb-2">Mirrors</h2>
      <p class="color-fg-muted">
        The operator of this server sets them up.
        {mirrors.some(({ direction }) => direction === 'pull')
          ? ' What is pushed here is overwritten by the next run of a pull.'
          : null}
      </p>
      <ul class="Box list-style-none mb-3" aria-label="Mirrors">
        {mirrors.map((mirror) => (
          <Row mirror={mirror} />
        ))}
      </ul>
    </section>
  );
}

function Row({ mirror }: { mirror: Mirror }): VNode {
  const { direction, url, everySec, endedAt, error, succeededAt, nextRunAt } = mirror;
  const state = endedAt === null ? null : error === null ? 'success' : 'attention';
  return (
    <li class="Box-row lk-break">
      <Label>{direction}</Label> <span>{url}</span>{' '}
      {state === null ? null : <Label tone={state}>{state === 'success' ? 'Good' : 'Failed'}</Label>}
      <div class="color-fg-muted f6">
        Every {everySec / 60} minutes;{' '}
        {endedAt === null ? (
          'has not run yet'
        ) : (
          <>
            last run <Time at={endedAt} />
          </>
        )}
        ; next run <Time at={nextRunAt} />
      </div>
      {error === null ? null : (
        <div class="f6">
          {error} Last success: {succeededAt === null ? 'never' : <Time at={succeededAt} />}.
        </div>
      )}
    </li>
  );
}
