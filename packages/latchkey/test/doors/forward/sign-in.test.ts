/** People sign in to services behind the forward door, in a browser; and what somebody tries who wants to be them. */
import { describe, expect, it } from 'vitest';
import { suspendUser } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import { MAX_SERVICE_SESSION_SEC } from '../../../src/actions/services/service-sessions.ts';
import { type Browser, NAVIGATION, signInWorld } from './browser.ts';

const SITE = 'https://deploy.example.org/apps/acme/site';
const WIKI = 'https://wiki.example.org/start';
/** What a page's own script says when it changes something. */
const OWN_PAGE = [
  ['Accept', 'application/json'],
  ['Origin', 'https://deploy.example.org'],
  ['Sec-Fetch-Site', 'same-origin'],
] as const;

const reasonOf = ({ status, headers }: Awaited<ReturnType<Browser['ask']>>): string =>
  `${status} ${headers['x-latchkey-reason'] ?? 'passed on'}`;

describe('somebody who opens a service', () => {
  it('is led to the sign-in and back to the address, and is known to the service from then on', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    const first = await dora.ask(`GET ${SITE}?tab=2`);
    expect(first.status).toBe(302);
    expect(first.headers['location']).toMatch(/^http:\/\/localhost:7070\/sessions\/service\?start=[\w.-]+$/);
    expect(first.headers['set-cookie']).toMatch(
      /^__Host-latchkey_service=b\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    const back = await dora.ask(`GET ${await dora.upToCallback(`${SITE}?tab=2`)}`);
    expect([back.status, back.headers['location']]).toEqual([302, `${SITE}?tab=2`]);
    expect(back.headers['set-cookie']).toMatch(/^__Host-latchkey_service=s\.[\w-]{43};/);
    const { status, headers } = await dora.ask(`GET ${SITE}?tab=2`);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'remote-user': 'dora',
      'x-token-id': '',
      'x-token-kind': 'session',
      'x-token-permissions': 'acme:deploy=write,metadata=read',
    });
  });

  it('signs in on the way when they have not yet', async () => {
    const { browser } = await signInWorld();
    const somebody = await browser(null);
    const sent = (await somebody.ask(`GET ${SITE}`)).headers['location']!;
    const login = await somebody.visitor.get(sent.replace('http://localhost:7070', ''));
    expect(login.location).toMatch(/^\/login\?return_to=%2Fsessions%2Fservice%3Fstart%3D/);
    const on = await somebody.visitor.send(login.location!, 'sign-in', {
      login: 'dora',
      password: 'correct horse battery',
    });
    expect(on.status).toBe(303);
  });

  it('does what a person with their role may, and no more', async () => {
    const { browser } = await signInWorld();
    const [dora, eve] = [await browser('dora'), await browser('eve')];
    await dora.open(SITE);
    await eve.open(WIKI);
    expect((await dora.ask(`POST ${SITE}`, OWN_PAGE)).status).toBe(200);
    expect((await eve.open(SITE)).status).toBe(200);
    const refused = await eve.ask('GET https://deploy.example.org/logs/acme/site');
    expect(refused.status).toBe(302);
    const page = await eve.visitor.get(refused.headers['location']!.replace('http://localhost:7070', ''));
    expect(page.status).toBe(403);
    expect(page.text).toMatch(/You may not open this/);
    expect(page.text).toMatch(
      /acme:deploy=write<\/code> on acme\/site\. Who can give it: .*an owner of acme \(ada or dora\)/,
    );
    expect(reasonOf(await eve.ask(`POST ${SITE}`, OWN_PAGE))).toMatch(/^403 (?:role_insufficient|not_found)$/);
  });

  it('comes back without a question once the session at the service is over', async () => {
    const { browser, world } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(SITE);
    world.ctx.clock.advance(50 * 60);
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(200);
    await expect.poll(async () => (world.ctx.clock.advance(20 * 60), (await dora.ask(`GET ${SITE}`)).status)).toBe(200);
    world.ctx.clock.advance(MAX_SERVICE_SESSION_SEC);
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(302);
    expect((await dora.open(SITE)).status).toBe(200);
  });

  it('can use a service without HTTPS where the route map says so', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    expect((await dora.open('http://plain.example.org:8080/a')).status).toBe(200);
    expect(dora.cookies.get('plain.example.org')).toMatch(/^latchkey_service=s\./);
  });
});

describe('somebody who signs out at a service', () => {
  const OUT = 'https://wiki.example.org/_latchkey/sign-out';
  const from = (site: string): [string, string][] => [
    ...NAVIGATION.filter(([name]) => name !== 'Sec-Fetch-Site').map(([...each]) => each as [string, string]),
    ['Sec-Fetch-Site', site],
  ];

  it('ends the session there, and only there, and is told so', async () => {
    const { browser, world } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(WIKI);
    await dora.open(SITE);
    const before = dora.cookies.get('wiki.example.org')!;
    const out = await dora.ask(`GET ${OUT}`, from('same-origin'));
    expect([out.status, out.headers['x-latchkey-reason']]).toEqual([302, 'signed_out']);
    expect(out.headers['set-cookie']).toBe(
      '__Host-latchkey_service=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure',
    );
    dora.cookies.set('wiki.example.org', before);
    expect(reasonOf(await dora.ask(`GET ${WIKI}`))).toBe('302 credentials_missing');
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(200);
    const page = await dora.visitor.get(out.headers['location']!.replace('http://localhost:7070', ''));
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/You are signed out of wiki\.example\.org/);
    expect(page.text).toMatch(/still signed in to Latchkey as <strong>dora/);
    const entries = await world.ctx.store.db
      .selectFrom('audit')
      .select('data_json')
      .where('action', '=', 'user_session.close_service')
      .execute();
    expect(entries.map(({ data_json }) => JSON.parse(data_json) as object)).toMatchObject([
      { host: 'wiki.example.org' },
    ]);
    // Again, without a session: the same answer, and nothing more to end.
    expect((await dora.ask(`GET ${OUT}`, from('none'))).status).toBe(302);
  });

  it('is led back to an address of the service, and nowhere else', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    const led = async (to: string): Promise<string> =>
      (await dora.ask(`GET ${OUT}?to=${encodeURIComponent(to)}`, from('same-origin'))).headers['location'] ?? '';
    expect(await led('/bye?from=wiki')).toBe('https://wiki.example.org/bye?from=wiki');
    for (const wrong of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example/',
      '.evil.example',
      '@evil.example',
      '/a\r\nX: y',
      '',
    ])
      expect(await led(wrong)).toBe(
        'http://localhost:7070/sessions/service/signed-out?at=https%3A%2F%2Fwiki.example.org',
      );
  });

  it('does it from the service itself: no other site can', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(WIKI);
    const kept = dora.cookies.get('wiki.example.org')!;
    for (const [method, headers] of [
      ['GET', from('cross-site')],
      ['GET', from('same-site')],
      ['POST', from('cross-site')],
      ['POST', from('none')],
      ['POST', [['Origin', 'https://evil.example']]],
      [
        'GET',
        [
          ['Accept', 'image/*'],
          ['Sec-Fetch-Dest', 'image'],
          ['Sec-Fetch-Site', 'same-origin'],
        ],
      ],
      ['HEAD', from('same-origin')],
    ] as const) {
      const refused = await dora.ask(`${method} ${OUT}`, headers as [string, string][]);
      expect(reasonOf(refused)).toBe('403 sent_from_elsewhere');
      expect(refused.headers['set-cookie']).toBeUndefined();
    }
    expect(dora.cookies.get('wiki.example.org')).toBe(kept);
    expect((await dora.ask(`GET ${WIKI}`)).status).toBe(200);
    expect((await dora.ask(`POST ${OUT}`, [['Sec-Fetch-Site', 'same-origin']])).status).toBe(302);
    dora.cookies.set('wiki.example.org', kept);
    expect((await dora.ask(`GET ${WIKI}`)).status).toBe(302);
  });

  it('can do it on the page of their sessions, too', async () => {
    const { browser, world } = await signInWorld();
    const [dora, eve] = [await browser('dora'), await browser('eve')];
    for (const each of [dora, eve]) await each.open(WIKI);
    await dora.open(SITE);
    const { text } = await dora.visitor.get('/settings/sessions');
    expect(text).toMatch(/wiki\.example\.org/);
    expect(text).toMatch(/deploy\.example\.org/);
    const { session_id: id } = await world.ctx.store.db
      .selectFrom('service_sessions')
      .select('session_id')
      .where('host', '=', 'deploy.example.org')
      .executeTakeFirstOrThrow();
    // Nobody ends another's.
    await eve.visitor.send('/settings/sessions', 'end-service', { id: String(id), host: 'deploy.example.org' });
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(200);
    await dora.visitor.send('/settings/sessions', 'end-service', { id: String(id), host: 'wiki.example.org' });
    expect((await dora.ask(`GET ${WIKI}`)).status).toBe(302);
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(200);
    expect((await eve.ask(`GET ${WIKI}`)).status).toBe(200);
  });
});

describe('the service behind', () => {
  it('gets the other cookies, and never ours', async () => {
    const { browser, world } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(SITE);
    const own = dora.cookies.get('deploy.example.org')!;
    dora.cookies.set('deploy.example.org', `theme=dark; ${own}; latchkey_service=x; sid="a=b"`);
    expect((await dora.ask(`GET ${SITE}`)).headers['cookie']).toBe('theme=dark; sid="a=b"');
    const token = await world.token('dora', { scopes: ['repo'] });
    const { headers } = await world.nginx('GET /public/acme/docs', token, [
      ['X-Original-Host', 'deploy.example.org'],
      ['Cookie', `${own}; a=1`],
    ]);
    expect([headers['x-token-kind'], headers['cookie']]).toEqual(['classic', 'a=1']);
  });
});

describe('who asks for no page', () => {
  it('gets 401 with the challenge of the service', async () => {
    const { world } = await signInWorld();
    const ask = async (operation: string, host: string, accept = '*/*'): Promise<string> => {
      const { status, headers } = await world.nginx(operation, null, [
        ['X-Original-Host', host],
        ['Accept', accept],
      ]);
      return `${status} ${headers['www-authenticate']?.split(' ')[0]} ${headers['location'] === undefined}`;
    };
    expect(await ask('GET /apps/acme/site', 'deploy.example.org')).toBe('401 Bearer true');
    expect(await ask('POST /apps/acme/site', 'deploy.example.org', 'text/html')).toBe('401 Bearer true');
    expect(await ask('PROPFIND /a', 'wiki.example.org')).toBe('401 Basic true');
    expect(await ask('GET /a', 'dav.example.org', 'text/html')).toBe('401 Basic true');
    expect(await ask('GET /a', 'api.example.org', 'text/html')).toBe('401 Bearer true');
  });

  it('is told by 401 and 403 where nginx makes the redirect', async () => {
    const { world } = await signInWorld();
    const { status, headers } = await world.nginx('GET /apps/acme/site', null, [
      ['X-Original-Host', 'deploy.example.org'],
      ...NAVIGATION,
    ]);
    expect([status, headers['location']?.split('?')[0]]).toEqual([401, 'http://localhost:7070/sessions/service']);
  });
});

describe('somebody who wants another’s session', () => {
  it('can’t use the cookie of one host at another', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(WIKI);
    for (const host of ['other.example.org', 'deploy.example.org', 'api.example.org'])
      dora.cookies.set(host, dora.cookies.get('wiki.example.org')!);
    expect((await dora.ask(`GET ${WIKI}`)).status).toBe(200);
    expect(reasonOf(await dora.ask('GET https://other.example.org/start'))).toBe('302 credentials_missing');
    expect(reasonOf(await dora.ask(`GET ${SITE}`))).toBe('302 credentials_missing');
    expect(reasonOf(await dora.ask('GET https://api.example.org/start'))).toBe('401 credentials_missing');
  });

  it('can’t plant a cookie from a page in clear text where the service has HTTPS, nor a second one', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(WIKI);
    const own = dora.cookies.get('wiki.example.org')!;
    dora.cookies.set('wiki.example.org', own.replace('__Host-', ''));
    expect((await dora.ask(`GET ${WIKI}`)).status).toBe(302);
    for (const two of [`${own}; __Host-latchkey_service=s.${'A'.repeat(43)}`, `__Host-latchkey_service=x; ${own}`]) {
      dora.cookies.set('wiki.example.org', two);
      expect((await dora.ask(`GET ${WIKI}`)).status).toBe(302);
    }
  });

  it('can’t be led elsewhere by a start of their own making', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    const sent = new URL((await dora.ask(`GET ${WIKI}`)).headers['location']!);
    const start = sent.searchParams.get('start')!;
    const [text = '', key = '', mac = ''] = start.split('.');
    const read = JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...read, o: 'https://evil.example' })).toString('base64url');
    for (const wrong of [
      `${forged}.${key}.${mac}`,
      `${text}.${key}.${mac.slice(1)}x`,
      text,
      'x.y.z',
      '..',
      'x'.repeat(9_000),
    ]) {
      const page = await dora.visitor.get(`/sessions/service?start=${wrong}`);
      expect([page.status, page.headers['refresh']]).toEqual([400, undefined]);
    }
    const refused = await dora.visitor.get('/sessions/service/refused?at=https://evil.example&method=GET&path=/');
    expect([refused.status, refused.text.includes('evil.example')]).toEqual([404, false]);
    const slashes = await dora.ask('GET https://wiki.example.org//evil.example/');
    expect([reasonOf(slashes), slashes.headers['location']]).toEqual(['403 path_ambiguous', undefined]);
  });

  it('can’t sign a victim in as themselves with a callback of their own (login CSRF)', async () => {
    const { browser } = await signInWorld();
    const [mallory, victim] = [await browser('eve'), await browser(null)];
    const callback = await mallory.upToCallback(WIKI);
    expect(reasonOf(await victim.ask(`GET ${callback}`))).toBe('403 sign_in_void');
    await victim.ask(`GET ${WIKI}`);
    expect(reasonOf(await victim.ask(`GET ${callback}`))).toBe('403 sign_in_void');
    expect(victim.cookies.get('wiki.example.org')).toMatch(/service=b\./);
    // Mallory's own browser still can.
    expect((await mallory.ask(`GET ${callback}`)).status).toBe(302);
  });

  it('can’t use a start they stole, nor the code that a victim gets for theirs', async () => {
    const { browser } = await signInWorld();
    const [dora, mallory] = [await browser('dora'), await browser('eve')];
    // Dora follows Mallory's start: the code is for Mallory's browser, but Dora's has it.
    const start = (await mallory.ask(`GET ${WIKI}`)).headers['location']!.replace('http://localhost:7070', '');
    const callback = String((await dora.visitor.get(start)).headers['refresh']).replace('0; url=', '');
    expect(reasonOf(await dora.ask(`GET ${callback}`))).toBe('403 sign_in_void');
    // A code for Dora's own start is of no use to Mallory, who reads it in some log.
    const own = await dora.upToCallback(WIKI);
    expect(reasonOf(await mallory.ask(`GET ${own}`))).toBe('403 sign_in_void');
    expect((await dora.ask(`GET ${own}`)).status).toBe(302);
  });

  it('can’t replay a callback, use it at another host, or after a minute', async () => {
    const { browser, world } = await signInWorld();
    const dora = await browser('dora');
    const callback = await dora.upToCallback(WIKI);
    const before = dora.cookies.get('wiki.example.org')!;
    dora.cookies.set('other.example.org', before);
    expect(reasonOf(await dora.ask(`GET ${callback.replace('wiki.', 'other.')}`))).toBe('403 sign_in_void');
    expect(reasonOf(await dora.ask(`POST ${callback}`))).toBe('403 sign_in_void');
    expect((await dora.ask(`GET ${callback}`)).status).toBe(302);
    dora.cookies.set('wiki.example.org', before);
    expect(reasonOf(await dora.ask(`GET ${callback}`))).toBe('403 sign_in_void');
    const late = await dora.upToCallback(WIKI);
    world.ctx.clock.advance(61);
    expect(reasonOf(await dora.ask(`GET ${late}`))).toBe('403 sign_in_void');
  });

  it('can’t make a browser change something from another site, a sibling host, or a socket', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(SITE);
    const from = async (operation: string, ...headers: [string, string][]): Promise<string> =>
      reasonOf(await dora.ask(`${operation} ${SITE}`, headers));
    expect(await from('POST')).toBe('403 sent_from_elsewhere');
    expect(await from('POST', ['Origin', 'https://evil.example'])).toBe('403 sent_from_elsewhere');
    expect(await from('POST', ['Origin', 'null'])).toBe('403 sent_from_elsewhere');
    expect(await from('POST', ['Origin', 'http://deploy.example.org'])).toBe('403 sent_from_elsewhere');
    expect(await from('POST', ['Sec-Fetch-Site', 'same-site'])).toBe('403 sent_from_elsewhere');
    expect(await from('GET', ['Origin', 'https://wiki.example.org'], ['Upgrade', 'websocket'])).toBe(
      '403 sent_from_elsewhere',
    );
    expect(await from('MOVE', ['Origin', 'https://evil.example'], ['Destination', '/apps/acme/docs'])).toBe(
      '403 sent_from_elsewhere',
    );
    expect(await from('POST', ['Origin', 'https://deploy.example.org'])).toBe('200 passed on');
    expect(await from('POST', ['Origin', 'null'], ['Sec-Fetch-Site', 'same-origin'])).toBe('200 passed on');
    expect(await from('GET', ['Sec-Fetch-Site', 'cross-site'])).toBe('200 passed on');
  });

  it('has nothing from it once its person signed out, ended it elsewhere, or was suspended', async () => {
    const { browser, world } = await signInWorld();
    const admitted = async (each: Browser): Promise<boolean> => (await each.ask(`GET ${SITE}`)).status === 200;
    const [one, two, three] = [await browser('dora'), await browser('dora'), await browser('dora')];
    for (const each of [one, two, three]) expect((await each.open(SITE)).status).toBe(200);
    await one.visitor.send('/logout', 'sign-out');
    expect([await admitted(one), await admitted(two), await admitted(three)]).toEqual([false, true, true]);
    await two.visitor.sendSurely('/settings/sessions', 'end-others');
    expect([await admitted(two), await admitted(three)]).toEqual([true, false]);
    await suspendUser(world.ctx, operatorPermit(), 'dora');
    expect(await admitted(two)).toBe(false);
  });

  it('gets nothing through in any request after the answer that ended the session', async () => {
    const { browser } = await signInWorld();
    const dora = await browser('dora');
    await dora.open(SITE);
    expect((await dora.ask(`GET ${SITE}`)).status).toBe(200);
    await dora.visitor.send('/logout', 'sign-out');
    const answers = await Promise.all(
      Array.from({ length: Number(process.env['LATCHKEY_REVOKED_REQUESTS'] ?? 300) }, () => dora.ask(`GET ${SITE}`)),
    );
    expect(answers.filter(({ status }) => status === 200)).toEqual([]);
  });
});
