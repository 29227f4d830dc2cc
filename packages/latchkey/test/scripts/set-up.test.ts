/** The first start: the server prints where to begin, once, and says where mail goes. */
import { expect, onTestFinished, test } from 'vitest';
import { ENGINES, freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkey, serveUntilReady } from './latchkey-process.ts';

const LINK = /^(http:\/\/\S+\/setup\/[\w-]{43})$/m;
const READY = /which is printed once\./;

test.each(ENGINES)('a first start prints a set-up link; the next one prints another, and none once somebody has an account [%s]', async (engine) => {
  const database = await freshDatabase(engine);
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const first = await serveUntilReady(options, READY);
  const { stdout } = first.output();
  expect(stdout).toContain('Nobody has an account yet. Make the first one, which administers the instance, with this link; it works once:');
  expect(stdout).toMatch(/# mail: +kept in \S+outbox, since no mail server is configured/);
  const link = LINK.exec(stdout)![1]!;
  const page = await fetch(link);
  expect([page.status, (await page.text()).includes('Set up Latchkey')]).toEqual([200, true]);
  await first.stop('SIGTERM');

  const second = await serveUntilReady(options, READY);
  const fresh = LINK.exec(second.output().stdout)![1]!;
  const old = new URL(new URL(link).pathname, fresh);
  expect((await fetch(old)).status).toBe(404);
  expect((await fetch(fresh)).status).toBe(200);
  await latchkey(['admin', 'user', 'add', 'ada', '--email', 'ada@example.org', '--admin', ...options]);
  expect((await fetch(fresh)).status, 'somebody has an account').toBe(404);
  await second.stop('SIGTERM');

  const third = await serveUntilReady(options, READY);
  expect(third.output().stdout).not.toContain('/setup/');
});
