/**
 * The page on which a person lets a command have a token, after `latchkey login` opened it.
 *
 * Sources: RFC 6749 section 4.1, RFC 7636, RFC 8252.
 * Invariant: nothing is given before the person sends the form.
 * Invariant: a code goes to loopback alone (RFC 8252 section 7.3), at the port where the command waits.
 */
import { consentFor } from '../../../actions/tokens/consent.ts';
import { approveCode } from '../../../actions/tokens/device-authorization.ts';
import { type LoginRequest, readLoginRequest } from '../../../rules/login-request.ts';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { ConsentForms, choiceIn } from './consent-form.tsx';

const MAX_STATE_LENGTH = 500;

/** A request to the authorization endpoint that can be answered. */
interface Asked {
  readonly request: LoginRequest;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly challenge: string;
}

/** The parameters in the address (RFC 6749 section 4.1.1, RFC 7636 section 4.3), or what is wrong with them. */
function askedIn(query: URLSearchParams): Asked | { readonly error: string } {
  const redirectUri = query.get('redirect_uri') ?? '';
  const state = query.get('state');
  const challenge = query.get('code_challenge') ?? '';
  if (!isLoopback(redirectUri)) return { error: 'The answer would not go to a command on this machine.' };
  if (query.get('response_type') !== 'code') return { error: 'The kind of answer that is asked for is not known.' };
  if (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return { error: 'The request has no proof key (PKCE, S256).' };
  if (state !== null && state.length > MAX_STATE_LENGTH) return { error: 'The request is too long.' };
  const read = readLoginRequest(query);
  return 'error' in read
    ? { error: `What is asked for can’t be read: ${read.error}.` }
    : { request: read.request, redirectUri, state, challenge };
}

function isLoopback(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    url.protocol === 'http:' &&
    (url.hostname === '127.0.0.1' || url.hostname === '[::1]') &&
    url.port !== '' &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  );
}

function refusedPage(error: string): Answer {
  return page(
    'Sign-in',
    <Narrow title="This can’t be answered">
      <Notice tone="error">{error}</Notice>
      <p>
        No token was given. Start again in the terminal: <code>latchkey login</code>
      </p>
    </Narrow>,
    { status: 400 },
  );
}

/** Back to the command, with the code or OAuth's error code. */
function backTo({ redirectUri, state }: Asked, fields: Readonly<Record<string, string>>): Answer {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries({ ...fields, ...(state === null ? {} : { state }) }))
    url.searchParams.set(name, value);
  return redirect(url.href);
}

async function showAuthorize(visit: Visit): Promise<Answer> {
  const asked = askedIn(visit.query);
  if ('error' in asked) return refusedPage(asked.error);
  const consent = await consentFor(visit.ctx, await visit.ownPermit(), asked.request);
  return page(
    'Let a command sign in',
    <Narrow title="Let a command sign in">
      <p>
        The command <code>latchkey</code> on this machine asks for a token of <strong>{consent.login}</strong>, to use
        with git and the API. Untick what it should not have.
      </p>
      <ConsentForms visit={visit} consent={consent} />
    </Narrow>,
    { formTargets: [new URL(asked.redirectUri).origin] },
  );
}

async function approveAuthorize(visit: Visit): Promise<Answer> {
  const asked = askedIn(visit.query);
  if ('error' in asked) return refusedPage(asked.error);
  const code = await approveCode(
    visit.ctx,
    await visit.ownPermit(),
    { ...asked, address: visit.visitor.address },
    choiceIn(visit, asked.request),
  );
  return backTo(asked, { code: code.reveal() });
}

function denyAuthorize(visit: Visit): Answer {
  const asked = askedIn(visit.query);
  return 'error' in asked ? refusedPage(asked.error) : backTo(asked, { error: 'access_denied' });
}

/** Of `/login/oauth/authorize`, where the client is this program's own command. */
export const commandConsent = { show: showAuthorize, approve: approveAuthorize, deny: denyAuthorize };
