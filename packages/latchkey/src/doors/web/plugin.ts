/**
 * The web door: server-rendered pages for people.
 *
 * How to add a page: write it as a `WebPage` (`frame/web-page.ts`: path, who may open it, `get`, its `forms`) in a file
 * named after its noun, and put it into the list in `pages.ts`. Nothing else is needed:
 *
 *     export const colourPages: readonly WebPage[] = [{
 *       path: '/settings/colour', access: 'signed-in',
 *       get: (visit) => page('Colour', <WithMenu visit={visit} menu={SETTINGS_MENU}>
 *         <Subhead title="Colour" level={1} />
 *         <Form f={visit.fields('change')} submit="Save">
 *           <TextField f={visit.fields('change')} name="colour" label="Colour" required />
 *         </Form>
 *       </WithMenu>),
 *       forms: { change: { once: true, run: async (visit) => {
 *         // A Problem that it throws brings the page back with its words.
 *         await changeColour(visit.ctx, await visit.ownPermit(), visit.field('colour'));
 *         return redirect('/settings/colour', { tone: 'success', text: 'The colour was changed.' });
 *       } } },
 *     }];
 *
 * What pages get from here: `visit.user` (who is signed in), `visit.permit(need, target)` for actions (a no becomes a
 * page with the decision's words), `visit.fields(form id)` for what a form shows (typed, else filled in by the address,
 * else the page's own; with errors), `visit.flash?.once` for what only this page may show and only once (a new token).
 * Parts: `parts/form.tsx`, its fields beside it, `parts/components.tsx`, `frame/rail.tsx`; menus: `frame/menus.ts`.
 *
 * Invariant: a form does something only if it was sent from one of our pages (`frame/same-origin.ts`), by whoever that
 * page was shown to.
 * Invariant: every page works without scripts; none has a script or a style in it, and the Content-Security-Policy
 * allows none.
 * Invariant: a page for somebody who is signed in is never kept by a cache (`no-store`), and compressed only where that
 * tells nobody anything (`frame/compression.ts`).
 */

import { Readable } from 'node:stream';
import cookie from '@fastify/cookie';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { leaveFlash, pickUpFlash, signedInBy } from '../../actions/accounts/sessions.ts';
import type { Context } from '../../actions/ground/context.ts';
import { mintSecret } from '../../actions/ground/one-time-secrets.ts';
import { menuFacts } from '../../actions/organizations/needs.ts';
import { Problem } from '../../base/errors.ts';
import { outageAnswer } from '../../base/machine/outage.ts';
import { isAbandoned } from '../../base/requests/body-deadline.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { compressed, mayCompress } from './frame/compression.ts';
import { Cookies } from './frame/cookies.ts';
import { serveDownloads } from './frame/downloads.ts';
import { failed, notCopied, notFound, refused, unavailable, unreadable } from './frame/error-pages.tsx';
import { answerOf } from './frame/forms.ts';
import { documentOf } from './frame/layout.tsx';
import { answerPrograms } from './frame/programs.ts';
import { publicPathOf, withPublicPath } from './frame/public-path.ts';
import { signedOut } from './frame/signed-out.tsx';
import { Streams } from './frame/streams.ts';
import { type Flash, Moved, Refused, THEMES, type Theme, Visit } from './frame/visit.ts';
import { type Answer, redirect, type WebPage } from './frame/web-page.ts';
import { PAGES } from './pages.ts';
import { type AssetAddresses, serveAssets } from './styles/assets.ts';

/** The largest form that is accepted. */
export const MAX_FORM_BYTES = 256 * 1024;

/**
 * Registers every page, the assets, and the answer for everything else.
 * @param closing aborts when the server begins to stop
 */
export function webDoor(ctx: Context, closing: AbortSignal): FastifyPluginAsync {
  return async (app: FastifyInstance) => {
    answerPrograms(app, () => ctx.settings.publicUrl);
    await app.register(cookie);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      (_request, text, done) => done(null, new URLSearchParams(String(text))),
    );
    const assets = serveAssets(app);
    serveDownloads(app, ctx.settings.downloads);
    const frame: Frame = { ctx, assets, streams: new Streams(closing) };
    for (const each of PAGES) {
      app.get(each.path, (request, reply) => serve(frame, each, request, reply));
      if (each.forms !== undefined) app.post(each.path, (request, reply) => serve(frame, each, request, reply));
    }
    app.setNotFoundHandler((request, reply) => {
      if (!wantsPage(request))
        return reply.code(404).type('text/plain; charset=utf-8').send('There is nothing at this address.\n');
      return serve(frame, null, request, reply);
    });
    app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) =>
      sorry(frame, error, request, reply),
    );
  };
}

interface Frame {
  readonly ctx: Context;
  readonly assets: AssetAddresses;
  readonly streams: Streams;
}

function wantsPage(request: FastifyRequest): boolean {
  return request.method === 'GET' && (request.headers.accept ?? '').includes('text/html');
}

async function serve(
  frame: Frame,
  each: WebPage | null,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const visit = await visitOf(frame, request, reply);
  try {
    if (visit.method === 'GET') await fillMenus(visit);
    const answer = each === null ? notFound() : await answerOf(visit, each, request.headers);
    if (visit.method === 'POST' && answer.kind === 'page') await fillMenus(visit);
    return await send(frame, visit, reply, answer);
  } catch (error) {
    if (isAbandoned(request.raw)) return reply.hijack();
    if (error instanceof Moved) return send(frame, visit, reply, redirect(error.to));
    if (error instanceof Refused) {
      const typed = visit.method === 'POST' && error.explanation.reason === 'credentials_missing';
      return send(frame, visit, reply, typed ? signedOut(visit) : refused(error.explanation, visit.url));
    }
    if (error instanceof Problem)
      return send(
        frame,
        visit,
        reply,
        error.has('not_found')
          ? notFound()
          : error.has('not_copied')
            ? notCopied(error.message)
            : unreadable(422, error.message),
      );
    // The page's pattern: the path itself may contain a one-time link.
    return send(frame, visit, reply, failure(frame.ctx, error, each?.path ?? null));
  }
}

async function fillMenus(visit: Visit): Promise<void> {
  if (visit.person !== null) Object.assign(visit, await menuFacts(visit.ctx, visit.person, visit.area));
}

function failure(ctx: Context, error: unknown, pattern: string | null): Answer {
  const outage = outageAnswer(error);
  if (outage === null) ctx.log.error({ err: error, page: pattern }, 'a page failed');
  else ctx.log.warn({ err: error, page: pattern, reason: outage.reason }, 'a page must wait');
  return outage === null ? failed() : unavailable(outage);
}

/** A request that could not even be read: a form that is too large, or of another type. */
async function sorry(
  frame: Frame,
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (isAbandoned(request.raw)) return reply.hijack();
  const status = error.statusCode ?? 500;
  // The person may not be known: then the page is the one for an anonymous visitor.
  const visit = await visitOf(frame, request, reply).catch(() => visitOf(frame, request, reply, async () => null));
  return send(
    frame,
    visit,
    reply,
    status >= 500
      ? failure(frame.ctx, error, null)
      : unreadable(
          status,
          status === 413
            ? `A form holds at most ${MAX_FORM_BYTES / 1024} KiB.`
            : 'Send it as a form of this site does.',
        ),
  );
}

async function visitOf(
  { ctx, streams }: Frame,
  request: FastifyRequest,
  reply: FastifyReply,
  signedIn: typeof signedInBy | (() => Promise<null>) = signedInBy,
): Promise<Visit> {
  const cookies = new Cookies(request, reply, ctx.settings);
  const address = callerOf(request.raw, ctx.settings);
  const visitor = { address, userAgent: request.headers['user-agent'] ?? null };
  const device = deviceOf(cookies);
  const session = cookies.readSecret('session');
  const person = session === null ? null : await signedIn(ctx, session, visitor);
  // Taken apart by hand: a URL parser would take a path that begins with two slashes for a host.
  const mark = request.url.indexOf('?');
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const theme = THEMES.find((each) => each === cookies.read('theme')) ?? ('auto' satisfies Theme);
  const visit = new Visit({
    ctx,
    method: request.method,
    url: request.url,
    path,
    params: (request.params ?? {}) as Record<string, string>,
    query: new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1)),
    typed: request.body instanceof URLSearchParams ? request.body : null,
    visitor,
    cookies,
    person,
    secret: person === null || session === null ? device : session,
    device,
    theme,
    streams,
  });
  await pickUp(visit);
  return visit;
}

function deviceOf(cookies: Cookies): Visit['device'] {
  const known = cookies.readSecret('device');
  if (known !== null) return known;
  const device = mintSecret();
  cookies.write('device', device.reveal());
  return device;
}

/** A flash with the page that it is for, so that another tab can't take it. */
interface Addressed extends Flash {
  readonly for: string;
}

async function pickUp(visit: Visit): Promise<void> {
  const { person } = visit;
  if (visit.method !== 'GET' || person === null || person.session.flash === null) return;
  visit.flash = (await pickUpFlash(
    visit.ctx,
    person.session,
    visit.secret,
    (left) => (left as Addressed).for === visit.path,
  )) as Flash | null;
}

async function send(frame: Frame, visit: Visit, reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  void reply.headers(securityHeaders(answer));
  switch (answer.kind) {
    case 'redirect':
      if (answer.flash !== undefined && visit.person !== null) {
        const addressed: Addressed = { ...answer.flash, for: new URL(answer.to, 'http://localhost').pathname };
        await leaveFlash(frame.ctx, visit.person.session, visit.secret, addressed);
      }
      return reply.redirect(publicPathOf(answer.to, frame.ctx.settings.publicPath), 303);
    case 'file':
      if (answer.fileName !== undefined)
        void reply.header('Content-Disposition', `attachment; filename="${answer.fileName.replace(/[^\w.-]/g, '_')}"`);
      return reply
        .type(answer.type)
        .send(typeof answer.content === 'string' ? answer.content : streamOf(frame, answer.content));
    case 'page': {
      const html = withPublicPath(
        documentOf(visit, frame.assets, answer.title, answer.body),
        frame.ctx.settings.publicPath,
      );
      const zipped = mayCompress(visit, reply.request.headers) ? await compressed(html) : null;
      return reply
        .code(answer.status ?? 200)
        .headers(answer.retryAfterSec === undefined ? {} : { 'Retry-After': String(answer.retryAfterSec) })
        .headers(answer.goesTo === undefined ? {} : { Refresh: `0; url=${answer.goesTo}` })
        .headers(zipped === null ? {} : { 'Content-Encoding': 'gzip' })
        .header('Vary', 'Accept-Encoding, Sec-Fetch-Site')
        .type('text/html; charset=utf-8')
        .send(zipped ?? html);
    }
  }
}

/** After the start of the answer no error page is possible: it breaks off, and the log says why. */
function streamOf({ ctx }: Frame, parts: AsyncIterable<string>): Readable {
  return Readable.from(parts).on('error', (error) => ctx.log.error({ err: error }, 'a download broke off'));
}

function securityHeaders(answer: Answer): Record<string, string> {
  const targets = answer.kind === 'page' ? (answer.formTargets ?? []) : [];
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    `form-action ${["'self'", ...targets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), payment=()',
    // Every page is for one browser (it contains a form token), so none may be cached.
    'Cache-Control': 'no-store',
  };
}
