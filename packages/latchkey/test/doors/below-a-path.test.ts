/**
 * The server below a path of another site (`https://example.org/git`), behind a proxy that takes the path away or
 * passes it on: git, REST, messages, pages and cookies keep to it.
 */
import { expect, onTestFinished, test } from 'vitest';
import { addUser } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { withoutPublicPath } from '../../src/base/requests/request-target.ts';
import { Secret } from '../../src/base/secret.ts';
import { withPublicPath } from '../../src/doors/web/frame/public-path.ts';
import { siteWith } from '../site-with-a-path.ts';
import { makeWorld } from './git/server.ts';
import { formIn } from './web/visitor.ts';

const PASSWORD = 'correct horse battery';

/** Every address of ours in a page. */
const addressesIn = (html: string): string[] =>
  [...html.matchAll(/ (?:href|src|action|formaction)="(\/[^"]*)"/g)].map(([, address = '']) => address);

test.each([
  ['takes the path away', true],
  ['passes the path on', false],
])('behind a proxy that %s, everything keeps below the path', async (_, takesAway) => {
  const { base, leadTo } = await siteWith(takesAway);
  const world = await makeWorld({ publicUrl: base });
  onTestFinished(() => world.close());
  leadTo(Number(new URL(world.url).port));
  const ctx = world.server.context;
  const operator = operatorPermit();
  const { secret } = await createToken(ctx, operator, {
    userLogin: 'ada',
    kind: 'classic',
    name: 'below',
    description: '',
    scopes: ['repo'],
    grants: [],
  });
  const remote = `${base.replace('//', `//ada:${secret.reveal()}@`)}/ada/closed.git`;
  await world.ok(['clone', '-q', remote, 'work']);
  await world.ok(['commit', '-q', '--allow-empty', '-m', 'one'], { in: 'work' });
  await world.ok(['push', '-q', 'origin', 'HEAD:main'], { in: 'work' });
  expect(await world.ok(['ls-remote', remote])).toContain('refs/heads/main');

  const api = async (path: string) =>
    fetch(`${base}/api/v3${path}`, { headers: { authorization: `Bearer ${secret.reveal()}` } });
  expect(await (await api('/user')).json()).toMatchObject({ url: `${base}/api/v3/users/ada` });
  expect((await api('/user/repos?per_page=1')).headers.get('link')).toContain(`<${base}/api/v3/user/repos?`);
  const refused = await fetch(`${base}/ada/closed.git/info/refs?service=git-upload-pack`, {
    headers: { authorization: `Basic ${btoa('ada:lkc_nothing')}` },
  });
  expect(await refused.text()).toContain(`${base}/settings/`);

  await addUser(ctx, operator, {
    login: 'grace',
    email: 'grace@example.org',
    verified: true,
    admin: true,
    password: new Secret(PASSWORD),
  });
  const cookies = new Map<string, string>();
  const visit = async (url: string, body?: URLSearchParams): Promise<{ response: Response; text: string }> => {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(body === undefined ? {} : { body }),
    });
    for (const set of response.headers.getSetCookie()) {
      expect(set).toContain('Path=/git/;');
      cookies.set(...(set.split(';')[0]!.split('=') as [string, string]));
    }
    return { response, text: await response.text() };
  };
  const start = await visit(`${base}/`);
  expect(start.response.headers.get('location')).toMatch(/^\/git\/login/);
  const login = await visit(`${base}/login`);
  const form = formIn(login.text, 'sign-in').values;
  form.set('login', 'grace');
  form.set('password', PASSWORD);
  expect((await visit(`${base}/login`, form)).response.headers.get('location')).toMatch(/^\/git\//);
  for (const path of [
    '/',
    '/settings/tokens',
    '/settings/profile',
    '/instance/people',
    '/ada/open',
    '/help',
    '/none',
  ]) {
    const { text } = await visit(`${base}${path}`);
    expect(addressesIn(text).length).toBeGreaterThan(3);
    expect(addressesIn(text).filter((address) => !address.startsWith('/git/'))).toEqual([]);
  }
  for (const address of addressesIn(login.text).filter((each) => each.includes('/assets/')))
    expect((await visit(new URL(address, base).href)).response.status).toBe(200);
  const draft = { login: 'Git', email: 'git@example.org', verified: true, admin: false, password: null };
  await expect(addUser(ctx, operator, draft)).rejects.toThrow('The name Git is reserved');
});

test.each([
  ['/git/ada/site', '/git', '/ada/site'],
  ['/git', '/git', '/'],
  ['/git?x=1', '/git', '/?x=1'],
  ['/github/site', '/git', '/github/site'],
  ['/ada/git/x', '/git', '/ada/git/x'],
  ['/git/git/x', '/git', '/git/x'],
  ['/git/x', '', '/git/x'],
])('the target %s below "%s" is %s', (target, path, is) => {
  expect(withoutPublicPath(target, path)).toBe(is);
});

test('only paths of ours get the path in front, and text that looks like one stays', () => {
  const page = '<a href="/login">x</a> <a href="//evil">y</a> <a href="https://a/">z</a> &quot; href=&quot;/x&quot;';
  expect(withPublicPath(page, '/git')).toBe(page.replace('"/login"', '"/git/login"'));
});
