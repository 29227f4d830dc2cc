/**
 * Signing in to a service behind a proxy: the page that a browser passes on its way back with a code, the page for
 * people who may not open what they asked for, and the one after a sign-out there.
 *
 * Invariant: it leads to origins that the route map names, and nowhere else.
 */

import { serviceRefusal } from '../../../actions/questions/service-refusals.ts';
import { giveServiceCode, readStart } from '../../../actions/services/service-sessions.ts';
import {
  SERVICE_CALLBACK_PATH,
  SERVICE_REFUSED_PATH,
  SERVICE_SIGN_IN_PATH,
  SERVICE_SIGNED_OUT_PATH,
} from '../../../catalogue/service-paths.ts';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { Spoken } from '../parts/spoken.tsx';

async function goBack(visit: Visit): Promise<Answer> {
  const text = visit.query.get('start') ?? '';
  if (text === '') return nothingAsked();
  const start = readStart(visit.ctx, text);
  if (start === null) return ended(null);
  if (start.late) return ended(start.origin);
  const code = await giveServiceCode(visit.ctx, visit.user, start);
  const href = `${start.origin}${SERVICE_CALLBACK_PATH}?${new URLSearchParams({ code: code.reveal(), start: text })}`;
  return page(
    'Signing in',
    <Narrow title={`You are being taken to ${new URL(start.origin).host}`}>
      <p class="text-center">
        <a class="btn" href={href} rel="noreferrer">
          Continue
        </a>
      </p>
    </Narrow>,
    { goesTo: href },
  );
}

function nothingAsked(): Answer {
  return page(
    'Services',
    <Narrow title="Services where you sign in">
      <p>Open the address of the service. It brings you here when you have to sign in, and back.</p>
    </Narrow>,
  );
}

/** @param origin where to begin again; null when that can't be told */
function ended(origin: string | null): Answer {
  return page(
    'Sign-in',
    <Narrow title="This sign-in is over">
      <Notice tone="error">It took too long, or its address is not whole. Nothing was given.</Notice>
      {origin === null ? (
        <p>Open the page that you want again.</p>
      ) : (
        <p>
          <a class="btn btn-primary" href={`${origin}/`}>
            Begin again
          </a>
        </p>
      )}
    </Narrow>,
    { status: 400 },
  );
}

async function showRefusal(visit: Visit): Promise<Answer> {
  const [origin, method, uri] = ['at', 'method', 'path'].map((name) => visit.query.get(name) ?? '') as [
    string,
    string,
    string,
  ];
  if (origin === '') return nothingAsked();
  const { address } = visit.visitor;
  const refusal = uri.startsWith('/')
    ? await serviceRefusal(
        visit.ctx,
        { permit: await visit.ownPermit(), identity: visit.user.identity },
        { origin, method, uri, address },
      )
    : 'unknown';
  if (refusal === 'unknown')
    return page(
      'Service',
      <Narrow title="That is not known here">
        <p>No service where people sign in has this address, or its spelling is another.</p>
      </Narrow>,
      { status: 404 },
    );
  const again = (
    <p>
      <a class="btn" href={origin + uri} rel="noreferrer">
        Open it again
      </a>
    </p>
  );
  if (refusal === null)
    return page(
      'Service',
      <Narrow title="You may open this">
        <p>
          Your rights allow <code>{shortened(origin + uri)}</code> now.
        </p>
        {again}
      </Narrow>,
    );
  const { explanation, needed, target, menders } = refusal;
  return page(
    'Refused',
    <Narrow title="You may not open this">
      <Notice tone="error">
        <Spoken words={explanation.sentence} />
      </Notice>
      <p>
        You are signed in as <strong>{visit.user.account.login}</strong> and asked for{' '}
        <code class="lk-break">{shortened(origin + uri)}</code>.
      </p>
      <p>
        It needs <code>{needed}</code>
        {target === '' ? '' : ` on ${target}`}. Who can give it: {menders.join(' ')}
      </p>
      {again}
    </Narrow>,
    { status: 403 },
  );
}

function showSignedOut(visit: Visit): Answer {
  const origin = visit.query.get('at') ?? '';
  const host = URL.parse(origin)?.hostname ?? '';
  if (host === '' || visit.ctx.routeMaps.signInOrigin(host) !== origin) return nothingAsked();
  return page(
    'Signed out',
    <Narrow title={`You are signed out of ${visit.ctx.routeMaps.titleAt(host)}`}>
      {visit.person === null ? (
        <p>You are not signed in to Latchkey either. To open it again, sign in.</p>
      ) : (
        <p>
          You are still signed in to Latchkey as <strong>{visit.user.account.login}</strong>, so it opens again without
          a question.
        </p>
      )}
      <p class="d-flex flex-wrap lk-gap">
        <a class="btn" href={`${origin}/`} rel="noreferrer">
          Open it again
        </a>
        {visit.person === null ? null : (
          <a class="btn" href="/logout">
            Sign out of Latchkey, too
          </a>
        )}
      </p>
    </Narrow>,
  );
}

const MAX_SHOWN = 300;
const shortened = (address: string): string =>
  address.length <= MAX_SHOWN ? address : `${address.slice(0, MAX_SHOWN)}…`;

export const serviceSignInPages: readonly WebPage[] = [
  { path: SERVICE_SIGN_IN_PATH, access: 'signed-in', get: goBack },
  { path: SERVICE_REFUSED_PATH, access: 'signed-in', get: showRefusal },
  { path: SERVICE_SIGNED_OUT_PATH, access: 'anybody', get: showSignedOut },
];
