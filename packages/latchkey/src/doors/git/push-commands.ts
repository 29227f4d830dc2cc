/**
 * Reads along as a client begins to push, to learn which refs it means to move: what is noted before they do, and what
 * webhooks are told afterwards, of those that did.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Update Request": `<old> <new> <ref>` as pkt-lines, with
 * capabilities behind a NUL in the first, up to a flush-pkt.
 * Invariant: `known` comes before git can have moved anything: it reads on only when it has the flush-pkt.
 * Invariant: at most `MAX_COMMAND_BYTES` are kept; of a push with more commands nobody is told which, but they are
 * counted. What is passed on is not touched.
 */
import type { MovedRef } from '../../actions/repositories/pushes.ts';
import type { RefCountChange } from '../../actions/repositories/refs/ref-guard.ts';
import { readsAsSomethingElse } from '../../git/objects/names.ts';
import { listAt, packetAt } from '../../git/protocol/pkt-lines.ts';

/** About forty thousand commands. */
export const MAX_COMMAND_BYTES = 4 * 1024 * 1024;
/** About three hundred thousand: with more, nobody counts them. */
const MAX_COUNTED_BYTES = 32 * 1024 * 1024;
/** Git refuses each that doesn't begin with `refs/`. */
const ODD_COMMAND = /^[0-9a-f]{40,64} [0-9a-f]{40,64} /i;
const COMMAND = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/[^\0\n]+)/i;
const NONE = /^0+$/;

export class PushCommands {
  #rest: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #state: 'reading' | 'whole' | 'unclear' = 'reading';
  #any = false;
  #isSigned = false;
  /** False when they aren't what git sends, or too many to keep. */
  #areListed = true;
  #count: RefCountChange | null = { made: 0, deleted: 0 };
  #capabilities: ReadonlySet<string> = new Set();
  readonly #moved: MovedRef[] = [];

  /** Reads the next piece of the request. */
  see(chunk: Buffer): void {
    if (this.#state !== 'reading') return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (this.#state === 'reading') {
      const packet = packetAt(bytes, at);
      if (packet === 'cut') break;
      if (packet === 'damaged') this.#endUnclear({ made: 0, deleted: 0 });
      else {
        if (packet.kind === 'data') this.#read(bytes.toString('utf8', packet.start, packet.end));
        else if (packet.kind === 'flush') this.#state = 'whole';
        else this.#endUnclear(null);
        this.#bytes += packet.end - at;
        if (this.#bytes > MAX_COMMAND_BYTES) this.#areListed = false;
        if (this.#bytes > MAX_COUNTED_BYTES) this.#endUnclear(null);
        at = packet.end;
      }
    }
    this.#rest = bytes.subarray(at);
    if (this.#state !== 'reading') this.#rest = Buffer.alloc(0);
  }

  /** @param count what git can take of it at most; null = unknown */
  #endUnclear(count: RefCountChange | null): void {
    this.#state = 'unclear';
    this.#count = count;
  }

  #read(line: string): void {
    const match = COMMAND.exec(line);
    const nul = line.indexOf('\0');
    if (!this.#any && nul >= 0)
      this.#capabilities = new Set(
        line
          .slice(nul + 1)
          .trim()
          .split(' '),
      );
    if (!this.#any) this.#isSigned = line.startsWith('push-cert\0');
    this.#any = true;
    const [, before, after, ref] = match ?? [];
    if (before !== undefined && after !== undefined && ref !== undefined) {
      const moved = { ref, beforeId: idOf(before), afterId: idOf(after) };
      this.#tally(moved);
      if (this.#areListed) this.#moved.push(moved);
    } else if (!line.startsWith('shallow ')) {
      this.#areListed = false;
      // Signed pushes have their commands in another form.
      if (!ODD_COMMAND.test(line)) this.#count = null;
    }
  }

  #tally({ beforeId, afterId }: MovedRef): void {
    if (this.#count === null) return;
    const { made, deleted } = this.#count;
    if (beforeId === null && afterId !== null) this.#count = { made: made + 1, deleted };
    else if (beforeId !== null && afterId === null) this.#count = { made, deleted: deleted + 1 };
  }

  /** True once the commands are known, or it is known that they can't be read. */
  get known(): boolean {
    return this.#state !== 'reading';
  }

  /** True when the request contains no command: before a large push, git sends that to ask whether it may push. */
  get isEmpty(): boolean {
    return this.#state === 'whole' && !this.#any;
  }

  /** True when the commands lie in a certificate. */
  get isSigned(): boolean {
    return this.#isSigned;
  }

  /** True when the client said that it supports this capability. */
  speaks(capability: string): boolean {
    return this.#capabilities.has(capability);
  }

  /** The commands; none when there were too many, or they aren't what git sends. */
  moved(): readonly MovedRef[] {
    return this.#state === 'whole' && this.#areListed ? this.#moved : [];
  }

  /** How the push would change the number of refs; null when nobody can tell. */
  get count(): RefCountChange | null {
    return this.#count;
  }
}

/** True when a short push names a ref that git would take for something else, or can't be read. */
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
  return NONE.test(text) ? null : text.toLowerCase();
}
