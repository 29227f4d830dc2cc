/**
 * Says no to a push in band: git shows nobody the words of a refused POST, but it shows what a report says.
 *
 * Source: git's documentation, gitprotocol-pack "Report Status", gitprotocol-capabilities "side-band-64k".
 */
import { FLUSH, packetLine } from '../../git/protocol/pkt-lines.ts';
import type { PushCommands } from './push-commands.ts';

/** For a packet of a channel: with its length and the channel's number it may have 65,520 bytes. */
const MAX_CHANNEL_BYTES = 65_000;

/** The answer to a push of which nothing was done; null when the client understands none. @param why one short line */
export function pushRefusal(commands: PushCommands, sentence: string, why: string): Buffer | null {
  if (!commands.speaks('report-status') && !commands.speaks('report-status-v2')) return null;
  const refs = commands.moved().map(({ ref }) => Buffer.from(ref).toString('latin1'));
  const lines = ['unpack ok', ...refs.map((ref) => `ng ${ref} ${why}`)].map(packetLine);
  const report = Buffer.from(`${lines.join('')}${FLUSH}`, 'latin1');
  if (!commands.speaks('side-band-64k')) return report;
  const packets = [onChannel(2, Buffer.from(`${sentence}\n`))];
  for (let at = 0; at < report.length; at += MAX_CHANNEL_BYTES)
    packets.push(onChannel(1, report.subarray(at, at + MAX_CHANNEL_BYTES)));
  return Buffer.concat([...packets, Buffer.from(FLUSH)]);
}

function onChannel(channel: number, bytes: Buffer): Buffer {
  const head = (bytes.length + 5).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(head), Buffer.from([channel]), bytes]);
}
