/**
 * A TCP relay on loopback that holds a transfer after some bytes until it is opened: a slow client, without a clock.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { once } from '../waits.ts';

export interface Gate {
  readonly port: number;
  /** Resolves when a connection is held. */
  readonly held: Promise<void>;
  open(): void;
}

/** @param direction `down` holds what comes from the target, `up` what goes to it. Closed after the test */
export async function gate(targetPort: number, direction: 'down' | 'up', afterBytes: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const held = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let isOpen = false;
  const server = createServer((inner) => {
    const outer = connect(targetPort, '127.0.0.1');
    const [from, to] = direction === 'down' ? [outer, inner] : [inner, outer];
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    to.pipe(from);
    let bytes = 0;
    from.pipe(to);
    from.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (isOpen || bytes < afterBytes) return;
      from.unpipe(to).pause();
      held.resolve();
      void opened.promise.then(() => from.pipe(to));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    held: held.promise,
    open: () => {
      isOpen = true;
      opened.resolve();
    },
  };
}
