/**
 * `npm run pictures`: every page as a picture, into `test/browser/pictures`: light, dark and narrow; with long names,
 * with nothing, and with a thousand of everything. They are for people to look at; nothing is compared.
 *
 * `npm run pictures -- -t empty` makes those of one world, and `LATCHKEY_PICTURES_OF=tokens` in the environment those
 * whose address has the word.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { Page as BrowserPage } from 'playwright-core';
import { test } from 'vitest';
import { addOrganization, setMember } from '../../src/actions/accounts/accounts.ts';
import { makeSetUpLink } from '../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { makeDemo } from '../../src/cli/serve/demo.ts';
import { setPasswordDigest } from '../../src/store/accounts.ts';
import { makeLarge } from '../doors/web/large-world.ts';
import { furnish, type NoPage, PAGE_ROUTES, type Page, placesIn } from '../doors/web/page-routes.ts';
import type { WebWorld } from '../doors/web/visitor.ts';
import { type Site, signIn, startSite, withBrowser } from './browser.ts';
import { octo } from './octo.ts';

withBrowser();

const FOLDER = fileURLToPath(new URL('./pictures/', import.meta.url));
const WORD = process.env['LATCHKEY_PICTURES_OF'] ?? '';
const HOUR_MS = 3_600_000;

const VIEWS = {
  light: { colorScheme: 'light', width: 1280 },
  dark: { colorScheme: 'dark', width: 1280 },
  narrow: { colorScheme: 'light', width: 375 },
} as const;
type View = keyof typeof VIEWS;

/** Takes the current page from each view. @param name `world/path` */
async function take(page: BrowserPage, name: string, views: readonly View[]): Promise<void> {
  await page.mouse.move(0, 0);
  for (const view of views) {
    const { colorScheme, width } = VIEWS[view];
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: view === 'narrow' ? 740 : 800 });
    await page.screenshot({ path: join(FOLDER, `${name}-${view}.png`), fullPage: true });
  }
}

const nameOf = (path: string): string =>
  path === '/'
    ? 'home'
    : path
        .slice(1)
        .replaceAll(/[^\w.-]+/g, '-')
        .slice(0, 100);

async function takeAll(
  page: BrowserPage,
  world: string,
  paths: readonly string[],
  views: readonly View[],
): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const path of paths) {
    if (!path.includes(WORD)) continue;
    await page.goto(path);
    await take(page, `${world}/${nameOf(path)}`, views);
  }
}

/** The pages of the table, each looked at by whom it is for. */
const pagesOf = (): [string, Page][] =>
  Object.entries(PAGE_ROUTES).filter((each: [string, Page | NoPage]): each is [string, Page] => !('is' in each[1]));
/** Those that the administrator opens, without parameters. */
const PLAIN = pagesOf().flatMap(([route, { as }]) => (as === 'administrator' && !route.includes(':') ? [route] : []));

test('every page', { timeout: HOUR_MS }, async () => {
  const site = await octo({ signUp: 'open', demo: true });
  const { context } = site.server;
  await furnish(context, 'grace');
  await site.addPerson('hal');
  const places = await placesIn(context, 'grace');
  const empty = await startSite();
  const lookers = {
    administrator: await site.signedIn('grace'),
    nobody: await site.open(),
    here: await site.open(),
    half: await site.open(),
    first: await empty.open(),
  };
  await signIn(lookers.half, 'hal');
  for (const [, { as, at }] of pagesOf()) {
    const paths = as === 'first' ? [(await makeSetUpLink(empty.server.context))!] : at(places);
    await takeAll(lookers[as], 'every', paths, ['light', 'dark', 'narrow']);
  }
});

test('empty', { timeout: HOUR_MS }, async () => {
  const site = await startSite();
  await site.addPerson('ada', { admin: true });
  await takeAll(await site.signedIn('ada'), 'empty', PLAIN, ['light', 'narrow']);
});

test('long names', { timeout: HOUR_MS }, async () => {
  const site = await startSite();
  const { context } = site.server;
  const permit = operatorPermit();
  const login = 'bartholomea-winterbottom-of-the-upper-x';
  const organization = 'international-society-of-clock-repairers'.slice(0, 39);
  const repository = 'everything-that-was-ever-written-about-the-repair-of-clocks-in-towers-'.padEnd(
    100,
    'and-stations-',
  );
  await site.addPerson(login, { admin: true });
  await addOrganization(context, permit, { name: organization, owner: login });
  await addRepository(context, permit, { owner: organization, name: repository, visibility: 'private' });
  for (const kind of ['classic', 'fine-grained', 'scoped'] as const)
    await createToken(context, permit, {
      userLogin: login,
      kind,
      name: 'the-laptop-in-the-workshop-left-of-the-d',
      description: 'Pushes what we write about clocks in towers. '.repeat(10),
      scopes: { classic: ['repo', 'admin:org'], scoped: ['api'], 'fine-grained': [] }[kind],
      grants:
        kind === 'fine-grained'
          ? [
              {
                owner: organization,
                selection: 'selected',
                repositories: [repository],
                permissions: { contents: 'write', issues: 'read' },
                justification: 'For the workshop. '.repeat(10),
              },
            ]
          : [],
    });
  const fine = '/settings/personal-access-tokens';
  const { id } = await context.store.db
    .selectFrom('tokens')
    .select('id')
    .where('kind', '=', 'fine-grained')
    .executeTakeFirstOrThrow();
  const area = ['people', 'machines', 'personal-access-tokens', 'personal-access-token-requests', 'audit-log'];
  await takeAll(
    await site.signedIn(login),
    'long',
    [
      '/',
      fine,
      `${fine}/${id}`,
      `${fine}/${id}/edit`,
      `${fine}/new`,
      '/settings/tokens',
      '/settings/token-health',
      '/settings/security-log',
      `/${organization}`,
      `/${organization}/${repository}`,
      `/${organization}/${repository}/settings`,
      ...area.map((below) => `/organizations/${organization}/settings/${below}`),
      '/instance/people',
      '/instance/tokens',
    ],
    ['light', 'narrow'],
  );
});

test('a thousand', { timeout: HOUR_MS }, async () => {
  const site = await startSite();
  await makeLarge({ ctx: site.server.context, addPerson: site.addPerson } as unknown as WebWorld);
  const area = ['people', 'machines', 'personal-access-tokens', 'personal-access-token-requests', 'audit-log'];
  await takeAll(
    await site.signedIn('ada'),
    'thousand',
    [
      ...PLAIN.filter((path) => !path.includes('security')),
      '/octo',
      '/octo/site/settings',
      ...area.map((below) => `/organizations/octo/settings/${below}`),
    ],
    ['light', 'narrow'],
  );
});

/** The demo's people have no password: they get the one that tests know. */
async function demoSite(): Promise<Site> {
  const site = await startSite();
  const { context } = site.server;
  await makeDemo(context);
  const known = await site.addPerson('nobody-of-the-demo');
  const { password_digest: digest } = await context.store.db
    .selectFrom('accounts')
    .select('password_digest')
    .where('id', '=', known.id)
    .executeTakeFirstOrThrow();
  const people = await context.store.db.selectFrom('accounts').select('id').where('kind', '=', 'user').execute();
  await context.store.transaction(async (tx) => {
    for (const { id } of people) await setPasswordDigest(tx, id, digest!);
  });
  await setMember(context, operatorPermit(), { organization: 'acme', login: 'grace', role: 'member' });
  return site;
}

test('the demo', { timeout: HOUR_MS }, async () => {
  const site = await demoSite();
  const ada = await site.signedIn('ada');
  const tokens = await site.server.context.store.db
    .selectFrom('tokens')
    .select(['id', 'kind'])
    .where('user_id', 'in', (q) => q.selectFrom('accounts').select('id').where('login', '=', 'ada'))
    .execute();
  const area = ['people', 'personal-access-tokens', 'personal-access-token-requests', 'audit-log'];
  await takeAll(
    ada,
    'demo',
    [
      '/',
      '/acme/site',
      '/settings/personal-access-tokens',
      '/settings/personal-access-tokens/new',
      ...tokens.flatMap(({ id, kind }) => (kind === 'fine-grained' ? [`/settings/personal-access-tokens/${id}`] : [])),
      '/settings/token-health',
      ...area.map((below) => `/organizations/acme/settings/${below}`),
      '/organizations/acme/settings/personal-access-token-policy',
    ],
    ['light', 'dark', 'narrow'],
  );
});

/** Thirty days of fetches and pushes of a token, and pushes that it was refused today. */
async function useToken({ server: { context } }: Site, tokenId: number): Promise<void> {
  const { db } = context.store;
  const at = context.clock.now();
  const { id: repository } = await db
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', 'site')
    .executeTakeFirstOrThrow();
  const days = Array.from({ length: 30 }, (_, day) => ({ day, times: day % 7 > 4 ? day % 3 : 9 + ((day * 7) % 12) }));
  for (const { day, times } of days)
    await sql`insert into token_days (token_id, day_at, repository_id, permission, level, times)
      values (${tokenId}, ${at - (at % DAY_SEC) - day * DAY_SEC}, ${repository}, 'contents', 'read', ${times})`.execute(
      db,
    );
  await sql`insert into token_use (token_id, last_used_at, last_address, last_agent, last_purpose, addresses_json)
    values (${tokenId}, ${at - 240}, '192.0.2.14', 'git/2.47', 'push acme/site', '["192.0.2.14"]')`.execute(db);
}

// For the README: what is worth showing is copied from `pictures/readme` to `docs/images`.
test('the readme', { timeout: HOUR_MS }, async () => {
  const site = await demoSite();
  const { context } = site.server;
  const idOf = async (name: string): Promise<number> =>
    (await context.store.db.selectFrom('tokens').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id;
  const laptop = await idOf('laptop');
  await useToken(site, laptop);
  const client = `${site.url}/acme/handbook.git/info/refs?service=git-receive-pack`;
  const { secret } = await createToken(context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'deploy-site',
    description: 'Publishes the site from CI',
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['site', 'handbook'],
        permissions: { contents: 'read', statuses: 'write' },
        justification: null,
      },
    ],
  });
  await useToken(site, await idOf('deploy-site'));
  const authorization = `Basic ${Buffer.from(`ada:${secret.reveal()}`).toString('base64')}`;
  for (let times = 0; times < 3; times++) await fetch(client, { headers: { authorization } });
  await context.refusals.flush();
  const page = await site.signedIn('ada');
  const fine = '/settings/personal-access-tokens';
  const shot = async (name: string): Promise<void> => {
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(FOLDER, `readme/${name}.png`) });
  };
  await page.goto(fine);
  await shot('tokens');
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.goto(`${fine}/${await idOf('deploy-site')}`);
  await shot('token');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/organizations/acme/settings/personal-access-token-requests');
  await shot('pending-requests');
  await page.goto(
    `${fine}/new?name=release+bot&target_name=acme&repositories=site&repositories=ledger&contents=write&statuses=write`,
  );
  await shot('token-form');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByText('Waiting for its first use').first().waitFor();
  await shot('new-token');
});
