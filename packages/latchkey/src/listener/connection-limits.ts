/**
 * How many connections the server accepts: limited by what the machine provides, reported in the log and the metrics.
 */
import type { OpenContext } from '../actions/instance/open.ts';
import { Connections } from '../base/machine/connections.ts';
import { single } from '../telemetry/metrics.ts';

/** While connections are rejected, the log gets a line at most this often. */
const CROWDED_LOG_MS = 60_000;

/** The count of this server's connections. It rejects those beyond the limit. */
export function boundConnections({ settings, descriptors, metrics, log }: OpenContext): Connections {
  let loggedAt = -Infinity;
  const { connections: limit, reserve } = descriptors;
  const connections: Connections = new Connections({
    limit,
    reserve,
    ofNetwork: settings.maxConnectionsOfNetwork ?? Math.max(reserve, Math.floor(limit / 4)),
    trustedProxies: settings.trustedProxies,
    isPlain: settings.tlsCert === null,
    onTurnedAway: (why) => {
      if (performance.now() - loggedAt < CROWDED_LOG_MS) return;
      loggedAt = performance.now();
      log.warn({ why, open: connections.size, limit }, 'connections are turned away: there are as many as may be');
    },
  });
  metrics.add(single('latchkey_connections', 'Connections of clients.', 'gauge', () => connections.size));
  metrics.add({
    name: 'latchkey_connections_turned_away_total',
    help: 'Connections that were told to come back, since there were as many as may be: in all, or of one network.',
    type: 'counter',
    read: () => Object.entries(connections.turnedAway).map(([why, value]) => ({ labels: { why }, value })),
  });
  return connections;
}
