/** What the service behind a proxy learns about its caller. */
import {
  LEVELS,
  type Level,
  type PermissionName,
  type PermissionSet,
  permissionNamed,
} from '../../catalogue/permissions.ts';
import { accountById } from '../../store/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';

/**
 * The permissions that a permit's bearer has on its target today, both granted and by role; empty for nobody. A person
 * who is signed in has what their role allows of the permissions that the route map needs anywhere.
 */
export function effectivePermissions(ctx: Context, permit: Permit): PermissionSet {
  const { bearer } = permit;
  if (bearer === null || bearer.via === 'nobody') return {};
  const held: Partial<Record<PermissionName, Level>> = {};
  const names =
    bearer.via === 'token'
      ? bearer.token.grants.flatMap((grant) => Object.keys(grant.permissions) as PermissionName[])
      : ctx.routeMaps.permissionNames();
  for (const name of new Set(names)) {
    const levels = permissionNamed(name)?.levels ?? LEVELS;
    const level = levels.findLast((one) => permit.holds({ sets: [{ [name]: one }], publicRead: false, writes: false }));
    if (level !== undefined) held[name] = level;
  }
  return held;
}

/** A person's display name, or their login if they have none. */
export async function displayNameOf(ctx: Context, userId: number): Promise<string> {
  const account = await accountById(ctx.store.db, userId);
  return account === null || account.name === '' ? (account?.login ?? '') : account.name;
}
