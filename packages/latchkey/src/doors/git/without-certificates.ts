/**
 * Signed pushes are not offered: a certificate that nobody verifies proves nothing, and hooks would be told that it was
 * looked at. A repository's own config can have git offer them (`receive.certNonceSeed`), and no setting of ours takes
 * that back, so it is taken out of what git lists.
 *
 * Source: git's documentation, gitprotocol-capabilities "push-cert=<nonce>".
 */
import { packet, packetAt } from '../../git/protocol/pkt-lines.ts';

const OFFER = / push-cert=[^ \n]*/;

export class WithoutCertificates {
  #kept: Buffer = Buffer.alloc(0);
  #isPast = false;

  /** What to send instead of the next piece of the list. */
  pass(pieces: readonly Buffer[]): Buffer[] {
    if (this.#isPast) return [...pieces];
    const bytes = Buffer.concat([this.#kept, ...pieces]);
    const sent: Buffer[] = [];
    let at = 0;
    while (!this.#isPast) {
      const next = packetAt(bytes, at);
      if (next === 'cut') break;
      if (next === 'damaged') this.#isPast = true;
      else {
        const content = next.kind === 'data' ? bytes.toString('latin1', next.start, next.end) : '';
        this.#isPast = content.includes('\0') || next.kind === 'flush';
        const isOffer = OFFER.test(content);
        sent.push(isOffer ? Buffer.from(packet(content.replace(OFFER, '')), 'latin1') : bytes.subarray(at, next.end));
        at = next.end;
      }
    }
    if (this.#isPast) sent.push(bytes.subarray(at));
    this.#kept = this.#isPast ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    return sent;
  }

  /** What is still to be sent when git has said all. */
  rest(): Buffer[] {
    return this.#kept.length === 0 ? [] : [this.#kept];
  }
}
