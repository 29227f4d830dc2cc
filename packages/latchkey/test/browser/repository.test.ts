/** Home and repositories in the browser: made, filled, shared, renamed, deleted. */
import { expect, test } from 'vitest';
import { look, withBrowser } from './browser.ts';
import { cloneWith, copied, octo } from './octo.ts';

withBrowser();

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
  await page.getByLabel('Begin with a README').check();
  await page.getByRole('button', { name: 'Create repository' }).click();
  await page.getByText('Initial commit').waitFor();
  await look(page, 'repository');
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByLabel('Username').fill('nobody-here');
  await page.getByRole('button', { name: 'Let in' }).click();
  await page.getByRole('alert').getByText('There is no user nobody-here.').waitFor();
  await page.getByLabel('Username').fill('grace');
  await page.getByRole('button', { name: 'Let in' }).click();
  await page.getByText('grace has the role write.').waitFor();
  await look(page, 'repository-settings');
  await page.getByRole('button', { name: 'Archive', exact: true }).click();
  await page.getByText('The repository is read-only now.').waitFor();
  await page.getByRole('button', { name: 'Unarchive' }).click();
  await page.getByLabel('Repository name').fill('watch');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByLabel('Type ada/watch').fill('watch');
  await page.getByRole('button', { name: 'Delete this repository' }).click();
  await page.getByRole('alert').getByText('Type ada/watch to delete it.').waitFor();
  await page.getByLabel('Type ada/watch').fill('ada/watch');
  await page.getByRole('button', { name: 'Delete this repository' }).click();
  await page.getByText('ada/watch is deleted.').waitFor();
  const stranger = await site.open();
  await stranger.goto('/ada/notes');
  await stranger.getByText('Sign in to open that page.').waitFor();
});
