/**
 * Says no to a push in band: git shows nobody the words of a refused POST, but it shows what a report says.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status", gitprotocol-capabilities "side-band-64k".
 */
import { MoveRefused } from '../../actions/repositories/refs/ref-guard.ts';
import { Problem } from '../../base/errors.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { FLUSH, packetLine } from '../../git/protocol/pkt-lines.ts';
import type { PushCommands } from './push-commands.ts';
import { inLines } from './refuse.ts';

/** For a packet of a channel: with its length and the channel's number it may have 65,520 bytes. */
const MAX_CHANNEL_BYTES = 65_000;

/** What to say of a push that was kept from git by this error: in a sentence, and short, for each ref. */
export function wordsAgainst(error: unknown): { readonly sentence: string; readonly why: string } {
  if (error instanceof MoveRefused)
    return { sentence: inLines(error.explanation), why: 'the repository has no room for more refs' };
  if (error instanceof Problem) return { sentence: error.message, why: 'not taken here' };
  const step = outageAnswer(error)?.sentence ?? 'Try again in a moment.';
  return {
    sentence: `Nothing was pushed, since the server can't note it. ${step}`,
    why: "the server can't note it now",
  };
}

/**
 * The answer of a push of which nothing was done; null where the client understands none.
 * @param why one short line, for all refs or for each
 */
export function pushRefusal(
  commands: PushCommands,
  sentence: string,
  why: string | ((ref: string) => string),
): Buffer | null {
  if (!commands.speaks('report-status') && !commands.speaks('report-status-v2')) return null;
  const said = (ref: string): string => latin1(typeof why === 'string' ? why : why(ref));
  const refs = commands.moved().map(({ ref }) => `ng ${latin1(ref)} ${said(ref)}`);
  const lines = ['unpack ok', ...refs].map(packetLine);
  const report = Buffer.from(`${lines.join('')}${FLUSH}`, 'latin1');
  if (!commands.speaks('side-band-64k')) return report;
  return Buffer.concat([...onChannels(sentence, report), Buffer.from(FLUSH)]);
}

/** Text as the bytes of its UTF-8, a character each: what `packetLine` measures. */
function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** Words for people and a report, in packets of a client that uses side bands. */
export function onChannels(words: string, report: Buffer): Buffer[] {
  const packets = words === '' ? [] : [onChannel(2, Buffer.from(`${words}\n`))];
  for (let at = 0; at < report.length; at += MAX_CHANNEL_BYTES)
    packets.push(onChannel(1, report.subarray(at, at + MAX_CHANNEL_BYTES)));
  return packets;
}

function onChannel(channel: number, bytes: Buffer): Buffer {
  const head = (bytes.length + 5).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(head), Buffer.from([channel]), bytes]);
}
