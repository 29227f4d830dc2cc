/**
 * Git LFS's API below `/OWNER/NAME.git/info/lfs/`: which call a request is, and what becomes of its errors.
 *
 * Invariant: a call that isn't here is answered like one for a repository that isn't there.
 */
import { Problem, type ProblemCode } from '../../../base/errors.ts';
import { outageAnswer } from '../../../base/machine/outage.ts';
import { sendError, sendLfsOutage } from './answer.ts';
import { answerBatch } from './batch.ts';
import { type LfsCall, Unreadable } from './call.ts';
import { answerLock, answerLocks, answerLocksVerify, answerUnlock } from './locks.ts';
import { answerDownload, answerUpload, answerVerify } from './transfer.ts';

type Handler = (call: LfsCall, part: string) => Promise<void>;

interface Row {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** `*` stands for a part that the handler is given. */
  readonly path: string;
  readonly handler: Handler;
  /** True when bytes are exchanged in place of JSON. */
  readonly isTransfer?: true;
}

const ROWS: readonly Row[] = [
  { method: 'POST', path: 'objects/batch', handler: answerBatch },
  { method: 'GET', path: 'objects/*', handler: answerDownload, isTransfer: true },
  { method: 'PUT', path: 'objects/*', handler: answerUpload, isTransfer: true },
  { method: 'POST', path: 'objects/*/verify', handler: answerVerify },
  { method: 'GET', path: 'locks', handler: answerLocks },
  { method: 'POST', path: 'locks', handler: answerLock },
  { method: 'POST', path: 'locks/verify', handler: answerLocksVerify },
  { method: 'POST', path: 'locks/*/unlock', handler: answerUnlock },
];

/** Types in which a client may want or send JSON. */
const JSON_TYPE = /(?:^|,)\s*(?:application\/(?:vnd\.git-lfs\+)?json|\*\/\*|application\/\*)\s*(?:[;,]|$)/i;
const STATUSES: Readonly<Partial<Record<ProblemCode, number>>> = {
  not_found: 404,
  limit_reached: 422,
  conflict: 409,
  read_only: 403,
  switched_off: 403,
  not_copied: 503,
};

export function answerLfs(ctx: LfsCall['ctx'], asked: Omit<LfsCall, 'ctx'>): void {
  const call = { ...asked, ctx };
  serve(call).catch((error: unknown) => fail(call, error));
}

async function serve(call: LfsCall): Promise<void> {
  const { request, address } = call;
  const rows = ROWS.filter(({ path }) => fits(path, address.lfs));
  const row = rows.find(({ method }) => method === request.method);
  if (row === undefined) {
    if (rows.length === 0) throw new Unreadable(404, 'Git LFS has nothing at this address.');
    throw new Unreadable(405, `Only ${rows.map(({ method }) => method).join(' and ')} is possible here.`);
  }
  const { accept, 'content-type': type } = request.headers;
  if (row.isTransfer !== true && accept !== undefined && !JSON_TYPE.test(accept))
    throw new Unreadable(406, 'The answer is application/vnd.git-lfs+json.');
  if (row.method === 'POST' && !JSON_TYPE.test(type ?? ''))
    throw new Unreadable(415, 'The Content-Type must be application/vnd.git-lfs+json.');
  await row.handler(call, address.lfs[1] ?? '');
}

function fits(path: string, parts: readonly string[]): boolean {
  const names = path.split('/');
  return names.length === parts.length && names.every((name, i) => name === '*' || name === parts[i]);
}

function fail({ ctx, request, response }: LfsCall, error: unknown): void {
  if (request.destroyed && !request.complete) return void response.destroy();
  // Only the end of a transfer, or of a client.
  if (response.headersSent) return void response.destroy();
  if (error instanceof Unreadable) return sendError(request, response, error.status, error.message);
  if (error instanceof Problem) {
    const [complaint] = error.complaints;
    return sendError(request, response, STATUSES[complaint?.code ?? 'invalid'] ?? 422, error.message);
  }
  const outage = outageAnswer(error);
  if (outage !== null) {
    ctx.log.warn({ err: error, reason: outage.reason }, 'a request of Git LFS must wait');
    return sendLfsOutage(request, response, outage);
  }
  ctx.log.error({ err: error }, 'a request of Git LFS failed');
  sendError(request, response, 500, 'The server could not do this. Its administrator finds the cause in the log.');
}
