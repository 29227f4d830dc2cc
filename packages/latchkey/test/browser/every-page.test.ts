/**
 * Every page that the server has, opened and looked at in light, dark and narrow: axe finds nothing. Which pages there are is asked of the doors.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page as BrowserPage } from 'playwright-core';
import { expect, test } from 'vitest';
import { makeSetUpLink } from '../../src/actions/sign-up.ts';
import { expectEveryRoute, furnish, PAGE_ROUTES, placesIn, type NoPage, type Page } from '../doors/web/page-routes.ts';
import { axe, look, signIn, startSite, withBrowser } from './browser.ts';
import { octo } from './octo.ts';

withBrowser();

/** Sends each form that demands something with nothing in it, and looks at the page that says so. */
async function complainOfBlanks(browser: BrowserPage, path: string): Promise<string[]> {
  const wrong: string[] = [];
  const forms = await browser.evaluate<number[]>('[...document.forms].flatMap((form, i) => form.method === "post" && form.querySelector("[required]") ? [i] : [])');
  for (const index of forms) {
    await browser.goto(path);
    const [answer] = await Promise.all([
      browser.waitForNavigation(),
      browser.evaluate((i) => {
        const form = (globalThis as any).document.forms[i];
        for (const field of form.querySelectorAll('[required]')) field.value = '';
        form.noValidate = true;
        // After this call has been answered, since the page goes away.
        setTimeout(() => form.requestSubmit());
      }, index),
    ]);
    if (answer?.status() !== 422) wrong.push(`${path}, form ${index}: ${answer?.status()}`);
    wrong.push(...(await axe(browser)).map((violation) => `${path}, form ${index}: ${violation}`));
  }
  return wrong;
}

test('every page is found, and axe finds nothing on it', { timeout: 600_000 }, async () => {
  const site = await octo({ signUp: 'open' });
  const { context } = site.server;
  await expectEveryRoute(context);
  await furnish(context, 'grace');
  await site.addPerson('hal');
  const places = await placesIn(context, 'grace');
  const empty = await startSite();
  const [half, first] = [await site.open(), await empty.open()];
  await signIn(half, 'hal');
  const lookers = { administrator: await site.signedIn('grace'), nobody: await site.open(), half, first };
  const wrong: string[] = [];
  for (const [route, entry] of Object.entries(PAGE_ROUTES) as [string, Page | NoPage][]) {
    if ('is' in entry) continue;
    const page = lookers[entry.as];
    const [path] = entry.as === 'first' ? [(await makeSetUpLink(empty.server.context))!] : entry.at(places);
    const answer = await page.goto(path!);
    if (answer!.status() !== 200 || new URL(page.url()).pathname !== new URL(path!, site.url).pathname) {
      wrong.push(`${answer!.status()} ${route} led to ${page.url()}`);
      continue;
    }
    await look(page, `every${route.replaceAll(/[/:]+/g, '-')}`);
    wrong.push(...await complainOfBlanks(page, path!));
  }
  expect(wrong).toEqual([]);
  for (const path of ['/no/such/page/here', '/api/v3/docs']) {
    await lookers.nobody.goto(path);
    // The reference has hundreds of parts that are all alike.
    await lookers.nobody.evaluate('document.querySelectorAll("section:nth-of-type(n+3)").forEach((part) => part.remove())');
    await look(lookers.nobody, `every${path.replaceAll('/', '-')}`);
  }
});

test('HTML is made by the web door, and by the one page that explains the REST API', () => {
  const doors = join(import.meta.dirname, '../../src/doors');
  const makers = readdirSync(doors, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file) && readFileSync(join(doors, file), 'utf8').includes('text/html; '));
  expect(makers.sort()).toEqual(['github/endpoints/documentation.ts', 'web/plugin.ts']);
});
