/**
 * Applications whose client id is an address: what is there says what they are
 * (draft-ietf-oauth-client-id-metadata-document).
 *
 * Invariant: an address is asked only when somebody who is signed in was sent here with it; never a private one that
 * the operator hasn't allowed, never where it leads on to.
 * Invariant: what is there decides anew as soon as it is no longer fresh. What can't be read asks nobody.
 */
import { type ClientMetadata, documentAddress } from '../../rules/applications/client-metadata.ts';
import { applicationByClientId, updateApplication } from '../../store/applications.ts';
import { isUniqueViolation } from '../../store/db.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { recordAbout } from './applications.ts';
import { DocumentUnreadable } from './client-documents.ts';
import { addSelfMade } from './registration.ts';

/**
 * Makes sure that an application whose client id is an address is known as what is there. Null for any other client
 * id, and when all is well; else a sentence that says why it can't ask.
 * @param permit the person whom it sent here
 */
export async function lookUpDocument(ctx: Context, permit: Permit, clientId: string): Promise<string | null> {
  const url = documentAddress(clientId);
  if (url === null || ctx.settings.applicationRegistration === 'off') return null;
  if (ctx.clientDocuments.fresh(clientId) !== null) return null;
  const allowance = await consumeRateLimit(ctx, 'application-documents', permit.actor.userId ?? 0);
  if (allowance !== null && !allowance.allowed) return 'You were sent here by many applications. Wait some minutes.';
  try {
    return await keep(ctx, permit, clientId, await ctx.clientDocuments.read(url));
  } catch (error) {
    if (!(error instanceof DocumentUnreadable)) throw error;
    return `The application ${url.host} can’t be looked up: ${error.message}`.replace(/\.?$/, '.');
  }
}

async function keep(
  ctx: Context,
  permit: Permit,
  clientId: string,
  { name, homepage, redirectUris }: ClientMetadata,
): Promise<string | null> {
  const told = { name, homepage, redirectUris };
  try {
    return await ctx.store.transaction(async (tx) => {
      const before = await applicationByClientId(tx, clientId);
      if (before === null) {
        const facts = { ...told, clientId, source: 'document', secretDigest: null, secretLastFour: null } as const;
        const made = await addSelfMade(ctx, tx, permit.actor, facts);
        return made === null ? 'This server knows as many applications as it keeps. Tell its administrator.' : null;
      }
      const { name: n, homepage: h, redirectUris: r } = before;
      if (JSON.stringify(told) === JSON.stringify({ name: n, homepage: h, redirectUris: r })) return null;
      await updateApplication(tx, before.id, told);
      await recordAbout(ctx, tx, permit, 'oauth_application.update', { ...before, ...told });
      return null;
    });
  } catch (error) {
    // Another node read it at the same moment.
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}
