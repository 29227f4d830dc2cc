/**
 * What the server has acknowledged, and what must therefore be so whatever happens to it.
 *
 * Invariant: something is entered after its answer has come, and a secret counts as dead only from then on.
 * Never: the text of a token in a loss or in a table.
 */

/** A token and its owner. */
export interface KeptToken {
  readonly id: number;
  /** The secret that works. */
  readonly secret: string;
}

/** A secret that must no longer work. */
export interface DeadSecret {
  readonly tokenId: number;
  readonly secret: string;
}

export class Ledger {
  /** Tokens that must work, by id. Those with an outstanding answer are left out. */
  readonly live = new Map<number, KeptToken>();
  readonly dead: DeadSecret[] = [];
  /** Repository → ref → commit. */
  readonly pushes = new Map<string, Map<string, string>>();
  /** Audit entries that must exist, as `action about` → the minimum number. */
  readonly entries = new Map<string, number>();
  /** Everything found lost, in words. */
  readonly losses: string[] = [];
  /** Why the run could not go on; null while it can. Nobody knows what is lost then. */
  stuck: string | null = null;
  /** What changed since the last full check. */
  touched = { tokens: new Set<number>(), dead: 0, repositories: new Set<string>(), entries: new Set<string>() };
  readonly counts = {
    made: 0,
    replaced: 0,
    revoked: 0,
    pushed: 0,
    added: 0,
    failed: 0,
    checksOfDead: 0,
    checksOfLive: 0,
  };

  made(token: KeptToken): void {
    this.counts.made++;
    this.live.set(token.id, token);
    this.touched.tokens.add(token.id);
    this.#expect(`personal_access_token.create ${token.id}`);
  }

  /** While it changes, the token is out of the ledger: nobody knows which secret works. */
  take(id: number): KeptToken | null {
    const token = this.live.get(id) ?? null;
    this.live.delete(id);
    return token;
  }

  replaced(before: KeptToken, secret: string): void {
    this.counts.replaced++;
    this.#died(before);
    this.live.set(before.id, { id: before.id, secret });
    this.touched.tokens.add(before.id);
    this.#expect(`personal_access_token.credential_regenerated ${before.id}`);
  }

  revoked(token: KeptToken): void {
    this.counts.revoked++;
    this.#died(token);
    this.#expect(`personal_access_token.destroy ${token.id}`);
  }

  pushed(repository: string, ref: string, commit: string): void {
    this.counts.pushed++;
    const refs = this.pushes.get(repository) ?? new Map<string, string>();
    this.pushes.set(repository, refs.set(ref, commit));
    this.touched.repositories.add(repository);
    this.#expect(`git.push ${repository}`);
  }

  /** The operator made a person. */
  added(login: string): void {
    this.counts.added++;
    this.#expect(`user.create ${login}`);
  }

  lose(what: string): void {
    this.losses.push(what);
  }

  /** Begins a new list of things to check, and returns the previous one. */
  turn(): Ledger['touched'] {
    const { touched } = this;
    this.touched = { tokens: new Set(), dead: this.dead.length, repositories: new Set(), entries: new Set() };
    return touched;
  }

  #died({ id, secret }: KeptToken): void {
    this.dead.push({ tokenId: id, secret });
  }

  #expect(entry: string): void {
    this.entries.set(entry, (this.entries.get(entry) ?? 0) + 1);
    this.touched.entries.add(entry);
  }
}
