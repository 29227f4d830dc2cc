/** Where a person is signed in, and ending sessions that shouldn't be there. */
import type { VNode } from 'preact';
import {
  endOtherSessions,
  endSession,
  listSessions,
  type Session,
  signOut,
} from '../../../actions/accounts/sessions.ts';
import {
  endServiceSession,
  listOpenedServices,
  type OpenedService,
} from '../../../actions/services/service-sessions.ts';
import { SettingsArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type Question, redirect, type WebPage } from '../frame/web-page.ts';
import { Label, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { browserName } from './browser-name.ts';
import { networkPlace } from './network-place.ts';

const PATH = '/settings/sessions';

export const sessionPages: readonly WebPage[] = [
  {
    path: PATH,
    access: 'sudo',
    get: show,
    forms: {
      end: {
        run: async (visit) => {
          await endSession(visit.ctx, await visit.ownPermit(), Number(visit.field('id')));
          return redirect(PATH, { tone: 'success', text: 'The session was ended.' });
        },
      },
      'end-service': {
        run: async (visit) => {
          const [sessionId, host] = [Number(visit.field('id')), visit.field('host')];
          await endServiceSession(visit.ctx, await visit.ownPermit(), { sessionId, host });
          return redirect(PATH, {
            tone: 'success',
            text: `You are signed out of ${visit.ctx.routeMaps.titleAt(host)}.`,
          });
        },
      },
      'end-all': {
        asks: (visit) => asksToEnd(visit, true),
        run: async (visit) => {
          await endOtherSessions(visit.ctx, await visit.ownPermit(), visit.user.session.id);
          await signOut(visit.ctx, visit.user, visit.visitor);
          visit.setSession(null);
          return redirect('/login?notice=signed-out');
        },
      },
      'end-others': {
        asks: (visit) => asksToEnd(visit, false),
        run: async (visit) => {
          const count = await endOtherSessions(visit.ctx, await visit.ownPermit(), visit.user.session.id);
          return redirect(PATH, {
            tone: 'success',
            text: count === 1 ? 'One session was ended.' : `${count} sessions were ended.`,
          });
        },
      },
    },
  },
];

/** Null when there is no other session to end: then nothing is lost. */
async function asksToEnd(visit: Visit, thisToo: boolean): Promise<Question | null> {
  const sessions = await listSessions(visit.ctx, await visit.ownPermit());
  const ending = sessions.filter(({ id }) => thisToo || id !== visit.user.session.id);
  if (ending.length === 0) return null;
  const count = ending.length === 1 ? '1 session' : `${ending.length} sessions`;
  return {
    title: `End ${count}?`,
    lead: thisToo ? 'You are signed out here, too.' : 'You stay signed in here.',
    act: `End ${count}`,
    consequences: [
      ...ending.map((session) => ({
        title: browserName(session.userAgent),
        facts: (
          <>
            from {session.address} · last used <Time at={session.lastSeenAt} />
          </>
        ),
      })),
      { title: 'Stays: your tokens keep working', stays: true },
    ],
    subject: ending.map(({ id }) => id),
    within: SettingsArea,
  };
}

async function show(visit: Visit): Promise<Answer> {
  const permit = await visit.ownPermit();
  const [sessions, opened] = await Promise.all([
    listSessions(visit.ctx, permit),
    listOpenedServices(visit.ctx, permit),
  ]);
  const others = visit.fields('end-others');
  return page(
    'Sessions',
    <SettingsArea visit={visit}>
      <Subhead title="Sessions" level={1}>
        {sessions.length < 2 ? null : <Form f={others} submit="End all others" tone="danger" small inline />}
      </Subhead>
      <p>
        Every browser where you are signed in. A session ends after two weeks without use, and after 90 days in any
        case. A sign-in from a new browser is mailed to you.
        {opened.length === 0 ? null : ' Services that you opened from one are listed with it, and end with it.'}
      </p>
      <ul class="Box list-style-none">
        {sessions.map((session) => (
          <Row visit={visit} session={session} opened={opened.filter(({ sessionId }) => sessionId === session.id)} />
        ))}
      </ul>
      <Form f={visit.fields('end-all')} submit="End all, including this one" tone="danger">
        <p class="mt-3">You sign in again afterwards. Your tokens keep working.</p>
      </Form>
    </SettingsArea>,
  );
}

function Row({ visit, session, opened }: { visit: Visit; session: Session; opened: OpenedService[] }): VNode {
  const isThis = session.id === visit.user.session.id;
  const name = browserName(session.userAgent);
  const place = networkPlace(session.address);
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <strong>{name}</strong> from {session.address}
        {place === null ? null : <span class="color-fg-muted"> ({place})</span>}{' '}
        {isThis ? <Label tone="success">This one</Label> : null}
        <div class="color-fg-muted f6">
          Signed in <Time at={session.createdAt} />, last used <Time at={session.lastSeenAt} />
          {session.provedAt === 0 ? null : (
            <>
              , confirmed <Time at={session.provedAt} />
            </>
          )}
        </div>
      </div>
      {isThis ? null : (
        <Form f={visit.fields('end')} submit={null} inline>
          <Hidden name="id" value={String(session.id)} />
          <button
            type="submit"
            class="btn btn-sm btn-danger"
            aria-label={`End the session of ${name} from ${session.address}`}
          >
            End
          </button>
        </Form>
      )}
      {opened.length === 0 ? null : (
        <ul class="width-full list-style-none pl-3">
          {opened.map((service) => (
            <Opened visit={visit} service={service} from={`${name} from ${session.address}`} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Opened({ visit, service, from }: { visit: Visit; service: OpenedService; from: string }): VNode {
  const title = visit.ctx.routeMaps.titleAt(service.host);
  return (
    <li class="d-flex flex-wrap flex-items-center flex-justify-between lk-gap mt-1">
      <div class="lk-break">
        {title}
        <div class="color-fg-muted f6">
          Opened <Time at={service.createdAt} />, last used <Time at={service.lastSeenAt} />
        </div>
      </div>
      <Form f={visit.fields('end-service')} submit={null} inline>
        <Hidden name="id" value={String(service.sessionId)} />
        <Hidden name="host" value={service.host} />
        <button type="submit" class="btn btn-sm" aria-label={`Sign out of ${title}, opened in ${from}`}>
          Sign out
        </button>
      </Form>
    </li>
  );
}
