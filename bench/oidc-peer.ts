/**
 * The peer of the introspection: `oidc-provider` with its memory adapter, one client, and one opaque access token.
 *
 *     node bench/oidc-peer.ts
 *
 * Prints one JSON line: its port, and the token. The client is `bench` with the secret `bench`.
 */

import { once } from 'node:events';
import { Provider } from 'oidc-provider';
import { freePort } from '../packages/latchkey/test/engines/free-port.ts';

const port = await freePort();

const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'bench',
      client_secret: 'bench',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
  },
  ttl: { ClientCredentials: 3600 },
});
const server = provider.listen(port, '127.0.0.1');
await once(server, 'listening');
const answer = await fetch(`${issuer}/token`, {
  method: 'POST',
  body: new URLSearchParams({ grant_type: 'client_credentials' }),
  headers: { authorization: `Basic ${Buffer.from('bench:bench').toString('base64')}` },
});
const { access_token: token } = (await answer.json()) as { access_token: string };
process.stdout.write(`${JSON.stringify({ port, token })}\n`);
