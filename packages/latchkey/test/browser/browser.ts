/**
 * A real browser on a real server: what the scripts of this folder act through.
 *
 * The browser comes inside a registry package (`@sparticuz/chromium`); told that it runs on AWS Lambda, it also unpacks
 * the system libraries that a minimal machine lacks. So nothing has to be installed beside `npm ci`. A run unpacks it
 * once.
 *
 * Invariant: every page that a test shows goes through axe, which must find nothing. With `LATCHKEY_TEST_PICTURES=1` in
 * the environment it is also kept as a picture in `test/browser/pictures`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AxeResults } from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, vi } from 'vitest';
import { type RunningServer, startServer } from '../../src/app.ts';
import { loadSettings, type SettingSources } from '../../src/base/settings/settings.ts';
import type { Account } from '../../src/store/accounts.ts';
import { addKnownPerson, PASSWORD } from '../actions/known-password.ts';
import { whereIs } from '../engines/broker.ts';
import { readyFolder } from '../engines/engines.ts';

/** Where pictures go, or null when none were asked for: drawing them takes as long as all that axe does. */
const PICTURES =
  process.env['LATCHKEY_TEST_PICTURES'] === '1' ? fileURLToPath(new URL('./pictures/', import.meta.url)) : null;
/** How long a step may take on a busy machine. */
const STEP_MS = 30_000;
/** How long a whole story may take there: every page is looked at several times. */
const STORY_MS = 240_000;
const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1280, height: 800 };

/** One process for all, and a graphics card made of software, which doubles the work of every page. */
const FOR_LAMBDA = /^--(?:single-process|no-zygote|in-process-gpu|ignore-gpu-blocklist|use-gl|use-angle|enable-unsafe)/;

let shared: Browser | null = null;

/** Call once at the top of a file: the browser starts before its first test and ends after its last. */
export function withBrowser(): void {
  vi.setConfig({ testTimeout: STORY_MS });
  beforeAll(async () => {
    shared = await launch();
  }, 120_000);
  afterAll(async () => {
    await shared?.close();
    shared = null;
  });
}

async function launch(): Promise<Browser> {
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  return chromium.launch({
    executablePath: await whereIs('chromium'),
    args: [...packed.args.filter((arg) => !FOR_LAMBDA.test(arg)), '--disable-gpu'],
    headless: true,
  });
}

export interface Site {
  readonly server: RunningServer;
  readonly url: string;
  /** A person with a password and a verified address, unless set otherwise. */
  addPerson(login: string, given?: { admin?: boolean; verified?: boolean }): Promise<Account>;
  /** A browser of its own, as if on another machine. */
  open(options?: BrowserContextOptions & { javaScriptEnabled?: boolean }): Promise<Page>;
  /** A browser in which this person is signed in. */
  signedIn(login: string, options?: BrowserContextOptions): Promise<Page>;
}

export { PASSWORD };

/** Starts a server on a fresh folder; it ends with the test. */
export async function startSite(flags: SettingSources['flags'] = {}): Promise<Site> {
  const data = await readyFolder(await mkdtemp(join(tmpdir(), 'latchkey-browser-')));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const server = await startServer(loadSettings({ flags: { data, port: '0', logLevel: 'warn', ...flags }, env: {} }));
  onTestFinished(() => server.close());
  const open: Site['open'] = async (options = {}) => {
    const context = await shared!.newContext({ baseURL: server.url, viewport: WIDE, ...options });
    onTestFinished(() => context.close());
    context.setDefaultTimeout(STEP_MS);
    refuseScriptErrors(context);
    return context.newPage();
  };
  const site: Site = {
    server,
    url: server.url,
    open,
    addPerson: (login, { admin = false, verified = true } = {}) =>
      addKnownPerson(server.context, { login, email: `${login}@example.org`, verified, admin }),
    signedIn: async (login, options) => {
      const page = await open(options);
      await signIn(page, login);
      return page;
    },
  };
  return site;
}

/** Fails the test when a page tries to run something forbidden, or a script fails. */
function refuseScriptErrors(context: BrowserContext): void {
  const errors: string[] = [];
  context.on('weberror', (error) => errors.push(error.error().message));
  context.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) errors.push(message.text());
  });
  onTestFinished(() => expect(errors).toEqual([]));
}

/** Signs in with the form. */
export async function signIn(page: Page, login: string, password = PASSWORD): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('Username or e-mail address').fill(login);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const sessions = new WeakMap<Page, CDPSession>();
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Over a session of its own: `page.evaluate` would parse the half megabyte twice. It ends with the page: an earlier end
 * would take the page's authenticator away.
 */
async function loadAxe(page: Page): Promise<void> {
  const session = sessions.get(page) ?? (await page.context().newCDPSession(page));
  sessions.set(page, session);
  const { exceptionDetails } = await session.send('Runtime.evaluate', { expression: await readFile(AXE, 'utf8') });
  expect(exceptionDetails).toBeUndefined();
}

/** The rules among them that are about colours: all that the dark theme changes. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds wrong with the current page.
 * @param rules all of ours by default
 * @param within selects the parts to look at, all by default
 */
export async function axe(page: Page, rules: readonly string[] = TAGS, within = 'html'): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in globalThis'))) await loadAxe(page);
  const { violations } = await page.evaluate<AxeResults, readonly [readonly string[], string]>(
    // No rule among them reads style sheets or media, which axe would fetch again.
    ([only, part]) =>
      // oxlint-disable-next-line typescript/no-explicit-any -- runs in the page, whose globals are not typed here
      (globalThis as any).axe.run(part, { runOnly: only, resultTypes: ['violations'], preload: false }),
    [rules, within],
  );
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  );
}

/**
 * How a page is looked at: what the view is called, its theme and size, and which rules axe goes by. A narrow one is
 * looked at with every part opened that is closed, too: it costs a page nothing where there is none.
 */
type View = readonly [name: string, theme: 'light' | 'dark', size: typeof WIDE, rules: readonly string[]];
/**
 * Each rule in both themes and at both sizes; with pictures also what is shown at one size only, in each theme, where
 * colours alone differ. A page takes axe a third of a second in each view.
 */
const VIEWS: readonly View[] =
  PICTURES === null
    ? [
        ['light', 'light', WIDE, TAGS],
        ['dark-narrow', 'dark', NARROW, TAGS],
      ]
    : [
        ['light', 'light', WIDE, TAGS],
        ['dark', 'dark', WIDE, COLOUR_RULES],
        ['narrow', 'light', NARROW, TAGS],
      ];

/** What a page shows on a click; then its menus, and what each opens: one covers other parts, so it is opened alone. */
const CLOSED_PARTS = 'main details:not([open], [data-menu])';
const MENUS = {
  'main details[data-menu]': 'main details[data-opened]',
  '.lk-bar .lk-menu': '.lk-bar .lk-menu',
  '.lk-rail-button': '.lk-rail',
} as const;

/** Opens at most so many of them. How many it opened. */
function open(page: Page, parts: string, most: number): Promise<number> {
  return page.evaluate<number>(`(() => {
    const all = [...document.querySelectorAll(${JSON.stringify(parts)})].slice(0, ${most});
    for (const part of all) Object.assign(part, { open: true }).dataset.opened = '';
    return all.length;
  })()`);
}

/** Closes what was opened. */
async function close(page: Page): Promise<void> {
  await page.evaluate(
    'for (const part of document.querySelectorAll("[data-opened]")) { part.open = false; delete part.dataset.opened; }',
  );
}

async function expectItFits(page: Page, what: string): Promise<void> {
  const [sticksOut, cut] = await page.evaluate<[number, number]>(
    `[
      document.documentElement.scrollWidth - document.documentElement.clientWidth,
      [...document.querySelectorAll(".lk-scroll")].filter((part) => part.scrollWidth > part.clientWidth).length,
    ]`,
  );
  expect(sticksOut, `${what} is wider than the screen`).toBeLessThanOrEqual(0);
  expect(cut, `${what} has a table that is cut at the right`).toBe(0);
}

/** Menus that axe was asked about: most pages share theirs. */
const asked = new Set<string>();

/** Opens the first such menu that is closed, looks at it if none like it was looked at yet, and closes it. */
async function lookAtMenu(
  page: Page,
  menu: string,
  opened: string,
  rules: readonly string[],
  what: string,
): Promise<void> {
  if ((await open(page, `${menu}:not([open])`, 1)) > 0) {
    const key = await page.locator(opened).first().innerHTML();
    if (!asked.has(key)) expect(await axe(page, rules, opened), `${what}, ${menu})`).toEqual([]);
    asked.add(key);
    await expectItFits(page, `${what}, ${menu})`);
  }
  await close(page);
}

/**
 * Looks at the page, in light and dark, on a wide and on a narrow screen. Axe must find nothing, and nothing may stick
 * out.
 * @param name what its pictures are called
 */
export async function look(page: Page, name: string): Promise<void> {
  // An element under the mouse has other colours, and fades into them.
  await page.mouse.move(0, 0);
  for (const [view, colorScheme, size, rules] of VIEWS) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(size);
    if (PICTURES !== null) await page.screenshot({ path: join(PICTURES, `${name}-${view}.png`), fullPage: true });
    await expectItFits(page, `${name} (${view})`);
    const isOpened = size === NARROW;
    if (isOpened) await open(page, CLOSED_PARTS, 1000);
    expect(await axe(page, rules), `${name} (${view})`).toEqual([]);
    if (!isOpened) continue;
    await expectItFits(page, `${name} (${view}, opened)`);
    await close(page);
    for (const [menu, opened] of Object.entries(MENUS)) await lookAtMenu(page, menu, opened, rules, `${name} (${view}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
}
