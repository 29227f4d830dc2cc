/**
 * Routes that only headers or a body tell apart, and how one of them is chosen.
 *
 * Invariant: what a service could read otherwise than we do is unclear, and unclear is refused: a name in other
 * capitals, a value with something invisible in it, a header that came twice.
 */
import { type Conditions, type Demand, isNarrower } from './conditions.ts';

/** What a request has in a field; null = nothing, `unclear` = it can be read in several ways. */
export type Reading = { readonly text: string } | 'unclear' | null;

interface Conditioned {
  readonly conditions?: Conditions;
}

/** The field that could not be read: `Mcp-Method`, `params.name`. */
export interface Unclear {
  readonly unclear: Demand;
}

/**
 * A text without anything but letters and digits, in one case and form of Unicode, without accents: what a program may
 * take it for. Some compare in capitals, where a dotless i is an i; some databases see no accents.
 */
export function lookOf(text: string): string {
  const plain = text
    .normalize('NFKD')
    .toUpperCase()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return plain === '' ? text : plain;
}

/** Several rows with the same method, path and query. */
export class Fork<Row extends Conditioned> {
  readonly rows: readonly Row[];
  /** True when one of them looks at the body. */
  readonly needsBody: boolean;
  /** By field, every value that a row names: what else looks like one of them is unclear. */
  readonly #named = new Map<string, { readonly values: ReadonlySet<string>; readonly looks: ReadonlySet<string> }>();

  constructor(rows: readonly Row[]) {
    this.rows = rows;
    const demands = rows.flatMap(({ conditions = [] }) => conditions);
    this.needsBody = demands.some((demand) => demand.in === 'json');
    for (const demand of demands) {
      const values = new Set(
        demands.filter((each) => keyOf(each) === keyOf(demand)).flatMap((each) => each.values ?? []),
      );
      this.#named.set(keyOf(demand), { values, looks: new Set([...values].map(lookOf)) });
    }
  }

  /** The row that a request fits, null when there is none. Of several, the one that asks for most. */
  choose(read: (demand: Demand) => Reading): Row | Unclear | null {
    let chosen: Row | null = null;
    for (const row of this.rows) {
      const fits = this.#fits(row, read);
      if (fits === true && (chosen === null || isNarrower(row.conditions ?? [], chosen.conditions ?? []))) chosen = row;
      else if (typeof fits === 'object') return fits;
    }
    return chosen;
  }

  /** A field that clearly differs rules a row out, whatever the others are. */
  #fits({ conditions = [] }: Row, read: (demand: Demand) => Reading): boolean | Unclear {
    let unclear: Unclear | null = null;
    for (const demand of conditions) {
      const met = this.#isMet(demand, read(demand));
      if (met === false) return false;
      if (met === 'unclear') unclear ??= { unclear: demand };
    }
    return unclear ?? true;
  }

  #isMet(demand: Demand, reading: Reading): boolean | 'unclear' {
    if (reading === null) return demand.values === null;
    if (reading === 'unclear') return 'unclear';
    const { text } = reading;
    const named = this.#named.get(keyOf(demand));
    if (named?.values.has(text) === true) return demand.values?.includes(text) ?? false;
    if (isInvisible(text) || named?.looks.has(lookOf(text)) === true) return 'unclear';
    return false;
  }
}

const keyOf = (demand: Demand): string => `${demand.in} ${demand.name}`;

/** True for control characters and halves of characters, at which some programs end a text. */
export function isInvisible(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f]/.test(text) || !text.isWellFormed();
}
