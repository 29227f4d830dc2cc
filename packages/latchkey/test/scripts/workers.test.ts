/** `serve --workers`: processes that share a port and a database, replaced one by one under load. */
import { readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { childrenOf } from '../engines/child-processes.ts';
import { readyDatabase } from '../engines/engines.ts';
import { within } from '../waits.ts';
import { latchkeyInside, type Serving, serveUntilReady } from './latchkey-process.ts';

function statusOf(agent: Agent, url: string, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(
      `${url}/ada/notes.git/info/refs?service=git-upload-pack`,
      { agent, headers: { authorization, 'git-protocol': 'version=2' } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode!));
      },
    );
    request.on('error', reject);
  });
}

const workersOf = (serving: Serving): number[] => childrenOf(serving.child.pid!);

async function startWorkers(...more: string[]) {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const data = ['--data', database.dataDir];
  const serving = await serveUntilReady([...data, '--workers', '2', '--metrics-port', '0', ...more]);
  // The server reports ready when the first worker listens; this line comes when both do.
  await expect.poll(() => serving.output().stderr).toContain('metrics of all workers at');
  const admin = async (line: string): Promise<string> => {
    const ended = await latchkeyInside(['admin', ...line.split(' '), ...data]);
    expect(ended.code, ended.stderr).toBe(0);
    return ended.stdout.trim();
  };
  await admin('user add ada --email ada@example.org --verified');
  await admin('repo add ada/notes');
  const header = async (name: string): Promise<string> => {
    const secret = await admin(`token add ada --name ${name} --classic --scope repo`);
    return `Basic ${Buffer.from(`ada:${secret}`).toString('base64')}`;
  };
  expect(workersOf(serving)).toHaveLength(2);
  return { serving, admin, header };
}

describe('two workers', () => {
  test('both refuse a token that the command line has revoked, from the next request on', {
    timeout: 90_000,
  }, async () => {
    const { serving, admin, header } = await startWorkers();
    const authorization = await header('laptop');
    // A connection belongs to one worker; connections go to the workers in turn.
    const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    onTestFinished(() => agents.forEach((agent) => agent.destroy()));
    for (let round = 0; round < 3; round++)
      for (const agent of agents) expect(await statusOf(agent, serving.url, authorization)).toBe(200);
    await admin('token revoke 1');
    for (const agent of agents) expect(await statusOf(agent, serving.url, authorization)).toBe(401);
  });

  test('are replaced one by one without a failed request, and stop with the server', { timeout: 120_000 }, async () => {
    const { serving, header } = await startWorkers();
    const authorization = await header('laptop');
    const before = workersOf(serving);
    const agent = new Agent({ keepAlive: true });
    const failures: unknown[] = [];
    let answered = 0;
    let loading = true;
    const loops = Array.from({ length: 6 }, async () => {
      while (loading) {
        const status = await statusOf(agent, serving.url, authorization).catch((error: unknown) => error);
        if (status === 200) answered++;
        else failures.push(status);
        await pause(2);
      }
    });
    await vi.waitFor(() => expect(answered).toBeGreaterThan(200), { timeout: 30_000 });
    serving.child.kill('SIGHUP');
    await vi.waitFor(() => expect(serving.output().stderr).toContain('all workers are new'), { timeout: 60_000 });
    const answeredByThen = answered;
    await vi.waitFor(() => expect(answered).toBeGreaterThan(answeredByThen + 200), { timeout: 30_000 });
    loading = false;
    await Promise.all(loops);
    agent.destroy();
    expect(failures).toEqual([]);
    await vi.waitFor(() => expect(workersOf(serving)).toHaveLength(2), { timeout: 30_000 });
    const after = workersOf(serving);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    const { code } = await serving.stop('SIGTERM');
    expect(code).toBe(0);
    await vi.waitFor(() => expect(after.filter(isAlive)).toEqual([]), { timeout: 10_000 });
  });

  test('what was handed to one that was killed before it took it is closed, here and at the client', {
    timeout: 60_000,
  }, async () => {
    const { serving } = await startWorkers();
    const descriptors = (): number => readdirSync(`/proc/${serving.child.pid}/fd`).length;
    const before = descriptors();
    const [victim, other] = workersOf(serving) as [number, number];
    // Two workers that accept nothing: each has one connection on its way to it.
    for (const pid of [victim, other]) process.kill(pid, 'SIGSTOP');
    const { port } = new URL(serving.url);
    const clients = Array.from({ length: 2 }, () => connect(Number(port), '127.0.0.1'));
    onTestFinished(() => clients.forEach((client) => client.destroy()));
    const closed = clients.map((client) => {
      client.on('error', () => undefined).write('GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      client.resume();
      return within(new Promise((resolve) => client.once('close', resolve)), 'the end of the connection');
    });
    await vi.waitFor(() => expect(descriptors()).toBe(before + 2), { timeout: 20_000 });
    process.kill(victim, 'SIGKILL');
    await Promise.race(closed);
    process.kill(other, 'SIGCONT');
    await Promise.all(closed);
    await vi.waitFor(() => expect(workersOf(serving)).toHaveLength(2), { timeout: 30_000 });
    await vi.waitFor(() => expect(descriptors()).toBe(before), { timeout: 20_000 });
    // What Node keeps of the dead one must not keep the server alive.
    expect((await serving.stop('SIGTERM')).code).toBe(0);
  });

  test('are two again after one was killed', { timeout: 60_000 }, async () => {
    const { serving, header } = await startWorkers();
    const authorization = await header('laptop');
    const [victim] = workersOf(serving);
    process.kill(victim!, 'SIGKILL');
    await vi.waitFor(
      () => {
        const now = workersOf(serving);
        expect(now).toHaveLength(2);
        expect(now).not.toContain(victim);
      },
      { timeout: 30_000 },
    );
    const agent = new Agent();
    for (let n = 0; n < 6; n++) expect(await statusOf(agent, serving.url, authorization)).toBe(200);
    expect(serving.output().stderr).toContain('ended with SIGKILL; starting another');
  });
});

test('a worker that is killed while it starts is replaced, too', { timeout: 60_000 }, async () => {
  const database = await readyDatabase('sqlite');
  onTestFinished(database.remove);
  const serving = await serveUntilReady(['--data', database.dataDir, '--workers', '2']);
  await vi.waitFor(() => expect(workersOf(serving)).toHaveLength(2), { timeout: 30_000, interval: 5 });
  const victim = Math.max(...workersOf(serving));
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(
    () => {
      const now = workersOf(serving);
      expect(now).toHaveLength(2);
      expect(now).not.toContain(victim);
    },
    { timeout: 30_000 },
  );
});

describe('a server that stops', () => {
  test('says at /readyz that it does, and goes on answering for the delay', { timeout: 60_000 }, async () => {
    const database = await readyDatabase('sqlite');
    onTestFinished(database.remove);
    const serving = await serveUntilReady(['--data', database.dataDir, '--stop-delay-sec', '600']);
    expect(await (await fetch(`${serving.url}/readyz`)).json()).toMatchObject({ status: 'ready' });
    serving.child.kill('SIGTERM');
    await vi.waitFor(
      async () => {
        const answer = await fetch(`${serving.url}/readyz`);
        expect([answer.status, await answer.json()]).toMatchObject([503, { status: 'stopping', check: false }]);
        expect(answer.headers.get('connection')).toBe('close');
      },
      { timeout: 20_000 },
    );
    expect((await fetch(`${serving.url}/healthz`)).status).toBe(200);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
