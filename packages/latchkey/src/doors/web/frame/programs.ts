/**
 * What programs ask at the addresses of pages: the Go command where a module's code is, and API clients whose base
 * address lacks its prefix.
 *
 * Invariant: the answer follows from the address alone, so it is the same whether or not the repository exists, and
 * whoever asks.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Owner and name, as repositories may be called; anything below them is a package of the module. */
const MODULE = /^\/([A-Za-z0-9-]+)\/([A-Za-z0-9._-]+?)(?:\.git)?(?:\/|$)/;

/** Answers programs before any page does. */
export function answerPrograms(app: FastifyInstance, publicUrl: () => string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (isGoGet(request)) return sendGoImport(request, reply, publicUrl());
    if (asksForJson(request)) return sendApiBases(reply, publicUrl());
    return undefined;
  });
}

function isGoGet({ method, url }: FastifyRequest): boolean {
  const mark = url.indexOf('?');
  return method === 'GET' && mark >= 0 && new URLSearchParams(url.slice(mark + 1)).get('go-get') === '1';
}

/** Source: go.dev/ref/mod, "Finding a repository for a module path". */
function sendGoImport(request: FastifyRequest, reply: FastifyReply, publicUrl: string): FastifyReply {
  const [, owner, name] = MODULE.exec(request.url.split('?', 1)[0] ?? '') ?? [];
  if (owner === undefined || name === undefined) return reply.code(404).type('text/plain').send('No module is here.\n');
  const root = `${new URL(publicUrl).host}${new URL(publicUrl).pathname.replace(/\/$/, '')}/${owner}/${name}`;
  const page = `${publicUrl}/${owner}/${name}`;
  return reply
    .header('Cache-Control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(
      `<!DOCTYPE html>\n<html lang="en"><head><title>${root}</title>\n` +
        `<meta name="go-import" content="${root} git ${page}.git">\n` +
        `</head><body><p>The module <code>${root}</code> is fetched from <a ` +
        `href="${page}">${page}.git</a>.</p></body></html>\n`,
    );
}

/** True for a client of an API: browsers request pages as `text/html` or as anything. */
function asksForJson({ headers }: FastifyRequest): boolean {
  const accept = headers.accept?.toLowerCase() ?? '';
  return (
    !accept.includes('text/html') && /\bapplication\/(?:[\w.-]+\+)?json\b|\bapplication\/vnd\.github\b/.test(accept)
  );
}

/** For an API client that was given only the server's address. */
function sendApiBases(reply: FastifyReply, publicUrl: string): FastifyReply {
  const [github, gitlab] = [`${publicUrl}/api/v3`, `${publicUrl}/api/v4`];
  return reply
    .code(404)
    .headers({ 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
    .send({
      message:
        `There is no API at this address. The base address of GitHub's REST API is ${github}, that of GitLab's is ` +
        `${gitlab}.`,
      reason: 'endpoint_unknown',
      documentation_url: `${github}/`,
    });
}
