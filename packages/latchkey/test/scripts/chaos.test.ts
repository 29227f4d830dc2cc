/**
 * The server is killed and starved at many moments of a busy minute, as `npm run chaos` does for hours. Everything
 * acknowledged before is still there: tokens, people, refs, audit entries; no dead secret works, and no repository is
 * damaged.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ENGINES } from '../engines/engines.ts';
import { once } from '../waits.ts';
import { runProgram } from './latchkey-process.ts';

const CHAOS = join(import.meta.dirname, '../../../../chaos');

/** The minute of continuous integration, half for each engine. The seed kills every kind of process early. */
const HALF_A_MINUTE = ['--minutes', '0.5', '--away-sec', '0.5', '--check-every', '2', '--seed', '9056'];

// Both at once: half of the time they wait for a server that was killed.
test.concurrent.each(ENGINES)(
  'half a minute of faults at %s loses nothing that was acknowledged',
  {
    timeout: 400_000,
  },
  async (engine) => {
    const run = await runProgram(process.execPath, [join(CHAOS, 'main.ts'), '--engine', engine, ...HALF_A_MINUTE]);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/: [1-9]\d* kills in [^]*\nLOST OR ALIVE AGAINST THE LEDGER +0\n$/);
    expect(run.code).toBe(0);
  },
);

test('what it is told wrongly is said in words, and nothing is started', async () => {
  const asked = await runProgram(process.execPath, [join(CHAOS, 'main.ts'), '--fault', 'earthquake']);
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toContain('error: there is no fault "earthquake"\nusage: npm run chaos');
});

test('no answer is not a loss: it is requested again, and at last said to be unanswered', async () => {
  const { settledStatus }: { settledStatus: SettledStatus } = await import(join(CHAOS, 'ask.ts'));
  const question = { method: 'GET', path: '/user', token: 'a token' };
  let requests = 0;
  const busy = await served((request, response) => {
    requests++;
    if (requests === 1) request.socket.destroy();
    else response.writeHead(requests === 2 ? 503 : 401).end();
  });
  expect(await settledStatus(busy, question)).toBe(401);
  expect(requests).toBe(3);
  const silent = await served(({ socket }) => socket.destroy());
  await expect(settledStatus(silent, question, 200)).rejects.toThrow(
    /^GET \/user was not answered, requested ([2-9]|\d\d+) times in \d+ s$/,
  );
});

type SettledStatus = (
  url: string,
  question: { method: string; path: string; token: string },
  patienceMs?: number,
) => Promise<number>;

async function served(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
