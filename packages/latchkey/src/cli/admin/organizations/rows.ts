/** What commands about an organization's tokens share: every row of a list, and numbers on the command line. */
import { UsageError } from '../../terminal.ts';

/** All rows of a list that comes in pages. @param page the rows after an id; null = from the beginning */
export async function everyRow<T>(
  page: (afterId: number | null) => Promise<readonly T[]>,
  idOf: (row: T) => number,
): Promise<T[]> {
  const all: T[] = [];
  for (let after: number | null = null; ; ) {
    const rows = await page(after);
    const last = rows.at(-1);
    if (last === undefined) return all;
    all.push(...rows);
    after = idOf(last);
  }
}

/** @throws UsageError for anything but numbers */
export function numbers(texts: readonly string[], what: string): number[] {
  return texts.map((text) => {
    if (!/^[1-9]\d{0,14}$/.test(text)) throw new UsageError(`${what} is a number, not ${JSON.stringify(text)}`);
    return Number(text);
  });
}
