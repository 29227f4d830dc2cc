/**
 * A TCP proxy on loopback that can be cut like a network: silently (bytes vanish) or loudly (connections are reset and
 * refused); and that can be slow.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from '../waits.ts';

export interface CuttableProxy {
  readonly port: number;
  cut(how: 'silently' | 'loudly'): void;
  mend(): void;
  close(): void;
  /** Each piece from the target arrives this much later. */
  slow(ms: number): void;
}

/**
 * Passes connections on to a port of this machine, which may differ each time.
 * @param change what clients send, on its way
 */
export async function cuttableProxy(
  targetPort: () => number,
  change: (sent: Buffer) => Buffer = (sent) => sent,
): Promise<CuttableProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let delayMs = 0;
  let state: 'whole' | 'silently' | 'loudly' = 'whole';
  const server = createServer((inner) => {
    inner.on('error', () => {});
    if (state === 'loudly') return void inner.resetAndDestroy();
    const outer = connect(targetPort(), '127.0.0.1').on('error', () => inner.destroy());
    const pair = [inner, outer] as const;
    pairs.add(pair);
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      from.on('data', (chunk) => {
        const pass = (): void => {
          if (state === 'whole' && to.writable) to.write(from === inner ? change(chunk) : chunk);
        };
        if (from === outer && delayMs > 0) setTimeout(pass, delayMs);
        else pass();
      });
      from.on('close', () => {
        pairs.delete(pair);
        if (state === 'whole') to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const [inner, outer] of pairs) {
      inner.resetAndDestroy();
      outer.destroy();
    }
    pairs.clear();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut(how) {
      state = how;
      if (how === 'loudly') drop();
    },
    slow(ms) {
      delayMs = ms;
    },
    mend() {
      // A connection that has lost bytes is useless.
      drop();
      state = 'whole';
    },
    close() {
      drop();
      server.close();
    },
  };
}
