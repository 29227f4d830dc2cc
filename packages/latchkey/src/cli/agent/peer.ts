/**
 * Whose program is at the other end of a connection on loopback, where the system tells: Linux, in `/proc/net`.
 *
 * Source: proc(5), `/proc/net/tcp`: addresses and ports in hexadecimal, the owner in the eighth field.
 * Invariant: only who is known to be somebody else is refused here. The pass decides about everybody.
 */
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** A program that uses sockets of both kinds of addresses is in the second list. */
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];

/** True when the socket's peer is a program of another user. */
export function belongsToAnother({ remotePort, localPort }: Socket): boolean {
  const self = process.getuid?.();
  if (self === undefined || remotePort === undefined || localPort === undefined) return false;
  const owner = TABLES.map((table) => ownerIn(table, remotePort, localPort)).find((uid) => uid !== null);
  return owner !== undefined && owner !== self;
}

/** The owner of the socket that is bound to one port and connected to the other; null when the table has none. */
function ownerIn(table: string, from: number, to: number): number | null {
  let text: string;
  try {
    text = readFileSync(table, 'latin1');
  } catch {
    return null;
  }
  const [local, remote] = [from, to].map((port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`);
  for (const line of text.split('\n')) {
    const [, here = '', there = '', , , , , uid = ''] = line.trim().split(/\s+/);
    if (here.endsWith(local ?? '') && there.endsWith(remote ?? '') && /^\d+$/.test(uid)) return Number(uid);
  }
  return null;
}
