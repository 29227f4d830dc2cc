/**
 * Signing in to a service behind a proxy, in a browser: from there to the sign-in here, and back with a code.
 *
 * Three secrets, each with one side. The *start*, signed here, tells which address the browser asked for. The browser's
 * own secret stays in a cookie of the service's host; the start has its digest, as PKCE has the verifier's. The code is
 * made for a signed-in person, and opens the session once, within a minute, for that browser at that host.
 * Invariant: an answer goes only to the origin that the route map gives the host.
 * Invariant: a session at a service is a part of the session that it was opened from, and ends with it. What it may do
 * is what the person may do, by the same decision (decision 0560).
 */
import { problem } from '../../base/errors.ts';
import { andThen, type MaybePromise } from '../../base/maybe-promise.ts';
import { digestOfKey, type Secret } from '../../base/secret.ts';
import { HOUR_SEC, MINUTE_SEC, type UnixSeconds } from '../../base/time.ts';
import type { SsoProofs } from '../../rules/model.ts';
import { readUserFacts, type UserFacts } from '../../store/decision-facts.ts';
import { subjectOf } from '../../store/revision.ts';
import {
  endOpenedService,
  endServiceSessionByDigest,
  insertServiceSession,
  type OpenedService,
  openedServicesOf,
  openServiceSession,
  type ServiceSession,
  serviceSessionByDigest,
  touchServiceSession,
} from '../../store/service-sessions.ts';
import { proofsOf } from '../../store/sso-sessions.ts';
import { personOf, type SignedIn, type Visitor } from '../accounts/sessions.ts';
import type { Identity } from '../decision/authenticate.ts';
import type { Permit } from '../decision/authorize.ts';
import type { RecallOptions } from '../decision/memory.ts';
import type { Context } from '../ground/context.ts';
import { mintSecret } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';

/** How long somebody may take to sign in. */
const START_SEC = 30 * MINUTE_SEC;
/** How long the browser may take to come back with the code. */
const CODE_SEC = MINUTE_SEC;
/** An unused session at a service ends after this time, a used one after `MAX_SERVICE_SESSION_SEC`. */
const IDLE_SERVICE_SESSION_SEC = HOUR_SEC;
export const MAX_SERVICE_SESSION_SEC = 12 * HOUR_SEC;
/** The last use is recorded at most this often. */
const TOUCH_EVERY_SEC = 5 * MINUTE_SEC;
const PURPOSE = 'service sign-in';

export type { OpenedService };

/** Longer addresses are not come back to; the service's first page is. */
const MAX_URI_LENGTH = 2_000;
const MAX_START_LENGTH = 6_000;

/** What a browser asked for when it was sent to sign in. */
export interface Start {
  /** `https://app.example.org`. */
  readonly origin: string;
  /** In lower case, without a port. */
  readonly host: string;
  /** Path and query. */
  readonly uri: string;
  /** The digest of the browser's secret. */
  readonly browser: string;
}

interface WrittenStart {
  readonly o: string;
  readonly u: string;
  readonly b: string;
  readonly e: UnixSeconds;
}

/** A start as text, for an address. Nothing is stored: anybody may ask for any number of them. */
export function writeStart(ctx: Context, { origin, uri, browser }: Omit<Start, 'host'>): string {
  const written: WrittenStart = {
    o: origin,
    u: uri.length <= MAX_URI_LENGTH ? uri : '/',
    b: browser,
    e: ctx.clock.now() + START_SEC,
  };
  const text = Buffer.from(JSON.stringify(written)).toString('base64url');
  return `${text}.${ctx.keys.sign(PURPOSE, text)}`;
}

/**
 * A start that was written here, for a host on which people still sign in. `late` when its time is over; null when it
 * isn't one.
 */
export function readStart(ctx: Context, start: string): (Start & { readonly late: boolean }) | null {
  const dot = start.indexOf('.');
  if (dot < 0 || start.length > MAX_START_LENGTH) return null;
  const text = start.slice(0, dot);
  if (ctx.keys.isSignedHere(PURPOSE, text, start.slice(dot + 1)) !== true) return null;
  const { o, u, b, e } = JSON.parse(Buffer.from(text, 'base64url').toString()) as WrittenStart;
  const host = new URL(o).hostname;
  if (ctx.routeMaps.signInOrigin(host) !== o) return null;
  return { origin: o, host, uri: u, browser: b, late: e <= ctx.clock.now() };
}

/** A code for the browser that began, with which it opens a session at the service. */
export async function giveServiceCode(ctx: Context, { session, account }: SignedIn, start: Start): Promise<Secret> {
  const code = mintSecret();
  const at = ctx.clock.now();
  await insertServiceSession(ctx.store.db, {
    codeDigest: code.digest(),
    browserDigest: start.browser,
    sessionId: session.id,
    userId: account.id,
    host: start.host,
    at,
    endsAt: at + CODE_SEC,
  });
  return code;
}

/** Opens the session that a code is for. Null when the code is for another browser or host, too old, or was used. */
export async function redeemServiceCode(
  ctx: Context,
  given: { readonly code: Secret; readonly browser: Secret; readonly host: string },
  visitor: Visitor,
): Promise<Secret | null> {
  const secret = mintSecret();
  const at = ctx.clock.now();
  const { host } = given;
  const isOpen = await ctx.store.transaction(async (tx) => {
    const opened = await openServiceSession(tx, {
      codeDigest: given.code.digest(),
      browserDigest: given.browser.digest(),
      host,
      digest: secret.digest(),
      at,
      endsAt: at + IDLE_SERVICE_SESSION_SEC,
    });
    if (opened === null) return false;
    const facts = await readUserFacts(tx, opened.userId);
    if (facts === null) return false;
    const { id: userId, login } = facts.user;
    await record(tx, { actor: { userId, login, tokenId: null, ...visitor } }, at, {
      action: 'user_session.open_service',
      userId: opened.userId,
      data: { session_id: opened.sessionId, host },
    });
    return true;
  });
  return isOpen ? secret : null;
}

/** Ends the session of this secret at a host. It is over, too, when there is none. */
export async function signOutOfService(
  ctx: Context,
  { secret, host }: { readonly secret: Secret; readonly host: string },
  visitor: Visitor,
): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const ended = await endServiceSessionByDigest(tx, secret.digest(), host);
    const facts = ended === null ? null : await readUserFacts(tx, ended.userId);
    if (ended === null || facts === null) return;
    const { id: userId, login } = facts.user;
    await record(tx, { actor: { userId, login, tokenId: null, ...visitor } }, ctx.clock.now(), {
      action: 'user_session.close_service',
      userId,
      data: { session_id: ended.sessionId, host },
    });
  });
}

/** What the person has open at services, by session and host. */
export function listOpenedServices(ctx: Context, permit: Permit): Promise<OpenedService[]> {
  return openedServicesOf(ctx.store.db, personOf(permit), ctx.clock.now());
}

/** Ends what one of the person's sessions has open at a host. @throws Problem when there is nothing */
export async function endServiceSession(
  ctx: Context,
  permit: Permit,
  opened: { readonly sessionId: number; readonly host: string },
): Promise<void> {
  const userId = personOf(permit);
  await ctx.store.transaction(async (tx) => {
    if (!(await endOpenedService(tx, userId, opened)))
      throw problem('not_found', 'That session at the service has ended already.');
    await record(tx, permit, ctx.clock.now(), {
      action: 'user_session.close_service',
      userId,
      data: { session_id: opened.sessionId, host: opened.host },
    });
  });
}

/** A session at a service with whose it is, as remembered between changes. */
class RememberedServiceSession {
  readonly session: ServiceSession;
  readonly facts: UserFacts;
  readonly proofs: SsoProofs;
  endsAt: UnixSeconds;
  seenAt: UnixSeconds;

  constructor(session: ServiceSession, facts: UserFacts, proofs: SsoProofs) {
    this.session = session;
    this.facts = facts;
    this.proofs = proofs;
    this.endsAt = session.endsAt;
    this.seenAt = session.lastSeenAt;
  }
}

const KEEP: RecallOptions<RememberedServiceSession> = {
  subjects: ({ session, proofs }) => [
    subjectOf('account', session.userId),
    ...[...proofs.keys()].map((id) => subjectOf('account', id)),
  ],
};

/** What a cookie's secret is looked up by. Kept with the cookie: making the text anew, and hashing it, takes 1 µs. */
export interface ServiceKey {
  /** As `Secret.digestKey` has it. */
  readonly digestKey: string;
  /** In memory, where a token can't be mistaken for it. */
  readonly memoryKey: string;
}

export function serviceKeyOf(secret: Secret): ServiceKey {
  const digestKey = secret.digestKey();
  return { digestKey, memoryKey: `service ${digestKey}` };
}

/**
 * Who is signed in at a host by the cookie with this key; null for nobody. Answers at once when remembered. Refresh
 * `ctx.memory` first.
 */
export function serviceIdentity(
  ctx: Context,
  { digestKey, memoryKey }: ServiceKey,
  host: string,
): MaybePromise<Identity | null> {
  const at = ctx.clock.now();
  return andThen(
    ctx.memory.recall(memoryKey, () => read(ctx, digestOfKey(digestKey)), KEEP),
    (found) => {
      if (found === null || found.session.host !== host) return null;
      // Another node may have made it longer.
      if (found.endsAt <= at) return renewed(ctx, digestKey, found);
      if (at - found.seenAt >= TOUCH_EVERY_SEC) touch(ctx, digestKey, found, at);
      return identityOf(found);
    },
  );
}

async function renewed(ctx: Context, digestKey: string, known: RememberedServiceSession): Promise<Identity | null> {
  const session = await serviceSessionByDigest(ctx.store.db, digestOfKey(digestKey), ctx.clock.now());
  if (session === null) return null;
  known.endsAt = session.endsAt;
  return identityOf(known);
}

function identityOf({ facts, proofs }: RememberedServiceSession): Identity {
  return { bearer: { via: 'session', user: facts.user, proofs }, facts, endsOverlap: false };
}

async function read(ctx: Context, digest: string): Promise<RememberedServiceSession | null> {
  const at = ctx.clock.now();
  const { db } = ctx.store;
  const session = await serviceSessionByDigest(db, digest, at);
  if (session === null) return null;
  const [facts, proofs] = await Promise.all([readUserFacts(db, session.userId), proofsOf(db, session.sessionId, at)]);
  return facts === null ? null : new RememberedServiceSession(session, facts, proofs);
}

/** The request doesn't wait: if it is not recorded, the next one tries again. */
function touch(ctx: Context, digestKey: string, found: RememberedServiceSession, at: UnixSeconds): void {
  const { session } = found;
  const endsAt = Math.min(at + IDLE_SERVICE_SESSION_SEC, session.createdAt + MAX_SERVICE_SESSION_SEC);
  const before = found.seenAt;
  found.seenAt = at;
  touchServiceSession(ctx.store.db, digestOfKey(digestKey), { at, endsAt }).then(
    () =>
      serviceSessionByDigest(ctx.store.db, digestOfKey(digestKey), at).then((now) => (found.endsAt = now?.endsAt ?? 0)),
    (error: unknown) => {
      found.seenAt = before;
      ctx.log.warn({ err: error }, 'the use of a session at a service could not be recorded');
    },
  );
}
