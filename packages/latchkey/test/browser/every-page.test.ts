/**
 * Every page of the server, wide in light and narrow in dark, with its closed parts opened: axe finds nothing. The
 * doors provide the list of pages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page as BrowserPage } from 'playwright-core';
import { expect, test } from 'vitest';
import { makeSetUpLink } from '../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../src/actions/organizations/policy-change.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { expectEveryRoute, furnish, type NoPage, PAGE_ROUTES, type Page, placesIn } from '../doors/web/page-routes.ts';
import { axe, look, signIn, startSite, withBrowser } from './browser.ts';
import { octo } from './octo.ts';

withBrowser();

/** Forms that were sent blank: many stand on several pages. */
const blanked = new Set<string>();

/** Sends each form that has required fields without filling it in, and looks at the page with the errors. */
async function complainOfBlanks(browser: BrowserPage, path: string): Promise<string[]> {
  const wrong: string[] = [];
  const forms = await browser.evaluate<[index: number, form: string][]>(
    `[...document.forms].flatMap((form, i) => form.method === "post" && form.querySelector("[required]")
      ? [[i, [new URL(form.action).pathname, ...[...form.elements].map(({ name, value }) =>
          name === "form" ? value : name)].join(" ")]]
      : [])`,
  );
  for (const [index, form] of forms) {
    if (blanked.has(form)) continue;
    blanked.add(form);
    await browser.goto(path);
    const [answer] = await Promise.all([
      browser.waitForNavigation(),
      browser.evaluate((i) => {
        // oxlint-disable-next-line typescript/no-explicit-any -- runs in the page, whose globals are not typed here
        const form = (globalThis as any).document.forms[i];
        for (const field of form.querySelectorAll('[required]')) field.value = '';
        form.noValidate = true;
        // After this call has returned, since the page goes away.
        setTimeout(() => form.requestSubmit());
      }, index),
    ]);
    if (answer?.status() !== 422) wrong.push(`${path}, form ${index}: ${answer?.status()}`);
    wrong.push(...(await axe(browser)).map((violation) => `${path}, form ${index}: ${violation}`));
  }
  return wrong;
}

test('every page is found, and axe finds nothing on it', { timeout: 600_000 }, async () => {
  const site = await octo({ signUp: 'open', demo: true });
  const { context } = site.server;
  await expectEveryRoute(context);
  await furnish(context, 'grace');
  await site.addPerson('hal');
  const places = await placesIn(context, 'grace');
  const empty = await startSite();
  const [half, first] = [await site.open(), await empty.open()];
  await signIn(half, 'hal');
  const lookers = {
    administrator: await site.signedIn('grace'),
    nobody: await site.open(),
    here: await site.open(),
    half,
    first,
  };
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
    wrong.push(...(await complainOfBlanks(page, path!)));
  }
  expect(wrong).toEqual([]);
  for (const path of ['/no/such/page/here', '/api/v3/docs']) {
    await lookers.nobody.goto(path);
    // The reference has hundreds of similar parts.
    await lookers.nobody.evaluate(
      'document.querySelectorAll("section:nth-of-type(n+3)").forEach((part) => part.remove())',
    );
    await look(lookers.nobody, `every${path.replaceAll('/', '-')}`);
  }
});

/** A token in each possible state, by the text in its row. */
const STATES = {
  Expired: { expires_at: 'past' },
  'Used up': { uses_left: 0 },
  'Not yet valid': { not_before_at: 'later' },
  'Blocked by policy': { expires_at: null },
} as const;

test('a token looks its state, and axe finds nothing wrong with any', async () => {
  const site = await octo();
  const { context } = site.server;
  const { id: userId } = await context.store.db
    .selectFrom('accounts')
    .select('id')
    .where('login', '=', 'ada')
    .executeTakeFirstOrThrow();
  const at = context.clock.now();
  const instants = { soon: at + DAY_SEC, past: at - DAY_SEC, later: at + DAY_SEC / 2 } as const;
  for (const [state, row] of Object.entries(STATES)) {
    const columns = Object.fromEntries(
      Object.entries({ expires_at: 'soon', ...row }).map(([name, value]) => [
        name,
        typeof value === 'string' ? instants[value as keyof typeof instants] : value,
      ]),
    );
    await context.store.db
      .insertInto('tokens')
      .values({
        user_id: userId,
        kind: 'classic',
        name: `is ${state}`,
        name_key: state,
        last_eight: 'abcdefgh',
        created_at: at,
        updated_at: at,
        issued_at: at - DAY_SEC,
        ...columns,
      })
      .execute();
  }
  await changePolicy(context, operatorPermit(), null, { maxLifetimeDays: { classic: 30 } });
  const page = await site.signedIn('ada');
  await page.goto('/settings/tokens');
  for (const state of Object.keys(STATES))
    await page
      .getByRole('row')
      .filter({ hasText: `is ${state}` })
      .getByText(state, { exact: true })
      .waitFor();
  await look(page, 'tokens-in-each-state');
  await page.getByRole('link', { name: 'is Blocked by policy', exact: true }).click();
  await page.getByText('this server allows a life of at most 30 days, and').first().waitFor();
  await look(page, 'token-blocked');
});

test('HTML is made by the web door, for the Go command, and by the one page that explains the REST API', () => {
  const doors = join(import.meta.dirname, '../../src/doors');
  const makers = readdirSync(doors, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && readFileSync(join(doors, file), 'utf8').includes('text/html; '),
  );
  expect(makers.sort()).toEqual(['github/endpoints/server.ts', 'web/frame/programs.ts', 'web/plugin.ts']);
});

test('a page is looked at with its closed parts opened, and left as it was', async () => {
  const site = await startSite();
  const page = await site.open();
  await page.goto('/login');
  await look(page, 'nothing-wrong');
  const wrong = '<button class="btn"></button>';
  for (const part of [
    `<details><summary>More</summary>${wrong}</details>`,
    `<details class="lk-menu" data-menu><summary>Menu</summary><div class="lk-menu-list">${wrong}</div></details>`,
  ]) {
    await page.evaluate(`document.querySelector('main').insertAdjacentHTML('beforeend', ${JSON.stringify(part)})`);
    await expect(look(page, 'wrong-when-opened')).rejects.toMatchObject({
      actual: [expect.stringContaining('button-name')],
    });
    await page.evaluate(`document.querySelector('main details').remove()`);
  }
  await page.evaluate(
    `document.querySelector('main').insertAdjacentHTML('beforeend', '<details><summary>More</summary>words</details>')`,
  );
  await look(page, 'right-when-opened');
  expect(await page.locator('main details[open]').count()).toBe(0);
});
