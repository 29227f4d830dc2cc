/** Another application's site, whose proxy leads what is below one path to a server. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { once } from './waits.ts';

/** A site whose `/git` belongs to a server; everything else is another application's. */
export async function siteWith(takesAway: boolean): Promise<{ base: string; leadTo(port: number): void }> {
  let port = 0;
  const site = createServer((incoming, answer) => {
    const path = incoming.url ?? '';
    if (path !== '/git' && !/^\/git[/?]/.test(path)) return answer.writeHead(404).end('another application');
    const onward = takesAway ? path.slice('/git'.length) : path;
    const sent = request(
      { host: '127.0.0.1', port, method: incoming.method, path: onward, headers: incoming.headers },
      (came) => {
        answer.writeHead(came.statusCode ?? 502, came.rawHeaders);
        came.pipe(answer);
      },
    );
    sent.on('error', () => answer.destroy());
    return incoming.pipe(sent);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => void site.close());
  const base = `http://127.0.0.1:${(site.address() as AddressInfo).port}/git`;
  return {
    base,
    leadTo: (to) => {
      port = to;
    },
  };
}
