/** The help pages that every refusal links to. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CLIENT_EXECUTABLES, CLIENT_PACKAGE } from '../../src/catalogue/client-files.ts';
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

test('the help leads to the command, in whatever form the server offers it', async () => {
  const downloads = await mkdtemp(join(tmpdir(), 'latchkey-downloads-'));
  onTestFinished(() => rm(downloads, { recursive: true, force: true }));
  const site = await startSite({ downloads });
  const page = await site.open();
  await page.goto('/help');
  await page.getByRole('link', { name: 'Get the latchkey command' }).click();
  await page.getByText('This server offers no file to download.').waitFor();
  await look(page, 'download-none');

  const files = [...CLIENT_EXECUTABLES.map(({ file }) => file), CLIENT_PACKAGE];
  for (const file of files) await writeFile(join(downloads, file), file);
  await writeFile(
    join(downloads, 'SHA256SUMS'),
    files.map((file) => `${'0123456789abcdef'.repeat(4)}  ${file}\n`).join(''),
  );
  await page.reload();
  await look(page, 'download');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: CLIENT_PACKAGE, exact: true }).click(),
  ]);
  expect(saved.suggestedFilename()).toBe(CLIENT_PACKAGE);
  expect(await readFile(await saved.path(), 'utf8')).toBe(CLIENT_PACKAGE);
}, 120_000);
