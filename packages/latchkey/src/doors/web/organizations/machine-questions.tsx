/** What is asked before a machine account, or one of its tokens, ends. */
import { endingOfMachineToken, endingsOfMachine } from '../../../actions/organizations/what-ends.ts';
import type { Visit } from '../frame/visit.ts';
import type { Question } from '../frame/web-page.ts';
import { idTyped } from './area.tsx';
import { endingTokens, subjectOf } from './endings.tsx';
import type { Place } from './machine-place.tsx';

export async function asksToDelete(place: Place, visit: Visit): Promise<Question> {
  const login = visit.param('machine');
  const endings = await endingsOfMachine(visit.ctx, await place.permit(visit, true), login);
  return {
    title: `Delete ${login}?`,
    lead: 'This can’t be undone.',
    act: `Delete ${login}`,
    consequences: [
      endingTokens(endings),
      { title: 'Its roles end', facts: `Nobody gets the name ${login} for 90 days.` },
      { title: 'Stays: what it pushed, and its entries in the audit log', stays: true },
    ],
    subject: subjectOf(endings),
    within: place.Area,
  };
}

export async function asksToRevoke(place: Place, visit: Visit): Promise<Question> {
  const token = { login: visit.param('machine'), id: idTyped(visit) };
  const { name, ...endings } = await endingOfMachineToken(visit.ctx, await place.permit(visit, true), token);
  return {
    title: `Revoke ${name}?`,
    lead: 'Whatever uses it is refused from the next request on. This can’t be undone.',
    act: `Revoke ${name}`,
    consequences: [endingTokens(endings), { title: 'Stays: the machine account, and its other tokens', stays: true }],
    subject: subjectOf(endings),
    within: place.Area,
  };
}
