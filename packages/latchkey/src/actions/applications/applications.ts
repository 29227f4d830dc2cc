/**
 * OAuth applications: registered by people for themselves and others, or by administrators for everybody.
 *
 * An application by itself may do nothing: people let it use their account, one by one (`sign-ins.ts`).
 * Invariant: a secret leaves this room once, as the result of the call that made it.
 * Invariant: deleting an application ends every token that was given to it, in the same transaction.
 */
import { randomBytes } from 'node:crypto';
import { Problem, problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { type ApplicationDraft, checkApplication } from '../../rules/applications/application-draft.ts';
import { accountById } from '../../store/accounts.ts';
import {
  type Application,
  applicationById,
  applicationsOf,
  deleteApplication,
  givenTokens,
  insertApplication,
  updateApplication,
} from '../../store/applications.ts';
import type { Query } from '../../store/db.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import { mailAboutToken } from '../ground/token-mail.ts';
import { endOne } from '../tokens/tokens.ts';

export type { Application };

/** Of one person, or of the instance. */
const MAX_APPLICATIONS = 100;
export const CLIENT_ID_BYTES = 10;

/** True for one that nobody here made: see `registration.ts`. */
export const isSelfMade = ({ source }: Pick<Application, 'source'>): boolean =>
  source === 'registered' || source === 'document';

/** An application with how many people it can act for. */
export interface ApplicationView extends Application {
  readonly people: number;
}

export interface MadeApplication {
  readonly application: Application;
  /** The only time it can be seen; null = it keeps none. */
  readonly secret: Secret | null;
}

/** Whose applications a permit is about: the caller's own, or those of the instance (null). */
function ownerIdOf({ target, actor }: Permit): number | null {
  return target.kind === 'instance' ? null : actor.userId;
}

/** The applications of the permit's person, or of the instance, newest first. */
export async function listApplications({ store: { db } }: Context, permit: Permit): Promise<ApplicationView[]> {
  const found = await applicationsOf(db, ownerIdOf(permit), MAX_APPLICATIONS);
  return Promise.all(found.map((application) => viewOf(db, application)));
}

/** @throws Problem when there is none of that id */
export async function readApplication(ctx: Context, permit: Permit, id: number): Promise<ApplicationView> {
  return viewOf(ctx.store.db, await applicationWithin(ctx.store.db, permit, id));
}

async function viewOf(q: Query, application: Application): Promise<ApplicationView> {
  const given = await givenTokens(q, { applicationId: application.id });
  return { ...application, people: new Set(given.map(({ token }) => token.userId)).size };
}

/** @throws Problem when the permit's person, or the instance, has none of that id */
async function applicationWithin(q: Query, permit: Permit, id: number): Promise<Application> {
  const found = Number.isSafeInteger(id) ? await applicationById(q, id) : null;
  if (found === null || found.ownerId !== ownerIdOf(permit))
    throw problem('not_found', 'There is no such application.', 'id');
  return found;
}

/** Registers an application. @throws Problem with every complaint at once */
export async function addApplication(ctx: Context, permit: Permit, draft: ApplicationDraft): Promise<MadeApplication> {
  const checked = checkApplication(draft);
  if (!checked.ok) throw new Problem(checked.complaints);
  const { name, homepage, redirectUris, isConfidential } = checked.draft;
  const ownerId = ownerIdOf(permit);
  const secret = isConfidential ? mintSecret() : null;
  const at = ctx.clock.now();
  const application = await ctx.store.transaction(async (tx) => {
    if ((await applicationsOf(tx, ownerId, MAX_APPLICATIONS)).length >= MAX_APPLICATIONS)
      throw problem('limit_reached', `There are ${MAX_APPLICATIONS} applications, which is the limit.`);
    const made = await insertApplication(tx, {
      clientId: randomBytes(CLIENT_ID_BYTES).toString('hex'),
      name,
      homepage,
      source: ownerId === null ? 'instance' : 'person',
      ownerId,
      redirectUris,
      ...secretFacts(secret),
      approvedAt: at,
      createdAt: at,
    });
    await recordAbout(ctx, tx, permit, 'oauth_application.create', made);
    return made;
  });
  return { application, secret };
}

/** Changes what an application says of itself. Whether it keeps a secret stays. @throws Problem */
export async function editApplication(
  ctx: Context,
  permit: Permit,
  id: number,
  draft: Omit<ApplicationDraft, 'isConfidential'>,
): Promise<void> {
  const checked = checkApplication({ ...draft, isConfidential: false });
  if (!checked.ok) throw new Problem(checked.complaints);
  const { name, homepage, redirectUris } = checked.draft;
  await ctx.store.transaction(async (tx) => {
    const before = await applicationWithin(tx, permit, id);
    if (isSelfMade(before)) throw problem('unprocessable', `${before.name} says itself what it is.`);
    await updateApplication(tx, id, { name, homepage, redirectUris });
    await recordAbout(ctx, tx, permit, 'oauth_application.update', { ...before, name, homepage, redirectUris });
  });
}

/** Gives an application another secret; the one before ends at once. @throws Problem */
export async function renewApplicationSecret(ctx: Context, permit: Permit, id: number): Promise<MadeApplication> {
  const secret = mintSecret();
  const application = await ctx.store.transaction(async (tx) => {
    const before = await applicationWithin(tx, permit, id);
    if (before.secretDigest === null || isSelfMade(before))
      throw problem('unprocessable', `${before.name} keeps no secret that is made here.`);
    await updateApplication(tx, id, secretFacts(secret));
    await recordAbout(ctx, tx, permit, 'oauth_application.generate_client_secret', before);
    return { ...before, ...secretFacts(secret) };
  });
  return { application, secret };
}

export function secretFacts(secret: Secret | null): Pick<Application, 'secretDigest' | 'secretLastFour'> {
  return { secretDigest: secret?.digest() ?? null, secretLastFour: secret?.reveal().slice(-4) ?? null };
}

/** Deletes an application with every token that people gave to it. @throws Problem when there is none of that id */
export async function removeApplication(ctx: Context, permit: Permit, id: number): Promise<Application> {
  return ctx.store.transaction(async (tx) => {
    const application = await applicationWithin(tx, permit, id);
    const by = `the application ${application.name} was deleted`;
    for (const { token } of await givenTokens(tx, { applicationId: id })) {
      const ended = await endOne(ctx, tx, permit, { id: token.id, by });
      if (ended !== null && ended.userId !== permit.actor.userId)
        await mailAboutToken(ctx, tx, ended, 'token_revoked', { by });
    }
    await deleteApplication(tx, id);
    await recordAbout(ctx, tx, permit, 'oauth_application.destroy', application);
    return application;
  });
}

/** Writes what was done to an application into the audit log. */
export async function recordAbout(
  ctx: Context,
  tx: Query,
  by: Pick<Permit, 'actor'>,
  action:
    | 'oauth_application.approve'
    | 'oauth_application.create'
    | 'oauth_application.destroy'
    | 'oauth_application.generate_client_secret'
    | 'oauth_application.update',
  { name, clientId, source, homepage, redirectUris, secretDigest, ownerId }: Application,
): Promise<void> {
  await record(tx, by, ctx.clock.now(), {
    action,
    userId: ownerId,
    data: {
      name,
      client_id: clientId,
      source,
      homepage,
      redirect_uris: redirectUris,
      confidential: secretDigest !== null,
    },
  });
}

/** The login of whoever made an application; null = an administrator, nobody, or a person who is gone. */
export async function makerOf({ store: { db } }: Context, { ownerId }: Application): Promise<string | null> {
  return ownerId === null ? null : ((await accountById(db, ownerId))?.login ?? null);
}
