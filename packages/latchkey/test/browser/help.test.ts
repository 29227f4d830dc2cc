/** The help pages to which every refusal leads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_CAUSES } from '../../src/catalogue/refusals/client-causes.ts';
import { REASONS } from '../../src/catalogue/refusals/refusals.ts';
import { look, startSite, withBrowser } from './browser.ts';

withBrowser();

test('every reason has its page and its anchor in the docs, without signing in', async () => {
  const site = await startSite();
  const docs = await readFile(join(import.meta.dirname, '../../../../docs/troubleshooting.md'), 'utf8');
  const page = await site.open();
  await page.goto('/help');
  const links = await page
    .locator('a[href^="/help/"]')
    .evaluateAll((all) => all.map((each) => (each as unknown as { pathname: string }).pathname));
  expect(links).toEqual([...REASONS, ...CLIENT_CAUSES.map(({ code }) => code)].map((code) => `/help/${code}`));
  for (const link of links) {
    expect((await fetch(site.url + link)).status, link).toBe(200);
    expect(docs).toContain(`\n### ${link.slice('/help/'.length)}\n`);
  }
  expect((await fetch(`${site.url}/help/nothing`, { headers: { accept: 'text/html' } })).status).toBe(404);
  await look(page, 'help');
  await page.getByRole('link', { name: 'Permission missing', exact: true }).click();
  await expect.poll(() => page.getByText('The token "ci" lacks contents: write on acme/site.').count()).toBe(1);
  await look(page, 'help-permission-missing');
}, 120_000);
