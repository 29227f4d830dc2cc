/** One request to Git LFS's API, its JSON, and the decision about it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, authorizeIdentity, type Permit, type Verdict } from '../../../actions/decision/authorize.ts';
import { authorizationOf, type Credential, credentialOn } from '../../../actions/decision/credential.ts';
import { identityOfKey } from '../../../actions/decision/ssh-keys.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { readSshPass, type SshHolder, type SshPass } from '../../../actions/lfs/passes.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { callerOf } from '../../../base/requests/caller.ts';
import type { Need } from '../../../rules/model.ts';
import type { LfsAddress } from '../address.ts';
import { receiveAtMost } from '../body.ts';
import { refuseLfs } from './answer.ts';

export interface LfsCall {
  readonly ctx: Context;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: LfsAddress;
}

/** The longest JSON: a thousand objects have 120,000 bytes. */
const MAX_JSON_BYTES = 1024 * 1024;

/** A request that can't be served for anybody. */
export class Unreadable extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a request shows: a credential, or what `git-lfs-authenticate` gave for an SSH key. */
export type Presented = Credential | SshPass;

/** The request's own credential. */
export function presentedBy({ ctx, request }: LfsCall): Presented {
  const credential = credentialOn(request.socket, authorizationOf(request.rawHeaders));
  return (credential.form === 'bearer' ? readSshPass(ctx, credential.secret) : null) ?? credential;
}

/** The permit for what the request needs; null when it was refused, and answered. */
export async function permitFor(
  call: LfsCall,
  need: Need,
  purpose: string,
  presented: Presented | SshHolder = presentedBy(call),
): Promise<Permit | null> {
  const { ctx, request, response, address } = call;
  const { target } = address;
  const asked = {
    need,
    target,
    address: callerOf(request, ctx.settings),
    userAgent: request.headers['user-agent'] ?? null,
    purpose: `${purpose} ${target.owner}/${target.name}`,
    door: 'git',
  } as const;
  const verdict =
    presented.form === 'ssh-key'
      ? await decideForKey(ctx, asked, presented)
      : await authorize(ctx, { ...asked, credential: presented });
  if (verdict.allowed) {
    if (presented.form === 'ssh-key' && 'operation' in presented) demandPass(presented, verdict.permit, need);
    return verdict.permit;
  }
  refuseLfs(request, response, verdict.explanation);
  return null;
}

/** Judges an SSH key as it is stored now. @throws Unreadable when it is gone */
async function decideForKey(
  ctx: Context,
  asked: Parameters<typeof authorizeIdentity>[1],
  { key }: SshHolder,
): Promise<Verdict> {
  const identity = await identityOfKey(ctx, key);
  if (identity === null) throw new Unreadable(403, 'This SSH key is not known here any more.');
  await ctx.memory.refresh();
  return authorizeIdentity(ctx, asked, identity);
}

/** @throws Unreadable for what the pass wasn't given for */
function demandPass({ operation, repositoryId }: SshPass, permit: Permit, { writes }: Need): void {
  if (targetRepository(permit).repository.id !== repositoryId || (writes && operation !== 'upload'))
    throw new Unreadable(403, 'What SSH gave is for another repository, or for fetching alone. Try again.');
}

/** The body as an object. @throws Unreadable */
export async function readJson({ ctx, request }: LfsCall): Promise<Readonly<Record<string, unknown>>> {
  const body = await receiveAtMost(request, MAX_JSON_BYTES, ctx.settings.bodyTimeoutSec * 1000);
  if (body === null) throw new Unreadable(413, 'The request is too long. Ask for at most 1,000 objects at a time.');
  return asObject(body.toString('utf8'));
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Unreadable(400, 'The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Unreadable(422, 'The body is not a JSON object.');
  return value as Readonly<Record<string, unknown>>;
}
