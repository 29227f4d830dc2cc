/**
 * A token's use as a small plot, drawn on the server: a bar for each day, refusals on top of it, with its numbers in
 * words and as a table for people who can't see it.
 */
import type { VNode } from 'preact';
import { MAX_REFUSALS, type TokenRefusal } from '../../../../actions/decision/token-refusals.ts';
import type { Activity } from '../../../../actions/tokens/use/activity.ts';
import { DAY_SEC, spokenDate, type UnixSeconds } from '../../../../base/time.ts';
import type { Visit } from '../../frame/visit.ts';
import { oneOf, Tabs } from '../../parts/table-tools.tsx';

const HEIGHT = 120;
/** Room above the highest bar: a refusal is drawn at least this high. */
const LEAST_REFUSED = 4;
/** Of a day, and of its bar. */
const [STEP, BAR] = [10, 7];
const SPANS = ['30', '90'] as const;

interface Day {
  /** 00:00 UTC. */
  readonly at: UnixSeconds;
  readonly used: number;
  readonly refused: number;
}

/** The last days, today last. */
function daysOf({ perDay }: Activity, refusals: readonly TokenRefusal[], now: UnixSeconds, count: number): Day[] {
  const refused = new Map<UnixSeconds, number>();
  for (const { dayAt, times } of refusals) refused.set(dayAt, (refused.get(dayAt) ?? 0) + times);
  const today = now - (now % DAY_SEC);
  return perDay.slice(-count).map((used, index, all) => {
    const at = today - (all.length - 1 - index) * DAY_SEC;
    return { at, used, refused: refused.get(at) ?? 0 };
  });
}

/** The end of the axis: even, and easy to read. */
function topOf(most: number): number {
  for (let ten = 1; ; ten *= 10)
    for (const digit of ten === 1 ? [2, 4, 6, 8] : [1, 2, 4, 5, 6, 8])
      if (digit * ten >= most && (digit * ten) % 2 === 0) return digit * ten;
}

const number = (count: number): string => count.toLocaleString('en');

/** The heading with the plot. @param refusals at most `MAX_REFUSALS` of them are kept: more may have been */
export function UsagePlot({
  visit,
  activity,
  refusals,
}: {
  visit: Visit;
  activity: Activity;
  refusals: readonly TokenRefusal[];
}): VNode {
  const span = oneOf(SPANS, visit.query.get('days'));
  const days = daysOf(activity, refusals, visit.ctx.clock.now(), Number(span));
  const used = days.reduce((sum, day) => sum + day.used, 0);
  const refused = days.reduce((sum, day) => sum + day.refused, 0);
  const most = Math.max(...days.map((day) => day.used + day.refused));
  const refusedWords = `${number(refused)}${refusals.length >= MAX_REFUSALS ? ' or more' : ''} refused`;
  const usedWords = `${number(used)} ${used === 1 ? 'use' : 'uses'}`;
  const about = `in ${days.length} days, at most ${number(most)} on one day`;
  return (
    <>
      <div class="lk-plot-head">
        <h2 class="f3">Use</h2>
        <Tabs
          visit={visit}
          label="How many days"
          parameter="days"
          tabs={SPANS.map((name) => ({ name, label: `${name} days`, count: null }))}
          current={span}
        />
      </div>
      {most === 0 ? (
        <p class="color-fg-muted">Not used in the last {days.length} days.</p>
      ) : (
        <figure class="lk-plot">
          <Bars days={days} top={topOf(most)} label={`${usedWords}, ${refusedWords}, ${about}`} />
          <figcaption>
            {usedWords}
            {refused === 0 ? null : (
              <>
                , <span class="color-fg-danger">{refusedWords}</span>
              </>
            )}{' '}
            {about}. Days begin at 00:00 UTC.
          </figcaption>
          <Numbers days={days} />
        </figure>
      )}
    </>
  );
}

function Bars({ days, top, label }: { days: readonly Day[]; top: number; label: string }): VNode {
  const high = (count: number, least: number): number =>
    count === 0 ? 0 : Math.max(least, Math.round((count / top) * HEIGHT));
  const bar = (index: number, base: number, height: number): string =>
    height === 0 ? '' : `M${index * STEP + 1.5} ${base - height}h${BAR}v${height}h-${BAR}z`;
  const width = days.length * STEP;
  const [first, middle] = [days[0], days[Math.floor(days.length / 2)]];
  return (
    <div class="lk-plot-area">
      <div class="lk-plot-values" aria-hidden="true">
        <span>{number(top)}</span>
        <span>{number(top / 2)}</span>
        <span>0</span>
      </div>
      <svg
        viewBox={`0 ${-LEAST_REFUSED} ${width} ${HEIGHT + LEAST_REFUSED + 1}`}
        role="img"
        aria-label={label}
        preserveAspectRatio="none"
      >
        <path class="lk-plot-grid" d={`M0 0.5h${width}M0 ${HEIGHT / 2}h${width}M0 ${HEIGHT + 0.5}h${width}`} />
        <path class="lk-plot-bar" d={days.map(({ used }, index) => bar(index, HEIGHT, high(used, 2))).join('')} />
        <path
          class="lk-plot-refused"
          d={days
            .map(({ used, refused }, index) => bar(index, HEIGHT - high(used, 2), high(refused, LEAST_REFUSED)))
            .join('')}
        />
      </svg>
      <div class="lk-plot-days" aria-hidden="true">
        <span>{dayWords(first)}</span>
        <span>{dayWords(middle)}</span>
        <span>today</span>
      </div>
    </div>
  );
}

/** "30 Oct" */
function dayWords(day: Day | undefined): string {
  return day === undefined ? '' : spokenDate(day.at).replace(/ \d+$/, '');
}

function Numbers({ days }: { days: readonly Day[] }): VNode {
  return (
    <details>
      <summary>Numbers by day</summary>
      <table class="lk-table lk-plot-numbers">
        <thead>
          <tr>
            <th scope="col">Day (UTC)</th>
            <th scope="col">Used</th>
            <th scope="col">Refused</th>
          </tr>
        </thead>
        <tbody>
          {days
            .filter(({ used, refused }) => used + refused > 0)
            .toReversed()
            .map(({ at, used, refused }) => (
              <tr>
                <td>{spokenDate(at)}</td>
                <td>{number(used)}</td>
                <td>{number(refused)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </details>
  );
}

/** Names with their counts, the most used first. */
export function UsageTable({
  title,
  rows,
}: {
  title: string;
  rows: readonly { readonly name: string; readonly times: number }[];
}): VNode | null {
  if (rows.length === 0) return null;
  return (
    <table class="lk-table">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">Times</th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, 20).map(({ name, times }) => (
          <tr>
            <td>{name}</td>
            <td>{times}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
