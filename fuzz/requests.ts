/** Hostile requests for every door, made from the doors' own lists of routes. */

import { GITLAB_ROUTES } from '../packages/latchkey/src/catalogue/routes/gitlab.ts';
import type { Endpoint } from '../packages/latchkey/src/doors/github/endpoint.ts';
import type { WebPage } from '../packages/latchkey/src/doors/web/frame/web-page.ts';
import { type Dice, mostlyHonest } from './dice.ts';

export const DOORS = ['git', 'github', 'gitlab', 'web', 'forward', 'oauth'] as const;
type Door = (typeof DOORS)[number];

export interface HostileRequest {
  readonly door: Door;
  readonly method: string;
  readonly path: string;
  /** Names and values. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** What a stranger has got hold of, so that requests get past the first question. */
export interface Loot {
  /** Live tokens, some of which may do a lot. */
  readonly tokens: readonly Stolen[];
  /** For requests that might end the token that they come with, or another of its owner. */
  readonly victims: readonly Stolen[];
  readonly sessions: readonly { readonly cookie: string; readonly formToken: string }[];
}

/** The fields of a body, with what they hold, as far as it is known. */
type Fields = Readonly<Record<string, { readonly type?: unknown }>>;
const NO_FIELDS: Fields = {};

interface Stolen {
  readonly login: string;
  readonly token: string;
}

/** Endpoints that would end what the other requests need. */
const ENDS_TOKENS = /token|credentials|revoke|rotate|\/users|\/user$|members/;

interface Routes {
  readonly github: readonly Pick<Endpoint, 'method' | 'path' | 'body'>[];
  readonly web: readonly Pick<WebPage, 'path' | 'forms'>[];
}

/** Files with JSX can't be loaded as they are: the routes come from what was built. */
export async function builtRoutes(): Promise<Routes> {
  const dist = new URL('../packages/latchkey/dist/doors/', import.meta.url).href;
  const github = (await import(`${dist}github/endpoints.js`)) as { ENDPOINTS: Routes['github'] };
  const web = (await import(`${dist}web/pages.js`)) as { PAGES: Routes['web'] };
  return { github: github.ENDPOINTS, web: web.PAGES.filter(({ path }) => !ENDS_WORLD.test(path)) };
}

/** Pages whose forms would end what the other requests need: sessions, tokens, people. */
const ENDS_WORLD = /logout|sessions|security$|new-password|lock|policy|people|delete|\/settings$/;

const OWNERS = ['ada', 'ada', 'eve', 'acme', 'nobody-there'];
const NAMES = ['notes', 'notes', 'site', 'nothing-there'];
const FIELDS = (
  'name description scopes permissions repositories owner expires_in expires_at visibility private path branch ' +
  'content message sha ref email login password code title key url secret events active q action actor phrase since ' +
  'until order per_page page after before format client_id grant_type redirect_uri code_verifier scope device_code ' +
  'token token_type_hint method uri host state otp allowed_addresses max_lifetime_days'
).split(' ');

const DOOR_REQUESTS: Readonly<Record<Door, (dice: Dice, routes: Routes, loot: Loot) => Omit<HostileRequest, 'door'>>> =
  {
    git: (dice, _, loot) => {
      const service = dice.often(0.9) ? dice.oneOf(['git-upload-pack', 'git-receive-pack']) : dice.text();
      const end = dice.often(0.8)
        ? dice.oneOf([`/info/refs?service=${service}`, `/${service}`])
        : dice.oneOf(['/HEAD', '/objects/info/packs', dice.text()]);
      const suffix = dice.oneOf(['.git', '.git', '', '.git.git']);
      return {
        method: dice.often(0.9) ? (end.startsWith('/git-') ? 'POST' : 'GET') : dice.oneOf(['HEAD', 'PUT', 'POST']),
        path: `/${value(dice, OWNERS)}/${value(dice, NAMES)}${suffix}${end}`,
        headers: [
          ...credentials(dice, loot, ['basic']),
          ['Content-Type', dice.often(0.8) ? `application/x-${service}-request` : dice.text()],
          ['Git-Protocol', dice.spoiled('version=2')],
          ...(dice.often(0.2) ? [['Content-Encoding', dice.oneOf(['gzip', 'br', dice.text()])] as const] : []),
        ],
        body: gitBody(dice),
      };
    },
    github: (dice, { github }, loot) => {
      const { method, path, body } = dice.oneOf(github);
      const { properties = {} } = (body ?? {}) as { properties?: Fields };
      const route = { method, path: `/api/v3${path}`, fields: properties };
      return rest(dice, route, credentials(dice, sparing(loot, method, path), ['bearer', 'token', 'basic']));
    },
    gitlab: (dice, _, loot) => {
      const { method, path } = dice.oneOf(GITLAB_ROUTES);
      return rest(
        dice,
        { method, path: `/api/v4${path}`, fields: NO_FIELDS },
        credentials(dice, sparing(loot, method, path), ['private-token', 'bearer']),
      );
    },
    web: (dice, { web }, { sessions }) => {
      const { path, forms = {} } = dice.oneOf(web);
      const session = dice.often(0.8) ? dice.oneOf(sessions) : null;
      const form = dice.oneOf([...Object.keys(forms), dice.text()]);
      const token = session === null || dice.often(0.2) ? dice.text() : session.formToken;
      const fields = new URLSearchParams({ form, token, nonce: dice.text() });
      for (let i = dice.below(8); i > 0; i--) fields.append(dice.oneOf(FIELDS), dice.text());
      return {
        method: dice.oneOf(['GET', 'POST', 'POST', 'HEAD']),
        path: filled(dice, path) + query(dice),
        headers: [
          ...(session === null
            ? []
            : [['Cookie', dice.often(0.9) ? session.cookie : dice.spoiled(session.cookie)] as const]),
          ['Sec-Fetch-Site', dice.oneOf(['same-origin', 'same-origin', 'cross-site', dice.text()])],
          ['Accept', dice.oneOf(['text/html', dice.text()])],
          ['Content-Type', dice.often(0.9) ? 'application/x-www-form-urlencoded' : dice.text()],
        ],
        body: Buffer.from(fields.toString()),
      };
    },
    forward: (dice, { github }, loot) => {
      const asked = `/api/v3${filled(dice, dice.oneOf(github).path)}`;
      const [uri, method, host] = dice.oneOf([
        ['X-Original-URI', 'X-Original-Method', 'X-Original-Host'],
        ['X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-Host'],
      ] as const);
      return {
        method: dice.oneOf(['GET', 'POST', 'OPTIONS']),
        path: dice.oneOf(['/forward-auth', `/forward-auth${asked}`, '/api/latchkey/check', '/oauth/introspect']),
        headers: [
          ...credentials(dice, loot, ['basic', 'bearer', 'private-token']),
          [uri, dice.spoiled(asked)],
          [method, dice.oneOf(['GET', 'POST', dice.text()])],
          [host, dice.oneOf(['git.example.org', dice.text()])],
          ['X-Forwarded-For', dice.spoiled('203.0.113.7, 10.0.0.1')],
          ['Content-Type', dice.oneOf(['application/json', 'application/x-www-form-urlencoded'])],
        ],
        body: dice.often(0.5) ? form(dice) : json(dice),
      };
    },
    oauth: (dice) => ({
      method: dice.oneOf(['POST', 'POST', 'GET']),
      path: dice.oneOf(['/login/oauth/access_token', '/login/device/code', '/login/oauth/authorize', '/login/device']),
      headers: [
        ['Content-Type', dice.oneOf(['application/x-www-form-urlencoded', 'application/json', dice.text()])],
        ['Accept', dice.oneOf(['application/json', dice.text()])],
      ],
      body: dice.often(0.8) ? form(dice, dice.spoiled('latchkey-cli')) : json(dice),
    }),
  };

/** Of all requests: those that are right but for little, so that they reach what lies behind the first questions. */
const HONEST_SHARE = 0.5;

/** One request for a door that chance chooses. */
export function hostileRequest(dice: Dice, routes: Routes, loot: Loot): HostileRequest {
  const door = dice.oneOf(DOORS);
  return { door, ...DOOR_REQUESTS[door](dice.often(HONEST_SHARE) ? mostlyHonest(dice) : dice, routes, loot) };
}

/** What an endpoint is asked with, so that the rest of the run has tokens that live. */
function sparing(loot: Loot, method: string, path: string): Pick<Loot, 'tokens'> {
  return method !== 'GET' && ENDS_TOKENS.test(path) ? { tokens: loot.victims } : loot;
}

function rest(
  dice: Dice,
  { method, path, fields }: { method: string; path: string; fields: Fields },
  headers: HostileRequest['headers'],
): Omit<HostileRequest, 'door'> {
  return {
    method: dice.often(0.9)
      ? method
      : dice.oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']),
    path: filled(dice, path) + (dice.often(0.4) ? query(dice) : ''),
    headers: [...headers, ['Content-Type', dice.often(0.9) ? 'application/json' : dice.text()]],
    body: method === 'GET' && dice.often(0.9) ? Buffer.alloc(0) : json(dice, dice.often(0.8) ? fields : NO_FIELDS),
  };
}

function credentials(
  dice: Dice,
  { tokens }: Pick<Loot, 'tokens'>,
  forms: readonly string[],
): HostileRequest['headers'] {
  if (dice.often(0.1)) return [];
  const { login, token: whole } = dice.oneOf(tokens);
  const token = dice.often(0.9) ? whole : dice.spoiled(whole);
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const lines: Readonly<Record<string, readonly [string, string]>> = {
    basic: ['Authorization', basic(`${dice.often(0.9) ? login : dice.text()}:${token}`)],
    bearer: ['Authorization', `Bearer ${token}`],
    token: ['Authorization', `token ${token}`],
    'private-token': ['Private-Token', token],
    spoiled: ['Authorization', dice.spoiled(basic(`ada:${token}`))],
  };
  const chosen = dice.often(0.9) ? dice.oneOf(forms) : 'spoiled';
  const line = lines[chosen];
  return line === undefined ? [] : [line];
}

/** A path with values in the place of its parameters: `{owner}`, `:org`, `*`. */
function filled(dice: Dice, path: string): string {
  return path.replace(/\{(\w+)\}|:(\w+)|\*/g, (_, braced?: string, colon?: string) => {
    const name = braced ?? colon ?? '';
    if (/owner|org|user|login|group/.test(name)) return value(dice, OWNERS);
    if (/repo|^name$/.test(name)) return value(dice, NAMES);
    if (name === 'id') return value(dice, ['1', '2', 'ada%2Fnotes', 'acme%2Fsite']);
    return value(dice, ['1', '2', 'main', 'README.md', 'HEAD', 'contents']);
  });
}

const value = (dice: Dice, good: readonly string[]): string =>
  dice.often(0.9) ? dice.oneOf(good) : encoded(dice, dice.text());

/** As a client would send it, or rawer. */
function encoded(dice: Dice, text: string): string {
  return dice.often(0.5) ? text : encodeURIComponent(text.toWellFormed());
}

function query(dice: Dice): string {
  const pairs = Array.from({ length: dice.below(4) }, () => `${dice.oneOf(FIELDS)}=${encoded(dice, dice.text())}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function json(dice: Dice, known: Fields = NO_FIELDS): Buffer {
  const anything = (depth: number): unknown =>
    dice.oneOf<() => unknown>([
      () => dice.text(),
      () => dice.below(1000) - 500,
      () => null,
      () => dice.often(0.5),
      () => (depth > 2 ? [] : [anything(depth + 1)]),
      () => (depth > 2 ? {} : { [dice.oneOf(FIELDS)]: anything(depth + 1) }),
    ])();
  const fitting: Readonly<Record<string, () => unknown>> = {
    string: () => dice.text(),
    integer: () => dice.below(40),
    boolean: () => dice.often(0.5),
    array: () => [dice.text()],
  };
  const valueOf = (type: unknown): unknown =>
    ((dice.often(0.7) && typeof type === 'string' ? fitting[type] : undefined) ?? (() => anything(0)))();
  const names = Object.keys(known);
  const chosen = names.length === 0 ? FIELDS : names;
  const some = Array.from({ length: dice.below(6) }, () => dice.oneOf(chosen));
  // All that there are, now and then: some of them are asked for.
  const sent = names.length > 0 && dice.often(0.5) ? names : some;
  const text = JSON.stringify(Object.fromEntries(sent.map((name) => [name, valueOf(known[name]?.type ?? 'string')])));
  return dice.often(0.85) ? Buffer.from(text) : dice.often(0.5) ? Buffer.from(dice.spoiled(text)) : dice.bytes(300);
}

function form(dice: Dice, clientId = ''): Buffer {
  const fields = new URLSearchParams({
    client_id: clientId,
    grant_type: dice.spoiled(dice.oneOf(['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'])),
  });
  for (let i = dice.below(6); i > 0; i--) fields.append(dice.oneOf(FIELDS), dice.text());
  return dice.often(0.9) ? Buffer.from(fields.toString()) : dice.bytes(300);
}

const GIT_BODIES: readonly string[] = [
  '0000',
  '0001',
  'ffff',
  'zzzz',
  '0014command=ls-refs\n0000',
  `0032want ${'0'.repeat(40)}\n00000009done\n`,
  '000bfoobar\n0000',
  '0003',
  `0067${'0'.repeat(40)} ${'1'.repeat(40)} refs/heads/main\u0000report-status0000PACK\u0000\u0000\u0000\u0002`,
];

const gitBody = (dice: Dice): Buffer =>
  dice.often(0.3) ? dice.bytes(400) : Buffer.from(dice.spoiled(dice.oneOf(GIT_BODIES)), 'latin1');
