/** A token's own page: its refusals and the click that fixes them, editing, a new secret. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { look, type Site, withBrowser } from './browser.ts';
import { cloneWith, copied, octo } from './octo.ts';

withBrowser();

const run = promisify(execFile);

/** Pushes one commit with a token as the password. Null when it works, otherwise Git's output. */
async function pushWith(site: Site, login: string, token: string, repository: string): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-push-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const git = (...args: string[]) =>
    run('git', ['-c', 'credential.helper=', '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], {
      cwd: folder,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    });
  const url = new URL(`${site.url}/${repository}.git`);
  url.username = login;
  url.password = token;
  await git('init', '--quiet', '--initial-branch=main');
  await writeFile(join(folder, 'note.txt'), 'one line\n');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'Add a note');
  return git('push', '--quiet', url.href, 'main').then(
    () => null,
    (error: { stderr: string }) => error.stderr,
  );
}

test('a refusal appears on the token page, and one click fixes it', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens/new?name=desk&contents=read&issues=write&gists=write');
  await page.getByRole('button', { name: 'Generate token' }).click();
  const token = await copied(page);
  expect(await cloneWith(site, 'ada', token, 'ada/notes')).toBeNull();
  expect(await pushWith(site, 'ada', token, 'ada/notes')).toContain('lacks contents: write');
  await page.getByRole('link', { name: 'Go to the token' }).click();
  await page.getByText('The token "desk" lacks contents: write on ada/notes.').waitFor();
  await look(page, 'token-page');
  await page.getByRole('link', { name: 'Fix this' }).click();
  await page.getByRole('button', { name: 'Add it to this token' }).waitFor();
  await look(page, 'token-fix');
  await page.getByRole('button', { name: 'Add it to this token' }).click();
  await page.getByText('Added. The secret stays the same').waitFor();
  expect(await pushWith(site, 'ada', token, 'ada/notes')).toBeNull();
  await page.reload();
  await page.getByRole('cell', { name: 'contents: write' }).waitFor();
  // A token of today has had no time to use what it has.
  expect(await page.getByRole('button', { name: 'Narrow to what was used' }).count()).toBe(0);
  await page.getByRole('link', { name: 'See what this opens' }).click();
  await page.getByText('/repos/{owner}/{repo}/contents/{path}').first().waitFor();
  await look(page, 'token-endpoints');
});

test('a token is edited without a new secret, and gets a new one with an overlap', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens/new?name=desk&contents=read');
  await page.getByRole('button', { name: 'Generate token' }).click();
  const first = await copied(page);
  await page.getByRole('link', { name: 'Go to the token' }).click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('Token name').fill('desk at home');
  await look(page, 'token-edit');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'desk at home', level: 1 }).waitFor();
  expect(await cloneWith(site, 'ada', first, 'ada/notes')).toBeNull();
  await page.getByRole('link', { name: 'Regenerate or rotate' }).click();
  await page.getByLabel('In an hour, or at the first use of the new one').check();
  await look(page, 'token-renew');
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const second = await copied(page);
  expect(second).not.toBe(first);
  expect(await cloneWith(site, 'ada', first, 'ada/notes')).toBeNull();
  expect(await cloneWith(site, 'ada', second, 'ada/notes')).toBeNull();
  expect(await cloneWith(site, 'ada', first, 'ada/notes')).not.toBeNull();
});
