/** A loopback port that nobody listens on, for programs that need to be given one. */
import { type AddressInfo, createServer } from 'node:net';
import { once } from '../waits.ts';

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
