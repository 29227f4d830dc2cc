/** The README of a repository, or of a folder in it. */
import { findContents } from '../../../actions/repositories/contents.ts';
import { type Endpoint, endpoint, type Reply } from '../endpoint.ts';
import { READ_QUERY, type ReadCall, readContents } from './contents.ts';
import { sayNo } from './place.ts';

/** Where a repository's README may lie, the first place first, as on GitHub. */
const FOLDERS: readonly string[] = ['.github', '', 'docs'];
/** Its names, the best first. */
const NAMES: readonly RegExp[] = [/^readme\.(?:md|markdown)$/i, /^readme\.[a-z]+$/i, /^readme$/i];

async function readmeIn({ ctx, permit, query }: ReadCall, folder: string): Promise<string | null> {
  const found = await findContents(ctx, permit, { path: folder, revision: query.ref ?? null });
  const files = (found?.folder ?? []).filter(({ type }) => type === 'blob');
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  for (const name of NAMES) {
    const file = files.find(({ path }) => name.test(nameOf(path)));
    if (file !== undefined) return file.path;
  }
  return null;
}

async function readme(call: ReadCall): Promise<Reply> {
  const { dir } = call.params;
  for (const folder of dir === undefined ? FOLDERS : [dir]) {
    const path = await readmeIn(call, folder);
    if (path !== null) return readContents({ ...call, params: { ...call.params, path } });
  }
  throw sayNo(404, 'Not Found');
}

export const README_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/readme',
    operationId: 'repos/get-readme',
    query: READ_QUERY,
    summary: 'The README of a repository: from `.github`, its root or `docs`.',
    handle: readme,
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/readme/{dir}',
    operationId: 'repos/get-readme-in-directory',
    query: READ_QUERY,
    summary: 'The README of a folder.',
    handle: readme,
  }),
];
