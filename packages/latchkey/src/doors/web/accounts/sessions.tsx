/** Where a person is signed in, and ending what should not be. */
import type { VNode } from 'preact';
import { endOtherSessions, endSession, listSessions, type Session } from '../../../actions/accounts/sessions.ts';
import { WithMenu } from '../frame/layout.tsx';
import { SETTINGS_MENU } from '../frame/menus.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Label, Subhead, Time } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { browserName } from './browser-name.ts';

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
      'end-others': {
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

async function show(visit: Visit): Promise<Answer> {
  const sessions = await listSessions(visit.ctx, await visit.ownPermit());
  const others = visit.fields('end-others');
  return page(
    'Sessions',
    <WithMenu visit={visit} menu={SETTINGS_MENU}>
      <Subhead title="Sessions" level={1}>
        {sessions.length < 2 ? null : <Form f={others} submit="End all others" tone="danger" small inline />}
      </Subhead>
      <p>Every browser in which you are signed in. One that is not used ends after two weeks.</p>
      <ul class="Box list-style-none">
        {sessions.map((session) => (
          <Row visit={visit} session={session} />
        ))}
      </ul>
    </WithMenu>,
  );
}

function Row({ visit, session }: { visit: Visit; session: Session }): VNode {
  const isThis = session.id === visit.user.session.id;
  const name = browserName(session.userAgent);
  return (
    <li class="Box-row d-flex flex-wrap flex-items-center flex-justify-between lk-gap">
      <div class="lk-break">
        <strong>{name}</strong> from {session.address} {isThis ? <Label tone="success">This one</Label> : null}
        <div class="color-fg-muted f6">
          Signed in <Time at={session.createdAt} />, last used <Time at={session.lastSeenAt} />
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
    </li>
  );
}
