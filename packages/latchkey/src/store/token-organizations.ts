/** Single sign-on: for which organizations a classic or scoped token was authorized. */
import type { UnixSeconds } from '../base/time.ts';
import type { Query } from './db.ts';
import { bumpRevision, subjectOf } from './revision.ts';

/** The organizations that a token was authorized for. */
export async function ssoOrganizationsOf(q: Query, tokenId: number): Promise<Set<number>> {
  const rows = await q.selectFrom('token_organizations').select('organization_id').where('token_id', '=', tokenId).execute();
  return new Set(rows.map((row) => row.organization_id));
}

/** Authorizes a token for an organization; nothing happens when it was. */
export async function authorizeForOrganization(tx: Query, tokenId: number, organizationId: number, at: UnixSeconds): Promise<void> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  await tx.insertInto('token_organizations').values({ token_id: tokenId, organization_id: organizationId, authorized_at: at })
    .onConflict((conflict) => conflict.columns(['token_id', 'organization_id']).doNothing()).execute();
}

/** Takes back every authorization of a token: what editing or regenerating it does. */
export async function withdrawFromAll(tx: Query, tokenId: number): Promise<void> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  await tx.deleteFrom('token_organizations').where('token_id', '=', tokenId).execute();
}

/** Takes that back. False when it was not authorized. */
export async function withdrawFromOrganization(tx: Query, tokenId: number, organizationId: number): Promise<boolean> {
  await bumpRevision(tx, subjectOf('token', tokenId));
  const withdrawn = await tx.deleteFrom('token_organizations')
    .where('token_id', '=', tokenId).where('organization_id', '=', organizationId).returning('token_id').executeTakeFirst();
  return withdrawn !== undefined;
}
