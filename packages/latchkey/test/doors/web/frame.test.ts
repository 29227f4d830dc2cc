/**
 * What the frame of the pages guarantees: no forged form, no double submission, no typed markup that runs, nothing
 * cached, nobody learns more than they may know.
 */
import { expect, test } from 'vitest';
import { SUDO_SEC } from '../../../src/actions/accounts/sessions.ts';
import { returnPath } from '../../../src/doors/web/frame/return-path.ts';
import { PAGES } from '../../../src/doors/web/pages.ts';
import { MAX_FORM_BYTES } from '../../../src/doors/web/plugin.ts';
import { emailsOf } from '../../../src/store/emails.ts';
import { ENGINES } from '../../engines/engines.ts';
import { furnishedWorld } from './furnished-world.ts';
import { lookers } from './lookers.ts';
import { PAGE_ROUTES, placesIn } from './page-routes.ts';
import { formIn, PASSWORD, webWorld } from './visitor.ts';

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>';

test('every page allows no script or style in it, no frame around it, and no cache', async () => {
  const world = await webWorld();
  const seen = await world.visitor().get('/login');
  expect(seen.status).toBe(200);
  const policy = String(seen.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(seen.headers).toMatchObject({
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
  });
  expect(seen.headers['strict-transport-security']).toBeUndefined();
  expect(seen.text).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/);
});

test('assets are kept for a year under an address that names their content', async () => {
  const world = await webWorld();
  const visitor = world.visitor();
  const { text } = await visitor.get('/login');
  const paths = [...text.matchAll(/\/assets\/[\w.-]+/g)].map(([path]) => path);
  expect(paths.length).toBeGreaterThanOrEqual(3);
  for (const path of paths) {
    const asset = await visitor.get(path);
    expect(asset.status).toBe(200);
    expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  }
});

test('cookies are out of reach of scripts and other sites, and under HTTPS of clear text', async () => {
  const http = await webWorld();
  await http.addPerson('ada');
  const plain = http.visitor();
  const set = [(await plain.signIn('ada')).headers['set-cookie']].flat().join('\n');
  expect(set).toMatch(/latchkey_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/m);
  const https = await webWorld({ publicUrl: 'https://keys.example.org', trustedProxies: ['127.0.0.0/8'] });
  await https.addPerson('ada');
  const safe = https.visitor();
  const answer = await safe.signIn('ada');
  expect([answer.headers['set-cookie']].flat().join('\n')).toMatch(
    /__Host-latchkey_session=[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; Secure; SameSite=Lax/,
  );
});

test('a form from another site does nothing, even for somebody who is signed in', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { values } = formIn((await visitor.get('/settings/emails')).text, 'add');
  values.set('email', 'eve@example.org');
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }] as const) {
    const seen = await visitor.post('/settings/emails', values, headers);
    expect(seen.status).toBe(403);
    expect(seen.text).toContain('That form was not sent from here');
  }
  expect((await visitor.get('/settings/emails')).text).not.toContain('eve@example.org');
});

test.each(['', 'x', 'A'.repeat(43)])(
  'a form with the token %j comes back with what was typed, and nothing is done',
  async (token) => {
    const world = await webWorld();
    await world.addPerson('ada');
    const visitor = world.visitor();
    await visitor.signIn('ada');
    const seen = await visitor.post(
      '/settings/profile',
      new URLSearchParams({ form: 'profile', token, nonce: 'n', name: 'Ada L.' }),
    );
    expect(seen.status).toBe(422);
    expect(seen.text).toContain('This page was open too long');
    expect(seen.text).toContain('value="Ada L."');
    expect((await visitor.get('/settings/profile')).text).not.toContain('Ada L.');
  },
);

test('the form token of one session is worthless in another', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const [one, two] = [world.visitor(), world.visitor()];
  await one.signIn('ada');
  await two.signIn('ada');
  const { values } = formIn((await one.get('/settings/profile')).text, 'profile');
  expect((await two.post('/settings/profile', values)).status).toBe(422);
});

test.each(ENGINES)(
  'a form that is sent twice does its work once, and both end in the same place [%s]',
  async (engine) => {
    const world = await webWorld({}, engine);
    const ada = await world.addPerson('ada');
    const visitor = world.visitor();
    await visitor.signIn('ada');
    const { values } = formIn((await visitor.get('/settings/emails')).text, 'add');
    values.set('email', 'ada@example.com');
    const answers = await Promise.all([
      visitor.post('/settings/emails', values),
      visitor.post('/settings/emails', values),
      visitor.post('/settings/emails', values),
    ]);
    expect(answers.map(({ status, location }) => [status, location])).toEqual(Array(3).fill([303, '/settings/emails']));
    expect(await emailsOf(world.ctx.store.db, ada.id)).toHaveLength(2);
    expect((await visitor.post('/settings/emails', values)).status).toBe(303);
  },
);

test('a form that failed may be sent again', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { values } = formIn((await visitor.get('/settings/emails')).text, 'add');
  values.set('email', 'no address');
  expect((await visitor.post('/settings/emails', values)).status).toBe(422);
  values.set('email', 'ada@example.com');
  expect((await visitor.post('/settings/emails', values)).status).toBe(303);
});

test('a form of another page, a body that is no form, and a large one are refused with a sentence', async () => {
  const world = await webWorld();
  const visitor = world.visitor();
  for (const form of ['nonsense', 'constructor', 'toString', '__proto__']) {
    const unknown = await visitor.post('/login', `form=${form}`);
    expect([form, unknown.status, unknown.text.includes('That form is not known')]).toEqual([form, 400, true]);
  }
  expect((await visitor.post('/login', '')).status).toBe(400);
  const json = await visitor.post('/login', '{"form":"sign-in"}', { 'content-type': 'application/json' });
  expect([json.status, json.text.includes('Send it as a form of this site does.')]).toEqual([415, true]);
  const large = await visitor.post('/login', `form=sign-in&login=${'x'.repeat(MAX_FORM_BYTES)}`);
  expect([large.status, large.text.includes('A form holds at most 256 KiB.')]).toEqual([413, true]);
  expect((await visitor.get('/no/such/page/here')).status).toBe(404);
});

test('HTML in any field is shown, never run', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  const signIn = await visitor.signIn(HOSTILE);
  expect(signIn.text).not.toContain('<script>alert');
  await visitor.signIn('ada');
  await visitor.send('/settings/profile', 'profile', {
    name: HOSTILE,
    bio: HOSTILE,
    company: HOSTILE,
    location: HOSTILE,
  });
  for (const path of [
    '/settings/profile',
    '/-/user_settings/profile',
    '/settings/security-log',
    `/settings/profile?name=${encodeURIComponent(HOSTILE)}`,
    `/login?notice=${encodeURIComponent(HOSTILE)}`,
    `/${encodeURIComponent(HOSTILE)}`,
  ]) {
    const { text } = await visitor.get(path);
    expect(text, path).not.toContain('<script>alert');
    expect(text, path).not.toContain('<img src=x');
  }
  expect((await visitor.get('/settings/profile')).text).toContain('&lt;script>');
});

test.each([
  ['https://evil.example/', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/logout', '/'],
  ['/login?x', '/'],
  [null, '/'],
  ['/settings/tokens?scopes=repo', '/settings/tokens?scopes=repo'],
  ['/login/device?user_code=BCDF-GHJK', '/login/device?user_code=BCDF-GHJK'],
  ['/login/oauth/authorize?client_id=1', '/login/oauth/authorize?client_id=1'],
  ['/login/deviceful', '/'],
])('after signing in, %j leads to %j', (asked, leads) => {
  expect(returnPath(asked)).toBe(leads);
});

test('pages for somebody who is signed in lead others to the sign-in and back', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  const seen = await visitor.get('/settings/profile?name=x');
  expect([seen.status, seen.location]).toEqual([
    303,
    '/login?return_to=%2Fsettings%2Fprofile%3Fname%3Dx&notice=sign-in-first',
  ]);
  const signedIn = await visitor.send(seen.location!, 'sign-in', { login: 'ada', password: PASSWORD });
  expect(signedIn.location).toBe('/settings/profile?name=x');
});

test('every page but the few that anybody may open asks who it is, and is where the sign-in leads', async () => {
  const world = await webWorld();
  const visitor = world.visitor();
  for (const { path, access } of PAGES) {
    const address = path.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x');
    const seen = await visitor.get(address);
    if (access === 'anybody') {
      expect(seen.status, path).not.toBe(500);
      continue;
    }
    expect([seen.status, seen.location?.startsWith('/login?')], path).toEqual([303, true]);
    const asked = new URLSearchParams(seen.location!.split('?')[1]).get('return_to');
    expect(returnPath(asked), path).toBe(path === '/sudo' ? '/' : address);
  }
});

test('administrators alone open their pages', async () => {
  const world = await webWorld();
  await world.addPerson('bob');
  const visitor = world.visitor();
  await visitor.signIn('bob');
  for (const { path } of PAGES.filter(({ access }) => access === 'administrator')) {
    const seen = await visitor.get(path.replaceAll(/:\w+/g, '1'));
    expect([seen.status, seen.text.includes('Only for administrators')], path).toEqual([403, true]);
  }
});

test('after two hours a sensitive form asks for the password, keeps what was typed, and continues', async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  world.ctx.clock.advance(SUDO_SEC + 1);
  expect((await visitor.get('/settings/security/two-factor')).location).toBe(
    '/sudo?return_to=%2Fsettings%2Fsecurity%2Ftwo-factor',
  );
  const asked = await visitor.send('/settings/emails', 'add', { email: 'ada@example.com' });
  expect(asked.text).toContain('What you typed is kept.');
  const again = formIn(asked.text, 'add').values;
  again.set('sudo_password', 'wrong');
  const wrong = await visitor.post('/settings/emails', again);
  expect([wrong.status, wrong.text.includes('That is not your password.')]).toEqual([422, true]);
  expect(await emailsOf(world.ctx.store.db, ada.id)).toHaveLength(1);
  again.set('sudo_password', PASSWORD);
  expect((await visitor.post('/settings/emails', again)).status).toBe(303);
  expect(await emailsOf(world.ctx.store.db, ada.id)).toHaveLength(2);
  expect((await visitor.get('/settings/security/two-factor')).status).toBe(200);
});

test('whoever is signed out in the middle of a form gets what they typed again, but for passwords', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const { values } = formIn((await visitor.get('/settings/profile')).text, 'profile');
  values.set('bio', 'Two lines,\nand "quotes" & more');
  values.set('password', 'never in a page');
  await world.ctx.store.db.deleteFrom('sessions').execute();
  const out = await visitor.post('/settings/profile', values);
  expect([out.status, out.text.includes('You were signed out')]).toEqual([401, true]);
  expect(out.text).not.toContain('never in a page');
  // Still signed out: the page stays, and so does what was typed.
  const kept = formIn(out.text, 'profile').values;
  expect(kept.get('bio')).toBe('Two lines,\nand "quotes" & more');
  expect((await visitor.post('/settings/profile', kept)).status).toBe(401);
  // Signed in again in another tab.
  await visitor.signIn('ada');
  const back = await visitor.post('/settings/profile', kept);
  expect([back.status, back.text.includes('what you typed is still here')]).toEqual([422, true]);
  const again = formIn(back.text, 'profile').values;
  expect(again.get('bio')).toBe('Two lines,\nand "quotes" & more');
  expect((await visitor.post('/settings/profile', again)).status).toBe(303);
  const saved = formIn((await visitor.get('/settings/profile')).text, 'profile').values.get('bio');
  expect(saved?.replaceAll('\r\n', '\n')).toBe('Two lines,\nand "quotes" & more');
});

test('a form of a repository that only its owner may send is kept in the same way', async () => {
  const world = await webWorld();
  await world.addPerson('ada');
  const visitor = world.visitor();
  await visitor.signIn('ada');
  await visitor.send('/new', 'repository', { name: 'notes' });
  const { values } = formIn((await visitor.get('/ada/notes/settings')).text, 'general');
  values.set('description', 'all that I typed');
  await world.ctx.store.db.deleteFrom('sessions').execute();
  const out = await visitor.post('/ada/notes/settings', values);
  expect([out.status, out.text.includes('value="all that I typed"')]).toEqual([401, true]);
});

test('every form that is filled in has a way out', async () => {
  const world = await furnishedWorld();
  const { visitors } = await lookers(world);
  const places = await placesIn(world.ctx, 'ada');
  const wrong: string[] = [];
  for (const [route, entry] of Object.entries(PAGE_ROUTES)) {
    if ('is' in entry || entry.as !== 'administrator' || route.startsWith('/login/')) continue;
    for (const path of entry.at(places))
      for (const [form] of (await visitors.administrator.get(path)).text.matchAll(
        /<form method="post"[\s\S]*?<\/form>/g,
      ))
        if (
          /<(?:input(?![^>]*type="(?:hidden|checkbox)")|select|textarea)[^>]*name=/.test(form) &&
          !form.includes('Cancel</a>')
        )
          wrong.push(`${route}: ${/name="form" value="([^"]*)"/.exec(form)?.[1]}`);
  }
  expect(wrong).toEqual([]);
});
