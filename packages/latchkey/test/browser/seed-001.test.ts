/** Seed 001: two-factor authentication is turned on, the password no longer pushes, a token made on the page does. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { expect, onTestFinished, test } from 'vitest';
import { look, PASSWORD, type Site, withBrowser } from './browser.ts';
import { copied, octo } from './octo.ts';

withBrowser();

interface Pushed {
  readonly ok: boolean;
  /** Git's output, without the address of this machine. */
  readonly said: string;
}

/** A folder with a commit, and `git push` as a person does it when asked for a name and a password. */
async function workTree(site: Site, repository: string): Promise<(login: string, password: string) => Promise<Pushed>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-seed-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const typist = join(folder, 'typist');
  await writeFile(
    typist,
    '#!/bin/sh\ncase "$1" in Username*) echo "$TYPED_NAME" ;; *) echo "$TYPED_PASSWORD" ;; esac\n',
  );
  await chmod(typist, 0o755);
  const git = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Pushed> =>
    new Promise((resolve) => {
      const whole = ['-c', 'credential.helper=', '-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args];
      execFile(
        'git',
        whole,
        {
          cwd: folder,
          env: {
            ...process.env,
            GIT_ASKPASS: typist,
            GIT_TERMINAL_PROMPT: '0',
            GIT_CONFIG_GLOBAL: '/dev/null',
            ...env,
          },
        },
        (error, stdout, stderr) => {
          resolve({ ok: error === null, said: stdout + stderr });
        },
      );
    });
  await git(['init', '--quiet', '-b', 'main']);
  await git(['commit', '--quiet', '--allow-empty', '-m', 'first']);
  await git(['remote', 'add', 'origin', `${site.url}/${repository}.git`]);
  return (login, password) => git(['push', 'origin', 'main'], { TYPED_NAME: login, TYPED_PASSWORD: password });
}

test('seed 001: with two factors on, the password no longer pushes; the words lead to a token that does', async () => {
  const site = await octo();
  const push = await workTree(site, 'ada/notes');
  const page = await site.signedIn('ada');

  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByRole('link', { name: 'Password and authentication' }).click();
  await page.getByRole('link', { name: 'Turn on' }).click();
  const key = (await page.locator('code').textContent())!.replaceAll(' ', '');
  await page.getByLabel('Code', { exact: true }).fill(new TOTP({ secret: OtpSecret.fromBase32(key) }).generate());
  await page.getByRole('button', { name: 'Turn on' }).click();
  await page.getByText('Two-factor authentication is on.').waitFor();

  const wrong = await push('ada', 'not her password');
  expect(wrong.ok).toBe(false);
  expect(wrong.said).toContain(
    'remote: That is no token. The password of an account is not accepted here; a personal access token is.',
  );
  expect(wrong.said).toContain('fatal: Authentication failed');
  const right = await push('ada', PASSWORD);
  expect(right.ok).toBe(false);
  expect(right.said).toContain(
    'remote: Two-factor authentication is on for this account, so the password no longer works here.',
  );
  expect(right.said).not.toContain(PASSWORD);
  const link = /remote: (https?:\/\/\S+)/.exec(right.said)![1]!;
  await page.goto(link);
  await page.getByRole('heading', { name: 'New fine-grained personal access token' }).waitFor();

  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByRole('link', { name: 'Developer settings' }).click();
  await page.getByRole('link', { name: 'Tokens (classic)' }).click();
  await page.getByRole('link', { name: 'Generate new token (classic)' }).click();
  await page.getByLabel('Note').fill('my laptop');
  await page.getByLabel('repo', { exact: true }).check();
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'my laptop is ready' }).waitFor();
  const token = await copied(page);
  await look(page, 'seed-001-token');
  expect(await push('ada', token)).toMatchObject({ ok: true });
});
