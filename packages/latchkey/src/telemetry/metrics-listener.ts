/** `/metrics` on a port of its own, so that it is never reached through the public one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Fault } from '../base/errors.ts';
import type { Settings } from '../base/settings/settings.ts';

export interface MetricsListener {
  /** The address of the metrics: `http://127.0.0.1:9090/metrics`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves what `read` returns as Prometheus text. Null when no port is set.
 * @throws Fault when it can't listen there
 */
export async function listenForMetrics(
  { metricsHost, metricsPort }: Settings,
  read: () => Promise<string>,
): Promise<MetricsListener | null> {
  if (metricsPort === null) return null;
  const server = createServer((request, response) => {
    const isAsked = request.method === 'GET' && request.url?.split('?')[0] === '/metrics';
    if (!isAsked)
      return void response.writeHead(404, { 'Content-Type': 'text/plain' }).end('There is only /metrics here.\n');
    read().then(
      (text) => response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
      () => response.writeHead(503, { 'Content-Type': 'text/plain' }).end('The metrics could not be read.\n'),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Fault(`can't listen on ${metricsHost}:${metricsPort} for metrics`, {
          hint: 'choose another with --metrics-port',
          cause: error,
        }),
      ),
    );
    server.listen({ host: metricsHost, port: metricsPort }, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${metricsHost.includes(':') ? `[${metricsHost}]` : metricsHost}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
