/** One request to Git LFS's API, its JSON, and the decision about it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize, type Permit } from '../../../actions/decision/authorize.ts';
import { authorizationOf, type Credential, credentialOn } from '../../../actions/decision/credential.ts';
import type { Context } from '../../../actions/ground/context.ts';
import { callerOf } from '../../../base/requests/caller.ts';
import type { Need } from '../../../rules/model.ts';
import type { LfsAddress } from '../address.ts';
import { refuseLfs } from './answer.ts';

export interface LfsCall {
  readonly ctx: Context;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: LfsAddress;
}

/** What each direction needs: what a fetch and a push need. */
export const NEEDS: Readonly<Record<'read' | 'write', Need>> = {
  read: { sets: [{ git: 'read' }], publicRead: true, writes: false },
  write: { sets: [{ git: 'write' }], publicRead: false, writes: true },
};
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

/** The request's own credential. */
export function presentedBy({ request }: LfsCall): Credential {
  return credentialOn(request.socket, authorizationOf(request.rawHeaders));
}

/** The permit for what the request needs; null when it was refused, and answered. */
export async function permitFor(
  call: LfsCall,
  need: Need,
  purpose: string,
  credential: Credential = presentedBy(call),
): Promise<Permit | null> {
  const { ctx, request, response, address } = call;
  const { target } = address;
  const verdict = await authorize(ctx, {
    credential,
    need,
    target,
    address: callerOf(request, ctx.settings),
    userAgent: request.headers['user-agent'] ?? null,
    purpose: `${purpose} ${target.owner}/${target.name}`,
    door: 'git',
  });
  if (verdict.allowed) return verdict.permit;
  refuseLfs(request, response, verdict.explanation);
  return null;
}

/** The body as an object. @throws Unreadable */
export async function readJson({ ctx, request }: LfsCall): Promise<Readonly<Record<string, unknown>>> {
  const timer = setTimeout(
    () => request.destroy(new Error('the client took too long to send so little')),
    ctx.settings.bodyTimeoutSec * 1000,
  );
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    // The request must stay open: its client waits for an answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_JSON_BYTES)
        throw new Unreadable(413, 'The request is too long. Ask for at most 1,000 objects at a time.');
      chunks.push(chunk);
    }
    return asObject(Buffer.concat(chunks).toString('utf8'));
  } finally {
    clearTimeout(timer);
  }
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
