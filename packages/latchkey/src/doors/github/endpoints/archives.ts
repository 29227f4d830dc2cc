/** Where the files of a revision can be downloaded as one file. */
import { findArchivable } from '../../../actions/repositories/objects/archives.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { type Call, type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import { encodedPath } from '../present/place.ts';
import { placeOf, sayNo } from './place.ts';

type Plain = Call<undefined, undefined>;

/** The address has no secret in it: clients send their credentials there, too, since it is the same server. */
async function redirectTo(call: Plain, suffix: string): Promise<Reply> {
  const revision = call.params['ref'] ?? null;
  const found = await findArchivable(call.ctx, call.permit, revision);
  if (found === null) throw sayNo(404, 'Not Found');
  const file = `${encodedPath(revision ?? found.commitId)}.${suffix}`;
  return { status: 302, body: null, headers: { Location: `${placeOf(call).html}/archive/${file}` } };
}

function archiveOf(kind: 'tarball' | 'zipball', suffix: string): Endpoint[] {
  const path = `/repos/{owner}/{repo}/${kind}`;
  const operationId = `repos/download-${kind}-archive`;
  return [
    endpoint({
      method: 'GET',
      path: `${path}/{ref}`,
      operationId,
      success: 302,
      summary: `Redirects to the files of a revision as .${suffix}, at /OWNER/NAME/archive/REVISION.${suffix}.`,
      handle: (call) => redirectTo(call, suffix),
    }),
    endpoint({
      method: 'GET',
      path,
      need: needOf('GET', `${path}/{ref}`),
      operationId: `${operationId}-of-default-branch`,
      success: 302,
      summary: `Redirects to the files of the default branch as .${suffix}.`,
      handle: (call) => redirectTo(call, suffix),
    }),
  ];
}

export const ARCHIVE_ENDPOINTS: readonly Endpoint[] = [
  ...archiveOf('tarball', 'tar.gz'),
  ...archiveOf('zipball', 'zip'),
];
