/** OAuth applications: those that a person made, those that may use their account, and those of the instance. */
import type { VNode } from 'preact';
import { type ApplicationView, addApplication, listApplications } from '../../../actions/applications/applications.ts';
import { endSignIns, type SignedInApplication, signedInApplications } from '../../../actions/applications/sign-outs.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Radios } from '../parts/choice-fields.tsx';
import { Blankslate, Label, LastUsed, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { ApplicationFields, OF_INSTANCE, OWN, type Place, placesOf, typedApplication } from './place.tsx';
import { selfMadeSection } from './self-made.tsx';

async function show(place: Place, visit: Visit): Promise<Answer> {
  const { Area } = place;
  const permit = await place.permit(visit, false);
  const applications = await listApplications(visit.ctx, permit);
  const signedIn = place === OWN ? await signedInApplications(visit.ctx, permit) : null;
  const f = visit.fields('add');
  return page(
    'OAuth applications',
    <Area visit={visit}>
      <Subhead title="OAuth applications" level={1} />
      {signedIn === null ? null : <SignedIn visit={visit} signedIn={signedIn} />}
      <h2 class="f3 mt-4 mb-2">{place === OWN ? 'Applications that you made' : 'Applications for everybody'}</h2>
      <p class="color-fg-muted mb-3">
        Programs that send people here to sign in, and get short-lived tokens for what each person lets them do.{' '}
        {place.lead}
      </p>
      {applications.length === 0 ? null : (
        <ul class="Box list-style-none mb-4">
          {applications.map((application) => (
            <Made place={place} application={application} />
          ))}
        </ul>
      )}
      {place === OF_INSTANCE ? await selfMadeSection(visit, permit) : null}
      <h2 class="f3 mt-4 mb-2">Register an application</h2>
      <Form f={f} submit="Register this application">
        <ApplicationFields f={f} />
        <Radios
          f={f}
          name="kind"
          label="Can it keep a secret?"
          value="public"
          choices={[
            { value: 'public', label: 'No', note: 'A command, an app on a phone or in a browser.' },
            { value: 'confidential', label: 'Yes', note: 'A program on a server. It gets a secret, shown once.' },
          ]}
        />
      </Form>
    </Area>,
  );
}

function SignedIn({ visit, signedIn }: { visit: Visit; signedIn: readonly SignedInApplication[] }): VNode {
  return (
    <>
      <h2 class="f3 mb-2">Applications that may use your account</h2>
      {signedIn.length === 0 ? (
        <Blankslate heading="No application may use your account">
          The ones that you sign in to with this account are listed here, and you can sign out of them.
        </Blankslate>
      ) : (
        <ul class="Box list-style-none mb-4" aria-label="Applications that may use your account">
          {signedIn.map(({ application, tokens }) => (
            <li class="Box-row lk-break">
              <p class="mb-1">
                <strong>
                  <bdi>{application.name}</bdi>
                </strong>
              </p>
              <ul class="list-style-none mb-2">
                {tokens.map((token) => (
                  <li>
                    Since <Time at={token.createdAt} />, with the token{' '}
                    <a href={`/settings/personal-access-tokens/${token.id}`}>
                      <bdi>{token.name}</bdi>
                    </a>
                  </li>
                ))}
              </ul>
              <Form f={visit.fields('end')} submit={null} inline>
                <Hidden name="id" value={String(application.id)} />
                <button type="submit" class="btn btn-sm btn-danger" aria-label={`Sign out ${application.name}`}>
                  Sign out
                </button>
              </Form>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Made({ place, application }: { place: Place; application: ApplicationView }): VNode {
  const { id, name, redirectUris, secretDigest, people, usedAt } = application;
  return (
    <li class="Box-row lk-break">
      <p class="mb-1">
        <a class="text-bold" href={`${place.path}/${id}`}>
          <bdi>{name}</bdi>
        </a>{' '}
        {secretDigest === null ? null : <Label>confidential</Label>}
      </p>
      <p class="mb-0 color-fg-muted">
        {placesOf(redirectUris)}. {people === 1 ? 'One person lets' : `${people} people let`} it use their account,{' '}
        <LastUsed at={usedAt} />.
      </p>
    </li>
  );
}

async function add(place: Place, visit: Visit): Promise<Answer> {
  const { application, secret } = await addApplication(visit.ctx, await place.permit(visit, true), {
    ...typedApplication(visit),
    isConfidential: visit.field('kind') === 'confidential',
  });
  return redirect(`${place.path}/${application.id}`, {
    tone: 'success',
    text: `${application.name} is registered.`,
    ...(secret === null ? {} : { once: { secret: secret.reveal() } }),
  });
}

/** Null when it has no sign-in: then nothing ends. */
async function asksToEnd(visit: Visit): Promise<Question | null> {
  const signedIn = await signedInApplications(visit.ctx, await visit.ownPermit());
  const found = signedIn.find(({ application }) => String(application.id) === visit.field('id'));
  if (found === undefined) return null;
  const { application, tokens } = found;
  return {
    title: `Sign out ${application.name}?`,
    lead: 'It is refused from the next request on. What it did stays.',
    act: 'Sign it out',
    consequences: [
      ...tokens.map((token) => ({
        title: <bdi>{token.name}</bdi>,
        facts: (
          <>
            made <Time at={token.createdAt} />
          </>
        ),
      })),
      { title: 'Stays: your other tokens, and other applications', stays: true },
    ],
    subject: [application.id, ...tokens.map(({ id }) => id)],
    within: OWN.Area,
  };
}

async function end(visit: Visit): Promise<Answer> {
  const count = await endSignIns(visit.ctx, await visit.ownPermit(), Number(visit.field('id')));
  return redirect(
    OWN.path,
    count === 0
      ? { tone: 'warn', text: 'It was signed out already.' }
      : { tone: 'success', text: 'The application is signed out.' },
  );
}

export const applicationListPages: readonly WebPage[] = [
  {
    path: OWN.path,
    access: OWN.access,
    get: (visit) => show(OWN, visit),
    forms: { add: { once: true, run: (visit) => add(OWN, visit) }, end: { asks: asksToEnd, run: end } },
  },
  {
    path: OF_INSTANCE.path,
    access: OF_INSTANCE.access,
    get: (visit) => show(OF_INSTANCE, visit),
    forms: { add: { once: true, run: (visit) => add(OF_INSTANCE, visit) } },
  },
];
