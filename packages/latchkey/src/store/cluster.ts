/**
 * Revocation that holds on every node as soon as the change has returned, although checks are answered from memory.
 *
 * A node trusts its memory for `LEASE_MS`, counted from *before* it began to read the revision that brought its
 * memory up to date. While it does, it has a row on a board, where it writes the revision up to which it has
 * forgotten. After raising the revision and committing, a writer waits until every node on the board has reached it,
 * or until `SETTLE_MS` have passed, when every trust from before the commit has expired.
 *
 * Invariant: when `settle` returns, no node admits anything that was true only before that revision. The proof is in
 * docs/decisions (linearizable revocation); test/store/cluster-model runs this very code against partitions, delays
 * and crashes.
 * Assumed: the database doesn't forget an acknowledged commit, a read that begins after it sees it, and monotonic
 * clocks of different machines run at rates that differ by less than `MAX_DRIFT`. Nothing is assumed about the time
 * they show.
 * Never: a lease judged by another machine's clock.
 */

/** How long memory is trusted without an answer from the database. */
export const LEASE_MS = 2_000;
/** How often a node sends a heartbeat. Losing a few is fine. */
export const BEAT_MS = 500;
/** How much faster one machine's clock may run than another's. Real clocks differ by less than a thousandth. */
export const MAX_DRIFT = 0.05;
/** For the resolution of timers. */
const MARGIN_MS = 20;
/** How long a change waits for a node that doesn't answer. */
export const SETTLE_MS = LEASE_MS * (1 + MAX_DRIFT) + MARGIN_MS;
/** The first pause between looks at the board. It is short because an acknowledgement takes a few milliseconds. */
const FIRST_LOOK_MS = 1;
const MAX_LOOK_MS = 16;

/**
 * The part of the shared database where nodes meet. Each call is one statement, seen by all or by none; any may fail or
 * hang forever.
 */
export interface Board {
  /** Puts a node on the board. */
  join(id: string): Promise<void>;
  /**
   * A heartbeat. Returns the revision from the start of the statement, so that a slow database costs one round trip per
   * beat; null when the node is not on the board.
   */
  beat(id: string): Promise<number | null>;
  /** Records that a node has forgotten everything up to a revision. */
  ack(id: string, revision: number): Promise<void>;
  leave(id: string): Promise<void>;
  /** Nodes that have not acknowledged a revision. */
  behind(revision: number): Promise<readonly { readonly id: string; readonly beat: number }[]>;
  /** Takes a node off the board if it has sent no heartbeat since `beat`. */
  remove(id: string, beat: number): Promise<void>;
}

/** Time as only this machine sees it, in milliseconds. It never goes back, and has no date. */
export interface Stopwatch {
  now(): number;
  pause(ms: number): Promise<void>;
}

/**
 * Waits until no node allows what a revision has ended. Call it after the commit. Never rejects: when the board can't
 * be read, time settles it.
 */
export async function settle(board: Board, stopwatch: Stopwatch, revision: number): Promise<void> {
  const startedAt = stopwatch.now();
  // A look that hangs must not hold up the change longer than the leases last.
  const deadline = stopwatch.pause(SETTLE_MS).then(() => null);
  const firstSeen = new Map<string, { beat: number; at: number }>();
  for (let lookMs = FIRST_LOOK_MS; ; lookMs = Math.min(MAX_LOOK_MS, lookMs * 2)) {
    const behind = await Promise.race([board.behind(revision).catch(() => null), deadline]);
    if (behind?.length === 0) return;
    const now = stopwatch.now();
    for (const { id, beat } of behind ?? []) if (!firstSeen.has(id)) firstSeen.set(id, { beat, at: now });
    if (now - startedAt >= SETTLE_MS) break;
    await stopwatch.pause(lookMs);
  }
  // A node without a heartbeat since then trusts nothing any more. Off the board, it doesn't hold up later changes.
  const longAgo = stopwatch.now() - LEASE_MS * (1 + MAX_DRIFT);
  for (const [id, { beat, at }] of firstSeen)
    if (at <= longAgo) await Promise.race([board.remove(id, beat).catch(() => {}), stopwatch.pause(MAX_LOOK_MS)]);
}

/**
 * Brings a memory up to a revision: it has forgotten what is no longer true when this resolves. `anew`: forget
 * everything.
 */
export type Learn = (revision: number, anew: boolean) => Promise<void> | void;

/** A node's membership: whether it may answer from memory now. */
export class Membership {
  readonly #board: Board;
  readonly #stopwatch: Stopwatch;
  readonly #name: string;
  readonly #learn: Learn;
  /** How long memory is trusted, by this machine's stopwatch. */
  #trustedUntil = -Infinity;
  #onBoard = false;
  /** How often it joined the board. Each time it gets a new id: a late call from an earlier time must not count. */
  #times = 0;
  #learned = -1;
  #acked = -1;
  #left = false;
  #beating: Promise<boolean> | null = null;
  #heardMeanwhile = false;

  /** @param name one that no other node has or ever had */
  constructor(board: Board, stopwatch: Stopwatch, name: string, learn: Learn) {
    this.#board = board;
    this.#stopwatch = stopwatch;
    this.#name = name;
    this.#learn = learn;
  }

  get #id(): string {
    return `${this.#name} ${this.#times}`;
  }

  /** True while it may answer from memory without asking the database. */
  trusts(): boolean {
    return this.#stopwatch.now() < this.#trustedUntil;
  }

  /**
   * Catches up with the database and extends the lease. Call it every `BEAT_MS`, and whenever something has changed.
   * One runs at a time; a call during it causes one more. Never rejects: without the database the lease runs out. True
   * when the database answered.
   */
  beat(): Promise<boolean> {
    if (this.#beating !== null) this.#heardMeanwhile = true;
    this.#beating ??= this.#beatOnce()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.#beating = null;
        if (!this.#heardMeanwhile) return;
        this.#heardMeanwhile = false;
        void this.beat();
      });
    return this.#beating;
  }

  /** Stops trusting anything, and leaves the board so that no change waits for this node. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#trustedUntil = -Infinity;
    await this.#beating;
    await this.#board.leave(this.#id).catch(() => {});
  }

  async #beatOnce(): Promise<void> {
    if (this.#left) return;
    // The order matters: time, then the board, then the revision, then the memory.
    const startedAt = this.#stopwatch.now();
    const revision = await this.#revisionOnBoard();
    const anew = !this.trusts();
    if (revision > this.#learned || anew) {
      await this.#learn(revision, anew);
      this.#learned = revision;
    }
    if (this.#left) return;
    if (this.#onBoard) this.#trustedUntil = startedAt + LEASE_MS;
    if (this.#learned <= this.#acked) return;
    await this.#board.ack(this.#id, this.#learned);
    this.#acked = this.#learned;
  }

  /** Sends a heartbeat from the board, and reads the revision after it arrived there. */
  async #revisionOnBoard(): Promise<number> {
    const revision = this.#onBoard ? await this.#board.beat(this.#id) : null;
    if (revision !== null) return revision;
    // It was taken off, or never on. Nobody waits for this node, so it may trust nothing until it is back on.
    this.#onBoard = false;
    this.#trustedUntil = -Infinity;
    this.#acked = -1;
    this.#times++;
    await this.#board.join(this.#id);
    const first = await this.#board.beat(this.#id);
    if (first === null) throw new Error('the node was taken off the board as it came on');
    this.#onBoard = true;
    return first;
  }
}
