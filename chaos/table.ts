/** The tables that a run prints. */
import type { Checks } from './checks.ts';
import type { Ledger } from './ledger.ts';

export interface FaultCount {
  times: number;
  /** Milliseconds from the end of the cause until the server had recovered. */
  readonly backMs: number[];
}

/** What happened, and how soon the server had recovered. */
export function faultLines(faults: ReadonlyMap<string, FaultCount>, missing: readonly string[]): string[] {
  const rows = [...faults].map(([name, { times, backMs }]) => {
    const sorted = backMs.toSorted((a, b) => a - b);
    return [name, String(times), seconds(sorted[Math.floor(sorted.length / 2)]), seconds(sorted.at(-1))];
  });
  return [...columns([['fault', 'times', 'whole after (median)', '(longest)'], ...rows]), ...missing];
}

/** What was acknowledged, what was checked, what is lost. */
export function ledgerLines({ counts, dead, live, losses, stuck }: Ledger, { counts: checked }: Checks): string[] {
  const rows = [
    ['tokens made', counts.made, `${live.size} live at the end`],
    ['secrets replaced', counts.replaced, ''],
    ['tokens revoked', counts.revoked, `${dead.length} dead secrets`],
    ['pushes', counts.pushed, ''],
    ['people added by the operator', counts.added, ''],
    ['changes without an acknowledgement', counts.failed, 'their outcome is not held against anybody'],
    ['checks of dead secrets under load', counts.checksOfDead, ''],
    ['checks of live tokens under load', counts.checksOfLive, ''],
    ['rounds of checks at rest', checked.rounds, `${checked.tokens} of tokens, ${checked.dead} of dead secrets`],
    ['refs compared', checked.refs, `${checked.fsck} times git fsck`],
    ['audit entries looked for', checked.entries, `${checked.late} times, one of a push came later`],
    ['LOST OR ALIVE AGAINST THE LEDGER', losses.length, ''],
  ];
  return [
    ...columns(rows.map((row) => row.map(String))),
    ...losses.slice(0, 40).map((loss) => `LOST: ${loss}`),
    ...(losses.length > 40 ? [`and ${losses.length - 40} more`] : []),
    ...(stuck === null ? [] : [`ENDED EARLY, the rest wasn't checked: ${stuck}`]),
  ];
}

/** Rows of cells in aligned columns. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`;
}
