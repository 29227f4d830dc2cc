/**
 * Applications that nobody here made: they register themselves (RFC 7591), or are what a document at their address
 * says. Whether they may ask people is the operator's policy (`--application-registration`).
 *
 * Invariant: registering gives nothing. A person says yes each time, and reads that nobody here vouches for it.
 * Invariant: there are at most `MAX_SELF_MADE`; one that nobody used makes room, and goes by itself after
 * `UNUSED_SEC`.
 */
import { randomBytes } from 'node:crypto';
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { DAY_SEC } from '../../base/time.ts';
import type { ClientMetadata } from '../../rules/applications/client-metadata.ts';
import {
  type Application,
  applicationById,
  countSelfMade,
  deleteOldestUnused,
  deleteUnused,
  insertApplication,
  selfMadeApplications,
  updateApplication,
} from '../../store/applications.ts';
import type { Query } from '../../store/db.ts';
import { type Permit, upkeepPermit } from '../decision/authorize.ts';
import { type Actor, type Context, UPKEEP } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import type { Visitor } from '../tokens/code-redemption.ts';
import { CLIENT_ID_BYTES, isSelfMade, recordAbout, secretFacts } from './applications.ts';

/** Registered and described ones together. */
export const MAX_SELF_MADE = 1_000;
/** Without a sign-in for this long, and with none that lasts, one is deleted. */
export const UNUSED_SEC = 30 * DAY_SEC;
/** The most that the administrators' page shows of those that wait, and of the others. */
const MAX_LISTED = 100;

export interface Registered {
  readonly application: Application;
  /** The only time it can be seen; null = it keeps none. */
  readonly secret: Secret | null;
}

/** Why nothing was registered. */
export type Unregistered = 'off' | 'too_often' | 'full';

/** Registers an application for whoever asks. Whether it may ask people is another matter. */
export async function registerItself(
  ctx: Context,
  metadata: ClientMetadata,
  from: Visitor,
): Promise<Registered | Unregistered> {
  if (ctx.settings.applicationRegistration === 'off') return 'off';
  const allowance = await consumeRateLimit(ctx, 'application-registrations', networkOf(from.address));
  if (allowance !== null && !allowance.allowed) return 'too_often';
  const secret = metadata.authMethod === 'none' ? null : mintSecret();
  const application = await ctx.store.transaction(async (tx) => {
    const made = {
      clientId: randomBytes(CLIENT_ID_BYTES).toString('hex'),
      source: 'registered',
      ...secretFacts(secret),
    } as const;
    return addSelfMade(ctx, tx, { ...UPKEEP, login: 'anonymous', ...from }, { ...metadata, ...made });
  });
  return application === null ? 'full' : { application, secret };
}

/** Adds one that nobody here made; null when there is no room. */
export async function addSelfMade(
  ctx: Context,
  tx: Query,
  actor: Actor,
  facts: Pick<Application, 'clientId' | 'name' | 'homepage' | 'redirectUris' | 'source'> &
    Pick<Application, 'secretDigest' | 'secretLastFour'>,
): Promise<Application | null> {
  if ((await countSelfMade(tx)) >= MAX_SELF_MADE) {
    const gone = await deleteOldestUnused(tx);
    if (gone === null) return null;
    await recordAbout(ctx, tx, upkeepPermit(), 'oauth_application.destroy', gone);
  }
  const made = await insertApplication(tx, { ...facts, ownerId: null, approvedAt: null, createdAt: ctx.clock.now() });
  await recordAbout(ctx, tx, { actor }, 'oauth_application.create', made);
  return made;
}

/** True when an administrator has to say yes before it may ask people. */
export function waitsForApproval({ settings }: Context, { approvedAt }: Pick<Application, 'approvedAt'>): boolean {
  return approvedAt === null && settings.applicationRegistration !== 'open';
}

export interface SelfMade {
  readonly waiting: readonly Application[];
  readonly approved: readonly Application[];
}

/** Those that nobody here made, newest first. @param _permit of the instance's policies */
export async function listSelfMade({ store: { db } }: Context, _permit: Permit): Promise<SelfMade> {
  return {
    waiting: await selfMadeApplications(db, { isApproved: false, limit: MAX_LISTED }),
    approved: await selfMadeApplications(db, { isApproved: true, limit: MAX_LISTED }),
  };
}

/** Lets one ask people. @throws Problem when there is none of that id that waits */
export async function approveSelfMade(ctx: Context, permit: Permit, id: number): Promise<Application> {
  return ctx.store.transaction(async (tx) => {
    const found = permit.target.kind === 'instance' && Number.isSafeInteger(id) ? await applicationById(tx, id) : null;
    if (found === null || !isSelfMade(found)) throw problem('not_found', 'There is no such application.', 'id');
    if (found.approvedAt !== null) throw problem('conflict', `${found.name} was approved already.`, 'id');
    await updateApplication(tx, id, { approvedAt: ctx.clock.now() });
    await recordAbout(ctx, tx, permit, 'oauth_application.approve', found);
    return found;
  });
}

/** Deletes those that nobody uses. */
export async function clearUnusedApplications(ctx: Context): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    for (const gone of await deleteUnused(tx, { before: at - UNUSED_SEC, at }))
      await recordAbout(ctx, tx, upkeepPermit(), 'oauth_application.destroy', gone);
  });
}
