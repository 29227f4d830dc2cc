/**
 * What git sends over SSH, cut into the requests that it would make over HTTP.
 *
 * Source: git's documentation, gitprotocol-pack "Reference Update Request", gitprotocol-v2 "Command Request".
 */
import { Readable } from 'node:stream';
import { FLUSH, packetAt } from '../../git/protocol/pkt-lines.ts';

/** No request of a fetch is longer, nor the commands of a push: the server takes no more either. */
const MAX_REQUEST_BYTES = 32 * 1024 * 1024;

/** The beginning of a push. `isAll`: nothing follows, since it only deletes. */
interface PushHead {
  readonly bytes: Buffer;
  readonly isAll: boolean;
}

export class Input {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next request of protocol 2, with its flush; null when the client wants nothing more. */
  async request(): Promise<Buffer | null> {
    const end = await this.#listEnd(0);
    const bytes = this.#take(end);
    return bytes.length <= FLUSH.length ? null : bytes;
  }

  /**
   * The commands of a push and their flush, with the options behind them when nothing else follows; null when nothing
   * is to be pushed. Git keeps its end open after a push that only deletes, so its end must be found here.
   */
  async pushHead(): Promise<PushHead | null> {
    const end = await this.#listEnd(0);
    if (end <= FLUSH.length) return null;
    const lines = this.#lines(end);
    const isAll = lines.every(isDeletion);
    if (!isAll) return { bytes: this.#take(this.#held.length), isAll };
    return { bytes: this.#take(lines.some(hasOptions) ? await this.#listEnd(end) : end), isAll };
  }

  /** Whatever else comes. */
  rest(): Readable {
    const [held, pieces] = [this.#take(this.#held.length), this.#pieces];
    async function* all(): AsyncGenerator<Buffer> {
      if (held.length > 0) yield held;
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
    }
    // The end of the session, while the client keeps its own open.
    return Readable.from(all(), { objectMode: false }).on('error', () => undefined);
  }

  /** Where the list that begins at `from` ends, read as far as that; all that came when it is damaged or cut off. */
  async #listEnd(from: number): Promise<number> {
    for (let at = from; ; ) {
      const packet = packetAt(this.#held, at);
      if (packet === 'damaged' || this.#held.length > MAX_REQUEST_BYTES) return this.#held.length;
      if (packet !== 'cut') {
        at = packet.end;
        if (packet.kind === 'flush') return at;
      } else if (!(await this.#more())) return this.#held.length;
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done !== true) this.#held = Buffer.concat([this.#held, next.value]);
    return next.done !== true;
  }

  #take(end: number): Buffer {
    const taken = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    return taken;
  }

  #lines(end: number): string[] {
    const lines: string[] = [];
    for (let at = 0; at < end; ) {
      const packet = packetAt(this.#held, at);
      if (typeof packet === 'string') return [''];
      if (packet.kind === 'data') lines.push(this.#held.toString('latin1', packet.start, packet.end));
      at = packet.end;
    }
    return lines;
  }
}

/** `OLD NEW REF` whose new id is none; a line about a shallow clone says nothing. */
function isDeletion(line: string): boolean {
  return /^[0-9a-f]{40,64} 0{40,64} /.test(line) || line.startsWith('shallow ');
}

/** The first command names what the client can do. */
function hasOptions(line: string): boolean {
  const [, capabilities = ''] = line.split('\0');
  return capabilities.trim().split(' ').includes('push-options');
}
