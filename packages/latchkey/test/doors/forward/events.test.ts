import { describe, expect, it, onTestFinished } from 'vitest';
import { addUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { addResourceServer } from '../../../src/actions/questions/resource-servers.ts';
import { createToken, revokeToken } from '../../../src/actions/tokens/tokens.ts';
import { type RunningServer, startServer } from '../../../src/app.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { readyDatabase } from '../../engines/engines.ts';

async function running(): Promise<{ server: RunningServer; secret: string }> {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const server = await startServer(
    loadSettings({ flags: { data: database.dataDir, port: 0, logLevel: 'silent' }, env: {} }),
  );
  onTestFinished(() => server.close());
  return { server, secret: (await addResourceServer(server.context, operatorPermit(), 'web')).secret.reveal() };
}

/** The ids of events, as they arrive. */
async function* idsOf(answer: Response): AsyncGenerator<number> {
  let waiting = '';
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    const events = (waiting + chunk).split('\n\n');
    waiting = events.pop()!;
    for (const event of events) if (event.startsWith('event: change')) yield Number(/\nid: (\d+)/.exec(event)![1]);
  }
}

describe('the stream of changes', () => {
  it('announces a revocation, never which, and sends the same id to a service that missed nothing', async () => {
    const { server, secret } = await running();
    const ctx = server.context;
    await addUser(ctx, operatorPermit(), {
      login: 'ada',
      email: 'ada@example.org',
      verified: true,
      admin: false,
      password: null,
    });
    const { token } = await createToken(ctx, operatorPermit(), {
      userLogin: 'ada',
      kind: 'classic',
      name: 'x',
      description: '',
      scopes: [],
      grants: [],
    });
    const listen = (): Promise<Response> =>
      fetch(`${server.url}/api/latchkey/events`, { headers: { authorization: `Bearer ${secret}` } });
    const answer = await listen();
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const ids = idsOf(answer);
    const first = (await ids.next()).value as number;
    await revokeToken(ctx, operatorPermit(), token.id);
    const second = (await ids.next()).value as number;
    expect(second).toBeGreaterThan(first);
    const again = idsOf(await listen());
    expect((await again.next()).value).toBe(second);
  });

  it('is for registered servers alone, and ends when the server does', async () => {
    const { server, secret } = await running();
    expect((await fetch(`${server.url}/api/latchkey/events`)).status).toBe(401);
    const ids = idsOf(
      await fetch(`${server.url}/api/latchkey/events`, { headers: { authorization: `Bearer ${secret}` } }),
    );
    await ids.next();
    const start = performance.now();
    await server.close();
    expect((await ids.next()).done).toBe(true);
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});
