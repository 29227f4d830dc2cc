/** What organization owners do with tokens, as in seed 002. */
import { expect, test } from 'vitest';
import { look, withBrowser } from './browser.ts';
import { cloneWith, copied, octo } from './octo.ts';

withBrowser();

test('seed 002: an owner approves what waits, looks at what reaches the organization, and takes it back', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens/new?name=build&target_name=octo&contents=read');
  await page.getByLabel('Justification').fill('To build <i>it</i>');
  await page.getByRole('button', { name: 'Generate token' }).click();
  const token = await copied(page);
  const owner = await site.signedIn('grace');
  await owner.goto('/organizations/octo/settings/personal-access-token-requests');
  await owner.getByText('To build <i>it</i>').waitFor();
  await look(owner, 'organization-requests');
  expect(await owner.getByRole('button', { name: 'Approve selected' }).isVisible()).toBe(false);
  await owner.getByRole('button', { name: 'Approve “build”' }).click();
  await owner.getByText('The request is approved.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toBeNull();
  await owner.getByRole('link', { name: 'Active tokens' }).click();
  await owner.getByText('Can read code in all repositories of octo.').waitFor();
  await look(owner, 'organization-tokens');
  await owner.getByLabel('“build”').check();
  await owner.getByRole('button', { name: 'Revoke' }).click();
  await owner.getByRole('heading', { name: 'Revoke this token for octo?' }).waitFor();
  await look(owner, 'organization-revoke-question');
  await owner.getByRole('button', { name: 'Revoke for octo' }).click();
  await owner.getByText('The token no longer reaches octo.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).not.toBeNull();
  await owner.getByRole('link', { name: 'Policy', exact: true }).click();
  await owner.getByLabel('Access by classic tokens').selectOption('no');
  await owner.getByLabel('Maximum lifetime of fine-grained tokens, in days').fill('30');
  await owner.getByRole('button', { name: 'Save policy' }).click();
  await owner.getByText('classic restricted').waitFor();
  await look(owner, 'organization-policy');
  await owner.getByRole('link', { name: 'People' }).click();
  await look(owner, 'organization-people');
  await owner.getByRole('link', { name: 'Audit log' }).click();
  await owner.getByText('personal_access_token.access_granted').first().waitFor();
  await look(owner, 'organization-audit-log');
  await page.goto('/organizations/octo/settings/personal-access-token-requests');
  await page.getByRole('heading', { name: 'You may not do that' }).waitFor();
});

test('what needs somebody is on the home page and counted in the menus; an inbox is decided by keys', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  for (const name of ['build', 'deploy', 'docs']) {
    await page.goto(`/settings/personal-access-tokens/new?name=${name}&target_name=octo&contents=read`);
    await page.getByRole('button', { name: 'Generate token' }).click();
    await page.getByRole('heading', { name: `${name} waits for approval` }).waitFor();
  }
  const refused = await fetch(`${site.url}/api/v3/repos/octo/site/contents/a`, {
    headers: { Authorization: `Bearer ${await copied(page)}` },
  });
  expect(refused.status).toBe(403);
  await page.goto('/');
  await page.getByRole('heading', { name: '1 thing needs you' }).waitFor();
  await page.getByText('was refused once today').waitFor();
  await look(page, 'home-refused');

  const owner = await site.signedIn('grace');
  await owner.getByRole('heading', { name: '1 thing needs you' }).waitFor();
  await owner.getByText('3 tokens wait for approval in octo').waitFor();
  await look(owner, 'home-requests');
  await owner.getByRole('link', { name: 'Requests 3 waiting' }).click();
  await owner.getByRole('link', { name: 'Pending requests 3 waiting' }).waitFor();
  await owner.getByLabel('Select all').check();
  expect(await owner.getByRole('button', { name: 'Approve selected' }).isVisible()).toBe(true);
  expect(await owner.getByRole('checkbox', { checked: true }).count()).toBe(4);
  await owner.getByLabel('Select all').uncheck();
  await owner.getByRole('heading', { name: 'Pending requests' }).click();
  for (const key of ['j', 'j', 'x']) await owner.keyboard.press(key);
  expect(await owner.getByLabel('“deploy”').isChecked()).toBe(true);
  await owner.keyboard.press('a');
  await owner.getByText('The request is approved.').waitFor();
  for (const key of ['j', 'd']) await owner.keyboard.press(key);
  await owner.keyboard.type('just ask me');
  await look(owner, 'organization-inbox');
  await owner.keyboard.press('Enter');
  await owner.getByText('The request is denied.').waitFor();
  await owner.getByRole('link', { name: 'Requests 1 waiting' }).first().waitFor();
  expect(await owner.getByLabel('“build”').count()).toBe(1);
});

test("an owner takes back what a member's classic token reaches, and gives it back", async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/tokens/new?scopes=repo&description=old+laptop');
  await page.getByRole('button', { name: 'Generate token' }).click();
  const token = await copied(page);
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toBeNull();
  const owner = await site.signedIn('grace');
  await owner.goto('/organizations/octo/settings/personal-access-tokens');
  await owner.getByRole('button', { name: 'Revoke for octo' }).click();
  await owner.getByText('Select a token first.').waitFor();
  await owner.getByLabel('“old laptop”').check();
  await owner.getByRole('button', { name: 'Revoke for octo' }).click();
  await owner.getByRole('heading', { name: 'Revoke this token for octo?' }).waitFor();
  await owner.getByRole('button', { name: 'Revoke for octo' }).click();
  await owner.getByText('The token no longer reaches octo.').waitFor();
  await owner.getByText('Revoked', { exact: true }).waitFor();
  await look(owner, 'organization-member-tokens');
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toContain(
    'An owner of octo revoked the access of the token "old laptop".',
  );
  expect(await cloneWith(site, 'ada', token, 'ada/notes')).toBeNull();
  await page.goto('/settings/tokens');
  await page.getByText('Could in octo, too, until octo revoked it on').waitFor();
  await page.getByRole('link', { name: 'old laptop', exact: true }).click();
  await page.getByText('Could in octo, too, until octo revoked it on').waitFor();
  await look(page, 'token-taken-back');
  await owner.getByLabel('“old laptop”').check();
  await owner.getByRole('button', { name: 'Restore for octo' }).click();
  await owner.getByText('The token reaches octo again.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toBeNull();
});

test('an administrator looks after people, tokens and policies of the instance', async () => {
  const site = await octo();
  await site.addPerson('mori');
  const owner = await site.signedIn('mori');
  await owner.goto('/settings/tokens/new?scopes=repo&description=old+server');
  await owner.getByLabel('Expiration', { exact: true }).selectOption('none');
  await owner.getByRole('button', { name: 'Generate token' }).click();
  const token = await copied(owner);
  await owner.goto('/settings/token-health');
  await owner.getByRole('heading', { name: 'Never ends' }).waitFor();
  await owner.getByText('Subscribe to expiry dates').click();
  await look(owner, 'token-health');
  await owner.getByRole('link', { name: 'Create that token' }).click();
  await owner.getByText('can read personal access tokens').first().waitFor();
  const calendar = await owner.request.get('/settings/token-health.ics');
  expect(calendar.headers()['content-type']).toBe('text/calendar; charset=utf-8');
  expect(await calendar.text()).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\n[^]*END:VCALENDAR\r\n$/);
  const page = await site.signedIn('grace');
  await page.goto('/instance');
  await look(page, 'instance-people');
  await page.getByLabel('Actions for mori').click();
  await page.getByRole('button', { name: 'Password link: mori' }).click();
  await page.getByText('Send it where only they can read it').waitFor();
  await look(page, 'instance-password-link');
  await page.getByLabel('Actions for mori').click();
  await page.getByRole('button', { name: 'Suspend: mori' }).click();
  await look(page, 'instance-suspend-question');
  await page.getByLabel('Reason').fill('left the company');
  await page.getByRole('button', { name: 'Suspend mori' }).click();
  await page.getByText('mori is suspended').waitFor();
  expect(await cloneWith(site, 'mori', token, 'mori/notes')).toContain('suspended');
  await page.getByLabel('Actions for mori').click();
  await page.getByRole('button', { name: 'Restore: mori' }).click();
  await page.getByText('mori is no longer suspended').waitFor();
  await page.getByRole('link', { name: 'Active tokens' }).click();
  await look(page, 'instance-tokens');
  await page.getByLabel('“old server”').check();
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('button', { name: 'Revoke this token' }).click();
  await page.getByText('The token is revoked.').waitFor();
  await page.getByRole('link', { name: 'Token policy' }).click();
  await page.getByLabel('Maximum lifetime of classic tokens, in days').fill('7');
  await page.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('Policy saved.').waitFor();
  await look(page, 'instance-policy');
  // The suspension ended the session.
  const back = await site.signedIn('mori');
  await back.goto('/settings/tokens/new');
  await back.getByText('A policy caps the life of this token at 7 days.').waitFor();
  await page.getByRole('link', { name: 'Audit log' }).click();
  await look(page, 'instance-audit-log');
  await page.getByRole('link', { name: 'Health' }).click();
  await page.getByRole('heading', { name: 'Health' }).waitFor();
  await look(page, 'instance-health');
});
