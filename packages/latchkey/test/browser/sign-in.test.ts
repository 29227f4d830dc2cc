/** Signing in and out, as people do it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addOrganization } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { freePort } from '../engines/free-port.ts';
import { look, PASSWORD, startSite, withBrowser } from './browser.ts';

withBrowser();

test('a person signs in, changes how pages look, and signs out', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.open();
  await page.goto('/settings/appearance');
  expect(page.url()).toContain('/login?return_to=%2Fsettings%2Fappearance');
  await look(page, 'sign-in');
  await page.getByLabel('Username or e-mail address').fill('ada@example.org');
  await page.getByLabel('Password').fill('wrong horse');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'The name or the password is wrong.' }).waitFor();
  expect(await page.getByLabel('Username or e-mail address').inputValue()).toBe('ada@example.org');
  expect(await page.getByLabel('Password').inputValue()).toBe('');
  await look(page, 'sign-in-wrong');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Appearance' }).waitFor();
  await look(page, 'appearance');
  await page.getByLabel('Dark').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  expect(await page.locator('html').getAttribute('data-color-mode')).toBe('dark');
  await page.reload();
  expect(await page.getByText('Saved.').count()).toBe(0);
  await page.getByLabel('Account menu of ada').click();
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
});

test('signing in needs neither a mouse nor scripts', async () => {
  const site = await startSite();
  await site.addPerson('ada');
  const page = await site.open({ javaScriptEnabled: false });
  // Without scripts, Playwright's own waiting may never look again, so this test polls.
  const shows = (selector: string): Promise<void> =>
    expect.poll(() => page.locator(selector).count(), { timeout: 30_000 }).toBe(1);
  await page.goto('/settings/sessions');
  await shows('input[name=login]:focus');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type('wrong horse');
  await page.keyboard.press('Enter');
  await shows('[role=alert]:focus:has-text("The name or the password is wrong.")');
  await page.waitForLoadState();
  await page.keyboard.press('Tab');
  await shows('input[name=login]:focus');
  await page.keyboard.press('Tab');
  await shows('input[name=password]:focus');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await shows('h1:text-is("Sessions")');
  await page.waitForLoadState();
  await page.keyboard.press('Tab');
  await shows('a:focus:text-is("Skip to content")');
  await page.getByLabel('Account menu of ada').focus();
  await page.keyboard.press('Enter');
  await shows('details[open] a:text-is("Sign out")');
  await shows('strong:text-is("Chrome on Linux")');
});

test('a person opens a service behind a proxy, signs in on the way, and is out after signing out', async () => {
  const [port, appPort] = [await freePort(), await freePort()];
  const app = `http://app.localhost:${appPort}`;
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-service-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const routeMap = join(folder, 'map.yaml');
  await writeFile(routeMap, serviceMap(app));
  const site = await startSite({ port: String(port), publicUrl: `http://127.0.0.1:${port}`, routeMap });
  await site.addPerson('ada');
  await site.addPerson('cy');
  await addOrganization(site.server.context, operatorPermit(), { name: 'acme', owner: 'ada' });
  const proxy = createServer((request, response) => void passOn(site.url, request, response)).listen(appPort);
  onTestFinished(() => void proxy.close());

  const page = await site.open();
  await page.goto(`${app}/board?tab=2`);
  expect(new URL(page.url()).pathname).toBe('/login');
  await page.getByLabel('Username or e-mail address').fill('ada');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL(`${app}/board?tab=2`);
  expect(await page.textContent('body')).toContain('Hello ada, no other cookies');
  await page.getByRole('button', { name: 'Change' }).click();
  await page.waitForURL(`${app}/changed`);
  expect(await page.textContent('body')).toContain('POST by ada');

  await page.goto('/settings/sessions');
  await page.getByText('app.localhost').waitFor();
  await look(page, 'sessions-with-service');
  await page.goto(`${app}/board`);
  await page.getByRole('link', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'You are signed out of app.localhost' }).waitFor();
  await look(page, 'service-signed-out');
  await page.goBack();
  await page.goto(`${app}/board`);
  expect(await page.textContent('body')).toContain('Hello ada');

  await page.goto('/logout');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.goto(`${app}/board`);
  expect(new URL(page.url()).pathname).toBe('/login');

  const cys = await site.signedIn('cy');
  await cys.goto(`${app}/board`);
  await cys.waitForURL(/\/sessions\/service\/refused\?/);
  expect(await cys.textContent('main')).toContain('You may not open this');
  await look(cys, 'service-refused');
});

function serviceMap(origin: string): string {
  return `permissions: [{ name: acme:app, title: The app, group: organization }]
services:
  - hosts: [app.localhost]
    challenge: sign-in
    origin: ${origin}
    routes:
      - { method: GET, path: '/{path...}', needs: { 'acme:app': read }, organization: acme }
      - { method: POST, path: '/{path...}', needs: { 'acme:app': write }, organization: acme }
`;
}

/** A proxy that asks as Caddy does, with the service behind in one. */
async function passOn(latchkey: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host = '', 'content-length': _length, connection: _connection, ...headers } = request.headers;
  const asked = await new Promise<IncomingMessage>((resolve, reject) => {
    // Not `fetch`, which puts its own Sec-Fetch headers in the place of the browser's.
    const question = get(`${latchkey}/forward-auth`, {
      headers: {
        ...headers,
        'X-Forwarded-Method': request.method ?? '',
        'X-Forwarded-Uri': request.url ?? '',
        'X-Forwarded-Host': host,
      },
    });
    question.once('response', resolve).once('error', reject);
  });
  request.resume();
  asked.setEncoding('utf8');
  if (asked.statusCode !== 200) {
    for (const name of ['location', 'set-cookie', 'content-type'] as const) {
      const value = asked.headers[name];
      if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(asked.statusCode ?? 502);
    return void asked.pipe(response);
  }
  asked.resume();
  const user = String(asked.headers['remote-user']);
  const cookies = asked.headers.cookie || 'no other cookies';
  const words = request.method === 'POST' ? `POST by ${user}` : `Hello ${user}, ${cookies}`;
  const out = '<a href="/_latchkey/sign-out">Leave</a>';
  const form = '<form method="post" action="/changed"><button>Change</button></form>';
  response
    .writeHead(200, { 'Content-Type': 'text/html' })
    .end(`<!doctype html><title>App</title>${words}${out}${form}`);
}
