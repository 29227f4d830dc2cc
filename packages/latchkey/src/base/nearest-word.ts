/** Finds the word that somebody meant to type. */

/** The largest distance at which one word still counts as a typo of another. */
const MAX_DISTANCE = 3;

/**
 * The known word with the fewest letters changed, added or left out; null when none is close.
 * @param most how many letters that may be
 */
export function nearestWord(word: string, known: readonly string[], most = MAX_DISTANCE): string | null {
  let nearest: string | null = null;
  let least = most + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  return nearest;
}

/** Levenshtein's distance, row by row. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, at(previous, j) + 1, at(row, j - 1) + 1));
    }
    previous = row;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], i: number): number => row[i] ?? Number.POSITIVE_INFINITY;
