/** What the programs of a session did, as the broker saw it: refs pushed and refused, fetches, calls of the API. */

/** What is read of an answer, to see what became of each ref. */
const MAX_READ_BYTES = 256 * 1024;
/** Refs that the account of a session names one by one. */
const MAX_NAMED = 20;

interface RefResult {
  readonly ref: string;
  /** Why it did not move; null = it did. */
  readonly why: string | null;
}

/** One request, from its beginning to its end. */
export interface Seen {
  answered(status: number): void;
  read(chunk: Buffer): void;
  end(): void;
}

export class Tally {
  readonly #refs: RefResult[] = [];
  readonly #reasons = new Map<string, number>();
  #waiting = new Set<number>();
  #fetches = 0;
  #calls = 0;

  /** @param path with the query */
  begin(method: string, path: string): Seen {
    const isPush = method === 'POST' && path.endsWith('/git-receive-pack');
    const isFetch = method === 'POST' && path.endsWith('/git-upload-pack');
    const isCall = /\/api\//.test(path);
    let status = 0;
    const chunks: Buffer[] = [];
    let size = 0;
    return {
      answered: (code) => {
        status = code;
        if (isFetch && code < 300) this.#fetches++;
        if (isCall) this.#calls++;
      },
      read: (chunk) => {
        if (size < MAX_READ_BYTES && (isPush || status >= 400)) chunks.push(chunk);
        size += chunk.length;
      },
      end: () => {
        const text = Buffer.concat(chunks).toString('latin1').slice(0, MAX_READ_BYTES);
        if (isPush) this.#pushed(text);
        if (status === 401 || status === 403) this.#refused(text);
        for (const [, id] of text.matchAll(/\/settings\/push-approvals\/(\d+)/g)) this.#waiting.add(Number(id));
      },
    };
  }

  /** The requests for approval that were named since the last call. */
  takeWaiting(): number[] {
    const ids = [...this.#waiting];
    this.#waiting = new Set();
    return ids;
  }

  /** In lines, for a person. */
  lines(): string[] {
    const moved = this.#refs.filter(({ why }) => why === null).map(({ ref }) => ref);
    const kept = this.#refs.flatMap(({ ref, why }) => (why === null ? [] : [`${ref} (${why})`]));
    return [
      `pushed: ${named(moved)}`,
      ...(kept.length === 0 ? [] : [`refused: ${named(kept)}`]),
      `fetched ${times(this.#fetches)}; called the API ${times(this.#calls)}`,
      ...(this.#reasons.size === 0
        ? []
        : [
            `refused otherwise: ${[...this.#reasons].map(([reason, count]) => `${reason} ${times(count)}`).join(', ')}`,
          ]),
    ];
  }

  /** The report of git, in whichever packets it comes: `ok REF`, `ng REF WHY`. */
  #pushed(text: string): void {
    for (const [, word, ref = '', why] of text.matchAll(
      /(?<=[0-9a-f]{4})(ok|ng) (refs\/[\x21-\x7e]+)(?: ([^\n\x00]*))?/g,
    ))
      this.#refs.push({ ref: ref.replace(/^refs\/heads\//, ''), why: word === 'ok' ? null : (why ?? 'refused') });
  }

  #refused(text: string): void {
    const reason = /"reason":\s*"(\w+)"/.exec(text)?.[1] ?? 'no reason given';
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }
}

function named(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - MAX_NAMED;
  return `${names.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
