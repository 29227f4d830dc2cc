/** Somebody's own places in organizations. */
import type { OrganizationRole } from '../../rules/model.ts';
import { rolesIn } from '../../store/memberships.ts';
import type { Page } from '../../store/page.ts';
import { type Account, readSelf } from '../accounts/people.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { organizationsInReach } from './organizations.ts';

/**
 * A page of the caller's organizations, the newest first, as far as the token reaches, with the caller's role in each.
 * @throws TypeError for an anonymous caller
 */
export async function membershipsInReach(
  ctx: Context,
  permit: Permit,
  page: Page,
): Promise<{ user: Account; memberships: { organization: Account; role: OrganizationRole }[] }> {
  const { account: user } = await readSelf(ctx, permit);
  const organizations = await organizationsInReach(ctx, permit, page);
  const ids = organizations.map(({ id }) => id);
  const roles = await rolesIn(ctx.store.db, user.id, ids);
  const memberships = organizations.flatMap((organization) => {
    const role = roles.get(organization.id);
    return role === undefined ? [] : [{ organization, role }];
  });
  return { user, memberships };
}
