/**
 * Git's report on a push of which some refs were kept back: says of those why, where git says of the others how it
 * went.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status".
 * Invariant: what is no report passes unchanged. A report is held until it is whole; it is no longer than what was
 * asked for.
 */
import { FLUSH, packetAt, packetLine } from '../../git/protocol/pkt-lines.ts';
import { onChannels } from './push-refusal.ts';

/** Words of git for a branch that may only move forward, and would not. */
const NOT_FORWARD = /^ng (\S+) non-fast-forward$/;
/** The same of any branch that did not move. */
const DECLINED = /^ng (\S+) /;
const REPORT_BAND = 1;

export interface KeptBack {
  readonly usesBands: boolean;
  /** Told for people before the report; '' = nothing. */
  readonly words: string;
  /** Name → why; names in Latin-1. */
  readonly refused: ReadonlyMap<string, string>;
  /** Of refs that git moves forward only: what is said when one would not. */
  readonly forward: ReadonlyMap<string, string>;
}

export class GatedReport {
  readonly #kept: KeptBack;
  #rest: Buffer = Buffer.alloc(0);
  #isBare = false;
  readonly #report: Buffer[] = [];
  readonly #forced: string[] = [];
  readonly #declined = new Set<string>();

  constructor(kept: KeptBack) {
    this.#kept = kept;
  }

  /** Names of those that did not move since they would have lost something. */
  get forced(): readonly string[] {
    return this.#forced;
  }

  /** Names of those that git says did not move, whyever. */
  get declined(): ReadonlySet<string> {
    return this.#declined;
  }

  /** What to send instead of the next piece of git's answer. */
  pass(pieces: readonly Buffer[]): Buffer[] {
    return pieces.flatMap((piece) => this.#read(piece));
  }

  #read(piece: Buffer): Buffer[] {
    if (this.#isBare) return [piece];
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const out: Buffer[] = [];
    let at = 0;
    for (;;) {
      const packet = packetAt(bytes, at);
      if (packet === 'cut') break;
      if (packet === 'damaged') {
        this.#isBare = true;
        break;
      }
      if (packet.kind === 'flush') out.push(...this.#told());
      const isReport = packet.kind === 'data' && (!this.#kept.usesBands || bytes[packet.start] === REPORT_BAND);
      if (isReport)
        this.#report.push(Buffer.from(bytes.subarray(this.#kept.usesBands ? packet.start + 1 : at, packet.end)));
      else out.push(bytes.subarray(at, packet.end));
      at = packet.end;
    }
    this.#rest = this.#isBare ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    if (this.#isBare) out.push(bytes.subarray(at));
    return out;
  }

  /** What is still to be sent when git has said all. */
  rest(): Buffer[] {
    return this.#rest.length === 0 ? [] : [this.#rest];
  }

  /** The report with what was kept back; nothing where git made none. */
  #told(): Buffer[] {
    if (this.#report.length === 0) return [];
    const bytes = Buffer.concat(this.#report.splice(0));
    const lines: string[] = [];
    for (let at = 0; ; ) {
      const packet = packetAt(bytes, at);
      if (typeof packet === 'string' || packet.kind !== 'data') break;
      lines.push(this.#line(bytes.toString('latin1', packet.start, packet.end).replace(/\n$/, '')));
      at = packet.end;
    }
    for (const [name, why] of this.#kept.refused) lines.push(`ng ${name} ${why}`);
    const report = Buffer.from(lines.map(packetLine).join(''), 'latin1');
    if (!this.#kept.usesBands) return [report];
    return onChannels(this.#kept.words, Buffer.concat([report, Buffer.from(FLUSH)]));
  }

  #line(line: string): string {
    const declined = DECLINED.exec(line)?.[1];
    if (declined !== undefined) this.#declined.add(declined);
    const name = NOT_FORWARD.exec(line)?.[1];
    const why = name === undefined ? undefined : this.#kept.forward.get(name);
    if (name === undefined || why === undefined) return line;
    this.#forced.push(name);
    return `ng ${name} ${why}`;
  }
}
