/** The first start: the server prints where to begin, once, and where mail goes. */
import { expect, onTestFinished, test } from 'vitest';
import { ENGINES, freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkey, serveUntilReady } from './latchkey-process.ts';

const LINK = /^(http:\/\/\S+\/setup\/[\w-]{43})$/m;
const READY = /which is printed once\./;
/** Several starts of the whole program, on a machine that may be busy. */
const STORY_MS = 120_000;

test.each(ENGINES)(
  'a first start prints a set-up link; the next one prints another, and none once somebody has an account [%s]',
  async (engine) => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const options = dataOptions(database);
    const first = await serveUntilReady(options, READY);
    const { stdout } = first.output();
    expect(stdout).toContain(
      'Nobody has an account yet. Make the first one, which administers the instance, with this link; it works once:',
    );
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
  },
  STORY_MS,
);

test(
  'the operator lets in somebody who lost the password, and the second factor',
  async () => {
    const database = await freshDatabase('sqlite');
    onTestFinished(database.remove);
    const options = dataOptions(database);
    const admin = (line: string): ReturnType<typeof latchkey> =>
      latchkey(['admin', 'user', ...line.split(' '), ...options]);
    await admin('add ada --email ada@example.org');
    const link = await admin('password ada --public-url https://git.example.org');
    expect(link.stdout).toMatch(/^https:\/\/git\.example\.org\/password_reset\/[\w-]{43}\n$/);
    const server = await serveUntilReady(options);
    const page = await fetch(new URL(new URL(link.stdout).pathname, server.url));
    expect([page.status, (await page.text()).includes('For the account <strong>ada</strong>')]).toEqual([200, true]);
    expect((await admin('password nobody')).stderr).toContain('error: there is no user nobody');
    expect((await admin('two-factor ada --off')).stderr).toContain(
      'error: the account has no two-factor authentication',
    );
  },
  STORY_MS,
);
