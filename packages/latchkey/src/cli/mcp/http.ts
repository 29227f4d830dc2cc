/**
 * MCP over HTTP on loopback: one message in each POST to `/mcp`, answered as JSON. No stream and no session, since this
 * server says nothing unasked.
 *
 * Source: modelcontextprotocol.io, specification 2025-11-25, "Streamable HTTP".
 * Invariant: whoever asks has the pass; no page of a site, and no other name for this machine, is answered.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf, sameDigest } from '../../base/secret.ts';
import { belongsToAnother } from '../agent/peer.ts';
import { MAX_MESSAGE_BYTES, type McpServer } from './protocol.ts';

export interface McpListener {
  /** `http://127.0.0.1:PORT/mcp` */
  readonly address: string;
  close(): Promise<void>;
}

/** @param port 0 = any */
export async function listenForMcp(mcp: McpServer, pass: string, port: number): Promise<McpListener> {
  let host = '';
  const server = createServer((req, res) => {
    const wrong = refusalOf(req, host, pass);
    if (wrong === null) void answer(mcp, req, res);
    else end(res, wrong[0], { message: `latchkey mcp: ${wrong[1]}` });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    address: `http://${host}/mcp`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusalOf(req: IncomingMessage, host: string, pass: string): readonly [number, string] | null {
  if (req.headers.origin !== undefined) return [403, 'no page of a site may ask here'];
  if (req.headers.host !== host || belongsToAnother(req.socket)) return [403, `this is ${host}, for one user`];
  const shown = /^bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
  if (!sameDigest(digestOf(shown), digestOf(pass))) return [401, 'the pass is missing'];
  if (req.url !== '/mcp') return [404, 'there is /mcp'];
  return req.method === 'POST' ? null : [405, 'send a POST'];
}

async function answer(mcp: McpServer, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_MESSAGE_BYTES) return end(res, 413, { message: 'latchkey mcp: a message has at most 1 MiB' });
    chunks.push(chunk);
  }
  const said = await mcp.answer(Buffer.concat(chunks).toString());
  if (said === null) res.writeHead(202).end();
  else end(res, 200, said);
}

function end(res: ServerResponse, status: number, body: object): void {
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : status === 405 ? { allow: 'POST' } : {};
  res.writeHead(status, { 'content-type': 'application/json', ...challenge }).end(JSON.stringify(body));
}
