/**
 * Reads along as a client begins to push, to learn which refs it means to move: what webhooks are told afterwards, of
 * those that did move.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Update Request": `<old> <new> <ref>` as pkt-lines, with
 * capabilities behind a NUL in the first, up to a flush-pkt.
 * Invariant: at most `MAX_COMMAND_BYTES` are kept; a push with more commands than that tells nobody. What is passed on
 * is not touched.
 */
import type { MovedRef } from '../../actions/repositories/pushes.ts';

/** Some hundred commands. Webhooks are told of fewer. */
const MAX_COMMAND_BYTES = 64 * 1024;
const COMMAND = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/[^\0\n]+)/;
const NONE = /^0+$/;

export class PushCommands {
  readonly #kept: Buffer[] = [];
  #bytes = 0;

  /** Reads the next piece of the request. */
  see(chunk: Buffer): void {
    if (this.#bytes >= MAX_COMMAND_BYTES) return;
    this.#kept.push(chunk.subarray(0, MAX_COMMAND_BYTES - this.#bytes));
    this.#bytes += chunk.length;
  }

  /** The commands; none when they were too many, or are not what git sends. */
  moved(): MovedRef[] {
    const bytes = Buffer.concat(this.#kept);
    const moved: MovedRef[] = [];
    for (let at = 0; at + 4 <= bytes.length; ) {
      const length = Number.parseInt(bytes.toString('latin1', at, at + 4), 16);
      if (length === 0) return moved;
      if (!(length > 4) || at + length > bytes.length) return [];
      const match = COMMAND.exec(bytes.toString('utf8', at + 4, at + length));
      if (match !== null) moved.push({ ref: match[3]!, beforeId: idOf(match[1]!), afterId: idOf(match[2]!) });
      at += length;
    }
    return [];
  }
}

function idOf(text: string): string | null {
  return NONE.test(text) ? null : text;
}
