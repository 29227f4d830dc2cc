/** Whose machine accounts a page is about, an organization's or one's own, and what a machine is used by. */
import type { VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { MachineView } from '../../../actions/organizations/machines.ts';
import { type Area, DeveloperArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { LastUsed } from '../parts/components.tsx';
import { OrganizationArea, organizationPath, organizationPermit } from './area.tsx';

/** Whose machines a pair of pages is about. */
export interface Place {
  readonly pattern: string;
  readonly ownerKind: 'organization' | 'user';
  path(visit: Visit): string;
  permit(visit: Visit, writes: boolean): Promise<Permit>;
  owner(visit: Visit): string;
  readonly Area: Area;
}

export const OF_ORGANIZATION: Place = {
  pattern: '/organizations/:org/settings/machines',
  ownerKind: 'organization',
  path: (visit) => organizationPath(visit.param('org'), 'machines'),
  permit: (visit, writes) =>
    organizationPermit(
      visit,
      writes
        ? { members: 'write', organization_personal_access_tokens: 'write' }
        : { organization_personal_access_tokens: 'read' },
      writes,
    ),
  owner: (visit) => visit.param('org'),
  Area: OrganizationArea,
};

export const OWN: Place = {
  pattern: '/settings/machines',
  ownerKind: 'user',
  path: () => '/settings/machines',
  permit: (visit) => visit.ownPermit(),
  owner: (visit) => visit.user.account.login,
  Area: DeveloperArea,
};

/** The page of one machine. */
export const pathOf = (place: Place, visit: Visit, login: string): string =>
  `${place.path(visit)}/${encodeURIComponent(login)}`;

/** The page of its rules for workloads. */
export const rulesPath = (place: Place, visit: Visit, login: string): string =>
  `${pathOf(place, visit, login)}/workload-rules`;

/** In how many tokens and which repositories, in a sentence. */
export function UsedBy({ machine }: { machine: MachineView }): VNode {
  const { tokens, repositories, lastUsedAt } = machine;
  const roles = repositories.map(({ name, role }) => `${name} (${role})`).join(', ') || 'no role in a repository yet';
  return (
    <p class="mb-0 color-fg-muted">
      {tokens === 0 ? 'No tokens' : tokens === 1 ? '1 token' : `${tokens} tokens`} · {roles} ·{' '}
      <LastUsed at={lastUsedAt} />
    </p>
  );
}
