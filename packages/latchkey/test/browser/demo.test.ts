/** The README's first push, with its own words: from the demo's link to a push with a token made on the page. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { makeDemo, openDemoDoors } from '../../src/cli/serve/demo.ts';
import { startSite, withBrowser } from './browser.ts';
import { copied } from './octo.ts';

withBrowser();

const README = join(import.meta.dirname, '../../../../README.md');
const WORDS = ['New token', 'Clone and push', 'Generate token', 'Copy', 'Pending requests'] as const;
const run = promisify(execFile);

test('the demo leads from a printed link to a push, in the steps of the README', async () => {
  const readme = await readFile(README, 'utf8');
  expect(WORDS.filter((word) => !readme.includes(`**${word}**`))).toEqual([]);
  const site = await startSite({ demo: true });
  const { context } = site.server;
  await makeDemo(context);
  const doors = await openDemoDoors(context);
  const page = await site.open();

  await page.goto(doors.get('ada')!);
  await page.getByRole('button', { name: 'Sign in as ada' }).click();
  await page.getByRole('link', { name: 'New token', exact: true }).click();
  await page.getByRole('link', { name: 'Clone and push' }).click();
  await page.getByLabel('Resource owner').selectOption('acme');
  await page.getByRole('checkbox', { name: /^site\b/ }).check();
  await page.getByText('Can read and write code and write workflows in acme/site.').first().waitFor();
  await page.getByRole('button', { name: 'Generate token' }).click();
  const token = await copied(page);
  const line = (await page.locator('pre').first().textContent())!;
  expect(line).toMatch(/^git clone http:\/\/ada@127\.0\.0\.1:\d+\/acme\/site\.git$/);

  const folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const git = (args: readonly string[], cwd = join(folder, 'site')) =>
    run('git', ['-c', 'credential.helper=', '-c', 'user.name=Ada', '-c', 'user.email=ada@acme.example', ...args], {
      cwd,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null' },
    });
  const url = new URL(line.split(' ').at(-1)!);
  url.password = token;
  await git(['clone', '--quiet', url.href], folder);
  await git(['commit', '--quiet', '--allow-empty', '-m', 'Try it']);
  await git(['push', '--quiet']);
  await page.getByText('It works').waitFor();

  await page.goto(doors.get('grace')!);
  await page.getByRole('button', { name: 'Sign in as grace' }).click();
  await page.goto('/settings/personal-access-tokens/new?name=mine&target_name=acme&repositories=site&contents=write');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'mine waits for approval' }).waitFor();
});
