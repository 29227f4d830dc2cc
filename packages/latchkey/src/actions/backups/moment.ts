/**
 * Refs as they were at the moment of the database's snapshot, though they are read a little later: what was pushed in
 * between is taken back.
 *
 * Every move of a ref has its entry (decision 0230) with the old value and the new one. From the newest entry to the
 * oldest, a ref that holds the new value gets the old one again; one that was read before a move, or isn't touched, is
 * left alone. The objects of old values are still there: git keeps what nothing names for two weeks.
 */

/** A ref that moved: null = it wasn't there, or isn't. */
export interface Moved {
  readonly ref: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface RefsAndHead {
  readonly refs: ReadonlyMap<string, string>;
  readonly head: string;
}

/** @param moves since then, the newest first */
export function asBefore({ refs, head }: RefsAndHead, moves: Iterable<Moved>): RefsAndHead {
  const then = new Map(refs);
  let headThen = head;
  for (const { ref, before, after } of moves) {
    if (ref === 'HEAD') {
      if (headThen === after && before !== null) headThen = before;
    } else if ((then.get(ref) ?? null) === after) {
      if (before === null) then.delete(ref);
      else then.set(ref, before);
    }
  }
  return { refs: then, head: headThen };
}

/** The moves that an entry, or the note of a push under way, tells of; the last one first. */
export function movesIn(told: unknown): Moved[] {
  if (!Array.isArray(told)) return [];
  return (told as Readonly<Record<string, unknown>>[])
    .map((one) => ({
      ref: String(one['ref']),
      before: idOf(one['before'] ?? one['beforeId']),
      after: idOf(one['after'] ?? one['afterId']),
    }))
    .toReversed();
}

function idOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
