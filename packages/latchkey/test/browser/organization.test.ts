/** What owners of an organization do with tokens, as seed 002 tells it. */
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
  await owner.getByRole('button', { name: 'Approve' }).click();
  await owner.getByText('Tick at least one request.').waitFor();
  await owner.getByLabel('build of ada').check();
  await owner.getByRole('button', { name: 'Approve' }).click();
  await owner.getByText('The request is approved.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toBeNull();
  await owner.getByRole('link', { name: 'Active tokens' }).click();
  await owner.getByText('Can read code in all repositories of octo.').waitFor();
  await look(owner, 'organization-tokens');
  await owner.getByLabel('build of ada').check();
  await owner.getByRole('button', { name: 'Revoke' }).click();
  await owner.getByText('The token reaches octo no more.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).not.toBeNull();
  await owner.getByRole('link', { name: 'Policy', exact: true }).click();
  await owner.getByLabel('Access by classic tokens').selectOption('no');
  await owner.getByLabel('Maximum lifetime of fine-grained tokens, in days').fill('30');
  await owner.getByRole('button', { name: 'Save policy' }).click();
  await owner.getByText('Classic: restricted').waitFor();
  await look(owner, 'organization-policy');
  await owner.getByRole('link', { name: 'People' }).click();
  await look(owner, 'organization-people');
  await owner.getByRole('link', { name: 'Audit log' }).click();
  await owner.getByText('personal_access_token.access_granted').first().waitFor();
  await look(owner, 'organization-audit-log');
  await page.goto('/organizations/octo/settings/personal-access-token-requests');
  await page.getByRole('heading', { name: 'You may not do that' }).waitFor();
});
