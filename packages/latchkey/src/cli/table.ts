/** Rows as aligned columns, for people. */
import { spokenIso } from '../base/time.ts';

/**
 * A heading and one line per row; columns are separated by two spaces, a missing value is `-`. What a column whose name
 * ends in `_at` has is an instant as REST writes it, and is told as people do.
 * @param below a sentence about a row, which stands indented below its line
 */
export function alignedTable<Row extends object>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
  below: (row: Row) => string | null = () => null,
): string[] {
  const heading = columns.map((column) => column.replaceAll('_', ' ').toUpperCase());
  const cells = [heading, ...rows.map((row) => columns.map((column) => cellOf(column, row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  return cells.flatMap((line, i) => {
    const row = rows[i - 1];
    const words = row === undefined ? null : below(row);
    const columnsOfLine = line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    return [columnsOfLine.trimEnd(), ...(words === null ? [] : [`    ${words}`])];
  });
}

function cellOf(column: string, value: unknown): string {
  if (value === null || value === undefined) return '-';
  return column.endsWith('_at') && typeof value === 'string' ? spokenIso(value) : String(value);
}
