/** Home and repositories in the browser: created, filled, shared, renamed, deleted. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { sshPublicKey } from '../ssh-keys.ts';
import { once } from '../waits.ts';
import { look, withBrowser } from './browser.ts';
import { cloneWith, copied, octo } from './octo.ts';

withBrowser();

/** A listener that accepts every delivery. Returns its address, and the events it got. */
async function listener(): Promise<{ url: string; events: string[] }> {
  const events: string[] = [];
  const server = createServer((request, response) => {
    events.push(String(request.headers['x-github-event']));
    request.resume().on('end', () => response.writeHead(202).end('taken'));
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, events };
}

test('a person makes a repository, finds out how to fill it, and a token for it', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/');
  await page.getByRole('link', { name: 'ada/notes' }).waitFor();
  await look(page, 'home');
  await page.getByRole('link', { name: 'New repository' }).click();
  await page.getByLabel('Repository name').fill('bad name');
  await page.getByRole('button', { name: 'Create repository' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Repository name').fill('clock');
  await page.getByLabel('Description').fill('<script>alert(1)</script>');
  await look(page, 'repository-new');
  await page.getByRole('button', { name: 'Create repository' }).click();
  await page.getByRole('heading', { name: 'This repository is empty' }).waitFor();
  await page.getByText('<script>alert(1)</script>').waitFor();
  await look(page, 'repository-empty');
  await page.getByRole('link', { name: 'token for this repository' }).click();
  await page.getByText('can read and write code in ada/clock').waitFor();
  await page.getByRole('button', { name: 'Generate token' }).click();
  expect(await cloneWith(site, 'ada', await copied(page), 'ada/clock')).toBeNull();
});

test('its owner changes, shares and deletes it', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/new');
  await page.getByLabel('Repository name').fill('clock');
  await page.getByLabel('Start with a README').check();
  await page.getByRole('button', { name: 'Create repository' }).click();
  await page.getByText('Initial commit').waitFor();
  await look(page, 'repository');
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByLabel('Username').fill('nobody-here');
  await page.getByRole('button', { name: 'Add, or change the role' }).click();
  await page.getByRole('alert').getByText('There is no user nobody-here.').waitFor();
  await page.getByLabel('Username').fill('grace');
  await page.getByRole('button', { name: 'Add, or change the role' }).click();
  await page.getByText('grace has the role write.').waitFor();
  await look(page, 'repository-settings');
  await page.getByRole('button', { name: 'Archive', exact: true }).click();
  await page.getByRole('heading', { name: 'Archive ada/' }).waitFor();
  await page.getByRole('button', { name: 'Archive', exact: true }).click();
  await page.getByText('Repository archived. It is read-only now.').waitFor();
  await page.getByRole('button', { name: 'Unarchive' }).click();
  await page.getByLabel('Repository name').fill('watch');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByLabel('Type ada/watch').fill('watch');
  await page.getByRole('button', { name: 'Delete this repository' }).click();
  await page.getByRole('alert').getByText('Type ada/watch to delete it.').waitFor();
  await page.getByLabel('Type ada/watch').fill('ada/watch');
  await page.getByRole('button', { name: 'Delete this repository' }).click();
  await page.getByRole('heading', { name: 'Delete ada/watch for good?' }).waitFor();
  await look(page, 'repository-delete-question');
  await page.getByRole('button', { name: 'Delete it for good' }).click();
  await page.getByText('ada/watch is deleted.').waitFor();
  const stranger = await site.open();
  await stranger.goto('/ada/notes');
  await stranger.getByText('Sign in to open that page.').waitFor();
});

test('its owner gives a deploy key and a webhook, and sees what was delivered', async () => {
  const site = await octo({ webhookNetworks: ['127.0.0.0/8'] });
  const { url, events } = await listener();
  const page = await site.signedIn('ada');
  await page.goto('/ada/notes/settings');
  await page.getByLabel('Title of the key').fill('<b>build</b>');
  await page.getByLabel('Public key').fill('ssh-rsa nonsense');
  await page.getByRole('button', { name: 'Add deploy key' }).click();
  await page.getByRole('alert').waitFor();
  await look(page, 'repository-settings-refused');
  await page.getByLabel('Public key').fill(sshPublicKey('ed25519'));
  await page.getByRole('button', { name: 'Add deploy key' }).click();
  await page.getByText('SHA256:').waitFor();
  await page.getByLabel('Payload URL').fill(url);
  await page.getByLabel('Secret').fill('a shared secret');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await page.getByRole('link', { name: url }).waitFor();
  await look(page, 'repository-settings-full');
  await page.getByRole('link', { name: url }).click();
  await page.getByRole('heading', { name: 'Deliveries' }).waitFor();
  await expect
    .poll(
      async () => {
        await page.reload();
        return page.getByText('202', { exact: true }).count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await look(page, 'webhook');
  await page.getByRole('button', { name: /^Redeliver ping/ }).click();
  await page.getByText('Sending it again.').waitFor();
  await expect.poll(() => events, { timeout: 30_000 }).toEqual(['ping', 'ping']);
  await page.getByRole('link', { name: 'Repository settings' }).click();
  await page.getByRole('button', { name: 'Remove <b>build</b>' }).click();
  await page.getByRole('button', { name: 'Remove deploy key' }).click();
  await page.getByText('Deploy key removed.').waitFor();
  await page.getByRole('button', { name: `Remove the webhook ${url}` }).click();
  await page.getByRole('button', { name: 'Remove webhook' }).click();
  await page.getByText('Webhook removed.').waitFor();
  await expect.poll(() => page.getByRole('button', { name: /^Remove/ }).count(), { timeout: 30_000 }).toBe(0);
});
