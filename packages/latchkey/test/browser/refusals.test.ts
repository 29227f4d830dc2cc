/** Pages that stop people: one asks for the password again, one sends them away, one says that there is nothing. */
import { expect, test } from 'vitest';
import { axe, look, PASSWORD, type Site, signIn, startSite, withBrowser } from './browser.ts';

withBrowser();

/** As if nobody had given their password for two hours. */
async function endSudo(site: Site): Promise<void> {
  await site.server.context.store.db.updateTable('sessions').set({ sudo_until: 0 }).execute();
}

test('after two hours the server asks for the password again, before a page and in the middle of a form', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto('/settings/emails');
  await page.getByLabel('E-mail address').fill('lovelace@example.org');
  await endSudo(site);
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await look(page, 'sudo');
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Confirm and continue' }).click();
  await page.getByRole('alert').filter({ hasText: 'That is not your password.' }).waitFor();
  await look(page, 'sudo-wrong');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Confirm and continue' }).click();
  await page.getByText('lovelace@example.org').waitFor();
  await endSudo(site);
  await page.goto('/settings/security/two-factor');
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'Turn on two-factor authentication' }).waitFor();
});

test('nothing typed is lost: not by stepping back, without a connection, or with a session that is over', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto('/settings/profile');
  const bio = page.getByLabel('Bio');
  await bio.fill('a long story');
  await page.getByRole('link', { name: 'Appearance' }).first().click();
  await page.getByRole('heading', { name: 'Appearance' }).waitFor();
  await page.goBack();
  await expect.poll(() => bio.inputValue()).toBe('a long story');
  await page.context().setOffline(true);
  const save = page.getByRole('button', { name: 'Save the profile' });
  await save.click();
  await page.getByText('You are offline. What you typed stays here').waitFor();
  await look(page, 'offline');
  await page.context().setOffline(false);
  await site.server.context.store.db.deleteFrom('sessions').execute();
  await save.click();
  await page.getByRole('heading', { name: 'You were signed out' }).waitFor();
  await look(page, 'signed-out');
  const [other] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'Sign in (in a new tab)' }).click(),
  ]);
  await signIn(other, 'ada');
  await other.getByLabel('Account menu of ada').waitFor();
  await page.getByRole('button', { name: 'Show me what I typed' }).click();
  await page.getByText('what you typed is still here').first().waitFor();
  expect(await bio.inputValue()).toBe('a long story');
  await save.click();
  await page.getByRole('status').filter({ hasText: 'saved' }).waitFor();
  await page.reload();
  expect(await bio.inputValue()).toBe('a long story');
});

test('the form for a token says when its summary is out of date, and where to sign in', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens/new');
  const name = page.getByLabel('Token name');
  await name.fill('laptop');
  await page.context().setOffline(true);
  await name.blur();
  await page.getByText('The summary may be out of date.').waitFor();
  await page.context().setOffline(false);
  await site.server.context.store.db.deleteFrom('sessions').execute();
  await name.fill('laptop 2');
  await name.blur();
  await page.getByText('You are signed out. What you typed stays here').waitFor();
  await look(page, 'summary-out-of-date');
  await page.getByRole('link', { name: 'Sign in in a new tab' }).waitFor();
  expect(await name.inputValue()).toBe('laptop 2');
});

test.each([
  ['/no/such/page', 'There is nothing at this address', 'not-found'],
  [`/verify/${'A'.repeat(43)}`, 'This link no longer works', 'dead-link'],
  ['/instance/mail', 'Only for administrators', 'administrators-only'],
  ['/logout', 'Sign out?', 'sign-out'],
  ['/-/user_settings/profile', 'Public profile', 'profile-gitlab'],
  ['/signup', 'Public profile', 'signed-up-already'],
])('the page at %s says %j to whom it is not for', async (path, words, picture) => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto(path);
  await page.getByRole('heading', { name: words }).waitFor();
  await look(page, picture);
});

test('the avatar menu opens, closes and leads by keyboard', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto('/settings/profile');
  const menu = page.getByLabel('Account menu of ada');
  await menu.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Edit profile' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Edit profile' }).waitFor({ state: 'hidden' });
  await page.locator('summary:focus').waitFor();
  // Its look opens the menu, and closes it again.
  await look(page, 'avatar-menu');
  await menu.click();
  await page.getByRole('link', { name: 'Edit profile' }).click();
  await page.getByRole('link', { name: 'Access tokens' }).waitFor();
});

test('on a narrow screen every menu is behind one button, without scripts too', async () => {
  const site = await startSite();
  await site.addPerson('ada', { admin: true });
  const page = await site.signedIn('ada', { viewport: { width: 375, height: 740 }, javaScriptEnabled: false });
  const rail = page.getByRole('navigation', { name: 'Main' });
  await rail.waitFor({ state: 'hidden' });
  await page.locator('summary', { hasText: 'Home' }).click();
  await rail.getByRole('link', { name: 'Instance' }).click();
  await page.locator('summary', { hasText: 'People' }).click();
  await page.getByRole('navigation', { name: 'Instance' }).getByRole('link', { name: 'Audit log' }).click();
  await page.getByRole('heading', { name: 'Audit log' }).waitFor();
  // axe needs scripts: in a page without them, what it waits for may never come.
  const scripted = await site.signedIn('ada', { viewport: { width: 375, height: 740 } });
  await scripted.locator('summary', { hasText: 'Home' }).click();
  expect(await axe(scripted)).toEqual([]);
});
