/** A bar for each of a few values, as SVG: what the documentation shows. */

export interface Bar {
  readonly label: string;
  readonly value: number;
}

const WIDTH = 640;
const LABEL_WIDTH = 220;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 22;
const GAP = 10;
const TOP = 34;

/** Horizontal bars from zero; the longest has the full width. The colours work on light and dark pages. */
export function barsSvg(title: string, unit: string, bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const height = TOP + bars.length * (BAR_HEIGHT + GAP);
  const rows = bars.map(({ label, value }, i) => {
    const y = TOP + i * (BAR_HEIGHT + GAP);
    const width = Math.max(1, ((WIDTH - LABEL_WIDTH - VALUE_WIDTH) * value) / most);
    const middle = y + BAR_HEIGHT / 2 + 5;
    return `  <text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>
  <rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3" fill="#3b82c4"/>
  <text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${middle}">${short(value)} ${escaped(unit)}</text>`;
  });
  const size = `viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"`;
  const look = 'font-family="system-ui, sans-serif" font-size="13" fill="#767b85"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(title)}" ${look}>
  <text x="0" y="18" font-weight="600">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`;
}

/** Three significant figures. */
const short = (value: number): number => Number(value.toPrecision(3));

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
