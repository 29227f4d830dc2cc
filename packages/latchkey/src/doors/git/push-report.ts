/**
 * Reads along as git reports on a push, to learn whether any ref changed: receive-pack exits with 0 whether it did or
 * not.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status": `unpack ok`, then `ok <ref>` or `ng <ref> <why>` for
 * each, as pkt-lines.
 * Invariant: constant memory; what is passed on is not touched.
 */

/** A pkt-line's length comes right before its text. */
const REPORT = /[0-9a-f]{4}unpack /;
const CHANGED = /[0-9a-f]{4}ok refs\//;
/** What git reports of every ref when the hook before the push said no. */
const DECLINED = /ng refs\/.*pre-receive hook declined/;
/** Longer than any of the patterns, so that one which lies across two chunks is found. */
const OVERLAP = 32;

export class PushReport {
  #tail = '';
  #reported = false;
  #changed = false;
  #declined = false;

  /** Reads the next piece. @returns true once git has reported a changed ref */
  see(chunk: Buffer): boolean {
    if (this.#changed) return true;
    const text = this.#tail + chunk.toString('latin1');
    this.#reported ||= REPORT.test(text);
    this.#changed = CHANGED.test(text);
    this.#declined ||= DECLINED.test(text);
    this.#tail = text.slice(-OVERLAP);
    return this.#changed;
  }

  /**
   * True when the hook before the push said no. Told for people, not decided by: a report that is cut into pieces may
   * hide it.
   */
  get declined(): boolean {
    return this.#declined;
  }

  /** True when a ref changed, false when none did, null when the client wanted no report. */
  outcome(): boolean | null {
    return this.#reported || this.#changed ? this.#changed : null;
  }
}
