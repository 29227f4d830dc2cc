/** Rows as aligned columns, for people. */

/** A heading and one line per row; columns are separated by two spaces, a missing value is `-`. */
export function alignedTable<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string[] {
  const heading = columns.map((column) => column.replaceAll('_', ' ').toUpperCase());
  const cells = [heading, ...rows.map((row) => columns.map((column) => String(row[column] ?? '-')))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
