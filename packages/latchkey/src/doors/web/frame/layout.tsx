/** The frame around every page: the bar, the rail, messages, the page itself, the footer. */
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { PROVIDER_FAILURES } from '../../../actions/identity/provider-failures.ts';
import { zoneWords } from '../../../base/time.ts';
import { Notice } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { cancelPath, PageContextProvider } from '../parts/page-context.ts';
import type { AssetAddresses } from '../styles/assets.ts';
import { Bar } from './bar.tsx';
import { UNLOCK_PATH } from './menus.ts';
import { Rail } from './rail.tsx';
import type { Visit } from './visit.ts';

/** Messages for anonymous visitors, by the `notice` in the address: nobody can make us say anything else. */
const NOTICES: Readonly<Record<string, string>> = {
  'signed-out': 'You are signed out.',
  'sign-in-first': 'Sign in to open that page.',
  'session-ended': 'Your session has ended. Sign in again.',
  'password-changed': 'Your password was changed. Sign in with the new one.',
  'mail-sent':
    'If there is an account with that address, a mail with a link is on its way. Check the spam folder, too.',
};
/** Why a sign-in by an identity provider ended, in the same way: `provider_down`. */
const FAILURES: Readonly<Record<string, string>> = PROVIDER_FAILURES;

/** The whole document. The page is drawn before its frame, because it says which menu it belongs to. */
export function documentOf(visit: Visit, assets: AssetAddresses, title: string, body: ComponentChildren): string {
  const context = {
    cancelTo: visit.person === null ? null : cancelPath(visit.path),
    times: zoneWords(visit.person?.account.timeZone ?? null),
    now: visit.ctx.clock.now(),
    icons: assets.icons,
    said: { menu: null },
  };
  const draw = (what: ComponentChildren): string =>
    renderToString(<PageContextProvider value={context}>{what}</PageContextProvider>);
  const content = draw(
    <>
      <Locked visit={visit} />
      <Messages visit={visit} />
      {body}
    </>,
  );
  const html = draw(<Document visit={visit} assets={assets} title={title} content={content} />);
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
  content,
}: {
  visit: Visit;
  assets: AssetAddresses;
  title: string;
  /** Drawn already. */
  content: string;
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
      <body
        {...(visit.person === null ? {} : { class: 'lk-app', 'data-who': visit.person.account.login })}
        {...asksForZone(visit)}
      >
        <a class="lk-skip" href="#content">
          Skip to content
        </a>
        <Bar visit={visit} icon={assets.icon} title={title} />
        {visit.person === null ? null : <Rail visit={visit} />}
        <main id="content" class="lk-main" tabIndex={-1} dangerouslySetInnerHTML={{ __html: content }} />
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

/** A narrow page in the middle: sign-in, and other single questions. */
export function Narrow({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <div class="lk-narrow">
      <h1 class="f2 text-normal text-center mb-3">{title}</h1>
      {children}
    </div>
  );
}
