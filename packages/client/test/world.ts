/** A real Latchkey server with two people, and clients for it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { addOrganization, addUser } from '../../latchkey/src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../latchkey/src/actions/decision/authorize.ts';
import { addResourceServer } from '../../latchkey/src/actions/questions/resource-servers.ts';
import { addRepository } from '../../latchkey/src/actions/repositories/repositories.ts';
import { createToken, revokeToken } from '../../latchkey/src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../latchkey/src/app.ts';
import { loadSettings } from '../../latchkey/src/base/settings/settings.ts';
import { type Client, type ClientOptions, createClient } from '../src/client.ts';

export interface World {
  readonly server: RunningServer;
  readonly secret: string;
  /** Ada's: reads the contents of everything in acme. */
  readonly reader: string;
  /** Cy's, who has nothing to do with acme. */
  readonly stranger: string;
  client(options?: Partial<ClientOptions>): Client;
  revoke(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const data = await mkdtemp(join(tmpdir(), 'latchkey-client-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const server = await startServer(loadSettings({ flags: { data, port: 0, logLevel: 'silent' }, env: {} }));
  onTestFinished(() => server.close());
  const { context } = server;
  const permit = operatorPermit();
  for (const login of ['ada', 'cy'])
    await addUser(context, permit, {
      login,
      email: `${login}@example.org`,
      verified: true,
      admin: false,
      password: null,
    });
  await addOrganization(context, permit, { name: 'acme', owner: 'ada' });
  await addRepository(context, permit, { owner: 'acme', name: 'site', visibility: 'private' });
  const grants = [
    {
      owner: 'acme',
      selection: 'all' as const,
      repositories: [],
      permissions: { contents: 'read' },
      justification: null,
    },
  ];
  const reader = await createToken(context, permit, {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'reader',
    description: '',
    scopes: [],
    grants,
  });
  const stranger = await createToken(context, permit, {
    userLogin: 'cy',
    kind: 'classic',
    name: 'stranger',
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  const { secret } = await addResourceServer(context, permit, 'test');
  return {
    server,
    secret: secret.reveal(),
    reader: reader.secret.reveal(),
    stranger: stranger.secret.reveal(),
    client: (options = {}) => {
      const client = createClient({ url: server.url, secret: secret.reveal(), ...options });
      onTestFinished(() => client.close());
      return client;
    },
    revoke: async () => void (await revokeToken(context, permit, reader.token.id)),
  };
}
