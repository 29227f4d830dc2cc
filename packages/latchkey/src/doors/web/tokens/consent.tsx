/**
 * The pages on which a person lets a command have a token: after `latchkey login` opened them, or with the code that a
 * device shows.
 *
 * Invariant: the page offers what was asked for, and less; never more. Nothing is given before the person sends the
 * form.
 * Invariant: a code goes to loopback alone (RFC 8252 section 7.3), at the port where the command waits.
 */
import type { VNode } from 'preact';
import { type Consent, consentFor } from '../../../actions/tokens/consent.ts';
import {
  approveCode,
  approveDevice,
  denyDevice,
  deviceByUserCode,
  LOGIN_CLIENT_ID,
  type PendingAuthorization,
} from '../../../actions/tokens/device-authorization.ts';
import { problem } from '../../../base/errors.ts';
import { LEVELS } from '../../../catalogue/permissions.ts';
import { type ConsentChoice, type LoginRequest, readLoginRequest } from '../../../rules/login-request.ts';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Checkbox, Select } from '../parts/choice-fields.tsx';
import { Notice, Time } from '../parts/components.tsx';
import type { Fields } from '../parts/fields.ts';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';

const MAX_STATE_LENGTH = 500;

/** A request of the authorization endpoint that can be answered. */
interface Asked {
  readonly request: LoginRequest;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly challenge: string;
}

/** What stands in the address (RFC 6749 section 4.1.1, RFC 7636 section 4.3), or what is wrong with it. */
function askedIn(query: URLSearchParams): Asked | { readonly error: string } {
  const redirectUri = query.get('redirect_uri') ?? '';
  const state = query.get('state');
  const challenge = query.get('code_challenge') ?? '';
  if (query.get('client_id') !== LOGIN_CLIENT_ID)
    return { error: 'Only the command latchkey can ask for a sign-in here.' };
  if (!isLoopback(redirectUri)) return { error: 'The answer would not go to a command on this machine.' };
  if (query.get('response_type') !== 'code') return { error: 'The kind of answer that is asked for is not known.' };
  if (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(challenge))
    return { error: 'The request has no proof key (PKCE, S256).' };
  if (state !== null && state.length > MAX_STATE_LENGTH) return { error: 'The request is too long.' };
  const read = readLoginRequest(query);
  return 'error' in read
    ? { error: `What is asked for can not be read: ${read.error}.` }
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
    <Narrow title="This can not be answered">
      <Notice tone="error">{error}</Notice>
      <p>
        Nothing was given. Begin again in the terminal: <code>latchkey login</code>
      </p>
    </Narrow>,
    { status: 400 },
  );
}

/** Back to the command, with the code or OAuth's word for the no. */
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
        with git and the API. Take out what it should not have.
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

/** The two forms: yes with what is left, and no. */
function ConsentForms({ visit, consent }: { visit: Visit; consent: Consent }): VNode {
  const f = visit.fields('approve');
  const { request, days } = consent;
  const strictest = capWords(consent);
  return (
    <>
      <div class="Box p-3 mb-3">
        <Form f={f} submit="Give it the token">
          <TextField f={f} name="name" label="Name of the token" value={consent.name} maxLength={40} required />
          <Owners f={f} consent={consent} />
          {request.permissions.map(({ permission, level }) => (
            <Select
              f={f}
              name={`level.${permission}`}
              label={permission}
              value={level}
              choices={[
                { value: '', label: 'no access' },
                ...LEVELS.slice(0, LEVELS.indexOf(level) + 1).map((each) => ({ value: each, label: each })),
              ]}
            />
          ))}
          <TextField
            f={f}
            name="days"
            label="Days until it ends"
            type="number"
            value={String(days)}
            note={`At most ${request.expiresInDays}${strictest}. The command renews it while it is used.`}
            required
            block={false}
          />
        </Form>
      </div>
      <Form f={visit.fields('deny')} submit="Cancel" tone="default" />
    </>
  );
}

/** `; acme allows 7`, for every owner that allows less than was asked for. */
function capWords({ owners, request }: Consent): string {
  const strict = owners.flatMap(({ login, capDays }) =>
    capDays !== null && capDays < request.expiresInDays ? [`; with ${login} at most ${capDays}`] : [],
  );
  return strict.join('');
}

/** What choosing an owner costs. */
function costOf({ login, needsApproval, capDays }: Consent['owners'][number], days: number): string {
  return [
    ...(needsApproval ? ['An owner has to approve it first.'] : []),
    ...(capDays !== null && capDays < days
      ? [`A policy of ${login} lets the token live at most ${capDays} days.`]
      : []),
  ].join(' ');
}

function Owners({ f, consent }: { f: Fields; consent: Consent }): VNode {
  const { owners, chosen, request } = consent;
  return (
    <fieldset class="form-group">
      <legend class="text-bold f5 mb-1">Whose repositories it reaches</legend>
      {owners.length === 0 ? <p class="note">None of those that were asked for lets you have such a token.</p> : null}
      {owners.map((owner) => {
        const { login, kind } = owner;
        const note = costOf(owner, request.expiresInDays);
        return (
          <Checkbox
            f={f}
            name="owner"
            value={login}
            label={kind === 'self' ? `${login} (you)` : login}
            checked={chosen.includes(owner)}
            {...(note === '' ? {} : { note })}
          />
        );
      })}
    </fieldset>
  );
}

function choiceIn(visit: Visit, request: LoginRequest): ConsentChoice {
  const days = visit.field('days');
  if (!/^\d{1,3}$/.test(days) || Number(days) < 1 || Number(days) > request.expiresInDays)
    throw problem('invalid', `Give a number of days from 1 to ${request.expiresInDays}.`, 'days');
  return {
    name: visit.field('name'),
    owners: visit.typed?.getAll('owner') ?? [],
    expiresInDays: Number(days),
    levels: new Map(request.permissions.map(({ permission }) => [permission, visit.field(`level.${permission}`)])),
  };
}

// --- the device flow ------------------------------------------------------------------------------------------------

const DEVICE_PATH = '/login/device';

async function showDevice(visit: Visit): Promise<Answer> {
  const typed = visit.query.get('user_code');
  const pending =
    typed === null || typed === '' ? null : await deviceByUserCode(visit.ctx, await visit.ownPermit(), typed);
  if (pending === null) return askForCode(visit, typed !== null && typed !== '');
  const consent = await consentFor(visit.ctx, await visit.ownPermit(), pending.request);
  return page(
    'Let a device sign in',
    <Narrow title="Let a device sign in">
      <p>
        A command on another machine asks for a token of <strong>{consent.login}</strong>. It asked from{' '}
        <strong>{pending.address}</strong>, <Time at={pending.createdAt} />.
      </p>
      <Notice tone="warn">Go on only if you began this yourself. Whoever sent you a code gets your rights.</Notice>
      <ConsentForms visit={visit} consent={consent} />
    </Narrow>,
  );
}

function askForCode(visit: Visit, isWrong: boolean): Answer {
  const f = visit.fields('code');
  return page(
    'Let a device sign in',
    <Narrow title="Let a device sign in">
      {isWrong ? (
        <Notice tone="error" role="alert">
          That code is wrong, was used already, or is too old.
        </Notice>
      ) : null}
      <div class="Box p-3">
        <Form f={f} submit="Continue">
          <TextField
            f={f}
            name="user_code"
            label="Code"
            note="Eight letters that the device shows."
            required
            autofocus
            spellcheck={false}
            autocomplete="off"
          />
        </Form>
      </div>
    </Narrow>,
    isWrong ? { status: 404 } : {},
  );
}

async function pendingOf(visit: Visit): Promise<PendingAuthorization> {
  const pending = await deviceByUserCode(visit.ctx, await visit.ownPermit(), visit.query.get('user_code') ?? '');
  if (pending === null)
    throw problem('conflict', 'That code was used already, or is too old. Begin again on the device.');
  return pending;
}

function done(title: string, words: string): Answer {
  return page(
    title,
    <Narrow title={title}>
      <p>{words}</p>
    </Narrow>,
  );
}

export const consentPages: readonly WebPage[] = [
  {
    path: '/login/oauth/authorize',
    access: 'sudo',
    get: showAuthorize,
    forms: { approve: { run: approveAuthorize }, deny: { access: 'signed-in', run: denyAuthorize } },
  },
  {
    path: DEVICE_PATH,
    access: 'sudo',
    get: showDevice,
    forms: {
      code: {
        access: 'signed-in',
        run: (visit) => {
          const code = visit.field('user_code');
          if (code === '') throw problem('missing_field', 'Type the code that the device shows.', 'user_code');
          return redirect(`${DEVICE_PATH}?${new URLSearchParams({ user_code: code.slice(0, 40) })}`);
        },
      },
      approve: {
        run: async (visit) => {
          const pending = await pendingOf(visit);
          const draft = await approveDevice(
            visit.ctx,
            await visit.ownPermit(),
            pending,
            choiceIn(visit, pending.request),
          );
          return done(
            'The device is signed in',
            `Its token lives ${draft.expiresInDays} days. Go back to the device; this page can be closed.`,
          );
        },
      },
      deny: {
        access: 'signed-in',
        run: async (visit) => {
          await denyDevice(visit.ctx, await visit.ownPermit(), await pendingOf(visit));
          return done('The device got nothing', 'This page can be closed.');
        },
      },
    },
  },
  {
    path: '/device',
    access: 'anybody',
    get: (visit) => redirect(`${DEVICE_PATH}${visit.query.size === 0 ? '' : `?${visit.query}`}`),
  },
];
