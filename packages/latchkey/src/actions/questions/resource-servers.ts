/**
 * Resource servers: added, listed, removed, and recognized by their secrets.
 *
 * Invariant: a secret leaves this file once, as the result of the call that created it; the store keeps its digest
 * and last eight characters.
 */
import { randomBytes } from 'node:crypto';
import { problem } from '../../base/errors.ts';
import { digestOf, Secret, sameDigest } from '../../base/secret.ts';
import { lastEightOf } from '../../rules/token-text.ts';
import {
  deleteResourceServer,
  insertResourceServer,
  type ResourceServer,
  listResourceServers as readServers,
  resourceServerByDigest,
  resourceServerByName,
} from '../../store/resource-servers.ts';
import { unlessTaken } from '../accounts/accounts.ts';
import type { Permit } from '../decision/authorize.ts';
import type { Credential } from '../decision/credential.ts';
import type { Context } from '../ground/context.ts';
import { record } from '../ground/record.ts';

export type { ResourceServer };

/** The prefix of every server's secret, which tells it from a token. */
const SERVER_SECRET_PREFIX = 'lkr_';
/** A server's secret among other characters. */
const SERVER_SECRET = /(?<![\w-])lkr_[\w-]{43}(?![\w-])/;
const NAME_RULE =
  'The name of a server has 1 to 60 letters, digits, dots, hyphens and underscores, and begins and ends with a ' +
  'letter or digit.';
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,58}[A-Za-z0-9])?$/;

/** True when a server's secret is somewhere in this text, which is more than that. */
export function holdsServerSecret(secret: Secret): boolean {
  const text = secret.reveal();
  const found = SERVER_SECRET.exec(text)?.[0];
  return found !== undefined && found !== text;
}

/** Registers a server. @throws Problem when the name is taken or not allowed */
export async function addResourceServer(
  ctx: Context,
  permit: Permit,
  name: string,
): Promise<{ server: ResourceServer; secret: Secret }> {
  if (!NAME.test(name)) throw problem('invalid', NAME_RULE, 'name');
  const text = SERVER_SECRET_PREFIX + randomBytes(32).toString('base64url');
  const at = ctx.clock.now();
  const server = await unlessTaken(`There is a server ${name} already.`, 'name', () =>
    ctx.store.transaction(async (tx) => {
      const added = await insertResourceServer(tx, {
        name,
        secret: { digest: digestOf(text), lastEight: lastEightOf(text) },
        at,
      });
      await record(tx, permit, at, { action: 'resource_server.create', data: { name } });
      return added;
    }),
  );
  return { server, secret: new Secret(text) };
}

/** Every registered server, by name. */
export function listResourceServers(ctx: Context, _permit: Permit): Promise<ResourceServer[]> {
  return readServers(ctx.store.db);
}

/** Removes a server: its secret stops working with the next request. @throws Problem when there is none of that name */
export async function removeResourceServer(ctx: Context, permit: Permit, name: string): Promise<void> {
  const at = ctx.clock.now();
  await ctx.store.transaction(async (tx) => {
    const removed = await deleteResourceServer(tx, name);
    if (removed === null) throw problem('not_found', `There is no server ${name.slice(0, 60)}.`, 'name');
    await record(tx, permit, at, { action: 'resource_server.destroy', data: { name: removed.name } });
  });
}

/**
 * The server that a credential belongs to: by secret alone (Bearer), or by name and secret (Basic). Null when it isn't
 * a server's.
 */
export async function resourceServerOf(ctx: Context, credential: Credential): Promise<ResourceServer | null> {
  if (credential.form === 'bearer') return resourceServerByDigest(ctx.store.db, credential.secret.digest());
  if (credential.form !== 'basic') return null;
  const found = await resourceServerByName(ctx.store.db, credential.username);
  // An unknown name takes as long as a known one with a wrong secret.
  return sameDigest(found?.secretDigest ?? digestOf(''), credential.secret.digest()) && found !== null
    ? found.server
    : null;
}
