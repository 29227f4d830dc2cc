/**
 * Every page that the server has, opened and looked at in light, dark and narrow: axe finds nothing. Which pages there are is asked of the doors.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Context } from '../../src/actions/context.ts';
import { operatorPermit } from '../../src/actions/authorize.ts';
import { makeSetUpLink } from '../../src/actions/sign-up.ts';
import { createToken } from '../../src/actions/tokens.ts';
import { endDelivery, insertDelivery } from '../../src/store/webhook-deliveries.ts';
import { insertWebhook } from '../../src/store/webhooks.ts';
import { expectEveryRoute, PAGE_ROUTES, placesIn, type NoPage, type Page } from '../doors/web/page-routes.ts';
import { look, signIn, startSite, withBrowser } from './browser.ts';
import { octo } from './octo.ts';

withBrowser();

/** A token of each kind, and a webhook that was answered, refused and not answered. */
async function furnish(context: Context): Promise<void> {
  const draft = { userLogin: 'grace', description: 'What it is for', scopes: [] as string[], grants: [] };
  const grant = { owner: '', selection: 'all' as const, repositories: [], permissions: { contents: 'write' }, justification: null };
  await createToken(context, operatorPermit(), { ...draft, kind: 'fine-grained', name: 'one', grants: [grant] });
  await createToken(context, operatorPermit(), { ...draft, kind: 'classic', name: 'two', scopes: ['repo'] });
  await createToken(context, operatorPermit(), { ...draft, kind: 'scoped', name: 'three', scopes: ['api'] });
  const { db } = context.store;
  const { id: repositoryId } = await db.selectFrom('repositories').select('id').where('name', '=', 'site').executeTakeFirstOrThrow();
  const at = context.clock.now();
  const hook = await insertWebhook(db, repositoryId, { config: { url: 'https://ci.example.org/hook', contentType: 'json', secret: null, insecureSsl: false }, events: ['push'], active: true }, at);
  for (const [statusCode, status] of [[200, 'OK'], [500, 'Internal Server Error'], [0, 'no answer within 10 seconds']] as const) {
    const id = await insertDelivery(db, { webhookId: hook.id, guid: `guid-${statusCode}`, event: 'push', action: null, redelivery: false, payload: { ref: 'refs/heads/main' }, at });
    await endDelivery(db, id, { deliveredAt: at, durationMs: 12, status, statusCode, requestHeaders: {}, responseHeaders: {}, responseBody: '' });
  }
}

test('every page is found, and axe finds nothing on it', { timeout: 600_000 }, async () => {
  const site = await octo({ signUp: 'open' });
  const { context } = site.server;
  await expectEveryRoute(context);
  await furnish(context);
  await site.addPerson('hal');
  const places = await placesIn(context, 'grace');
  const empty = await startSite();
  const [half, first] = [await site.open(), await empty.open()];
  await signIn(half, 'hal');
  const lookers = { administrator: await site.signedIn('grace'), nobody: await site.open(), half, first };
  const notSeen: string[] = [];
  for (const [route, entry] of Object.entries(PAGE_ROUTES) as [string, Page | NoPage][]) {
    if ('is' in entry) continue;
    const page = lookers[entry.as];
    const [path] = entry.as === 'first' ? [(await makeSetUpLink(empty.server.context))!] : entry.at(places);
    const answer = await page.goto(path!);
    if (answer!.status() === 200 && new URL(page.url()).pathname === new URL(path!, site.url).pathname) await look(page, `every${route.replaceAll(/[/:]+/g, '-')}`);
    else notSeen.push(`${answer!.status()} ${route} led to ${page.url()}`);
  }
  expect(notSeen).toEqual([]);
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
