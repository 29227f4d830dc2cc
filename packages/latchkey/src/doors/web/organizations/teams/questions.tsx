/** What is asked before somebody leaves a team, a team loses a role, or ends. */
import { personInTeam } from '../../../../actions/organizations/teams/members.ts';
import { listTeams, readTeam } from '../../../../actions/organizations/teams/teams.ts';
import { problem } from '../../../../base/errors.ts';
import type { Visit } from '../../frame/visit.ts';
import type { Question } from '../../frame/web-page.ts';
import { OrganizationArea } from '../area.tsx';
import { nameOf, permitFor } from './team-permit.ts';

const within = OrganizationArea;

export async function asksToRemoveMember(visit: Visit): Promise<Question> {
  const [permit, name, login] = [await permitFor(visit, 'write'), nameOf(visit), visit.field('login')];
  const person = await personInTeam(visit.ctx, permit, name, login);
  if (person === null || person.role === null)
    throw problem('not_found', `${login.slice(0, 60)} is not in the team ${name.team} itself.`, 'login');
  return {
    title: `Remove ${person.account.login} from ${name.team}?`,
    lead: 'What they have only by this team ends with the next request, for their tokens, too.',
    act: `Remove ${person.account.login}`,
    consequences: [
      { title: 'Their roles by this team and those above it end', facts: 'You can add them again.' },
      { title: 'Stays: their membership in the organization, and roles of their own', stays: true },
    ],
    subject: person.account.id,
    within,
  };
}

export async function asksToTakeRole(visit: Visit): Promise<Question> {
  const { team } = await readTeam(visit.ctx, await permitFor(visit, 'read'), nameOf(visit));
  const repository = visit.field('repository').slice(0, 100);
  return {
    title: `Take the role of ${team.slug} in ${repository} away?`,
    lead: 'Who has access only by this team loses it with the next request.',
    act: 'Take the role away',
    consequences: [
      { title: `The role of ${team.slug} ends`, facts: 'You can give it again.' },
      { title: 'Stays: the team, and roles that people have otherwise', stays: true },
    ],
    subject: `${team.id} ${repository}`,
    within,
  };
}

export async function asksToDeleteTeam(visit: Visit): Promise<Question> {
  const [permit, name] = [await permitFor(visit, 'write'), nameOf(visit)];
  const { team } = await readTeam(visit.ctx, permit, name);
  const filter = { organization: name.organization, below: team.slug };
  const below = await listTeams(visit.ctx, permit, filter, { after: '', skip: 0, limit: 1 });
  return {
    title: `Delete the team ${team.slug}?`,
    lead: 'This can’t be undone.',
    act: `Delete ${team.slug}`,
    consequences: [
      { title: 'The roles that it gave end with the next request', facts: 'For the tokens of its members, too.' },
      ...(below.length === 0 ? [] : [{ title: 'The teams below it are deleted, too' }]),
      { title: 'Stays: its members in the organization, and the repositories', stays: true },
    ],
    subject: team.id,
    within,
  };
}
