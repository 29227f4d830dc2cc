/**
 * The frame around every page: the bar with the avatar menu, messages, the page itself, and the side menu in areas
 * that have one.
 */
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { PROVIDER_FAILURES } from '../../../actions/identity/provider-failures.ts';
import { zoneWords } from '../../../base/time.ts';
import { Avatar, Notice } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { cancelPath, PageContextProvider } from '../parts/page-context.ts';
import type { AssetAddresses } from '../styles/assets.ts';
import { AVATAR_MENU, isCurrent, type Menu, type MenuItem, UNLOCK_PATH } from './menus.ts';
import type { Visit } from './visit.ts';

/** Messages for anonymous visitors, by the `notice` in the address: nobody can make us say anything else. */
const NOTICES: Readonly<Record<string, string>> = {
  'signed-out': 'You are signed out.',
  'sign-in-first': 'Sign in to open that page.',
  'session-ended': 'Your session has ended. Sign in again.',
  'password-changed': 'Your password was changed. Sign in with the new one.',
  'mail-sent':
    'If there is an account with that address, a mail with a link is on its way. Look into the spam folder, too.',
};
/** Why a sign-in by an identity provider ended, in the same way: `provider_down`. */
const FAILURES: Readonly<Record<string, string>> = PROVIDER_FAILURES;

/** The whole document. */
export function documentOf(visit: Visit, assets: AssetAddresses, title: string, body: ComponentChildren): string {
  const times = zoneWords(visit.person?.account.timeZone ?? null);
  const context = { cancelTo: visit.person === null ? null : cancelPath(visit.path), times, icons: assets.icons };
  const html = renderToString(
    <PageContextProvider value={context}>
      <Document visit={visit} assets={assets} title={title}>
        {body}
      </Document>
    </PageContextProvider>,
  );
  return `<!doctype html>\n${withoutTurns(html)}`;
}

/** Characters that turn the direction of the text after them (UAX #9). */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * The page with a replacement character for each of these in its text; tags keep them. New names can't have any, but a
 * name from before, or text that git or a provider brings, could make one line look like another.
 */
function withoutTurns(html: string): string {
  if (html.search(TURNS) < 0) return html;
  return html.replace(/>[^<]+/g, (text) => text.replace(TURNS, '\ufffd'));
}

function Document({
  visit,
  assets,
  title,
  children,
}: {
  visit: Visit;
  assets: AssetAddresses;
  title: string;
  children: ComponentChildren;
}): VNode {
  return (
    <html lang="en" data-color-mode={visit.theme} data-light-theme="light" data-dark-theme="dark">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={visit.theme === 'auto' ? 'light dark' : visit.theme} />
        <title>{`${title} · Latchkey`}</title>
        <link rel="stylesheet" href={assets.style} />
        <link rel="preload" as="font" type="font/woff2" href={assets.font} crossorigin="anonymous" />
        <link rel="icon" type="image/svg+xml" href={assets.icon} />
        <script type="module" src={assets.script} />
      </head>
      <body {...(visit.person === null ? {} : { 'data-who': visit.person.account.login })} {...asksForZone(visit)}>
        <a class="lk-skip" href="#content">
          Skip to content
        </a>
        <Bar visit={visit} icon={assets.icon} />
        <main id="content" class="lk-main" tabIndex={-1}>
          <Locked visit={visit} />
          <Messages visit={visit} />
          {children}
        </main>
        <footer class="lk-footer color-fg-muted">
          Latchkey
          <Zone visit={visit} />
        </footer>
      </body>
    </html>
  );
}

/** While nobody knows the reader's zone, a script tells it once, with this token; large forms stay without it. */
function asksForZone(visit: Visit): { 'data-zone-token'?: string } {
  return visit.person === null || visit.person.account.timeZone !== null || visit.path.endsWith('/new')
    ? {}
    : { 'data-zone-token': visit.fields('zone').token };
}

/** In which zone the times of the page are. */
function Zone({ visit }: { visit: Visit }): VNode | null {
  if (visit.person === null) return null;
  const zone = visit.person.account.timeZone;
  return (
    <>
      {' · '}Times are in {zone ?? 'UTC'}. <a href="/settings/appearance">Change</a>
    </>
  );
}

function Bar({ visit, icon }: { visit: Visit; icon: string }): VNode {
  const login = visit.person?.account.login ?? null;
  return (
    <header class="lk-bar">
      <a class="lk-brand" href="/">
        <img src={icon} alt="" width="24" height="24" /> Latchkey
      </a>
      <nav class="lk-bar-nav" aria-label="Account">
        {login === null ? (
          <a class="lk-bar-link" href="/login">
            Sign in
          </a>
        ) : (
          <>
            <WaitingLink visit={visit} />
            <AvatarMenu visit={visit} login={login} />
          </>
        )}
      </nav>
    </header>
  );
}

/** From every page to what waits for an owner; nothing while nothing does. */
function WaitingLink({ visit: { waiting } }: { visit: Visit }): VNode | null {
  const total = waiting.reduce((sum, { count }) => sum + count, 0);
  const [first, ...more] = waiting;
  if (first === undefined) return null;
  const path = `/organizations/${encodeURIComponent(first.organization)}/settings/personal-access-token-requests`;
  return (
    <a class="lk-bar-link" href={more.length === 0 ? path : '/'}>
      Requests
      <Count of={total} />
    </a>
  );
}

/** Opens without scripts, because it is a `<details>`. */
function AvatarMenu({ visit, login }: { visit: Visit; login: string }): VNode {
  const items: readonly MenuItem[] = [
    ...AVATAR_MENU,
    ...(visit.user.account.admin ? [{ label: 'Instance', path: '/instance' }] : []),
  ];
  return (
    <details class="lk-menu" data-menu>
      <summary aria-label={`Account menu of ${login}`}>
        <Avatar login={login} />
        <span class="dropdown-caret" />
      </summary>
      <div class="lk-menu-list">
        <p class="lk-menu-head">
          Signed in as <strong>{login}</strong>
        </p>
        <ul>
          {items.map((item) => (
            <li>
              <a href={item.path}>{item.label}</a>
            </li>
          ))}
          <li class="lk-menu-last">
            <a href="/logout">Sign out</a>
          </li>
        </ul>
      </div>
    </details>
  );
}

/** On every page of a person whose tokens are frozen. */
function Locked({ visit }: { visit: Visit }): VNode | null {
  return visit.person?.account.lockedAt == null || visit.path === UNLOCK_PATH ? null : (
    <Notice tone="warn">
      Your account is locked: your tokens are frozen. <a href={UNLOCK_PATH}>Check it and unlock it</a>
    </Notice>
  );
}

function Messages({ visit }: { visit: Visit }): VNode | null {
  if (visit.flash !== null && visit.flash.text !== '')
    return (
      <Notice tone={visit.flash.tone} role="status">
        {visit.flash.text}
        <Undo visit={visit} />
      </Notice>
    );
  const notice = visit.query.get('notice') ?? '';
  const failure = Object.hasOwn(FAILURES, notice) ? FAILURES[notice] : undefined;
  const words = failure ?? (Object.hasOwn(NOTICES, notice) ? NOTICES[notice] : undefined);
  return words === undefined ? null : (
    <Notice tone={failure === undefined ? 'info' : 'warn'} role="status">
      {words}
    </Notice>
  );
}

/** Takes back what the message is about. */
function Undo({ visit }: { visit: Visit }): VNode | null {
  const undo = visit.flash?.undo;
  if (undo === undefined) return null;
  return (
    <Form f={visit.fields(undo.form)} submit={null} inline>
      {Object.entries(undo.fields).map(([name, value]) => (
        <Hidden name={name} value={value} />
      ))}{' '}
      <button type="submit" class="btn btn-sm">
        Undo
      </button>
    </Form>
  );
}

/** A page of an area: its menu at the side; on narrow screens above, behind a button that works without scripts. */
export function WithMenu({ visit, menu, children }: { visit: Visit; menu: Menu; children: ComponentChildren }): VNode {
  return (
    <div class="lk-columns">
      <nav class="lk-side" aria-label={menu.label}>
        <h2 class="lk-side-title">{menu.label}</h2>
        <details class="lk-side-toggle">
          <summary class="btn btn-block">{currentLabel(menu.items, visit.path) ?? menu.label}</summary>
        </details>
        <ul>
          {menu.items.map((item) => (
            <SideItem item={item} path={visit.path} />
          ))}
        </ul>
      </nav>
      <div class="lk-content">{children}</div>
    </div>
  );
}

/** The entry of the page, or of the one above it. */
function currentLabel(items: readonly MenuItem[], path: string): string | null {
  for (const item of items) {
    const below = currentLabel(item.items ?? [], path);
    if (below !== null) return below;
    if (isCurrent(item, path)) return item.label;
  }
  return null;
}

/** How much waits, beside the entry that leads there. */
function Count({ of }: { of: number }): VNode | null {
  return of === 0 ? null : (
    <>
      {' '}
      <span class="Counter Counter--primary">
        {of}
        <span class="sr-only"> waiting</span>
      </span>
    </>
  );
}

function SideItem({ item, path }: { item: MenuItem; path: string }): VNode {
  const current = isCurrent(item, path) ? ({ 'aria-current': 'page' } as const) : {};
  return (
    <li>
      <a href={item.path} {...current}>
        {item.label}
        <Count of={item.count ?? 0} />
      </a>
      {item.items === undefined ? null : (
        <ul>
          {item.items.map((below) => (
            <SideItem item={below} path={path} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** A narrow page in the middle: sign-in, and other single questions. */
export function Narrow({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <div class="lk-narrow">
      <h1 class="f2 text-normal text-center mb-3">{title}</h1>
      {children}
    </div>
  );
}
