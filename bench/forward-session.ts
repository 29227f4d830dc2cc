/**
 * The same as the forward bench for a browser: a request with the cookie of a session at a service. The session is made
 * as a browser makes it: the form of the sign-in, the way there and back.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHORT } from './forward.ts';
import { type Row, spread } from './measure.ts';
import { startWorld, type World } from './server.ts';
import { againstBare, load, type Question, textOf } from './token-check.ts';

const MAP = `services:
  - hosts: [app.example.org]
    challenge: sign-in
    routes: [{ method: GET, path: '/{path...}', needs: {} }]
`;
/** What a browser sends to show a page. */
const BROWSER = {
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};

export async function benchSession(rounds: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-session-'));
  const routeMap = join(folder, 'map.yaml');
  await writeFile(routeMap, MAP);
  const world = await startWorld(join(folder, 'data'), null, ['--route-map', routeMap]);
  try {
    const cookie = await cookieAtService(world);
    const { ratio, detail } = await againstBare(world, asked('/board', cookie), rounds, SHORT);
    const refused = await refusedAfterSignOut(world, cookie);
    return [
      {
        suite: 'forward',
        what: 'forward authorization with the cookie of a sign-in, against bare node:http with the same bytes',
        figure: `${spread(ratio, 2)} of the throughput`,
        goal: '≥ 0.90',
        reached: ratio.median >= 0.9,
        detail,
      },
      {
        suite: 'forward',
        what: 'requests with the cookie of a sign-in after the answer that ended it, let through',
        figure: `0 of ${refused}`,
        goal: '0 of 10,000',
        reached: refused >= REVOKED_REQUESTS,
        detail: 'on 32 connections at a time',
      },
    ];
  } finally {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

const REVOKED_REQUESTS = 10_000;

/** How many requests were refused after the sign-out. @throws Error when one was let through */
async function refusedAfterSignOut({ url }: World, cookie: string): Promise<number> {
  const port = Number(new URL(url).port);
  const text = textOf(asked('/board', cookie), url);
  await load(port, text, { seconds: 0.5 });
  const { 'x-latchkey-reason': reason } = await ask(url, asked('/_latchkey/sign-out', cookie));
  if (reason !== 'signed_out') throw new Error(`the sign-out was answered with ${String(reason)}`);
  let refused = 0;
  while (refused < REVOKED_REQUESTS) refused += (await load(port, text, { status: '401', seconds: 1 })).total;
  return refused;
}

/** A proxy's question about a browser's request. */
function asked(uri: string, cookie: string): Question {
  return {
    path: '/forward-auth',
    headers: {
      'X-Original-Method': 'GET',
      'X-Original-URI': uri,
      'X-Original-Host': 'app.example.org',
      'X-Forwarded-For': '127.0.0.1',
      ...BROWSER,
      ...(cookie === '' ? {} : { Cookie: cookie }),
    },
  };
}

async function cookieAtService({ url }: World): Promise<string> {
  const form = await fetch(`${url}/login`);
  const device = cookiesOf(form);
  const fields = new URLSearchParams({ login: 'ada', password: 'a long enough password' });
  const page = await form.text();
  for (const [, name = '', value = ''] of page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g))
    if (!fields.has(name)) fields.set(name, value);
  fields.set('form', 'sign-in');
  const headers = { Cookie: device, 'Sec-Fetch-Site': 'same-origin' };
  const signedIn = await fetch(`${url}/login`, { method: 'POST', body: fields, headers, redirect: 'manual' });
  const first = await ask(url, asked('/board', ''));
  const start = new URL(first.location ?? '');
  const back = await fetch(url + start.pathname + start.search, {
    headers: { Cookie: `${device}; ${cookiesOf(signedIn)}` },
  });
  const callback = new URL((back.headers.get('refresh') ?? '').replace('0; url=', ''));
  const opened = await ask(url, asked(callback.pathname + callback.search, pairOf(first)));
  return pairOf(opened);
}

/** Not with `fetch`, which puts its own Sec-Fetch headers in the place of a browser's. */
async function ask(url: string, { path, headers }: Question): Promise<IncomingHttpHeaders> {
  const [answer] = (await once(get(url + path, { headers }), 'response')) as [IncomingMessage];
  answer.resume();
  return answer.headers;
}

const pairOf = (headers: IncomingHttpHeaders): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';

function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}
