/**
 * A check by forward authorization against the introspection of `oidc-provider` (its memory adapter): the same
 * question, asked over the same kind of connections.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { forwardQuestion } from './forward.ts';
import { figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import type { World } from './server.ts';
import { load, measured, textOf } from './token-check.ts';

export async function benchIntrospection(world: World, rounds: number): Promise<Row[]> {
  const peer = spawn(process.execPath, [join(import.meta.dirname, 'oidc-peer.ts')], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  try {
    const [line] = (await once(peer.stdout, 'data')) as [Buffer];
    const { port, token } = JSON.parse(line.toString()) as { port: number; token: string };
    const body = new URLSearchParams({ token }).toString();
    const introspection =
      `POST /token/introspection HTTP/1.1\nHost: 127.0.0.1:${port}\nAuthorization: Basic ` +
      `${Buffer.from('bench:bench').toString('base64')}\n` +
      `Content-Type: application/x-www-form-urlencoded\nContent-Length: ${body.length}\n\n${body}`;
    const question = textOf(forwardQuestion(world), world.url);
    const costs = { latchkey: [] as number[], peer: [] as number[] };
    const taken = await takeTurns(rounds, {
      latchkey: () => measured(world.child.pid!, () => load(Number(new URL(world.url).port), question), costs.latchkey),
      peer: () => measured(peer.pid!, () => load(port, introspection), costs.peer),
    });
    const ratio = ratioOf(taken.latchkey, taken.peer);
    return [
      {
        suite: 'introspection',
        what: "forward authorization against oidc-provider's token introspection",
        figure: `${spread(ratio, 1)} × the throughput`,
        goal: '≥ 5 ×',
        reached: ratio.median >= 5,
        detail:
          `Latchkey ${spread(taken.latchkey, 0, '/s')}, oidc-provider ${spread(taken.peer, 0, '/s')}; processor ` +
          `time a request ${spread(figureOf(costs.latchkey), 0, ' µs')} and ` +
          `${spread(figureOf(costs.peer), 0, ' µs')}`,
      },
    ];
  } finally {
    peer.kill();
  }
}
