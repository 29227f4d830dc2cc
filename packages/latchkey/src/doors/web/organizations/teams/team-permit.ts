/** What pages of a team require: the organization, and that it is about this team, which its maintainers may change. */
import type { Permit } from '../../../../actions/decision/authorize.ts';
import type { TeamName } from '../../../../actions/organizations/teams/teams.ts';
import type { Visit } from '../../frame/visit.ts';

/** The team in the path. */
export function nameOf(visit: Visit): TeamName {
  return { organization: visit.param('org'), team: visit.param('team') };
}

/** The permit to read or change the team in the path. */
export function permitFor(visit: Visit, level: 'read' | 'write'): Promise<Permit> {
  return visit.permit(
    { sets: [{ members: level }], publicRead: false, writes: level === 'write' },
    { kind: 'organization', login: visit.param('org'), team: visit.param('team') },
  );
}
