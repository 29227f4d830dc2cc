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
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'The name or the password is wrong.' }).waitFor();
  expect(await page.getByLabel('Username or e-mail address').inputValue()).toBe('ada@example.org');
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  await look(page, 'sign-in-wrong');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
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
  // Without scripts, Playwright's own waiting may never look again, so this test polls.
  const shows = (selector: string): Promise<void> =>
    expect.poll(() => page.locator(selector).count(), { timeout: 30_000 }).toBe(1);
  await page.goto('/settings/sessions');
  await shows('input[name=login]:focus');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('wrong horse');
  await page.keyboard.press('Enter');
  await shows('[role=alert]:focus:has-text("The name or the password is wrong.")');
  await page.waitForLoadState();
  await page.keyboard.press('Tab');
  await shows('input[name=login]:focus');
  await page.keyboard.press('Tab');
  await shows('input[name=password]:focus');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await shows('h1:text-is("Sessions")');
  await page.waitForLoadState();
  await page.keyboard.press('Tab');
  await shows('a:focus:text-is("Skip to content")');
  await page.getByLabel('Account menu of ada').focus();
  await page.keyboard.press('Enter');
  await shows('details[open] a:text-is("Sign out")');
  await shows('strong:text-is("Chrome on Linux")');
});
