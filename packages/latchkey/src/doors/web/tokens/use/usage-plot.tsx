/**
 * A token's use as a small plot, drawn on the server: one bar a day, with the numbers next to it for people who can't
 * see it.
 */
import type { VNode } from 'preact';
import type { Activity } from '../../../../actions/tokens/use/activity.ts';

const WIDTH = 720;
const HEIGHT = 80;

/**
 * Bars of one day each. Their heights are relative to the busiest day, and a day with any use shows at least a line.
 */
export function UsagePlot({ activity }: { activity: Activity }): VNode {
  const { perDay, total } = activity;
  const most = Math.max(...perDay, 1);
  const step = WIDTH / perDay.length;
  const label =
    `Used ${total} ${total === 1 ? 'time' : 'times'} in the last ${perDay.length} days, at most ` +
    `${Math.max(...perDay)} times on one day.`;
  return (
    <figure class="lk-plot">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`}
        role="img"
        aria-label={label}
        preserveAspectRatio="none"
        width="100%"
        height={HEIGHT + 2}
      >
        <line x1="0" y1={HEIGHT + 1} x2={WIDTH} y2={HEIGHT + 1} class="lk-plot-axis" />
        {perDay.map((times, day) => {
          if (times === 0) return null;
          const height = Math.max(2, Math.round((times / most) * HEIGHT));
          return (
            <rect
              x={Math.round(day * step * 10) / 10}
              y={HEIGHT - height}
              width={Math.round((step - 1) * 10) / 10}
              height={height}
              class="lk-plot-bar"
            />
          );
        })}
      </svg>
      <figcaption class="d-flex flex-justify-between f6 color-fg-muted">
        <span>{perDay.length} days ago</span>
        <span>{label}</span>
        <span>today</span>
      </figcaption>
    </figure>
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
