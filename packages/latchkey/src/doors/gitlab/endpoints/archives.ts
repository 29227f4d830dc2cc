/** The files of a revision as one file. Source: GitLab docs "Repositories API", "Get file archive". */
import {
  ARCHIVE_TYPES,
  type ArchiveForm,
  archive,
  findArchivable,
} from '../../../actions/repositories/objects/archives.ts';
import { targetRepository } from '../../../actions/repositories/target.ts';
import { type Call, type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import type { ValuesOf } from '../params.ts';
import { notFound } from '../refuse.ts';

const PARAMS = { sha: { type: 'string' }, path: { type: 'string' } } as const;

/** How the address ends → what is sent. Other forms (`.tar.bz2`) are not made here. */
const FORMS = { '': 'tar.gz', '.tar.gz': 'tar.gz', '.tgz': 'tar.gz', '.tar': 'tar', '.zip': 'zip' } as const;

async function send(call: Call<ValuesOf<typeof PARAMS>>, form: ArchiveForm): Promise<Reply> {
  const { ctx, permit, params } = call;
  const found = await findArchivable(ctx, permit, params.sha ?? null);
  if (found === null) throw notFound('File');
  const path = params.path === undefined || params.path === '' ? null : params.path;
  const within = path === null ? '' : `-${path.replace(/[^A-Za-z0-9._-]/g, '-')}`;
  const root = `${targetRepository(permit).repository.name}-${found.label}-${found.commitId}${within}`;
  const body = await archive(ctx, permit, found, { form, root, path });
  if (body === null) throw notFound('File');
  const headers = {
    'Content-Type': ARCHIVE_TYPES[form],
    'Content-Disposition': `attachment; filename=${root}.${form}`,
  };
  return { status: 200, body, headers };
}

export const ARCHIVE_ENDPOINTS: readonly Endpoint[] = Object.entries(FORMS).map(([suffix, form]) =>
  endpoint('GET', `/projects/{id}/repository/archive${suffix}`, { params: PARAMS, handle: (call) => send(call, form) }),
);
