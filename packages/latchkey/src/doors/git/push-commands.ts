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
import { readsAsSomethingElse } from '../../git/objects/names.ts';
import { listAt } from '../../git/protocol/pkt-lines.ts';

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
    return (listAt(bytes, 0)?.contents ?? []).flatMap((content) => {
      const [, before = '', after = '', ref = ''] = COMMAND.exec(content.toString('utf8')) ?? [];
      return ref === '' ? [] : [{ ref, beforeId: idOf(before), afterId: idOf(after) }];
    });
  }
}

/** True when a short push, as it was sent, names a ref that git would take for something else, or can't be read. */
export function mayBringOddRef(body: Buffer): boolean {
  const commands = listAt(body, 0)?.contents;
  return (
    commands === undefined ||
    commands.some((content) =>
      content
        .toString('latin1')
        .split(/[ \0\n]/)
        .some(readsAsSomethingElse),
    )
  );
}

function idOf(text: string): string | null {
  return NONE.test(text) ? null : text;
}
