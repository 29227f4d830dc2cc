/** Signing in and out, as people do it. */
import { expect, test } from 'vitest';
import { look, PASSWORD, startSite, withBrowser } from './browser.ts';

withBrowser();

test('a person signs in, changes how pages look, and signs out', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.open();
  await page.goto('/settings/appearance');
  expect(page.url()).toContain('/login?return_to=%2Fsettings%2Fappearance');
  await look(page, 'sign-in');
  await page.getByLabel('Username or e-mail address').fill('ada@example.org');
  await page.getByLabel('Password').fill('wrong horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: 'The name or the password is wrong.' }).waitFor();
  expect(await page.getByLabel('Username or e-mail address').inputValue()).toBe('ada@example.org');
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  await look(page, 'sign-in-wrong');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Appearance' }).waitFor();
  await look(page, 'appearance');
  await page.getByLabel('Dark').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  expect(await page.locator('html').getAttribute('data-color-mode')).toBe('dark');
  await page.reload();
  expect(await page.getByText('Saved.').count()).toBe(0);
  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
});

test('signing in needs neither a mouse nor scripts', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.open({ javaScriptEnabled: false });
  await page.goto('/settings/sessions');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('wrong horse');
  await page.keyboard.press('Enter');
  await page.locator('[role=alert]:focus').filter({ hasText: 'The name or the password is wrong.' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await Promise.all([page.waitForURL('**/settings/sessions'), page.keyboard.press('Enter')]);
  await page.getByRole('heading', { name: 'Sessions' }).waitFor();
  await page.keyboard.press('Tab');
  await page.locator('a:focus', { hasText: 'Skip to content' }).waitFor();
  await page.getByLabel('Account menu of ada').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Sign out' }).waitFor();
  await page.getByText('Chrome on Linux').waitFor();
});
