/** The life of an account, as people experience it: set-up, sign-up, verification, two factors, passwords, sessions. */
import { Secret as OtpSecret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { makeSetUpLink } from '../../src/actions/accounts/sign-up.ts';
import { look, PASSWORD, signIn, startSite, withBrowser } from './browser.ts';
import { linkIn, mailSaying } from './mailbox.ts';

withBrowser();

const heading = (page: Page, name: string): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();
/** The page says what is wrong. */
const complains = (page: Page, words: string): Promise<void> =>
  page.getByRole('alert').filter({ hasText: words }).waitFor();

async function fillPerson(page: Page, login: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('Username').fill(login);
  await page.getByLabel('E-mail address').fill(`${login}@example.org`);
  await page.getByLabel('Password').fill(password);
}

test('the set-up link makes the first administrator, once', async () => {
  const site = await startSite();
  const path = (await makeSetUpLink(site.server.context))!;
  const page = await site.open();
  await page.goto(path);
  await heading(page, 'Set up Latchkey');
  await look(page, 'set-up');
  await fillPerson(page, 'a--b', 'short');
  await page.getByRole('button', { name: 'Create the first account' }).click();
  await page.getByText('2 things are wrong').waitFor();
  expect(await page.getByLabel('Username').inputValue()).toBe('a--b');
  await look(page, 'set-up-wrong');
  await fillPerson(page, 'ada');
  await page.getByRole('button', { name: 'Create the first account' }).click();
  await page.getByLabel('Account menu of ada').waitFor();
  await page.goto(path);
  await heading(page, 'This link no longer works');
  expect(await makeSetUpLink(site.server.context)).toBeNull();
});

test('somebody who is invited makes an account, and verifies another address', async () => {
  const site = await startSite();
  await site.addPerson('ada', { admin: true });
  const admin = await site.signedIn('ada');
  await admin.goto('/instance/invitations');
  await admin.getByLabel('E-mail address').fill('grace@example.org');
  await admin.getByRole('button', { name: 'Invite' }).click();
  await admin.getByText('The invitation is on its way to grace@example.org.').waitFor();
  await look(admin, 'invitations');
  await admin.reload();
  expect(await admin.getByLabel('Invitation link').count()).toBe(0);
  const page = await site.open();
  await page.goto('/signup');
  await page.getByText('Accounts here are by invitation.').waitFor();
  await page.goto(linkIn(await mailSaying(site, 'invites you to make an account')));
  expect(await page.getByLabel('E-mail address').inputValue()).toBe('grace@example.org');
  await fillPerson(page, 'grace');
  await look(page, 'sign-up');
  await page.getByRole('button', { name: 'Create account' }).click();
  await heading(page, 'Emails');
  expect(await page.getByText('Verified', { exact: true }).count()).toBe(1);
  await page.getByLabel('E-mail address').fill('hopper@example.org');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByText('Unverified').waitFor();
  await look(page, 'emails');
  await page.goto(linkIn(await mailSaying(site, 'hopper@example.org is yours')));
  await look(page, 'verify');
  await page.getByRole('button', { name: 'Yes, that is my address' }).click();
  await page.getByText('The address is verified.').waitFor();
  await page.getByRole('button', { name: 'Make primary hopper@example.org' }).click();
  await page.getByText('The primary address was changed.').waitFor();
  await admin.goto('/instance/mail');
  await look(admin, 'mail');
  await admin.getByRole('link', { name: 'ada invites you' }).click();
  await admin.getByText('Create your account').waitFor();
  await look(admin, 'mail-one');
});

const codeOf = (key: string): string => new TOTP({ secret: OtpSecret.fromBase32(key.replaceAll(' ', '')) }).generate();

test('two-factor authentication asks for a code, takes each code once, and recovery codes too', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.signedIn('ada');
  await page.goto('/settings/security');
  await look(page, 'security');
  await page.getByRole('link', { name: 'Turn on' }).click();
  const key = (await page.locator('code').textContent())!;
  await look(page, 'two-factor');
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.getByRole('button', { name: 'Turn on' }).click();
  await complains(page, 'That code is wrong.');
  expect(await page.locator('code').textContent()).toBe(key);
  const used = codeOf(key);
  await page.getByLabel('Code', { exact: true }).fill(used);
  await page.getByRole('button', { name: 'Turn on' }).click();
  await page.getByText('Two-factor authentication is on.').waitFor();
  const codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents();
  expect(new Set(codes).size).toBe(16);
  await look(page, 'recovery-codes');
  await page.reload();
  expect(await page.getByRole('list', { name: 'Recovery codes' }).count()).toBe(0);
  await mailSaying(site, 'Two-factor authentication was turned on');

  const elsewhere = await site.open();
  await signIn(elsewhere, 'ada');
  await heading(elsewhere, 'Two-factor authentication');
  await look(elsewhere, 'code');
  await elsewhere.goto('/settings/security');
  await heading(elsewhere, 'Sign in to Latchkey');
  await signIn(elsewhere, 'ada');
  await elsewhere.getByLabel('Code', { exact: true }).fill(used);
  await elsewhere.getByRole('button', { name: 'Verify' }).click();
  await complains(elsewhere, 'That code is wrong, or was used already.');
  await elsewhere.getByLabel('Code', { exact: true }).fill(codes[2]!);
  await elsewhere.getByRole('button', { name: 'Verify' }).click();
  await elsewhere.getByLabel('Account menu of ada').waitFor();

  for (const [code, works] of [
    [codes[0]!, true],
    [codes[0]!, false],
    [codes[1]!.toUpperCase().replace('-', ' '), true],
  ] as const) {
    const other = await site.open();
    await signIn(other, 'ada');
    await other.getByLabel('Code').fill(code);
    await other.getByRole('button', { name: 'Verify' }).click();
    if (works) await other.getByLabel('Account menu of ada').waitFor();
    else await complains(other, 'was used already');
  }
  await page.goto('/settings/security/two-factor');
  await page.getByText('You have 13 recovery codes left').waitFor();
  await look(page, 'two-factor-on');
  await page.getByRole('button', { name: 'Turn off' }).click();
  await page.getByRole('button', { name: 'Turn it off' }).click();
  await page.getByText('Two-factor authentication is off.').waitFor();
});

test('a changed password ends the other sessions, and a forgotten one is replaced by mail', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const [page, other] = [
    await site.signedIn('ada'),
    await site.signedIn('ada', { userAgent: 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/150.0' }),
  ];
  await mailSaying(site, 'a browser not seen before');
  await page.goto('/settings/sessions');
  await page.getByText('Firefox on Windows').waitFor();
  await look(page, 'sessions');
  await page.goto('/settings/security');
  await page.getByRole('link', { name: 'Change password' }).click();
  await look(page, 'password-change');
  await page.getByLabel('Old password').fill('not this');
  await page.getByLabel('New password', { exact: true }).fill('another long password');
  await page.getByLabel('Confirm new password').fill('another long password');
  await page.getByRole('button', { name: 'Change password' }).click();
  await complains(page, 'That is not your password.');
  await page.getByLabel('Old password').fill(PASSWORD);
  await page.getByLabel('New password', { exact: true }).fill('another long password');
  await page.getByLabel('Confirm new password').fill('another long password');
  await page.getByRole('button', { name: 'Change password' }).click();
  await page.getByText('your other sessions were ended').waitFor();
  await other.goto('/settings/sessions');
  await other.getByText('Your session has ended. Sign in again.').waitFor();

  const forgot = await site.open();
  await forgot.goto('/login');
  await forgot.getByRole('link', { name: 'Forgot your password?' }).click();
  await look(forgot, 'password-forgotten');
  await forgot.getByLabel('Username or e-mail address').fill('nobody@example.org');
  await forgot.getByRole('button', { name: 'Send me a link' }).click();
  await forgot.getByText('If there is an account with that address').waitFor();
  await forgot.goto('/password_reset');
  await forgot.getByLabel('Username or e-mail address').fill('ada');
  await forgot.getByRole('button', { name: 'Send me a link' }).click();
  const path = linkIn(await mailSaying(site, 'asked for a new password'));
  await forgot.goto(path);
  await look(forgot, 'password-reset');
  await forgot.getByLabel('New password').fill('a third long password');
  await forgot.getByRole('button', { name: 'Set the password' }).click();
  await forgot.getByText('Your password was changed.').waitFor();
  await forgot.goto(path);
  await heading(forgot, 'This link no longer works');
  await page.goto('/settings/sessions');
  await page.getByText('Your session has ended. Sign in again.').waitFor();
  await signIn(page, 'ada', 'a third long password');
  await page.getByLabel('Account menu of ada').waitFor();
  await page.goto('/settings/security-log');
  await page.getByText('user.change_password').first().waitFor();
  await look(page, 'security-log');
  await page.goto('/settings/profile');
  await look(page, 'profile');
});
