/**
 * The pages without a socket: a visitor with cookies who reads forms and sends them, like a browser without scripts.
 */
import Fastify from 'fastify';
import { Secret as OtpSecret, TOTP } from 'otpauth';
import { onTestFinished } from 'vitest';
import type { Account } from '../../../src/actions/accounts/accounts.ts';
import { webDoor } from '../../../src/doors/web/plugin.ts';
import type { Engine } from '../../../src/store/db.ts';
import { contextWith, type TestContext } from '../../actions/context.ts';
import { addKnownPerson, PASSWORD } from '../../actions/known-password.ts';
import { once } from '../../waits.ts';

export { PASSWORD };

export interface Seen {
  readonly status: number;
  readonly text: string;
  /** Of the body as it was sent. */
  readonly bytes: number;
  readonly location: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A form of a page: where it goes, and its values. */
export interface SeenForm {
  readonly values: URLSearchParams;
}

export interface Visitor {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Seen>;
  /** Resolves with the first bytes of an answer, and hangs up. */
  begin(path: string): Promise<{ readonly status: number; readonly bytes: number; readonly headers: Seen['headers'] }>;
  /** Opens the page, fills in the form with that id and sends it. */
  send(
    path: string,
    form: string,
    typed?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Seen>;
  /** The same, and says yes to the question that comes back. @throws Error when none does */
  sendSurely(path: string, form: string, typed?: Readonly<Record<string, string>>): Promise<Seen>;
  /** Sends the given body, even a forged one. */
  post(path: string, body: string | URLSearchParams, headers?: Readonly<Record<string, string>>): Promise<Seen>;
  /** Signs in with the form. */
  signIn(login: string, password?: string): Promise<Seen>;
}

export interface WebWorld {
  readonly ctx: TestContext;
  addPerson(login: string, given?: { admin?: boolean; verified?: boolean }): Promise<Account>;
  visitor(from?: string): Visitor;
}

/** The door on its own context. */
export async function webWorld(
  flags: Parameters<typeof contextWith>[0] = {},
  engine: Engine = 'sqlite',
): Promise<WebWorld> {
  return webWorldOn(await contextWith({ publicUrl: 'http://localhost:7070', ...flags }, engine));
}

/** The door on a context that is there already. */
export async function webWorldOn(ctx: TestContext): Promise<WebWorld> {
  const fastify = Fastify({ logger: false });
  await fastify.register(webDoor(ctx, new AbortController().signal));
  onTestFinished(() => fastify.close());
  return {
    ctx,
    addPerson: (login, { admin = false, verified = true } = {}) =>
      addKnownPerson(ctx, { login, email: `${login}@example.org`, verified, admin }),
    visitor: (from = '192.0.2.1') => visitor(fastify, from),
  };
}

function visitor(fastify: ReturnType<typeof Fastify>, from: string): Visitor {
  const cookies = new Map<string, string>();
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    payload?: string,
  ): Promise<Seen> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fastify.inject({
      method,
      url: path,
      remoteAddress: from,
      headers: { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    for (const { name, value } of response.cookies)
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    return {
      status: response.statusCode,
      text: response.payload,
      bytes: response.rawPayload.length,
      location: response.headers.location ?? null,
      headers: response.headers as Seen['headers'],
    };
  };
  const begin: Visitor['begin'] = async (path) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fastify.inject({
      method: 'GET',
      url: path,
      remoteAddress: from,
      headers: { accept: 'text/html', cookie },
      payloadAsStream: true,
    });
    const body = response.stream();
    await once(body, 'readable');
    const first = body.read() as Buffer;
    body.destroy();
    return { status: response.statusCode, bytes: first.length, headers: response.headers as Seen['headers'] };
  };
  const self: Visitor = {
    cookies,
    begin,
    get: (path, headers = {}) => ask('GET', path, headers),
    post: (path, body, headers = {}) =>
      ask(
        'POST',
        path,
        { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
        String(body),
      ),
    send: async (path, form, typed = {}, headers = {}) => {
      const { values } = formIn((await self.get(path)).text, form);
      for (const [name, value] of Object.entries(typed)) values.set(name, value);
      return self.post(path, values, headers);
    },
    sendSurely: async (path, form, typed = {}) => {
      const question = await self.send(path, form, typed);
      return self.post(path, formIn(question.text, form).values);
    },
    signIn: (login, password = PASSWORD) => self.send('/login', 'sign-in', { login, password }),
  };
  return self;
}

export const TWO_FACTOR = '/settings/security/two-factor';

/** The key for an authenticator app on the set-up page, in base32. */
export function keyOn(page: string): string {
  return /<code[^>]*>([A-Z2-7 ]+)<\/code>/.exec(page)![1]!.replaceAll(' ', '');
}

/** The code that an app with this key shows, this many steps from now. */
export function codeOf(world: WebWorld, key: string, steps = 0): string {
  return new TOTP({ secret: OtpSecret.fromBase32(key) }).generate({
    timestamp: (world.ctx.clock.now() + steps * 30) * 1000,
  });
}

/** Turns on the second factor, and returns a function that computes its codes. */
export async function withTwoFactor(world: WebWorld, visitor: Visitor): Promise<() => string> {
  const page = await visitor.get(TWO_FACTOR);
  const key = keyOn(page.text);
  const { values } = formIn(page.text, 'confirm');
  values.set('otp', codeOf(world, key));
  const { location } = await visitor.post(TWO_FACTOR, values);
  if (location !== '/settings/security/recovery-codes') throw new Error('two-factor authentication is not on');
  return () => codeOf(world, key);
}

/** The form with that id, with the values of its fields. @throws Error when the page has none */
export function formIn(page: string, id: string): SeenForm {
  for (const [form] of page.matchAll(/<form[\s\S]*?<\/form>/g)) {
    const values = new URLSearchParams();
    for (const [input] of form.matchAll(/<input(?:"[^"]*"|[^">])*>/g)) {
      const attribute = (name: string): string | null => new RegExp(`\\s${name}="([^"]*)"`).exec(input)?.[1] ?? null;
      if (/\stype="(?:checkbox|radio)"/.test(input) && !/\schecked/.test(input)) continue;
      if (attribute('name') !== null) values.append(attribute('name')!, unescaped(attribute('value') ?? ''));
    }
    for (const [, attributes, options] of form.matchAll(/<select([^>]*)>([\s\S]*?)<\/select>/g)) {
      const name = /\sname="([^"]*)"/.exec(attributes!)?.[1];
      const [chosen = '<option>'] = [
        /<option[^>]*\sselected[^>]*>/.exec(options!)?.[0],
        /<option[^>]*>/.exec(options!)?.[0],
      ].filter((one) => one !== undefined);
      if (name !== undefined) values.append(name, unescaped(/\svalue="([^"]*)"/.exec(chosen)?.[1] ?? ''));
    }
    for (const [, name, text] of form.matchAll(/<textarea[^>]*\sname="([^"]*)"[^>]*>([\s\S]*?)<\/textarea>/g))
      values.append(name!, unescaped(text!));
    // The last field with that name counts, just as a browser sends the button that is pressed.
    if (values.get('form') === id) return { values };
  }
  throw new Error(`the page has no form ${id}: ${page.slice(0, 500)}`);
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
