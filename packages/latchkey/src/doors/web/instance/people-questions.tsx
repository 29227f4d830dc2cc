/** What is asked before an administrator stops somebody. */
import type { Permit } from '../../../actions/decision/authorize.ts';
import { type PersonStops, sessionsFor, whatStopsFor } from '../../../actions/organizations/what-ends.ts';
import { problem } from '../../../base/errors.ts';
import { isSameName } from '../../../rules/names.ts';
import { InstanceArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import type { Consequence, Question } from '../frame/web-page.ts';
import { endingTokens, subjectOf } from '../organizations/endings.tsx';

function permitOf(visit: Visit): Promise<Permit> {
  return visit.permit({ sets: [{ instance_users: 'write' }], publicRead: false, writes: true }, { kind: 'instance' });
}

async function stopsFor(visit: Visit): Promise<PersonStops> {
  return whatStopsFor(visit.ctx, await permitOf(visit), visit.field('login'));
}

async function signedIn(visit: Visit): Promise<Omit<PersonStops, 'endings'>> {
  return sessionsFor(visit.ctx, await permitOf(visit), visit.field('login'));
}

function sessionsEnd(count: number): Consequence {
  return count === 0
    ? { title: 'No session ends: nobody is signed in', stays: true }
    : { title: `${count} ${count === 1 ? 'session ends' : 'sessions end'}` };
}

export async function asksToSuspend(visit: Visit): Promise<Question> {
  if (isSameName(visit.field('login'), visit.user.account.login))
    throw problem('unprocessable', 'You can’t suspend yourself.');
  const { login, endings, sessions } = await stopsFor(visit);
  return {
    title: `Suspend ${login}?`,
    lead: `Everything that ${login} uses to get in stops with the next request.`,
    act: `Suspend ${login}`,
    consequences: [
      endingTokens(endings),
      sessionsEnd(sessions),
      {
        title: 'Stays: repositories, commits, memberships',
        facts: 'You can undo this. Tokens that have not ended by then work again.',
        stays: true,
      },
    ],
    subject: subjectOf(endings),
    reasonGoesTo: '',
    within: InstanceArea,
  };
}

export async function asksToLock(visit: Visit): Promise<Question> {
  const { login, endings, sessions } = await stopsFor(visit);
  return {
    title: `Lock ${login}?`,
    lead: `For an account that somebody else may be in. ${login} gets a mail with a link to a new password.`,
    act: `Lock ${login}`,
    consequences: [
      endingTokens(endings),
      sessionsEnd(sessions),
      {
        title: 'Stays: everything that they have',
        facts: `Their tokens are frozen, not deleted. They work again once ${login}, or you, unlock the account.`,
        stays: true,
      },
    ],
    subject: subjectOf(endings),
    reasonGoesTo: '',
    within: InstanceArea,
  };
}

export async function asksToEndSessions(visit: Visit): Promise<Question> {
  const { login, sessions } = await signedIn(visit);
  return {
    title: `End the sessions of ${login}?`,
    lead: `${login} signs in again in each browser.`,
    act: 'End sessions',
    consequences: [sessionsEnd(sessions), { title: 'Stays: tokens keep working', stays: true }],
    subject: null,
    within: InstanceArea,
  };
}

export async function asksToResetTwoFactor(visit: Visit): Promise<Question> {
  const { login } = await signedIn(visit);
  return {
    title: `Reset the second factor of ${login}?`,
    lead: `From then on, the password alone signs ${login} in. Make sure who asks you for it.`,
    act: 'Reset two-factor',
    consequences: [
      { title: 'The app, passkeys and recovery codes are removed', facts: 'This can’t be undone.' },
      { title: 'Stays: the password, sessions and tokens', stays: true },
    ],
    subject: null,
    within: InstanceArea,
  };
}
