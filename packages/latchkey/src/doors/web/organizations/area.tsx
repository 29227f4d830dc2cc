/** The area for an organization's owners: its menu, and what its pages require. */
import type { ComponentChildren, VNode } from 'preact';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { PermissionSet } from '../../../catalogue/permissions.ts';
import type { Need } from '../../../rules/model.ts';
import { organizationMenu } from '../frame/menus.ts';
import { WithMenu } from '../frame/rail.tsx';
import type { Visit } from '../frame/visit.ts';

export { organizationPath } from '../frame/menus.ts';

export function OrganizationArea({ visit, children }: { visit: Visit; children: ComponentChildren }): VNode {
  const login = visit.param('org');
  const own = visit.organizations.find((each) => each.login.toLowerCase() === login.toLowerCase());
  return (
    <WithMenu visit={visit} menu={organizationMenu({ people: 0, tokens: 0, waiting: null, ...own, login })}>
      {children}
    </WithMenu>
  );
}

/** The permit to do something with the organization in the path. */
export function organizationPermit(visit: Visit, permissions: PermissionSet, writes = true): Promise<Permit> {
  const need: Need = { sets: [permissions], publicRead: false, writes };
  return visit.permit(need, { kind: 'organization', login: visit.param('org') });
}

/** A number in the address, such as where a list continues; null when there is none. */
export function numberIn(source: URLSearchParams, name: string): number | null {
  const value = Number(source.get(name));
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** The one id that a form is about; 0, which nothing has, when it is none. */
export function idTyped(visit: Visit): number {
  const id = Number(visit.field('id'));
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}

/** The ids in a list that is kept in one field. */
export function idsIn(text: string): number[] {
  return text
    .split(' ')
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
}

/** The ids of the ticked rows. */
export function tickedIds(visit: Visit): number[] {
  return (visit.typed?.getAll('ids') ?? []).map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
}

/**
 * The address of the next page: this page with the key of the last row; null when there is none.
 * @param part of the page, `#others`
 */
export function nextPagePath(visit: Visit, name: string, key: number | undefined, part = ''): string | null {
  return key === undefined ? null : withParameter(visit, name, String(key)) + part;
}

/** The address of the page with another value of one parameter. */
function withParameter(visit: Visit, name: string, value: string): string {
  const query = new URLSearchParams(visit.query);
  query.set(name, value);
  return `${visit.path}?${query}`;
}
