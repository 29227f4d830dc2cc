/**
 * The authorization endpoint: a person lets an OAuth application use their account, or this program's own command.
 *
 * Sources: RFC 6749 section 4.1, RFC 7636, RFC 8252, RFC 9207, RFC 9700 section 4.
 * Invariant: nothing is given before the person sends the form.
 * Invariant: an answer goes only to an address that the application is registered with; until both are known to be
 * right, what is wrong is said on a page of our own.
 */
import type { VNode } from 'preact';
import { type Application, makerOf } from '../../../actions/applications/applications.ts';
import { askingApplication } from '../../../actions/applications/asking.ts';
import { lookUpDocument } from '../../../actions/applications/documents.ts';
import { wishOf } from '../../../actions/applications/resources.ts';
import { consentFor } from '../../../actions/tokens/consent.ts';
import { approveCode, LOGIN_CLIENT_ID } from '../../../actions/tokens/device-authorization.ts';
import {
  formTargetOf,
  isLoopbackUri,
  isRedirectAllowed,
  redirectPlace,
} from '../../../rules/applications/redirect-uris.ts';
import type { LoginRequest } from '../../../rules/login-request.ts';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice } from '../parts/components.tsx';
import { commandConsent } from '../tokens/consent.tsx';
import { ConsentForms, choiceIn } from '../tokens/consent-form.tsx';
import { Maker, Wanted } from './asker.tsx';

const MAX_STATE_LENGTH = 2_000;
/** Parameters that may come several times (RFC 8707 section 2). */
const REPEATABLE: ReadonlySet<string> = new Set(['resource']);

/** Where an answer goes. */
interface Recipient {
  readonly application: Application;
  readonly redirectUri: string;
  readonly state: string | null;
}

/** A request that can be answered with a code. */
interface Asked extends Recipient {
  readonly request: LoginRequest;
  readonly challenge: string;
}

/** What the application reads if nothing is given (RFC 6749 section 4.1.2.1). */
interface Failure {
  readonly error: string;
  readonly words: string;
}

/** Who asks and gets the answer, or what is wrong with that: then nobody but the person hears of it. */
async function recipientOf(visit: Visit): Promise<Recipient | { readonly unanswerable: string }> {
  const { ctx, query } = visit;
  const twice = [...new Set(query.keys())].find((name) => !REPEATABLE.has(name) && query.getAll(name).length > 1);
  if (twice !== undefined) return { unanswerable: `${twice.slice(0, 40)} was sent more than once.` };
  const clientId = query.get('client_id') ?? '';
  const unread = await lookUpDocument(ctx, await visit.ownPermit(), clientId);
  if (unread !== null) return { unanswerable: unread };
  const asking = await askingApplication(ctx, clientId);
  if ('error' in asking) return { unanswerable: asking.error };
  const { application } = asking;
  const redirectUri = query.get('redirect_uri') ?? '';
  if (redirectUri === '') return { unanswerable: 'The request doesn’t say where its answer goes (redirect_uri).' };
  if (!isRedirectAllowed(application.redirectUris, redirectUri))
    return { unanswerable: `${application.name} isn’t registered with the address that its answer would go to.` };
  const state = query.get('state');
  if (state !== null && state.length > MAX_STATE_LENGTH)
    return { unanswerable: `state has at most ${MAX_STATE_LENGTH} characters.` };
  return { application, redirectUri, state };
}

function askedBy(recipient: Recipient, { ctx, query }: Visit): Asked | Failure {
  const challenge = query.get('code_challenge') ?? '';
  if (query.get('response_type') !== 'code')
    return { error: 'unsupported_response_type', words: 'response_type can only be code.' };
  if (query.has('request')) return { error: 'request_not_supported', words: 'request is not taken.' };
  if (query.has('request_uri')) return { error: 'request_uri_not_supported', words: 'request_uri is not taken.' };
  if (![null, 'query'].includes(query.get('response_mode')))
    return { error: 'invalid_request', words: 'response_mode can only be query.' };
  if (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return { error: 'invalid_request', words: 'code_challenge with code_challenge_method=S256 is needed (PKCE).' };
  if ((query.get('prompt') ?? '').split(' ').includes('none'))
    return { error: 'consent_required', words: 'A person has to say yes on a page each time.' };
  const wish = wishOf(ctx, recipient.application, query);
  return 'error' in wish ? wish : { ...recipient, request: wish.request, challenge };
}

/** The address with the answer in it. `iss` says who gives it (RFC 9207). */
function answerAt({ ctx }: Visit, { redirectUri, state }: Recipient, fields: Readonly<Record<string, string>>): string {
  const answer = new URLSearchParams({
    ...fields,
    ...(state === null ? {} : { state }),
    iss: ctx.settings.publicUrl,
  });
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}`;
}

/** Back to the application, with what it reads. */
function failedBack(visit: Visit, recipient: Recipient, { error, words }: Failure): Answer {
  return redirect(answerAt(visit, recipient, { error, error_description: words }));
}

/** After a form: what waits elsewhere may lead on to further sites, which a form's own redirect could not. */
function sentBack(visit: Visit, recipient: Recipient, fields: Readonly<Record<string, string>>): Answer {
  const href = answerAt(visit, recipient, fields);
  if (isLoopbackUri(recipient.redirectUri)) return redirect(href);
  return page(
    'Signing in',
    <Narrow title="Back to the application">
      <p class="text-center">
        <a class="btn" href={href} rel="noreferrer">
          Continue
        </a>
      </p>
    </Narrow>,
    { goesTo: href },
  );
}

function unanswerablePage(words: string): Answer {
  return page(
    'Sign-in',
    <Narrow title="This can’t be answered">
      <Notice tone="error">{words}</Notice>
      <p>Nothing was granted. Tell whoever made the application what it says above.</p>
    </Narrow>,
    { status: 400 },
  );
}

async function show(visit: Visit): Promise<Answer> {
  const recipient = await recipientOf(visit);
  if ('unanswerable' in recipient) return unanswerablePage(recipient.unanswerable);
  const asked = askedBy(recipient, visit);
  if ('error' in asked) return failedBack(visit, recipient, asked);
  const consent = await consentFor(visit.ctx, await visit.ownPermit(), asked.request);
  const { application } = asked;
  return page(
    `Let “${application.name}” sign in`,
    <Narrow title={`Let “${application.name}” sign in?`}>
      <Asker asked={asked} maker={await makerOf(visit.ctx, application)} />
      <Wanted visit={visit} consent={consent} />
      <ConsentForms visit={visit} consent={consent} />
    </Narrow>,
    { formTargets: [formTargetOf(asked.redirectUri)] },
  );
}

/** Who asks, who made it, and where the answer goes. */
function Asker({ asked, maker }: { asked: Asked; maker: string | null }): VNode {
  const { application, redirectUri } = asked;
  return (
    <div class="mb-3 lk-break">
      <Maker application={application} maker={maker} />
      <p class="mb-2">
        The answer goes to <strong>{redirectPlace(redirectUri)}</strong>.
      </p>
      {isLoopbackUri(redirectUri) ? (
        <Notice tone="warn">
          Any program on your machine can claim to be this one. Continue only if you started it just now.
        </Notice>
      ) : null}
    </div>
  );
}

async function approve(visit: Visit): Promise<Answer> {
  const recipient = await recipientOf(visit);
  if ('unanswerable' in recipient) return unanswerablePage(recipient.unanswerable);
  const asked = askedBy(recipient, visit);
  if ('error' in asked) return failedBack(visit, recipient, asked);
  const code = await approveCode(
    visit.ctx,
    await visit.ownPermit(),
    { ...asked, address: visit.visitor.address },
    choiceIn(visit, asked.request),
  );
  return sentBack(visit, recipient, { code: code.reveal() });
}

async function deny(visit: Visit): Promise<Answer> {
  const recipient = await recipientOf(visit);
  if ('unanswerable' in recipient) return unanswerablePage(recipient.unanswerable);
  return sentBack(visit, recipient, { error: 'access_denied', error_description: 'The person said no.' });
}

const isCommand = (visit: Visit): boolean =>
  visit.query.getAll('client_id').length === 1 && visit.query.get('client_id') === LOGIN_CLIENT_ID;

export const authorizePages: readonly WebPage[] = [
  {
    path: '/login/oauth/authorize',
    access: 'sudo',
    get: (visit) => (isCommand(visit) ? commandConsent.show(visit) : show(visit)),
    forms: {
      approve: { run: (visit) => (isCommand(visit) ? commandConsent.approve(visit) : approve(visit)) },
      deny: {
        access: 'signed-in',
        run: (visit) => (isCommand(visit) ? commandConsent.deny(visit) : deny(visit)),
      },
    },
  },
];
