/**
 * The bytes of objects: `PUT` and `GET` at their address, `POST` at its `verify`, each with a pass from a batch.
 *
 * Source: git-lfs, docs/api/basic-transfers.md; RFC 9110 section 14 for ranges.
 * Invariant: memory doesn't depend on an object, and a byte a minute holds nothing.
 */

import { pipeline } from 'node:stream/promises';
import type { Permit } from '../../../actions/decision/authorize.ts';
import { MISSING } from '../../../actions/lfs/batch.ts';
import { type Pass, readPass } from '../../../actions/lfs/passes.ts';
import { giveObject, holdsObject, takeObject } from '../../../actions/lfs/transfers.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { bytesPassed } from '../../../base/garbage.ts';
import { STANDING } from '../../../base/requests/standing-headers.ts';
import { GIT_NEEDS } from '../../../catalogue/needs.ts';
import { renewedBy } from '../body.ts';
import { send, sendError } from './answer.ts';
import { type LfsCall, permitFor, presentedBy, readJson, Unreadable } from './call.ts';

interface Transfer {
  readonly pass: Pass;
  readonly permit: Permit;
}

/** The pass and the permit for it; null when it was refused, and answered. */
async function admit(call: LfsCall, oid: string, operation: Pass['operation']): Promise<Transfer | null> {
  const credential = presentedBy(call);
  const pass = credential.form === 'bearer' ? readPass(call.ctx, credential.secret) : null;
  if (pass === null || pass.oid !== oid || pass.operation !== operation) throw new Unreadable(403, NO_PASS);
  const purpose = operation === 'upload' ? 'send an LFS object to' : 'fetch an LFS object of';
  const need = operation === 'upload' ? GIT_NEEDS['receive-pack'] : GIT_NEEDS['upload-pack'];
  const permit = await permitFor(call, need, purpose, pass.holder ?? { form: 'none' });
  if (permit === null) return null;
  if (targetRepository(permit).repository.id !== pass.repositoryId) throw new Unreadable(403, NO_PASS);
  return { pass, permit };
}

const NO_PASS = 'This needs the header that a batch gave for this object within the last hour. Ask for a batch again.';

/** Takes an object's bytes. */
export async function answerUpload(call: LfsCall, oid: string): Promise<void> {
  const { request, response } = call;
  const transfer = await admit(call, oid, 'upload');
  if (transfer === null) return;
  const { pass } = transfer;
  const { 'content-length': length, 'content-encoding': encoding, expect } = request.headers;
  if (encoding !== undefined) throw new Unreadable(415, 'An object is sent as it is, without a Content-Encoding.');
  if (length !== undefined && Number(length) !== pass.size)
    throw new Unreadable(422, `The object has ${pass.size} bytes, not ${length}.`);
  if (expect !== undefined) {
    response.writeContinue();
    delete request.headers.expect;
  }
  const mismatch = await receive(call, transfer);
  if (mismatch === null) return send(request, response, 200, {});
  sendError(
    request,
    response,
    422,
    mismatch === 'size'
      ? `The object has ${pass.size} bytes; what was sent has more or fewer.`
      : 'What was sent is not the object: its SHA-256 is another one.',
  );
}

/** Takes the body, and ends a request whose body comes too slowly. */
async function receive({ ctx, request }: LfsCall, { permit, pass }: Transfer): ReturnType<typeof takeObject> {
  const idle = setTimeout(
    () => request.destroy(new Error('the client sent nothing for too long')),
    ctx.settings.gitIdleTimeoutSec * 1000,
  );
  const renew = renewedBy(idle);
  try {
    const onBytes = (count: number): void => {
      bytesPassed(count);
      renew(count);
    };
    return await takeObject(ctx, permit, pass, { body: request, onBytes });
  } finally {
    clearTimeout(idle);
  }
}

/** Gives an object's bytes, or a part of them. */
export async function answerDownload(call: LfsCall, oid: string): Promise<void> {
  const { ctx, request, response } = call;
  const transfer = await admit(call, oid, 'download');
  if (transfer === null) return;
  const { pass, permit } = transfer;
  const range = rangeIn(request.headers.range, pass.size);
  if (range === 'unsatisfiable')
    return sendError(request, response, 416, `The object has ${pass.size} bytes.`, {
      headers: { 'Content-Range': `bytes */${pass.size}` },
    });
  const { first, last } = range ?? { first: 0, last: pass.size - 1 };
  const bytes = pass.size === 0 ? null : await giveObject(ctx, permit, pass, { first, last });
  if (bytes === null && (pass.size > 0 || !(await holdsObject(ctx, permit, pass))))
    return sendError(request, response, 404, MISSING);
  response.writeHead(range === null ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': 'attachment',
    'Content-Length': last - first + 1,
    ...(range === null ? {} : { 'Content-Range': `bytes ${first}-${last}/${pass.size}` }),
    'Accept-Ranges': 'bytes',
    ETag: `"${oid}"`,
    'Cache-Control': 'no-store',
    ...STANDING,
  });
  if (bytes === null) return void response.end();
  const idle = setTimeout(() => response.destroy(), ctx.settings.gitIdleTimeoutSec * 1000);
  bytes.on('data', (chunk: Buffer) => {
    bytesPassed(chunk.length);
    idle.refresh();
  });
  try {
    await pipeline(bytes, response);
  } finally {
    clearTimeout(idle);
  }
}

/** One range of an object that isn't empty; null = all of it, also for what isn't one range of bytes. */
function rangeIn(header: string | undefined, size: number): { first: number; last: number } | 'unsatisfiable' | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return null;
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'unsatisfiable' : range(Math.max(0, size - Number(to)), size);
  const first = Number(from);
  const end = to === '' ? size : Math.min(size, Number(to) + 1);
  if (to !== '' && Number(to) < first) return null;
  return first >= size ? 'unsatisfiable' : range(first, end);
}

function range(first: number, end: number): { first: number; last: number } {
  return { first, last: end - 1 };
}

/** Says whether an object has arrived. */
export async function answerVerify(call: LfsCall, oid: string): Promise<void> {
  const { ctx, request, response } = call;
  const body = await readJson(call);
  const transfer = await admit(call, oid, 'upload');
  if (transfer === null) return;
  const isSame = body['oid'] === oid && body['size'] === transfer.pass.size;
  if (!isSame)
    return sendError(request, response, 422, 'The body names another object than the address and the batch.');
  if (await holdsObject(ctx, transfer.permit, transfer.pass)) return send(request, response, 200, {});
  sendError(request, response, 404, 'The object has not arrived.');
}
