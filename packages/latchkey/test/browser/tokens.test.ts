/** Tokens in the browser, as in the seeds: made, copied once, used with real Git, deleted. */
import { expect, test } from 'vitest';
import { axe, look, withBrowser } from './browser.ts';
import { cloneWith, copied, octo } from './octo.ts';

withBrowser();

test('seed 000: a token made the GitLab way is copied and clones', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Edit profile' }).click();
  await page.getByRole('link', { name: 'Access tokens' }).click();
  await page.getByLabel('Token name').fill('Guide');
  await page.getByLabel('api', { exact: true }).check();
  await look(page, 'scoped-new');
  await page.getByRole('button', { name: 'Create personal access token' }).click();
  await page.getByRole('heading', { name: 'Guide is ready' }).waitFor();
  await page.getByRole('tab', { name: 'Never type it again' }).click();
  expect(await page.getByRole('link', { name: 'the latchkey command' }).getAttribute('href')).toBe('/download');
  await look(page, 'scoped-created');
  const token = await copied(page);
  expect(token).toMatch(/^lks_/);
  expect(await cloneWith(site, 'ada', token, 'ada/notes')).toBeNull();
  await page.reload();
  expect(await page.getByText(token).count()).toBe(0);
  expect(await page.getByRole('heading', { name: 'Your new personal access token' }).count()).toBe(0);
  await page.getByText('never ends', { exact: true }).waitFor();
});

test('below a new secret a line tells by itself of a refusal with its fix, then of the first use', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  const name = `${'laptop-'.repeat(5)}`;
  await page.goto(`/settings/personal-access-tokens/new?name=${name}&contents=read`);
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: `${name} is ready` }).waitFor();
  expect(await page.evaluate<string>('document.activeElement.textContent')).toBe(`${name} is ready`);
  await page.getByText('This line changes by itself').waitFor();
  await look(page, 'secret-waiting');
  const token = await copied(page);

  await page.getByRole('tab', { name: 'git clone' }).focus();
  for (const [key, step] of [
    ['ArrowRight', 'Never type it again'],
    ['ArrowRight', 'curl'],
    ['End', 'CI'],
    ['ArrowRight', 'git clone'],
  ] as const) {
    await page.keyboard.press(key);
    expect(await page.getByRole('tab', { selected: true }).textContent()).toBe(step);
    expect(await axe(page), step).toEqual([]);
  }

  const refused = await fetch(`${site.url}/api/v3/repos/ada/notes/contents/a.txt`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: 'a', content: '' }),
  });
  expect(refused.status).toBe(403);
  await page.getByRole('link', { name: 'Fix this' }).waitFor();
  await look(page, 'secret-refused');

  expect(await cloneWith(site, 'ada', token, 'ada/notes')).toBeNull();
  await page.getByText(/It works.*by git \d.* from 127\.0\.0\.1/).waitFor();
  expect(await page.locator('#new-token').textContent()).toBe(token);
  await look(page, 'secret-used');
});

test('the form with two permissions is on one screen of 1280 by 900, until its restrictions', async () => {
  const site = await octo();
  const page = await site.signedIn('ada', { viewport: { width: 1280, height: 900 } });
  await page.goto('/settings/personal-access-tokens/new?name=ci&target_name=octo&contents=write&issues=read');
  await page.getByText('Only select repositories').click();
  await page.getByLabel('Justification').waitFor();
  const fields = await page.locator('.lk-token-fields').boundingBox();
  expect(fields!.y + fields!.height).toBeLessThanOrEqual(900);
});

test('seed 002: a fine-grained token is filled in by hand, summarized, and created once', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens');
  await look(page, 'fine-grained-none');
  await page.getByRole('link', { name: 'Generate new token' }).click();
  await page.getByLabel('Token name').fill('ci <b>bold</b>');
  await page.getByLabel('Expiration', { exact: true }).selectOption('60');
  await page.getByLabel('Resource owner').selectOption('octo');
  await page.getByLabel('Justification').fill('The build reads the site');
  await page.getByText('Only select repositories').click();
  await page.getByLabel('Search repositories').fill('sit');
  await page.getByLabel('site').check();
  await page.getByLabel('Contents').focus();
  await page.getByLabel('Contents').selectOption('read');
  await page.getByText('Asks octo to read code in octo/site').waitFor();
  await page.getByText('Clone and fetch; read code').waitFor();
  expect(await page.evaluate<string>('document.activeElement.name')).toBe('contents');
  await page.getByLabel('Search permissions').fill('deploy key');
  await page.getByText('Read settings, collaborators, deploy keys').waitFor();
  await look(page, 'fine-grained-search');
  await page.getByLabel('Administration').selectOption('write');
  await page.getByText('It can let others in for good.').waitFor();
  await page.getByRole('button', { name: 'Remove Administration' }).click();
  await page.getByText('It can let others in for good.').waitFor({ state: 'hidden' });
  await page.getByLabel('Search permissions').fill('repo');
  await page.getByText('repo is a scope of Tokens (classic)').waitFor();
  await page.getByLabel('Search permissions').fill('');
  await page.getByText('Used most').waitFor();
  expect(await page.getByText('Clone and fetch; read code').count()).toBe(1);
  await look(page, 'fine-grained-new');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'ci <b>bold</b> waits for approval' }).waitFor();
  await look(page, 'fine-grained-created');
  const token = await copied(page);
  expect(token).toMatch(/^lkf_/);
  await page.getByText('Asks octo to read code in octo/site.').waitFor();
  expect(await cloneWith(site, 'ada', token, 'octo/site')).toContain('waits until an owner of octo approves it');
  await page.goto('/settings/personal-access-tokens/new');
  await page.goBack();
  expect(await page.getByText(token).count()).toBe(0);
});

test('seed 002: a link fills the form in, complains where it must, and nothing typed is lost', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto(
    '/settings/personal-access-tokens/new?name=Repo-reading+token&description=Just+contents:read' +
      '&target_name=octodemo&expires_in=45&contents=read',
  );
  await page.getByRole('alert').getByText('Cannot find the specified resource owner: octodemo').waitFor();
  expect(await page.getByLabel('Token name').inputValue()).toBe('Repo-reading token');
  expect(await page.getByLabel('Description').inputValue()).toBe('Just contents:read');
  expect(await page.getByLabel('Expiration', { exact: true }).inputValue()).toBe('45');
  expect(await page.getByLabel('Contents').inputValue()).toBe('read');
  await look(page, 'fine-grained-link');
  await page.getByLabel('Resource owner').selectOption('ada');
  await page.getByText('Only select repositories').click();
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('alert').getByText('Select at least one repository.').waitFor();
  expect(await page.getByLabel('Token name').inputValue()).toBe('Repo-reading token');
  await page.getByLabel('notes').check();
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'Repo-reading token is ready' }).waitFor();
  await page.getByText('Can read code in ada/notes.').waitFor();
  await page.goto('/settings/all-tokens');
  await page.keyboard.press('/');
  await page.keyboard.type('reading');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/settings/all-tokens?q=reading');
  await look(page, 'all-tokens');
  await page.getByLabel('Actions for Repo-reading token').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowDown');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Rotate');
  await page.keyboard.press('Escape');
  expect(await page.getByRole('link', { name: 'Delete' }).isVisible()).toBe(false);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Delete' }).click();
  await look(page, 'token-delete');
  await page.getByRole('button', { name: 'Delete this token' }).click();
  await page.getByText('Repo-reading token is deleted.').waitFor();
});

test('a recipe fills the form in, and what it needs beside that is one choice away', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.goto('/settings/personal-access-tokens');
  await page.getByLabel('Which kind of token').click();
  await page.getByRole('link', { name: /^Generate new token \(classic\)/ }).waitFor();
  await look(page, 'generate-menu');
  await page.getByRole('link', { name: 'Generate new token', exact: true }).click();
  await look(page, 'fine-grained-recipes');
  await page.getByRole('link', { name: 'Bot of an organization' }).click();
  expect(await page.getByLabel('Resource owner').inputValue()).toBe('octo');
  expect(await page.getByLabel('Pull requests').inputValue()).toBe('write');
  await page.getByLabel('site').check();
  await page.getByText('Asks octo to read and write code, issues and pull requests in octo/site').waitFor();
  await page.getByText('0 of 50 fine-grained tokens in use.').waitFor();
  await look(page, 'fine-grained-recipe');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'bot waits for approval' }).waitFor();
});

test('seed 003: a classic token with the scope repo, from the avatar menu on', async () => {
  const site = await octo();
  const page = await site.signedIn('ada');
  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Settings', exact: true }).click();
  await page.getByRole('link', { name: 'Developer settings' }).click();
  await page.getByRole('link', { name: 'Tokens (classic)' }).click();
  await page.getByRole('link', { name: 'Generate new token (classic)' }).click();
  await page.getByLabel('Note').fill('Qwiklabs');
  await page.getByLabel('Expiration', { exact: true }).selectOption('7');
  await page.getByLabel('repo', { exact: true }).check();
  expect(await page.getByLabel('public_repo').isChecked()).toBe(true);
  await look(page, 'classic-new');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByRole('heading', { name: 'Qwiklabs is ready' }).waitFor();
  expect(await cloneWith(site, 'ada', await copied(page), 'octo/ledger')).toBeNull();
  await page.getByText(/^Can read and write everything in every repository that you can, \d+ today\.$/).waitFor();
});

test('the form works without scripts, step by step', async () => {
  const site = await octo();
  const page = await site.signedIn('ada', { javaScriptEnabled: false });
  await page.goto('/settings/personal-access-tokens/new');
  await page.getByLabel('Token name').fill('plain');
  await page.getByLabel('Resource owner').selectOption('octo');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByLabel('Justification').fill('because');
  await page.getByLabel('Only select repositories').check();
  await page.getByLabel('ledger').check();
  await page.getByLabel('Contents').selectOption('write');
  await page.getByRole('button', { name: 'Add another resource owner' }).click();
  expect(await page.getByLabel('Token name').inputValue()).toBe('plain');
  await page.getByRole('button', { name: 'Show summary' }).click();
  // Without scripts, Playwright's own waiting may never look again, so this test polls.
  const shows = (words: string): Promise<void> =>
    expect.poll(() => page.getByText(words).count(), { timeout: 30_000 }).toBe(1);
  await shows('Asks octo to read and write code in octo/ledger');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await shows('Asks octo to read and write code in octo/ledger.');
});

test('by keyboard alone, on a narrow screen, in the dark: a classic token is made and copied', async () => {
  const site = await octo();
  const page = await site.signedIn('ada', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await page.goto('/settings/tokens/new');
  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'Skip to content' }).waitFor();
  await page.keyboard.press('Enter');
  const focused = (): Promise<string> =>
    page.evaluate<string>(
      'document.activeElement.labels?.[0]?.textContent.trim() ?? ' +
        "document.activeElement.getAttribute('aria-label') ?? ''",
    );
  const tabTo = async (name: string): Promise<void> => {
    for (let i = 0; i < 60 && !(await focused()).startsWith(name); i++) await page.keyboard.press('Tab');
    expect(await focused()).toContain(name);
  };
  await tabTo('Note');
  await page.keyboard.type('keys only');
  await tabTo('repo');
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'keys only is ready' }).waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await tabTo('Copy token');
  await page.keyboard.press('Enter');
  await page.getByText('Copied').first().waitFor();
  expect(
    await cloneWith(site, 'ada', await page.evaluate<string>('navigator.clipboard.readText()'), 'ada/notes'),
  ).toBeNull();
});
