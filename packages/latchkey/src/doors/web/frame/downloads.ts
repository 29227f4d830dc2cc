/**
 * The client for people, as files that anybody may fetch: `/download/latchkey-linux-x64`.
 *
 * Invariant: a file is offered when it has one of the names of `catalogue/client-files.ts` and a digest in `SHA256SUMS`
 * beside it. The address is looked up among those names, so none leads out of the folder.
 * Never: a file in memory as a whole.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unlessGone } from '../../../base/machine/gone.ts';
import { packageFile } from '../../../base/version.ts';
import { CLIENT_EXECUTABLES, CLIENT_PACKAGE, DIGEST_FILE } from '../../../catalogue/client-files.ts';

/** Where `npm run build:cli` puts them, in a checkout. */
const BUILT = packageFile('dist/download/');
const NAMES: ReadonlySet<string> = new Set([CLIENT_PACKAGE, ...CLIENT_EXECUTABLES.map(({ file }) => file)]);
/** A new release is seen within this time. */
const KEEP_SEC = 300;
const CHUNK_BYTES = 256 * 1024;

/** Name of a file → its SHA-256 in hex. Empty when there are no files. */
export async function offeredFiles(folder: string | null): Promise<ReadonlyMap<string, string>> {
  const text = (await readFile(join(folder ?? BUILT, DIGEST_FILE), 'utf8').catch(unlessGone)) ?? '';
  const lines = text.matchAll(/^(?<digest>[0-9a-f]{64}) [ *](?<name>\S+)\r?$/gm);
  const digests = [...lines].map(({ groups: { name = '', digest = '' } = {} }) => [name, digest] as const);
  return new Map(digests.filter(([name]) => NAMES.has(name)));
}

/** Serves the files of a folder; null = where they are built. */
export function serveDownloads(app: FastifyInstance, folder: string | null): void {
  app.route<{ Params: { file: string } }>({
    // The route that Fastify makes for HEAD would read the whole file.
    method: ['GET', 'HEAD'],
    exposeHeadRoute: false,
    url: '/download/:file',
    handler: async (request, reply) => {
      const { file } = request.params;
      const offered = await offeredFiles(folder);
      if (file === DIGEST_FILE && offered.size > 0) return sendDigests(reply, offered);
      const digest = offered.get(file);
      const opened = digest === undefined ? null : await openFile(join(folder ?? BUILT, file));
      if (digest === undefined || opened === null) return reply.callNotFound();
      return sendFile(request, reply, { file, digest, ...opened });
    },
  });
}

interface Opened {
  readonly handle: FileHandle;
  readonly size: number;
}

/** Null for anything but a plain file, or a file that was deleted. */
async function openFile(path: string): Promise<Opened | null> {
  const handle = await open(path).catch(unlessGone);
  if (handle === undefined) return null;
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, size: stat.size };
  await handle.close();
  return null;
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { file, digest, handle, size }: Opened & { readonly file: string; readonly digest: string },
): Promise<FastifyReply> {
  const etag = `"${digest}"`;
  void reply.headers({ ...HEADERS, ETag: etag });
  const isKnown = request.headers['if-none-match']?.includes(etag) === true;
  if (isKnown || request.method === 'HEAD') await handle.close();
  if (isKnown) return reply.code(304).send();
  void reply.headers({
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
    'Content-Disposition': `attachment; filename="${file}"`,
  });
  // A file that grows meanwhile is cut off at the announced length.
  return request.method === 'HEAD'
    ? reply.send()
    : reply.send(handle.createReadStream({ highWaterMark: CHUNK_BYTES, start: 0, end: Math.max(size - 1, 0) }));
}

function sendDigests(reply: FastifyReply, offered: ReadonlyMap<string, string>): FastifyReply {
  const lines = [...offered].map(([name, digest]) => `${digest}  ${name}\n`);
  return reply.headers(HEADERS).type('text/plain; charset=utf-8').send(lines.join(''));
}

const HEADERS = {
  'Cache-Control': `public, max-age=${KEEP_SEC}`,
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const;
