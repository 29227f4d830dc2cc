/**
 * `latchkey login` with a real browser: through loopback, and with a device's code. Then real git with the resulting
 * token.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addOrganization } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { latchkey, MAIN, runProgram } from '../scripts/latchkey-process.ts';
import { look, type Site, startSite, withBrowser } from './browser.ts';

withBrowser();

interface Command {
  /** Waits until this was said, and returns the match. */
  said(words: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<{ code: number | null; said: string }>;
}

/** A person's machine: a home folder, and the command `latchkey`, running until the person is done in the browser. */
async function machine() {
  const home = await mkdtemp(join(tmpdir(), 'latchkey-login-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const env = {
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    BROWSER: 'true',
  };
  const start = (...args: string[]): Command => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    return {
      said: async (words) => {
        await expect.poll(() => words.test(text), { timeout: 30_000 }).toBe(true);
        return words.exec(text)!;
      },
      ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, said: text }))),
    };
  };
  return { home, env, start };
}

async function site(): Promise<Site> {
  const made = await startSite();
  await made.addPerson('ada');
  const { context } = made.server;
  await addOrganization(context, operatorPermit(), { name: 'acme', owner: 'ada' });
  for (const owner of ['ada', 'acme'])
    await addRepository(context, operatorPermit(), { owner, name: 'site', visibility: 'private' });
  return made;
}

async function clone(env: Record<string, string>, home: string, url: string) {
  return runProgram('git', ['clone', '--quiet', url, join(home, `copy-${Math.random()}`)], { env });
}

test('a command signs in through the browser, git clones with what it got, and nobody copied anything', async () => {
  const { url, ...rest } = await site();
  const { home, env, start } = await machine();
  const command = start('login', url, '--name', 'laptop');
  const [, address] = await command.said(/Sign in with your browser: (\S+)/);
  const page = await rest.signedIn('ada');
  await page.goto(address!);
  await look(page, 'consent');
  expect(await page.getByLabel('contents').inputValue()).toBe('write');
  expect(await page.getByLabel('acme').isChecked()).toBe(true);
  await page.getByRole('button', { name: 'Give it the token' }).click();
  await expect.poll(() => page.locator('body').textContent()).toContain('You are signed in. This page can be closed.');
  const { code, said } = await command.ended;
  expect(said).toMatch(
    /signed in at http:\/\/127\.0\.0\.1:\d+ as ada\+1 until \d+ \w+ \d{4}, \d\d:\d\d UTC; it renews itself when git u/,
  );
  expect(code).toBe(0);
  expect(said).not.toMatch(/lkf_/);
  for (const owner of ['ada', 'acme'])
    expect(await clone(env, home, `${url}/${owner}/site.git`)).toMatchObject({ code: 0 });
  expect((await latchkey(['whoami'], { env })).stdout).toMatch(
    /^ada at http.*\ntoken 1 "laptop", fine-grained, until /,
  );
  expect((await latchkey(['token', 'list'], { env })).stdout).toMatch(/1 {3}laptop {2}fine-grained {2}active/);
});

test('what is removed on the page is not in the token, and nothing beyond the request can be added', async () => {
  const { url, server, ...rest } = await site();
  const { home, env, start } = await machine();
  const command = start('login', url, '--name', 'reader');
  const [, address] = await command.said(/Sign in with your browser: (\S+)/);
  const page = await rest.signedIn('ada');
  await page.goto(address!);
  await page.getByLabel('contents').selectOption('read');
  await page.locator('[name="level.personal_access_tokens"]').selectOption('');
  await page.getByLabel('acme').uncheck();
  await page.getByLabel('Days until it ends').fill('400');
  await page.getByRole('button', { name: 'Give it the token' }).click();
  await expect.poll(() => page.getByRole('alert').textContent()).toContain('Enter a number of days from 1 to 90.');
  await page.getByLabel('Days until it ends').fill('7');
  await page.evaluate(
    "document.querySelector('[name=\"level.contents\"]').append(new Option('admin', 'admin', true, true))",
  );
  await page.getByRole('button', { name: 'Give it the token' }).click();
  expect((await command.ended).code).toBe(0);
  const grants = await server.context.store.db
    .selectFrom('grants')
    .innerJoin('accounts', 'accounts.id', 'grants.owner_id')
    .select(['login', 'permissions_json'])
    .execute();
  expect(grants.map(({ login, permissions_json: permissions }) => [login, JSON.parse(permissions)])).toEqual([
    ['ada', { contents: 'write', metadata: 'read' }],
  ]);
  expect((await clone(env, home, `${url}/ada/site.git`)).code).toBe(0);
  expect((await clone(env, home, `${url}/acme/site.git`)).code).not.toBe(0);
});

test('the person says no: the command ends with a sentence and has nothing', async () => {
  const { url, ...rest } = await site();
  const { home, start } = await machine();
  const command = start('login', url);
  const [, address] = await command.said(/Sign in with your browser: (\S+)/);
  const page = await rest.signedIn('ada');
  await page.goto(address!);
  await page.getByRole('button', { name: 'Cancel' }).click();
  const { code, said } = await command.ended;
  expect([code, said.split('\n').slice(1)]).toEqual([
    1,
    ['error: the sign-in was refused in the browser', `hint: begin again: latchkey login ${url}`, ''],
  ]);
  await expect(readFile(join(home, 'data/latchkey/credentials.json'))).rejects.toThrow('ENOENT');
});

test('a machine without a browser: its code is typed on another one', async () => {
  const { url, ...rest } = await site();
  const { home, env, start } = await machine();
  const command = start('login', url, '--device', '--name', 'server');
  const [, where, userCode] = await command.said(/Open (\S+) on any machine and enter this code: (\S+)/);
  expect(userCode).toMatch(/^[B-Z]{4}-[B-Z]{4}$/);
  const page = await rest.signedIn('ada');
  await page.goto(where!);
  await page.getByLabel('Code').fill('BBBB-BBBB');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect
    .poll(() => page.getByRole('alert').textContent())
    .toBe('That code is wrong, used, or expired. Check it, or start again on the device.');
  await look(page, 'device-code');
  await page.getByLabel('Code').fill(userCode!.toLowerCase().replace('-', ' '));
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect.poll(() => page.getByText('Continue only if you started this.').count()).toBe(1);
  await page.getByRole('button', { name: 'Give it the token' }).click();
  await expect.poll(() => page.getByRole('heading', { name: 'The device is signed in' }).count()).toBe(1);
  expect((await command.ended).code).toBe(0);
  expect((await clone(env, home, `${url}/acme/site.git`)).code).toBe(0);
});
