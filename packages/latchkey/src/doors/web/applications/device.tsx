/**
 * The page on which a person lets a machine without a browser sign in, with the code that it shows.
 *
 * Source: RFC 8628. Invariant: nothing is given before the person sends the form.
 */
import type { VNode } from 'preact';
import { makerOf } from '../../../actions/applications/applications.ts';
import { waitingApplication } from '../../../actions/applications/asking.ts';
import { type Consent, consentFor } from '../../../actions/tokens/consent.ts';
import {
  approveDevice,
  denyDevice,
  deviceByUserCode,
  type PendingAuthorization,
} from '../../../actions/tokens/device-authorization.ts';
import { problem } from '../../../base/errors.ts';
import { Narrow } from '../frame/layout.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Notice, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { TextField } from '../parts/text-fields.tsx';
import { ConsentForms, choiceIn } from '../tokens/consent-form.tsx';
import { Maker, Wanted } from './asker.tsx';

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
      {await asker(visit, consent, pending)}
      <Notice tone="warn">Continue only if you started this. If someone sent you a code, they get your access.</Notice>
      <ConsentForms visit={visit} consent={consent} />
    </Narrow>,
  );
}

/** Who asks, from where. @throws Problem when it may ask no longer */
async function asker(visit: Visit, consent: Consent, { request, address, createdAt }: PendingAuthorization) {
  const from = (
    <>
      It asked from <strong>{address}</strong>, <Time at={createdAt} />.
    </>
  );
  if (request.application === undefined) return <CommandAsks consent={consent}>{from}</CommandAsks>;
  const waiting = await waitingApplication(visit.ctx, request.application);
  if ('error' in waiting) throw problem('conflict', waiting.error);
  const { application } = waiting;
  return (
    <>
      <p class="mb-1 lk-break">
        <strong>{application.name}</strong> on another machine asks to use the account {consent.login}. {from}
      </p>
      <Maker application={application} maker={await makerOf(visit.ctx, application)} />
      <Wanted visit={visit} consent={consent} />
    </>
  );
}

function CommandAsks({ consent: { login, request }, children }: { consent: Consent; children: VNode }): VNode {
  return (
    <p>
      {request.command === undefined ? (
        'A command'
      ) : (
        <>
          <strong>{request.command.name}</strong>, or a command that uses its name,
        </>
      )}{' '}
      on another machine asks for a token of <strong>{login}</strong>. {children}
    </p>
  );
}

function askForCode(visit: Visit, isWrong: boolean): Answer {
  const f = visit.fields('code');
  return page(
    'Let a device sign in',
    <Narrow title="Let a device sign in">
      {isWrong ? (
        <Notice tone="error" role="alert">
          That code is wrong, used, or expired. Check it, or start again on the device.
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
  if (pending === null) throw problem('conflict', 'That code was used or has expired. Start again on the device.');
  return pending;
}

async function approve(visit: Visit): Promise<Answer> {
  const pending = await pendingOf(visit);
  const { application } = pending.request;
  const waiting = application === undefined ? null : await waitingApplication(visit.ctx, application);
  if (waiting !== null && 'error' in waiting) throw problem('conflict', waiting.error);
  const draft = await approveDevice(visit.ctx, await visit.ownPermit(), pending, choiceIn(visit, pending.request));
  const what = application === undefined ? 'Its token works' : `${application.name} may use your account`;
  return done(
    'The device is signed in',
    `${what} for ${draft.expiresInDays} days. Go back to the device; you can close this page.`,
  );
}

function done(title: string, words: string): Answer {
  return page(
    title,
    <Narrow title={title}>
      <p>{words}</p>
    </Narrow>,
  );
}

export const devicePages: readonly WebPage[] = [
  {
    path: DEVICE_PATH,
    access: 'sudo',
    get: showDevice,
    forms: {
      code: {
        access: 'signed-in',
        run: (visit) => {
          const code = visit.field('user_code');
          if (code === '') throw problem('missing_field', 'Enter the code that the device shows.', 'user_code');
          return redirect(`${DEVICE_PATH}?${new URLSearchParams({ user_code: code.slice(0, 40) })}`);
        },
      },
      approve: { run: approve },
      deny: {
        access: 'signed-in',
        run: async (visit) => {
          await denyDevice(visit.ctx, await visit.ownPermit(), await pendingOf(visit));
          return done('The device is not signed in', 'It got no token. You can close this page.');
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
