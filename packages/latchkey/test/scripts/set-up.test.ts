/** The first start: the server prints where to begin, once, and where mail goes; and that it is alone in its folder. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ENGINES, freshDatabase } from '../engines/engines.ts';
import { dataOptions, latchkey, latchkeyInside, serveUntilReady } from './latchkey-process.ts';

const LINK = /^(http:\/\/\S+\/setup\/[\w-]{43})$/m;
const READY = /which is printed once\./;
/** Several starts of the whole program, on a machine that may be busy. */
const STORY_MS = 120_000;

test.each(ENGINES)(
  'a first start keeps a set-up link for the server’s user; the next one another, and none once somebody has an ' +
    'account [%s]',
  async (engine) => {
    const database = await freshDatabase(engine);
    onTestFinished(database.remove);
    const options = dataOptions(database);
    const first = await serveUntilReady(options, READY);
    const { stdout } = first.output();
    const file = join(database.dataDir, 'set-up-link');
    const linkIn = async (): Promise<string> => LINK.exec(await readFile(file, 'utf8'))![1]!;
    expect(stdout).toContain(
      'Nobody has an account yet. Make the first one, which administers the instance, with the link in this file; ' +
        `it works once:\n  cat ${file}\n`,
    );
    // What is printed ends up in a journal, and who reads that must not become the administrator.
    expect(Object.values(first.output()).join()).not.toContain('/setup/');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(stdout).toMatch(/# mail: +kept in \S+outbox, since no mail server is configured/);
    const link = await linkIn();
    const page = await fetch(link);
    expect([page.status, (await page.text()).includes('Set up Latchkey')]).toEqual([200, true]);
    await first.stop('SIGTERM');

    const second = await serveUntilReady(options, READY);
    const fresh = await linkIn();
    const old = new URL(new URL(link).pathname, fresh);
    expect((await fetch(old)).status).toBe(404);
    expect((await fetch(fresh)).status).toBe(200);
    await latchkeyInside(['admin', 'user', 'add', 'ada', '--email', 'ada@example.org', '--admin', ...options]);
    expect((await fetch(fresh)).status, 'somebody has an account').toBe(404);
    await second.stop('SIGTERM');

    const third = await serveUntilReady(options, READY);
    expect(third.output().stdout).not.toContain('set-up-link');
    await expect(stat(file)).rejects.toThrow('ENOENT');
  },
  STORY_MS,
);

test(
  'the operator lets in somebody who lost the password, and the second factor',
  async () => {
    const database = await freshDatabase('sqlite');
    onTestFinished(database.remove);
    const options = dataOptions(database);
    const admin = (line: string): ReturnType<typeof latchkeyInside> =>
      latchkeyInside(['admin', 'user', ...line.split(' '), ...options]);
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

test('a second server in one data folder is refused in words, and has it when the first was killed', async () => {
  const database = await freshDatabase('sqlite');
  onTestFinished(database.remove);
  const options = dataOptions(database);
  const first = await serveUntilReady([...options, '--workers', '2']);
  const second = await latchkey(['serve', '--port', '0', ...options]);
  expect(second.code).toBe(3);
  expect(second.stderr).toContain(
    `error: another latchkey serve uses the data folder ${database.dataDir}: process ${first.child.pid}\nhint: stop it`,
  );
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  expect((await latchkeyInside(['admin', 'user', 'add', 'ada', '--email', 'ada@example.org', ...options])).code).toBe(
    0,
  );
  await first.stop('SIGKILL');
  const third = await serveUntilReady(options);
  expect((await fetch(`${third.url}/readyz`)).status).toBe(200);
}, 120_000);
