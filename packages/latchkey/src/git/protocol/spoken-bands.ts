/**
 * What git tells people next to the packs and reports that it sends, without the paths of this server: git's words
 * about a held lock, a hook that couldn't start or a corrupt pack all contain the place on disk.
 *
 * Source: git's documentation, gitprotocol-capabilities "side-band-64k": band 1 is data, 2 progress, 3 the fatal
 * error.
 * Invariant: data passes through unchanged, without a copy; words wait for the end of their line, because git cuts
 * them anywhere.
 * Never: an absolute path below the repositories' folder, or one in a line that git itself wrote.
 */
import { basename, dirname } from 'node:path';
import { OUTAGES } from '../../base/machine/outage.ts';
import { packetAt } from './pkt-lines.ts';

const HEADER_BYTES = 4;
const WORDS_BAND = 2;
const LAST_WORDS_BAND = 3;
/** Longer lines are sent in parts. */
const MAX_LINE_BYTES = 8 * 1024;
/** What fits into one packet for every client: side-band without 64k takes 999 bytes. */
const MAX_SAID_BYTES = 900;
const LINES = /^[^]*[\r\n]/;

/** The end of a path in a sentence. Not `\s`: bytes of other languages would count as spaces. */
const PATH_END = String.raw`[ \t\r\n'"]`;
/** Lines written by git itself, or by the shell that runs a hook. In others, an absolute path may come from anybody. */
const GITS_LINE = /^(?:(?:error|fatal|warning|BUG): |\/[^ :]+: )/;
const ANY_PATH = /(?<=^|[ \t'"(=])\/[^ \t\r\n'":]+\/[^ \t\r\n'":]*/g;
/** Git's advice about a held lock, line by line: it is for somebody on this machine. */
const LOCK_ADVICE: ReadonlySet<string> = new Set([
  "an editor opened by 'git commit'. Please make sure all processes",
  'are terminated then try again. If it still fails, a git process',
  'may have crashed in this repository earlier:',
  'remove the file manually to continue.',
]);
const LOCK_ADVICE_BEGINS = /^Another git process seems to be running in this repository, e\.g\.(?=[\r\n]*$)/;

/**
 * Git's output in a form that a client may read: a file of the repository by its name there, every other one by its
 * last name.
 * @param repository the repository's folder, `<root>/<owner>/<name>.git`
 */
export function withoutPaths(text: string, repository: string): string {
  return text.replace(/[^\r\n]*[\r\n]*/g, (line) => plainLine(line, repository));
}

/** What git prints when a push is larger than it was told to accept. */
const TOO_MUCH = /^fatal: pack exceeds maximum allowed size[^\r\n]*/m;

function plainLine(line: string, repository: string): string {
  if (LOCK_ADVICE.has(line.replace(/[\r\n]*$/, ''))) return '';
  const said = line.replace(LOCK_ADVICE_BEGINS, OUTAGES.ref_locked.sentence);
  if (!said.includes('/')) return said;
  const root = dirname(dirname(repository));
  const own = new RegExp(`${literal(repository)}(?:/\\.)*(/(?:(?!${PATH_END}).)*)?(?=$|${PATH_END}|[:;,).])`, 'g');
  const other = new RegExp(`${literal(root)}(?:/[^ \\t\\r\\n'":]*)?`, 'g');
  const known = said
    .replace(own, (_path, file: string | undefined) => file?.replace(/^\/+/, '') || 'the repository')
    .replace(other, (path) => (path === root ? 'the repositories' : basename(path)));
  return GITS_LINE.test(said) ? known.replace(ANY_PATH, (path) => basename(path)) : known;
}

function literal(path: string): string {
  return path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Reads along while git answers a fetch or a push. Bytes are read as Latin-1, so that none of them changes. */
export class SpokenBands {
  readonly #repository: string;
  readonly #tooMuch: string | null;
  #wasTooMuch = false;
  /** How much is left of the packet being passed on. */
  #passing = 0;
  /** The beginning of an incomplete packet. */
  #kept: Buffer = Buffer.alloc(0);
  /** The beginning of an incomplete line. */
  #line = '';
  /** The rest isn't packets: a pack without bands. */
  #isBare = false;

  /**
   * @param repository its folder, as passed to git
   * @param tooMuch the message about a push that is larger than git was told to accept
   */
  constructor(repository: string, tooMuch: string | null = null) {
    this.#repository = Buffer.from(repository).toString('latin1');
    this.#tooMuch = tooMuch === null ? null : Buffer.from(tooMuch).toString('latin1');
  }

  /** True when a push was larger than git was told to accept. */
  get wasTooMuch(): boolean {
    return this.#wasTooMuch;
  }

  /** What to send instead of the next piece of git's answer. */
  pass(chunk: Buffer): readonly Buffer[] {
    if (this.#isBare) return [chunk];
    if (this.#passing >= chunk.length) {
      this.#passing -= chunk.length;
      return [chunk];
    }
    const out: Buffer[] = [];
    const bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    this.#kept = Buffer.alloc(0);
    let from = 0;
    let at = this.#passing;
    this.#passing = 0;
    const flush = (end: number): void => {
      if (end > from) out.push(bytes.subarray(from, end));
    };
    while (at < bytes.length) {
      const packet = packetAt(bytes, at);
      const band = bytes[at + HEADER_BYTES];
      if (packet === 'damaged') {
        this.#isBare = true;
        break;
      }
      if (packet === 'cut') {
        const length = lengthAt(bytes, at);
        if (length !== null && band !== undefined && band !== WORDS_BAND && band !== LAST_WORDS_BAND) {
          this.#passing = length - (bytes.length - at);
          break;
        }
        flush(at);
        this.#kept = Buffer.from(bytes.subarray(at));
        return out;
      }
      const isSaid = band === WORDS_BAND || band === LAST_WORDS_BAND;
      // An empty one keeps the connection alive.
      if (packet.kind === 'data' && isSaid && packet.end > packet.start + 1) {
        flush(at);
        out.push(...this.#say(bytes.toString('latin1', packet.start + 1, packet.end), band));
        from = packet.end;
      } else if (packet.kind === 'flush' && this.#line !== '') {
        flush(at);
        out.push(...this.rest());
        from = at;
      }
      at = packet.end;
    }
    flush(bytes.length);
    return out;
  }

  /** What is left to send when git has finished. A client could not read a packet that was cut off. */
  rest(): readonly Buffer[] {
    const line = this.#line;
    this.#line = '';
    return packets(this.#plain(line), WORDS_BAND);
  }

  #plain(words: string): string {
    const plain = withoutPaths(words, this.#repository);
    if (this.#tooMuch === null || !TOO_MUCH.test(plain)) return plain;
    this.#wasTooMuch = true;
    return plain.replace(TOO_MUCH, () => this.#tooMuch ?? '');
  }

  #say(words: string, band: number): Buffer[] {
    const said = this.#line + words;
    const whole = LINES.exec(said)?.[0] ?? '';
    const waits = band === WORDS_BAND && said.length - whole.length <= MAX_LINE_BYTES;
    const now = waits ? whole : said;
    this.#line = waits ? said.slice(whole.length) : '';
    return packets(this.#plain(now), band);
  }
}

function packets(words: string, band: number): Buffer[] {
  const parts = words.match(new RegExp(`[^]{1,${MAX_SAID_BYTES}}`, 'g')) ?? [];
  return parts.map((part) => {
    const length = (HEADER_BYTES + 1 + part.length).toString(16).padStart(HEADER_BYTES, '0');
    return Buffer.from(`${length}${String.fromCharCode(band)}${part}`, 'latin1');
  });
}

/** The length field of the packet that begins there; null when it hasn't arrived yet. */
function lengthAt(bytes: Buffer, at: number): number | null {
  return at + HEADER_BYTES > bytes.length ? null : Number.parseInt(bytes.toString('latin1', at, at + HEADER_BYTES), 16);
}
