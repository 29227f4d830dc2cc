/**
 * Somebody opens the address that a refusal offers, in a browser where they are signed in, presses the page's main
 * button without filling in anything, and uses the result.
 */
import { formIn } from '../doors/web/visitor.ts';
import { PASSWORD, type Try, type World } from './world.ts';

/** The result of following the address. */
export interface Followed {
  /** The next try. */
  readonly attempt: Try;
  /** The last page. */
  readonly page: string;
}

/** Forms that a page may put forward, by id: the first one present is sent. */
const PUT_FORWARD = ['fix', 'remind', 'create', 'classic', 'scoped', 'renew', 'edit', 'authorize'] as const;

/** Follows the address as Bob; returns the next try. @throws Error for an address where nothing can be done */
export async function follow(world: World, address: string, attempt: Try): Promise<Followed> {
  const browser = await signedIn(world, 'bob');
  let path = address.slice(world.url.length);
  let page = await browser.get(path);
  // A page without a form says in its first link or button where to go.
  const onward = linkOnward(page);
  if (onward !== null) page = await browser.get((path = onward));
  const form = PUT_FORWARD.find((id) => hasForm(page, id));
  if (form === undefined) throw new Error(`nothing can be done at ${address}`);
  page = await browser.post(path, formIn(page, form).values);
  const secret = /\blk[fcsd]_[A-Za-z0-9]{36}\b/.exec(page)?.[0];
  return { attempt: secret === undefined ? attempt : { ...attempt, secret }, page };
}

type Typed = Readonly<Record<string, string>>;

/** Signs in as somebody, opens an address, fills in one form and sends it; returns the page that follows. */
export async function pressAs(
  world: World,
  login: string,
  address: string,
  form: string,
  typed: Typed | ((page: string) => Typed) = {},
): Promise<string> {
  const browser = await signedIn(world, login);
  const path = address.slice(world.url.length);
  const page = await browser.get(path);
  const { values } = formIn(page, form);
  for (const [name, value] of Object.entries(typeof typed === 'function' ? typed(page) : typed))
    values.set(name, value);
  return browser.post(path, values);
}

/** The link in the newest mail with this subject in somebody's mailbox. */
export async function linkInMail(world: World, login: string, subject: string): Promise<string> {
  const { db } = world.server.context.store;
  const { text, address } = await db
    .selectFrom('outbox')
    .innerJoin('accounts', 'accounts.id', 'outbox.user_id')
    .select(['outbox.text', 'outbox.address'])
    .where('accounts.login', '=', login)
    .where('outbox.subject', '=', subject)
    .orderBy('outbox.id', 'desc')
    .executeTakeFirstOrThrow();
  return /^http\S+$/m.exec(world.server.context.keys.open('outbox.text', address, text).reveal())![0];
}

function hasForm(page: string, id: string): boolean {
  return new RegExp(`name="form" value="${id}"`).test(page);
}

/** The link of a page that has no form to put forward. */
function linkOnward(page: string): string | null {
  if (PUT_FORWARD.some((id) => hasForm(page, id))) return null;
  const links = [...page.matchAll(/<a[^>]*\shref="([^"]+)"[^>]*>([^<]*)/g)];
  const found =
    links.find(([, , words]) => words?.startsWith('Review them in the form')) ??
    links.find(([, href, words]) => href?.includes('/new?') === true && words?.startsWith('Create')) ??
    links.find(([, , words]) => words?.startsWith('Regenerate'));
  return found === undefined ? null : found[1]!.replaceAll('&amp;', '&');
}

/** A page as somebody sees it who is signed in. @throws Error when it is none */
export async function pageSeenBy(world: World, login: string, path: string): Promise<string> {
  return (await signedIn(world, login)).get(path);
}

interface Browser {
  get(path: string): Promise<string>;
  /** Sends a form and follows its redirect. */
  post(path: string, values: URLSearchParams): Promise<string>;
}

/** Signed in before anything happened: the refusal must not be about signing in. */
async function signedIn({ url, server }: World, login: string): Promise<Browser> {
  const { db } = server.context.store;
  const bob = db.updateTable('accounts').where('login', '=', login);
  const { two_factor_at } = await db
    .selectFrom('accounts')
    .select('two_factor_at')
    .where('login', '=', login)
    .executeTakeFirstOrThrow();
  await bob.set({ two_factor_at: null }).execute();
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<string> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url + path, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', cookie, 'sec-fetch-site': 'same-origin', ...init.headers },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(';', 1)[0]!.split('=');
      cookies.set(name!, value!);
    }
    const location = answer.headers.get('location');
    if (location !== null) return ask(new URL(location, url + path).href.slice(url.length), {});
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} at ${path}: ${alertsIn(text)}`);
    return text;
  };
  const browser: Browser = {
    get: (path) => ask(path, {}),
    post: (path, body) => ask(path, { method: 'POST', body }),
  };
  const { values } = formIn(await browser.get('/login'), 'sign-in');
  values.set('login', login);
  values.set('password', PASSWORD);
  await browser.post('/login', values);
  await bob.set({ two_factor_at }).execute();
  return browser;
}

/** The complaints on a page, for the message of a failing test. */
function alertsIn(page: string): string {
  return [...page.matchAll(/role="alert"[^>]*>([\s\S]{0,600})/g)]
    .map(([, html]) => html!.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '))
    .join(' | ');
}
