/** Passkeys in a real browser, with an authenticator simulated by Chromium. */
import type { CDPSession, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { look, signIn, startSite, withBrowser } from './browser.ts';

withBrowser();

async function withAuthenticator(page: Page): Promise<{ cdp: CDPSession; id: string }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, id };
}

test('a passkey is added, signs in alone or beside a name, stands in for the code, and is removed', async () => {
  const site = await startSite({ publicUrl: 'http://localhost:7070' });
  const { port } = new URL(site.url);
  // Passkeys are bound to a name, so the server is opened by its public name.
  (site.server.context.settings as { publicUrl: string }).publicUrl = `http://localhost:${port}`;
  await site.addPerson('ada');
  const page = await site.open({ baseURL: `http://localhost:${port}` });
  const { cdp, id } = await withAuthenticator(page);
  await signIn(page, 'ada');
  await page.goto('/settings/security/passkeys');
  await look(page, 'passkeys-none');
  await page.getByLabel('Name').fill('laptop');
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await page.getByText('two-factor authentication is on.').waitFor();
  expect(await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').count()).toBe(16);
  await page.goto('/settings/security/passkeys');
  await page.getByText('never used').waitFor();
  await page.getByLabel('Name').fill('the same');
  await page.getByRole('button', { name: 'Add passkey' }).click();
  await page.getByText('has a passkey of this account already').waitFor();
  await look(page, 'passkeys');

  // The authenticator answers at once while it is touched: then the offer in the username field signs in.
  const touch = (enabled: boolean): Promise<unknown> =>
    cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: id, enabled });
  await page.context().clearCookies();
  await page.goto('/login');
  await page.getByLabel('Account menu of ada').waitFor();

  await touch(false);
  await page.context().clearCookies();
  await page.goto('/login');
  await look(page, 'sign-in-passkey');
  await touch(true);
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('Nothing was signed. Try again.').waitFor();
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: true });
  await cdp.send('WebAuthn.setResponseOverrideBits', { authenticatorId: id, isBogusSignature: true });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByText('The passkey was not accepted.').first().waitFor();
  await cdp.send('WebAuthn.setResponseOverrideBits', { authenticatorId: id, isBogusSignature: false });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByLabel('Account menu of ada').waitFor();

  await touch(false);
  await page.context().clearCookies();
  await signIn(page, 'ada');
  await touch(true);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await page.getByLabel('Account menu of ada').waitFor();

  await site.server.context.store.db.updateTable('sessions').set({ sudo_until: 0 }).execute();
  await page.goto('/settings/security/passkeys');
  await look(page, 'sudo-passkey');
  await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
  await page.getByText(/last used/).waitFor();
  await page.getByRole('button', { name: 'Remove laptop' }).click();
  await page.getByRole('button', { name: 'Remove this passkey' }).click();
  await page.getByText('The passkey was removed.').waitFor();
  await page.goto('/settings/security');
  await page.getByText('Off', { exact: true }).waitFor();
});
