/**
 * Directories that may provision people by SCIM, as administrators set them up.
 *
 * Invariant: a directory's token opens `/scim/v2` and nothing else, and is shown once. Another one, or its removal,
 * ends it on the next request.
 * Never: an account that comes or goes with its directory. Who was disabled by it stays so until somebody says
 * otherwise.
 */
import { randomBytes } from 'node:crypto';
import { networkOf } from '../../base/address.ts';
import { problem } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { MINUTE_SEC } from '../../base/time.ts';
import { lastEightOf, mintTokenText, parseTokenText } from '../../rules/token-text.ts';
import type { Query } from '../../store/db.ts';
import { forgetSource } from '../../store/group-rules.ts';
import {
  clientByDigest,
  clientByName,
  countProvisioned,
  deleteClient,
  insertClient,
  noteClientUse,
  type ProvisioningClient,
  listClients as readClients,
  replaceClientSecret,
} from '../../store/provisioning.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Credential } from '../decision/credential.ts';
import type { Actor, Context } from '../ground/context.ts';
import { consumeRateLimit } from '../ground/rate-limit.ts';
import { record } from '../ground/record.ts';
import { sourceOfDirectory } from '../identity/group-sync.ts';

export type { ProvisioningClient };

const MAX_CLIENTS = 50;

/** What an administrator says of a directory. */
export interface ClientDraft {
  /** Stands in the audit log: letters, digits and hyphens, at most 40. */
  readonly name: string;
  /** The identity provider that its people sign in by, as the operator's file names it; '' = none. */
  readonly provider: string;
  readonly trustsAddresses: boolean;
}

export interface ClientView extends ProvisioningClient {
  /** How many people it provisioned. */
  readonly people: number;
  /** What the operator's file calls its identity provider: the label; its address when the file has it no more. */
  readonly providerLabel: string | null;
}

export interface MadeClient {
  readonly client: ProvisioningClient;
  /** Shown once. */
  readonly secret: Secret;
}

/** All of them, by name. */
export async function listClients(ctx: Context, _permit: Permit): Promise<ClientView[]> {
  const { db } = ctx.store;
  const [clients, counts] = await Promise.all([readClients(db), countProvisioned(db)]);
  return clients.map((client) => ({
    ...client,
    people: counts.get(client.id) ?? 0,
    providerLabel: client.issuer === null ? null : labelOf(ctx, client.issuer),
  }));
}

function labelOf({ identityProviders }: Context, issuer: string): string {
  return identityProviders.all.find(({ provider }) => provider.issuer === issuer)?.provider.label ?? issuer;
}

/** Lets a directory in. @throws Problem */
export async function addClient(ctx: Context, permit: Permit, draft: ClientDraft): Promise<MadeClient> {
  const name = draft.name.trim().toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name))
    throw problem('invalid', 'A name has 1 to 40 letters, digits and hyphens, such as entra.', 'name');
  const issuer = issuerOf(ctx, draft.provider.trim());
  const at = ctx.clock.now();
  return unlessTaken(`There is a directory ${name} already.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      if ((await readClients(tx)).length >= MAX_CLIENTS)
        throw problem('limit_reached', `There are ${MAX_CLIENTS} directories, which is the limit.`);
      const secret = mint(ctx);
      const client = await insertClient(
        tx,
        { name, issuer, trustsAddresses: draft.trustsAddresses },
        stored(secret, at),
      );
      await record(tx, permit, at, {
        action: 'scim_client.create',
        data: { name, issuer, trusts_addresses: draft.trustsAddresses },
      });
      return { client, secret };
    }),
  );
}

function issuerOf({ identityProviders }: Context, name: string): string | null {
  if (name === '') return null;
  const provider = identityProviders.named(name)?.provider;
  if (provider === undefined)
    throw problem('not_found', `There is no identity provider ${name.slice(0, 40)}.`, 'provider');
  if (provider.organizations !== null)
    throw problem('unprocessable', `${provider.label} is an organization’s own: it signs nobody in.`, 'provider');
  return provider.issuer;
}

/** Gives a directory another token; the old one is refused from the next request on. @throws Problem */
export async function rotateClient(ctx: Context, permit: Permit, name: string): Promise<MadeClient> {
  return ctx.store.transaction(async (tx) => {
    const client = await clientNamed(tx, name);
    const secret = mint(ctx);
    await replaceClientSecret(tx, client.id, stored(secret, ctx.clock.now()));
    await record(tx, permit, ctx.clock.now(), { action: 'scim_client.rotate', data: { name: client.name } });
    return { client, secret };
  });
}

/** Ends a directory's access. The people whom it provisioned stay as they are. @throws Problem */
export async function removeClient(ctx: Context, permit: Permit, name: string): Promise<void> {
  await ctx.store.transaction(async (tx) => {
    const client = await clientNamed(tx, name);
    const people = (await countProvisioned(tx)).get(client.id) ?? 0;
    // Whom its groups brought stays, as if by hand.
    await forgetSource(tx, sourceOfDirectory(client.id));
    await deleteClient(tx, client.id);
    await record(tx, permit, ctx.clock.now(), { action: 'scim_client.remove', data: { name: client.name, people } });
  });
}

/** @throws Problem when there is none of that name */
export async function clientNamed(q: Query, name: string): Promise<ProvisioningClient> {
  const client = await clientByName(q, name.trim().toLowerCase());
  if (client === null) throw problem('not_found', `There is no directory ${name.slice(0, 40)}.`, 'name');
  return client;
}

function mint({ settings }: Context): Secret {
  return new Secret(mintTokenText('provisioning', randomBytes, settings.tokenPrefix));
}

function stored(secret: Secret, at: number) {
  return { digest: secret.digest(), lastEight: lastEightOf(secret.reveal()), at };
}

// --- a request of a directory ---------------------------------------------------------------------------------------

const ADMITTED = Symbol('directory');

/** Proof that a request came with a directory's token. Only `admitDirectory` makes one. */
export interface Directory {
  readonly [ADMITTED]: true;
  readonly client: ProvisioningClient;
  readonly actor: Actor;
}

/** Why a request isn't let in. */
export type NotAdmitted =
  | { readonly reason: 'missing' | 'unknown' }
  | { readonly reason: 'too-many'; readonly retryAfterSec: number };

/** Last uses are noted this often. */
const NOTE_EVERY_SEC = MINUTE_SEC;

/**
 * Whose request it is. The token is looked up in the database each time, so that one that was replaced or removed is
 * refused on the next request, on every node.
 */
export async function admitDirectory(
  ctx: Context,
  credential: Credential,
  visitor: { readonly address: string; readonly userAgent: string | null },
): Promise<Directory | NotAdmitted> {
  if (credential.form === 'none') return { reason: 'missing' };
  const secret = credential.form === 'bearer' ? credential.secret : null;
  const parsed = secret === null ? null : parseTokenText(secret.reveal());
  const isOne = parsed?.form === 'valid' && parsed.kind === 'provisioning';
  const client = secret === null || !isOne ? null : await clientByDigest(ctx.store.db, secret.digest());
  if (client === null) {
    const tries = await consumeRateLimit(ctx, 'failed-credentials', networkOf(visitor.address));
    return tries === null || tries.allowed
      ? { reason: 'unknown' }
      : { reason: 'too-many', retryAfterSec: tries.retryAfterSec };
  }
  const calls = await consumeRateLimit(ctx, 'provisioning', client.id);
  if (calls !== null && !calls.allowed) return { reason: 'too-many', retryAfterSec: calls.retryAfterSec };
  const at = ctx.clock.now();
  if (client.lastUsedAt === null || at - client.lastUsedAt >= NOTE_EVERY_SEC)
    await noteClientUse(ctx.store.db, client.id, at);
  const actor: Actor = { userId: null, login: `scim/${client.name}`, tokenId: null, ...visitor };
  return { [ADMITTED]: true, client, actor };
}
