/**
 * GraphQL's smallest query, who asks, against the REST endpoint that answers the same: one server, one token, the same
 * connections.
 */
import { join } from 'node:path';
import { figureOf, type Row, ratioOf, spread, takeTurns } from './measure.ts';
import { startWorld } from './server.ts';
import { load, measured } from './token-check.ts';

export async function benchGraphql(folder: string, rounds: number): Promise<Row[]> {
  const world = await startWorld(join(folder, 'graphql'), null, ['--api-rate-limit', '0']);
  try {
    const port = Number(new URL(world.url).port);
    const body = JSON.stringify({ query: 'query UserCurrent{viewer{login}}' });
    const head = `Host: 127.0.0.1:${port}\nAuthorization: Bearer ${world.token}\n`;
    const query =
      `POST /api/graphql HTTP/1.1\n${head}Content-Type: application/json\n` +
      `Content-Length: ${body.length}\n\n${body}`;
    const call = `GET /api/v3/user HTTP/1.1\n${head}\n`;
    const costs = { graphql: [] as number[], rest: [] as number[] };
    const taken = await takeTurns(rounds, {
      graphql: () => measured(world.child.pid!, () => load(port, query), costs.graphql),
      rest: () => measured(world.child.pid!, () => load(port, call), costs.rest),
    });
    const ratio = ratioOf(taken.graphql, taken.rest);
    return [
      {
        suite: 'graphql',
        what: '`viewer{login}` over GraphQL against `GET /user`',
        figure: `${spread(ratio, 2)} × the throughput`,
        goal: '≥ 0.6 ×',
        reached: ratio.median >= 0.6,
        detail:
          `GraphQL ${spread(taken.graphql, 0, '/s')}, REST ${spread(taken.rest, 0, '/s')}; processor time a request ` +
          `${spread(figureOf(costs.graphql), 0, ' µs')} and ${spread(figureOf(costs.rest), 0, ' µs')}`,
      },
    ];
  } finally {
    await world.stop();
  }
}
