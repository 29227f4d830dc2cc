/** Which application asks, whether it may ask people today, and whether it is the one that it says. */
import { type Secret, sameDigest } from '../../base/secret.ts';
import type { AskingApplication } from '../../rules/login-request.ts';
import { accountById } from '../../store/accounts.ts';
import { type Application, applicationByClientId, applicationById } from '../../store/applications.ts';
import type { Context } from '../ground/context.ts';
import { waitsForApproval } from './registration.ts';

/** The application of that id if it may ask people today; otherwise a sentence that says why it may not. */
export async function askingApplication(
  ctx: Context,
  clientId: string,
): Promise<{ readonly application: Application } | { readonly error: string }> {
  const isOne = clientId !== '' && clientId.length <= 500;
  const application = isOne ? await applicationByClientId(ctx.store.db, clientId) : null;
  if (application === null) return { error: 'No application with this client_id is known here.' };
  return mayAsk(ctx, application);
}

/** As `askingApplication`, for one that has asked before and waits for an answer. */
export async function waitingApplication(
  ctx: Context,
  { id }: AskingApplication,
): Promise<{ readonly application: Application } | { readonly error: string }> {
  const application = await applicationById(ctx.store.db, id);
  return application === null ? { error: 'The application that asked is no longer here.' } : mayAsk(ctx, application);
}

async function mayAsk(
  ctx: Context,
  application: Application,
): Promise<{ readonly application: Application } | { readonly error: string }> {
  if (waitsForApproval(ctx, application))
    return {
      error:
        `An administrator of this server has not approved ${application.name} yet. ` +
        'Ask one: it waits under Instance, OAuth applications.',
    };
  const maker = application.ownerId === null ? null : await accountById(ctx.store.db, application.ownerId);
  if (maker !== null && maker.suspendedAt !== null)
    return { error: `The account of whoever made ${application.name} is suspended, so it can ask nobody.` };
  return { application };
}

/** True when the secret is the application's. Applications without one have none to show. */
export function isSecretOf({ secretDigest }: Application, secret: Secret | null): boolean {
  if (secretDigest === null || secret === null) return secretDigest === null && secret === null;
  return sameDigest(secret.digest(), secretDigest);
}
