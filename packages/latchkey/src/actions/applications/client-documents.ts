/**
 * Documents at the addresses that are client ids, read and kept while they are fresh
 * (draft-ietf-oauth-client-id-metadata-document).
 *
 * Never: a private address that the operator hasn't allowed, or one that it leads on to.
 */
import { RecentMap } from '../../base/recent-map.ts';
import { type ClientMetadata, readClientMetadata } from '../../rules/applications/client-metadata.ts';
import { type Answer, freshSecOf, get } from '../ground/outgoing.ts';

/** What the draft recommends. */
const MAX_DOCUMENT_BYTES = 5 * 1024;
const ANSWER_SEC = 5;
const MAX_KEPT = 1_000;

/** Why there is no document, in a sentence. */
export class DocumentUnreadable extends Error {
  override readonly name = 'DocumentUnreadable';
}

interface Kept {
  readonly metadata: ClientMetadata;
  /** By the stopwatch. */
  readonly until: number;
}

/** Documents that were read, for as long as they are fresh. */
export class ClientDocuments {
  readonly #around: { readonly passed: () => number; readonly networks: readonly string[] };
  readonly #kept = new RecentMap<string, Kept>(MAX_KEPT);
  readonly #asking = new Map<string, Promise<ClientMetadata>>();

  /** @param around seconds on a stopwatch, and the networks that the operator allows */
  constructor(around: { readonly passed: () => number; readonly networks: readonly string[] }) {
    this.#around = around;
  }

  /** What was read and is fresh; null when it has to be read. */
  fresh(clientId: string): ClientMetadata | null {
    const kept = this.#kept.get(clientId);
    return kept !== undefined && this.#around.passed() < kept.until ? kept.metadata : null;
  }

  /** Reads it, once for all who ask at the same time. @throws DocumentUnreadable */
  async read(url: URL): Promise<ClientMetadata> {
    const running = this.#asking.get(url.href) ?? this.#read(url).finally(() => this.#asking.delete(url.href));
    this.#asking.set(url.href, running);
    return running;
  }

  async #read(url: URL): Promise<ClientMetadata> {
    const asking = { headers: { Accept: 'application/json' }, insecureSsl: false, url };
    const answer = await get(
      { ...asking, allowedNetworks: this.#around.networks },
      { sec: ANSWER_SEC, bytes: MAX_DOCUMENT_BYTES },
    );
    const metadata = metadataIn(url.href, answer);
    this.#kept.set(url.href, { metadata, until: this.#around.passed() + freshSecOf(answer) });
    return metadata;
  }
}

function metadataIn(clientId: string, { statusCode, status, headers, body, isCut }: Answer): ClientMetadata {
  if (statusCode === 0) throw new DocumentUnreadable(`its address did not answer: ${status}`);
  if (statusCode !== 200) throw new DocumentUnreadable(`its address answered ${statusCode}, not 200`);
  if (isCut) throw new DocumentUnreadable(`what is at its address has more than ${MAX_DOCUMENT_BYTES} bytes`);
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? ''))
    throw new DocumentUnreadable('what is at its address is not sent as application/json');
  let sent: Readonly<Record<string, unknown>> | null;
  try {
    sent = JSON.parse(body) as Record<string, unknown> | null;
  } catch {
    throw new DocumentUnreadable('what is at its address is no JSON');
  }
  if (sent?.['client_id'] !== clientId) throw new DocumentUnreadable('what is at its address has another client_id');
  // A secret in public is none.
  if (sent['client_secret'] !== undefined) throw new DocumentUnreadable('what is at its address has a client_secret');
  const metadata = readClientMetadata(sent, ['none']);
  if ('error' in metadata) throw new DocumentUnreadable(`what is at its address is wrong. ${metadata.words}`);
  return metadata;
}
