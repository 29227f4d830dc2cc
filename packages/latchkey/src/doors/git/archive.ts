/**
 * The files of a revision at `/OWNER/NAME/archive/REVISION.tar.gz` and `….zip`, for package managers and whoever has no
 * git: with the same credentials as a clone.
 *
 * Invariant: nothing is sent before the revision is found.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { authorize } from '../../actions/decision/authorize.ts';
import { authorizationOf, credentialOf } from '../../actions/decision/credential.ts';
import type { Context } from '../../actions/ground/context.ts';
import { ARCHIVE_TYPES, archive, findArchivable } from '../../actions/repositories/objects/archives.ts';
import { callerOf } from '../../base/requests/caller.ts';
import { ARCHIVE_NEED } from '../../catalogue/needs.ts';
import type { ArchiveAddress } from './address.ts';
import { NO_CACHE } from './backend.ts';
import { repositoryOf } from './call.ts';
import { refuse, sendRequestError } from './refuse.ts';

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: ArchiveAddress;
}

/** Decides and answers. Rejects with what keeps git from starting, or cuts an archive off. */
export async function answerArchive(ctx: Context, { request, response, address }: Asked): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendRequestError(request, response, 'get_only');
  const { target, revision, form } = address;
  const verdict = await authorize(ctx, {
    credential: credentialOf(authorizationOf(request.rawHeaders)),
    need: ARCHIVE_NEED,
    target,
    address: callerOf(request, ctx.settings),
    userAgent: request.headers['user-agent'] ?? null,
    purpose: `download ${target.owner}/${target.name}`,
    door: 'git',
  });
  if (!verdict.allowed) return refuse(request, response, verdict.explanation);
  const { permit } = verdict;
  const { owner, repository } = repositoryOf(permit);
  await ctx.git.demandService(owner.login, repository.name, 'upload-pack');
  const found = await findArchivable(ctx, permit, revision);
  if (found === null) return sendRequestError(request, response, 'nothing_here');
  // As on GitHub: v1.0 of `site` is in site-1.0.
  const root = `${repository.name}-${found.label.replace(/^v(?=\d)/, '')}`;
  const head = {
    'Content-Type': ARCHIVE_TYPES[form],
    'Content-Disposition': `attachment; filename=${repository.name}-${found.label}.${form}`,
    ...NO_CACHE,
  };
  if (request.method === 'HEAD') {
    response.writeHead(200, head);
    return void response.end();
  }
  const stream = await archive(ctx, permit, found, { form, root });
  if (stream === null) return sendRequestError(request, response, 'nothing_here');
  response.writeHead(200, head);
  await pipeline(stream, response).catch((error: unknown) => {
    if (!request.destroyed) throw error;
  });
}
