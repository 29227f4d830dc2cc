/**
 * Reads git's report on a push as it passes, to learn whether any ref changed: receive-pack exits with 0 either way.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status": `unpack ok`, then `ok <ref>` or `ng <ref> <why>` for
 * each, as pkt-lines; in the first band if the client uses side bands (gitprotocol-capabilities, "side-band-64k").
 * Invariant: constant memory; what passes through is unchanged.
 */
import { PacketStream } from '../../git/protocol/pkt-lines.ts';
import { MAX_COMMAND_BYTES } from './push-commands.ts';

/** The band of the report; the others carry text for people. */
const REPORT_BAND = 1;
const LAST_BAND = 3;
const REFUSED = /^ng (refs\/[^ \n]+)/;
const DECLINED = 'pre-receive hook declined';

export class PushReport {
  readonly #outer = new PacketStream();
  readonly #banded = new PacketStream();
  #reported = false;
  #changed = false;
  #declined = false;
  readonly #refused = new Set<string>();
  #refusedBytes = 0;

  /** Reads the next piece. @returns true once git has reported a changed ref and the whole report is there */
  see(chunk: Buffer): boolean {
    for (const content of this.#outer.read(chunk)) {
      const band = content[0] ?? 0;
      if (band === REPORT_BAND) for (const line of this.#banded.read(content.subarray(1))) this.#line(line);
      else if (band > LAST_BAND) this.#line(content);
    }
    return this.#changed && this.#ended;
  }

  get #ended(): boolean {
    return this.#outer.flushed || this.#banded.flushed;
  }

  #line(content: Buffer): void {
    const line = content.toString('utf8');
    this.#reported ||= line.startsWith('unpack ');
    this.#changed ||= line.startsWith('ok refs/');
    this.#declined ||= line.startsWith('ng refs/') && line.includes(DECLINED);
    const ref = REFUSED.exec(line)?.[1];
    if (ref !== undefined && (this.#refusedBytes += content.length) <= MAX_COMMAND_BYTES) this.#refused.add(ref);
  }

  /** The refs that should have changed but did not. */
  refused(): ReadonlySet<string> {
    return this.#refused;
  }

  /** True when the pre-receive hook refused. Used for messages, not for decisions. */
  get declined(): boolean {
    return this.#declined;
  }

  /** True when a ref changed, false when none did, null without a whole report: the client may not want one. */
  outcome(): boolean | null {
    return this.#changed || (this.#reported && this.#ended) ? this.#changed : null;
  }
}
