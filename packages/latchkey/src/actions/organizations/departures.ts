/** Somebody leaves an organization: what goes with them, and what of theirs still reaches it. */
import { worksWithin } from '../../rules/right/right-sentence.ts';
import { accountByLogin } from '../../store/accounts.ts';
import { listTokens } from '../../store/tokens.ts';
import { organizationNamed, type RolesLeft, removeMember } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { type TokenView, tokenViews } from '../tokens/views.ts';

/** The most tokens of a person that are looked at, the newest first. */
const MAX_LOOKED_AT = 1_000;

export interface Departure extends RolesLeft {
  /** Their tokens that reach the organization even so, beyond what everybody may read. */
  readonly tokens: readonly TokenView[];
}

/** As `removeMember`, and tells which tokens of theirs remain. */
export async function removeFromOrganization(
  ctx: Context,
  permit: Permit,
  member: { organization: string; login: string; keepsRoles: boolean; reason?: string | undefined },
): Promise<Departure> {
  const roles = await removeMember(ctx, permit, member);
  return { ...roles, tokens: await tokensReaching(ctx, permit, member.organization, member.login) };
}

/** The tokens of a person that reach an organization today, beyond what everybody may read. None of nobody. */
export async function tokensReaching(
  ctx: Context,
  _permit: Permit,
  organization: string,
  login: string,
): Promise<TokenView[]> {
  const { db } = ctx.store;
  const [{ id }, person] = await Promise.all([organizationNamed(db, organization), accountByLogin(db, login)]);
  if (person === null) return [];
  const tokens = await listTokens(db, person.id, {}, { beforeId: null, limit: MAX_LOOKED_AT });
  const views = await tokenViews(db, tokens, ctx.clock.now(), { ownerIds: [id] });
  return views.filter((view) => worksWithin(view, id));
}
