/**
 * Signing in by an identity provider: sent there, and taken back.
 *
 * Invariant: an answer counts in the browser, the session and for the purpose that it was asked for, once, for ten
 * minutes. What a thief learns of the address alone opens nothing: nonce and verifier follow from the browser's secret.
 * Invariant: the account is found by issuer and subject; the first time, by the number that a directory of the same
 * provider gave. By nothing else: who has none gets a new one, where the operator says so.
 * Invariant: a sign-in never lifts a suspension, a lock, or what a directory disabled. What a sign-out at the provider
 * froze, a sign-in by it thaws.
 */
import { problem } from '../../base/errors.ts';
import { present } from '../../base/present.ts';
import { digestOf, type Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { type Account, accountById } from '../../store/accounts.ts';
import type { Query } from '../../store/db.ts';
import { type ExternalIdentity, noteIdentityUse } from '../../store/external-identities.ts';
import { beginSubmission } from '../../store/form-submissions.ts';
import { groupRulesOf, placesGiven } from '../../store/group-rules.ts';
import { sessionByDigest } from '../../store/sessions.ts';
import { actorOf, beginSession, type Visitor } from '../accounts/sessions.ts';
import { type Begun, begin } from '../accounts/sign-in.ts';
import { closedBy } from '../ground/closed-accounts.ts';
import { type Context, UPKEEP } from '../ground/context.ts';
import { mintSecret, seal, unseal } from '../ground/one-time-secrets.ts';
import { record } from '../ground/record.ts';
import { whyNotAdmitted } from './admission.ts';
import { sourceOfProvider, syncGroups } from './group-sync.ts';
import { newAccountFor } from './new-account.ts';
import { proveBySigningIn } from './organization-proofs.ts';
import type { Expected, ProvedIdentity, ProviderConnection } from './provider-connection.ts';
import { ProviderFailure } from './provider-failures.ts';
import type { IdentityProvider } from './provider-file.ts';
import { noteProviderSession, thaw } from './provider-logout.ts';
import { identityHere } from './provisioned-link.ts';

/** How long somebody has for it at the provider. */
const AT_PROVIDER_SEC = 10 * MINUTE_SEC;
/** A longer path is not returned to: it would make the address too long for some providers. */
const MAX_RETURN_LENGTH = 1000;

/**
 * `confirm`: for sensitive pages, by proving it anew; `prove`: for an organization's single sign-on; `link-and-prove`:
 * with an identity that isn't linked yet.
 */
export type ProviderAim = 'sign-in' | 'link' | 'confirm' | 'prove' | 'link-and-prove';

interface Wish {
  readonly provider: string;
  readonly aim: ProviderAim;
  /** Where to go afterwards, one of our paths. */
  readonly to: string;
  /** The organization that it is proved for; left out where none is. */
  readonly organization?: string | undefined;
  /** What the person calls themselves; '' = nothing is known. */
  readonly hint: string;
}

/** What `state` contains, sealed for the browser. No field of it has a meaning in anything else that is sealed so. */
interface Asked extends Omit<Wish, 'hint'> {
  readonly id: string;
  readonly endsAt: number;
}

/** Somebody who came back from a provider, proved. */
export interface Arrival {
  readonly provider: IdentityProvider;
  readonly aim: ProviderAim;
  readonly to: string;
  readonly organization?: string | undefined;
  readonly identity: ProvedIdentity;
}

/** A provider as a button names it. */
export interface OfferedProvider {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;
}

/** The providers by which people can sign in, in the operator's order. */
export function offeredProviders(ctx: Context): OfferedProvider[] {
  return ctx.identityProviders.all
    .filter(({ provider }) => provider.organizations === null)
    .map(({ provider: { name, label, issuer } }) => ({ name, label, issuer }));
}

/** An organization's own provider proves something to that organization alone: it could say anybody's name. */
function serves({ organizations }: IdentityProvider, aim: ProviderAim, organization = ''): boolean {
  if (organizations === null) return true;
  return PROVING.has(aim) && organizations.includes(organization.toLowerCase());
}

const PROVING: ReadonlySet<ProviderAim> = new Set(['prove', 'link-and-prove']);

function expectedOf(ctx: Context, sender: Secret, { id, provider, aim }: Asked, state: string): Expected {
  const derived = (what: string): string => digestOf(`identity provider ${what} ${id} ${sender.reveal()}`);
  return {
    redirectUri: `${ctx.settings.publicUrl}/login/sso/${provider}/callback`,
    state,
    nonce: derived('nonce'),
    verifier: derived('verifier'),
    anew: aim === 'confirm',
  };
}

/**
 * Where to send the browser. Nothing is stored: all of it is in the address, sealed for this browser.
 * @throws Problem in words when the provider is unknown, down or set up wrongly
 */
export async function beginAtProvider(ctx: Context, sender: Secret, wish: Wish): Promise<URL> {
  const connection = ctx.identityProviders.named(wish.provider);
  const { provider, aim, organization } = wish;
  if (connection === null || !serves(connection.provider, aim, organization))
    throw problem('invalid', 'There is no such way to sign in any more. Choose another.');
  const at = ctx.clock.now();
  const to = wish.to.length > MAX_RETURN_LENGTH ? '/' : wish.to;
  const asked: Asked = { provider, aim, organization, to, id: mintSecret().reveal(), endsAt: at + AT_PROVIDER_SEC };
  try {
    return await connection.addressFor(
      expectedOf(ctx, sender, asked, seal(sender, JSON.stringify(asked))),
      at,
      wish.hint,
    );
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    logFailure(ctx, provider, error);
    throw problem('unprocessable', error.message);
  }
}

/**
 * Takes somebody back.
 * @param name of the provider, as the address says it
 * @throws ProviderFailure unless this browser asked, this provider answered, and everything is proved
 */
export async function arriveFromProvider(
  ctx: Context,
  sender: Secret,
  name: string,
  answer: URLSearchParams,
  visitor: Visitor,
): Promise<Arrival> {
  const at = ctx.clock.now();
  const [state = '', ...more] = answer.getAll('state');
  const text = unseal(sender, state);
  const asked = text === null || more.length > 0 ? null : (JSON.parse(text) as Asked);
  const connection = ctx.identityProviders.named(name);
  const isOurs =
    asked !== null && asked.provider === name && asked.endsAt >= at && asked.endsAt <= at + 2 * AT_PROVIDER_SEC;
  if (!isOurs || connection === null || !serves(connection.provider, asked.aim, asked.organization))
    throw new ProviderFailure('started_elsewhere');
  if (!(await beginSubmission(ctx.store.db, digestOf(`identity provider ${asked.id}`), at)))
    throw new ProviderFailure('started_elsewhere');
  return arrive(ctx, connection, asked, { answer, expected: expectedOf(ctx, sender, asked, state), visitor });
}

async function arrive(
  ctx: Context,
  connection: ProviderConnection,
  { aim, to, organization }: Asked,
  { answer, expected, visitor }: { answer: URLSearchParams; expected: Expected; visitor: Visitor },
): Promise<Arrival> {
  const { provider } = connection;
  try {
    const asksGroups = (await groupRulesOf(ctx.store.db, sourceOfProvider(provider.issuer))).length > 0;
    const identity = await connection.identityIn(answer, expected, ctx.clock.now(), asksGroups);
    const why = provider.admits === null ? null : whyNotAdmitted(provider.admits, identity.described);
    if (why !== null) throw new ProviderFailure(why);
    return { provider, aim, to, organization, identity };
  } catch (error) {
    if (error instanceof ProviderFailure) {
      error.backTo = PROVING.has(aim) ? to : null;
      await recordFailure(ctx, provider.name, error, visitor);
    }
    throw error;
  }
}

/**
 * Signs in the account that the identity is linked with. Its own second factor is still asked for, unless the operator
 * trusts the provider with it.
 * @throws ProviderFailure when none is, or it is closed or locked
 */
export async function signInByIdentity(
  ctx: Context,
  { provider, identity }: Arrival,
  device: Secret,
  visitor: Visitor,
): Promise<Begun> {
  const at = ctx.clock.now();
  const linked = await identityOrNew(ctx, { provider, identity }, visitor);
  const account = linked === null ? null : await accountById(ctx.store.db, linked.userId);
  const reason = account === null ? 'not_linked' : whyShut(account, linked);
  if (linked === null || account === null || reason !== null) {
    const failure = new ProviderFailure(reason ?? 'not_linked');
    await recordFailure(ctx, provider.name, failure, visitor, account?.id ?? null);
    throw failure;
  }
  const owes = account.twoFactorAt !== null && provider.secondFactor === 'here' ? 'second-factor' : null;
  const secret = await ctx.store.transaction(async (tx) => {
    if (!(await noteIdentityUse(tx, linked.id, at))) throw new ProviderFailure('not_linked');
    await record(tx, actorOf(account, visitor), at, {
      action: 'external_identity.use',
      userId: account.id,
      data: { provider: provider.name, issuer: identity.issuer },
    });
    await thaw(ctx, tx, linked, actorOf(account, visitor));
    await syncByClaims(ctx, tx, { provider, identity }, account, visitor);
    const begun = await (owes === null
      ? begin(ctx, tx, account, device.digest(), visitor)
      : beginSession(tx, at, account.id, visitor, owes));
    const session = present(await sessionByDigest(tx, begun.digest(), at), 'the session just begun');
    await noteProviderSession(ctx, tx, session.id, identity);
    if (owes === null) await proveBySigningIn(tx, account.id, session.id, identity.issuer, at);
    return begun;
  });
  return { secret, owes };
}

/** Puts somebody where their groups at the provider say. Groups that it doesn't say are not the same as none. */
async function syncByClaims(
  ctx: Context,
  tx: Query,
  { provider, identity }: Pick<Arrival, 'provider' | 'identity'>,
  account: Account,
  visitor: Visitor,
): Promise<void> {
  const source = sourceOfProvider(identity.issuer);
  const given = await placesGiven(tx, [account.id]);
  if ((await groupRulesOf(tx, source)).length === 0 && !given.some((each) => each.source === source)) return;
  const { groups, groupsOverflow } = identity.described;
  if (groups === null) {
    const reason = groupsOverflow ? 'too many to say' : 'not said';
    ctx.log.warn({ provider: provider.name, user: account.login, reason }, 'a provider says no groups of somebody');
    await record(tx, actorOf(account, visitor), ctx.clock.now(), {
      action: 'external_group.unknown',
      userId: account.id,
      data: { provider: provider.name, reason },
    });
    return;
  }
  const by = { actor: { userId: null, login: `sso/${provider.name}`, tokenId: null, ...visitor } };
  await syncGroups(ctx, tx, by, { source, groups: new Map([[account.id, groups]]) });
}

async function identityOrNew(
  ctx: Context,
  came: Pick<Arrival, 'provider' | 'identity'>,
  visitor: Visitor,
): Promise<ExternalIdentity | null> {
  const linked = await identityHere(ctx, came, visitor);
  if (linked !== null) return linked;
  try {
    return await newAccountFor(ctx, came, visitor);
  } catch (error) {
    if (error instanceof ProviderFailure) await recordFailure(ctx, came.provider.name, error, visitor);
    throw error;
  }
}

const SHUT_BY = { administrator: 'suspended', provider: 'disabled_by_provider' } as const;

function whyShut(
  account: Account,
  linked: ExternalIdentity | null,
): 'suspended' | 'disabled_by_provider' | 'locked' | null {
  const closer = closedBy(account);
  // Signing in by the provider that signed them out is the way back.
  if (closer !== null && (closer !== 'provider' || linked?.frozenAt == null)) return SHUT_BY[closer];
  // The link may be the thief's: while the account is locked, an identity is never enough.
  return account.lockedAt === null ? null : 'locked';
}

function logFailure({ log }: Context, provider: string, { reason, detail }: ProviderFailure): void {
  log.warn({ provider, reason, detail }, 'a sign-in by an identity provider failed');
}

async function recordFailure(
  ctx: Context,
  provider: string,
  failure: ProviderFailure,
  visitor: Visitor,
  userId: number | null = null,
): Promise<void> {
  logFailure(ctx, provider, failure);
  ctx.metrics.happened('signIn', 'failed');
  await ctx.store.transaction((tx) =>
    record(tx, { actor: { ...UPKEEP, ...visitor } }, ctx.clock.now(), {
      action: 'external_identity.fail',
      userId,
      data: { provider, reason: failure.reason },
    }),
  );
}
