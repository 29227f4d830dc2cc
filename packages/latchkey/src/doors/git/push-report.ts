/**
 * Reads along as git reports on a push, to learn whether any ref changed: receive-pack exits with 0 whether it did or
 * not.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status": `unpack ok`, then `ok <ref>` or `ng <ref> <why>` for
 * each, as pkt-lines; in the first band of others where the client takes bands (gitprotocol-capabilities,
 * "side-band-64k").
 * Invariant: constant memory; what is passed on is not touched.
 */
import { PacketStream } from '../../git/protocol/pkt-lines.ts';

/** The band of what is reported; the others are words for people. */
const REPORT_BAND = 1;
const LAST_BAND = 3;
const DECLINED = 'pre-receive hook declined';

export class PushReport {
  readonly #outer = new PacketStream();
  readonly #banded = new PacketStream();
  #reported = false;
  #changed = false;
  #declined = false;

  /** Reads the next piece. @returns true once git has reported a changed ref */
  see(chunk: Buffer): boolean {
    if (this.#changed) return true;
    for (const content of this.#outer.read(chunk)) {
      const band = content[0] ?? 0;
      if (band === REPORT_BAND) for (const line of this.#banded.read(content.subarray(1))) this.#line(line);
      else if (band > LAST_BAND) this.#line(content);
    }
    return this.#changed;
  }

  #line(content: Buffer): void {
    const line = content.toString('latin1');
    this.#reported ||= line.startsWith('unpack ');
    this.#changed ||= line.startsWith('ok refs/');
    this.#declined ||= line.startsWith('ng refs/') && line.includes(DECLINED);
  }

  /** True when the hook before the push said no: told for people, not decided by. */
  get declined(): boolean {
    return this.#declined;
  }

  /** True when a ref changed, false when none did, null when the client wanted no report. */
  outcome(): boolean | null {
    return this.#reported || this.#changed ? this.#changed : null;
  }
}
