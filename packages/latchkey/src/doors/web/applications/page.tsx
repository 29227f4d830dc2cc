/** One OAuth application: its client id, its secret, shown once, what it says of itself, and its end. */

import type { VNode } from 'preact';
import {
  type ApplicationView,
  editApplication,
  isSelfMade,
  readApplication,
  removeApplication,
  renewApplicationSecret,
} from '../../../actions/applications/applications.ts';
import { approveSelfMade } from '../../../actions/applications/registration.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { CopyBox, SecretBox, Subhead, Time } from '../parts/components.tsx';
import { Form } from '../parts/form.tsx';
import { ApplicationFields, OF_INSTANCE, PLACES, type Place, typedApplication } from './place.tsx';

const idOf = (visit: Visit): number => Number(visit.param('id'));
const pathOf = (place: Place, visit: Visit): string => `${place.path}/${idOf(visit)}`;

async function show(place: Place, visit: Visit): Promise<Answer> {
  const application = await readApplication(visit.ctx, await place.permit(visit, false), idOf(visit));
  const { name, clientId, secretDigest, secretLastFour, createdAt } = application;
  const isMadeHere = !isSelfMade(application);
  const secret = visit.flash?.once?.['secret'] as string | undefined;
  const { Area } = place;
  return page(
    name,
    <Area visit={visit}>
      <Subhead title={name} level={1} />
      <p class="color-fg-muted">
        Registered <Time at={createdAt} />.{' '}
        {application.people === 0
          ? 'Nobody uses it.'
          : application.people === 1
            ? 'One person uses it.'
            : `${application.people} people use it.`}
      </p>
      {secret === undefined ? null : (
        <section aria-labelledby="secret-title" class="my-3">
          <h2 class="f5 mb-2" id="secret-title" tabIndex={-1} data-focus>
            Its secret
          </h2>
          <SecretBox id="new-secret" secret={secret} />
          <p class="note mt-2">
            <strong>Copy it now. It is shown only once.</strong>
          </p>
        </section>
      )}
      <h2 class="f4 mt-3 mb-2">Client id</h2>
      <CopyBox id="client-id" value={clientId} label="Client id" />
      {secretDigest === null || !isMadeHere ? null : (
        <>
          <h2 class="f4 mt-3 mb-2">Secret</h2>
          <p class="mb-2">
            It ends in <span class="lk-mono">…{secretLastFour}</span>.
          </p>
          <Form f={visit.fields('secret')} submit="Make a new secret" tone="default" />
        </>
      )}
      {isMadeHere ? (
        <>
          <h2 class="f3 mt-4 mb-2">Details</h2>
          <Form f={visit.fields('edit')} submit="Save">
            <ApplicationFields f={visit.fields('edit')} given={application} />
          </Form>
        </>
      ) : (
        <SelfMade visit={visit} application={application} />
      )}
      <h2 class="f3 mt-4 mb-2">Delete</h2>
      <Form f={visit.fields('delete')} submit="Delete this application" tone="danger">
        <p>Everyone is signed out of it with the next request.</p>
      </Form>
    </Area>,
  );
}

/** What one says of itself that nobody here made, and the yes that it waits for. */
function SelfMade({ visit, application }: { visit: Visit; application: ApplicationView }): VNode {
  const { homepage, redirectUris, source, approvedAt } = application;
  return (
    <>
      <h2 class="f3 mt-4 mb-2">What it says of itself</h2>
      <p class="mb-1 lk-break">
        {source === 'document'
          ? 'Its client id is an address, and what is there says what it is.'
          : 'It registered itself. Anybody can give any name.'}
        {homepage === '' ? null : (
          <>
            {' '}
            Its homepage: <span class="lk-mono">{homepage}</span>
          </>
        )}
      </p>
      <p class="mb-1">Its callback addresses:</p>
      <ul class="pl-3 mb-3 lk-break">
        {redirectUris.map((uri) => (
          <li class="lk-mono">{uri}</li>
        ))}
      </ul>
      {approvedAt === null ? (
        <Form f={visit.fields('approve')} submit="Approve it" tone="default">
          <p>People read then that an administrator of this server approved it. Each of them still says yes or no.</p>
        </Form>
      ) : (
        <p>
          Approved <Time at={approvedAt} />.
        </p>
      )}
    </>
  );
}

async function approve(place: Place, visit: Visit): Promise<Answer> {
  const { name } = await approveSelfMade(visit.ctx, await place.permit(visit, true), idOf(visit));
  return redirect(pathOf(place, visit), { tone: 'success', text: `${name} may ask people now.` });
}

async function asksAboutSecret(place: Place, visit: Visit): Promise<Question | null> {
  const application = await readApplication(visit.ctx, await place.permit(visit, true), idOf(visit));
  if (application.secretDigest === null) return null;
  return {
    title: `Make a new secret for ${application.name}?`,
    lead: 'The one it has now ends at once: it gets no tokens until it has the new one.',
    act: 'Make a new secret',
    consequences: [
      { title: `The secret that ends in …${application.secretLastFour}` },
      { title: 'Stays: sign-ins of people', stays: true },
    ],
    subject: [application.id, application.secretDigest],
    within: place.Area,
  };
}

async function asksToDelete(place: Place, visit: Visit): Promise<Question> {
  const application: ApplicationView = await readApplication(visit.ctx, await place.permit(visit, true), idOf(visit));
  const { id, name, people } = application;
  return {
    title: `Delete ${name}?`,
    lead: 'This can’t be undone: another registration gets another client id.',
    act: `Delete ${name}`,
    consequences: [
      {
        title:
          people === 0
            ? 'Nobody is signed in with it'
            : people === 1
              ? 'One person is signed out of it'
              : `${people} people are signed out of it`,
        stays: people === 0,
      },
      { title: 'Stays: what it did', stays: true },
    ],
    subject: [id, people],
    within: place.Area,
  };
}

function pageOf(place: Place): WebPage {
  return {
    path: `${place.path}/:id`,
    access: place.access,
    get: (visit) => show(place, visit),
    forms: {
      ...(place === OF_INSTANCE ? { approve: { run: (visit: Visit) => approve(place, visit) } } : {}),
      edit: {
        run: async (visit) => {
          await editApplication(visit.ctx, await place.permit(visit, true), idOf(visit), typedApplication(visit));
          return redirect(pathOf(place, visit), { tone: 'success', text: 'Saved.' });
        },
      },
      secret: {
        asks: (visit) => asksAboutSecret(place, visit),
        run: async (visit) => {
          const { secret } = await renewApplicationSecret(visit.ctx, await place.permit(visit, true), idOf(visit));
          return redirect(pathOf(place, visit), {
            tone: 'success',
            text: 'The secret before has ended.',
            once: { secret: secret?.reveal() ?? '' },
          });
        },
      },
      delete: {
        asks: (visit) => asksToDelete(place, visit),
        run: async (visit) => {
          const { name } = await removeApplication(visit.ctx, await place.permit(visit, true), idOf(visit));
          return redirect(place.path, { tone: 'success', text: `${name} is deleted.` });
        },
      },
    },
  };
}

export const applicationPages: readonly WebPage[] = PLACES.map(pageOf);
