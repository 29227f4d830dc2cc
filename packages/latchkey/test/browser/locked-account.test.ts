/** "This wasn't me", as its owner experiences it: from the mail to the lock to the unlocked account. */
import { expect, test } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { look, signIn, startSite, withBrowser } from './browser.ts';
import { linkIn, mailSaying } from './mailbox.ts';

withBrowser();

const NEXT = 'a passphrase of nobody else';

test('a mail about a change leads to the lock, a new password, a look through the tokens, and out again', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  await site.addPerson('root', { admin: true });
  for (const name of ['laptop', 'a token with quite a long name, for the nightly backup of every repository there is'])
    await createToken(site.server.context, operatorPermit(), {
      userLogin: 'ada',
      kind: 'classic',
      name,
      description: '',
      scopes: ['repo'],
      grants: [],
    });
  const thief = await site.signedIn('ada');
  await thief.goto('/settings/emails');
  await thief.getByLabel('E-mail address').fill('eve@example.org');
  await thief.getByRole('button', { name: 'Add' }).click();
  await thief.getByText('Unverified').waitFor();

  const page = await site.open();
  await page.goto(linkIn(await mailSaying(site, 'eve@example.org was added')));
  await look(page, 'lock');
  await page.getByRole('button', { name: 'Lock ada' }).click();
  await page.getByRole('heading', { name: 'The account is locked' }).waitFor();
  await look(page, 'locked');
  await thief.goto('/settings/profile');
  await thief.getByText('Your session has ended.').waitFor();
  await signIn(page, 'ada');
  await page.getByRole('alert').filter({ hasText: 'This account is locked' }).waitFor();
  await look(page, 'sign-in-locked');

  const admin = await site.signedIn('root');
  await admin.goto('/instance/people');
  await admin.getByLabel('Actions for ada').click();
  await admin.getByRole('button', { name: 'Unlock: ada' }).waitFor();
  await look(admin, 'people-locked');

  await page.goto(linkIn(await mailSaying(site, 'Every session has ended, and your tokens are frozen')));
  await page.getByLabel('New password').fill(NEXT);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Your password was changed.').waitFor();
  await signIn(page, 'ada', NEXT);
  await page.getByRole('link', { name: 'Check it and unlock it' }).click();
  await page.getByRole('list', { name: 'Frozen tokens' }).getByText('laptop').waitFor();
  await look(page, 'unlock');
  await page.getByRole('button', { name: 'Unlock my account' }).click();
  await page.getByText('Your account is unlocked. Your tokens work again.').waitFor();
  await page.goto('/settings/sessions');
  expect(await page.getByText('frozen').count()).toBe(0);
  await look(page, 'sessions-after');
});
