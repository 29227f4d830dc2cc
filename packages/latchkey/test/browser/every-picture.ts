/**
 * `npm run pictures`: every page as a picture, into `test/browser/pictures`: light, dark, narrow, on paper, with forced
 * colours; with long names, with nothing, and with a thousand of everything. And every mail. They are for people to
 * look at; nothing is compared.
 *
 * `npm run pictures -- -t empty` makes those of one world, and `LATCHKEY_PICTURES_OF=tokens` in the environment those
 * whose address has the word.
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page as BrowserPage } from 'playwright-core';
import { onTestFinished, test } from 'vitest';
import { addOrganization, setMember } from '../../src/actions/accounts/accounts.ts';
import { makeSetUpLink } from '../../src/actions/accounts/sign-up.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { changePolicy } from '../../src/actions/organizations/policy-change.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { type MailTemplate, writeMail } from '../../src/catalogue/mails/mails.ts';
import { MAIL_EXAMPLES } from '../catalogue/mail-examples.ts';
import { makeLarge } from '../doors/web/large-world.ts';
import { furnish, type NoPage, PAGE_ROUTES, type Page, placesIn } from '../doors/web/page-routes.ts';
import type { WebWorld } from '../doors/web/visitor.ts';
import { signIn, startSite, withBrowser } from './browser.ts';
import { demoSite } from './demo-site.ts';
import { octo } from './octo.ts';

withBrowser();

const FOLDER = fileURLToPath(new URL('./pictures/', import.meta.url));
const WORD = process.env['LATCHKEY_PICTURES_OF'] ?? '';
const HOUR_MS = 3_600_000;

const VIEWS = {
  light: { colorScheme: 'light', width: 1280 },
  dark: { colorScheme: 'dark', width: 1280 },
  narrow: { colorScheme: 'light', width: 375 },
  print: { media: 'print', colorScheme: 'light', width: 794 },
  forced: { forcedColors: 'active', colorScheme: 'dark', width: 1280 },
} as const satisfies Record<string, Parameters<BrowserPage['emulateMedia']>[0] & { width: number }>;
type View = keyof typeof VIEWS;

/** Takes the current page from each view. @param name `world/path` */
async function take(page: BrowserPage, name: string, views: readonly View[]): Promise<void> {
  await page.mouse.move(0, 0);
  for (const view of views) {
    const { width, ...media } = VIEWS[view];
    await page.emulateMedia({ media: 'screen', forcedColors: 'none', reducedMotion: 'reduce', ...media });
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
    await takeAll(lookers[as], 'every', paths, ['light', 'dark', 'narrow', 'print', 'forced']);
  }
});

test('the mails', { timeout: HOUR_MS }, async () => {
  mkdirSync(FOLDER, { recursive: true });
  const page = await (await startSite()).open();
  for (const template of Object.keys(MAIL_EXAMPLES) as MailTemplate[]) {
    const reader = { login: 'ada', timeZone: 'Europe/Berlin' };
    const { html } = writeMail('https://keys.example.org', reader, template, MAIL_EXAMPLES[template]);
    await page.setContent(html);
    await take(page, `mails/${template}`, ['light', 'dark', 'narrow']);
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

/** Services of a route map, where people choose, ask for, approve and see what tokens may do there. */
test('services', { timeout: HOUR_MS }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-services-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const routeMap = join(folder, 'map.yaml');
  const examples = ['npm', 'grafana', 'prometheus', 'registry'];
  const texts = await Promise.all(
    examples.map((name) => readFile(join(import.meta.dirname, `../../../../examples/route-map/${name}.yaml`), 'utf8')),
  );
  await writeFile(routeMap, `services:\n${texts.map((text) => text.split('services:\n')[1]).join('')}`);
  const site = await startSite({ routeMap });
  const { context } = site.server;
  for (const login of ['ada', 'bob']) await site.addPerson(login, { admin: login === 'ada' });
  await addOrganization(context, operatorPermit(), { name: 'acme', owner: 'ada' });
  await setMember(context, operatorPermit(), { organization: 'acme', login: 'bob', role: 'member' });
  await changePolicy(context, operatorPermit(), 'acme', { requiresApproval: true });
  const permissions = { 'registry:packages': 'write', 'grafana:dashboards': 'read', 'prometheus:metrics': 'read' };
  const { token } = await createToken(context, operatorPermit(), {
    userLogin: 'bob',
    kind: 'fine-grained',
    name: 'publisher',
    description: '',
    scopes: [],
    grants: [{ owner: 'acme', selection: 'public', repositories: [], permissions, justification: 'To publish.' }],
  });
  const fine = '/settings/personal-access-tokens';
  const views = ['light', 'dark', 'narrow'] as const;
  const bob = await site.signedIn('bob');
  const query = new URLSearchParams({ target_name: 'acme', ...permissions });
  const asked = new URLSearchParams({ method: 'PUT', url: 'https://npm.example.org/left-pad', token: `${token.id}` });
  await takeAll(
    bob,
    'services',
    [`${fine}/new?${query}`, `${fine}/${token.id}`, `/settings/token-check?${asked}`],
    views,
  );
  const of = '/organizations/acme/settings/personal-access-token';
  await takeAll(
    await site.signedIn('ada'),
    'services',
    [`${of}-policy`, `${of}-requests`, `${of}s`, '/organizations/acme/settings/audit-log', '/instance/policy'],
    views,
  );
});

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
