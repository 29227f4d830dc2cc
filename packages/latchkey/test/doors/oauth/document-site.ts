/** A site that says at an address what an application is: over HTTPS, on this machine. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

/** The networks that it is in. */
export const SITE_NETWORKS = ['127.0.0.0/8', '::1/128'];

export interface DocumentSite {
  readonly clientId: string;
  document: Record<string, unknown>;
  /** What is there in place of the document. */
  told: { status?: number; headers?: Record<string, string>; body?: string } | null;
  asked: number;
}

let made: Awaited<ReturnType<typeof generate>>;

/** Call once at the top of a file: its certificate is trusted until its last test has ended. */
export function withDocumentSites(): void {
  const before = getCACertificates('default');
  beforeAll(async () => {
    made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    setDefaultCACertificates([...before, made.cert]);
  });
  afterAll(() => setDefaultCACertificates(before));
}

/** Serves one until the test has ended. */
export async function documentSite(): Promise<DocumentSite> {
  const server = createServer({ key: made.private, cert: made.cert }, (_request, response) => {
    site.asked++;
    const { status = 200, headers = {}, body = JSON.stringify(site.document) } = site.told ?? {};
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  const clientId = `https://localhost:${(server.address() as AddressInfo).port}/oauth/client.json`;
  const site: DocumentSite = {
    clientId,
    told: null,
    asked: 0,
    document: {
      client_id: clientId,
      client_name: 'Editor',
      client_uri: 'https://editor.example.org/',
      redirect_uris: ['http://127.0.0.1/callback', 'https://editor.example.org/redirect'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    },
  };
  return site;
}
