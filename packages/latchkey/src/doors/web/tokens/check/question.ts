/** The question in the address of the dry run's page: what is asked, about which token, from where. */

import type { Posed, RequestFault } from '../../../../actions/questions/asked.ts';
import { type DryRunOperation, dryRunQuestion, withMove } from '../../../../actions/questions/dry-run.ts';
import { describedContent, type KnownContent } from '../../../../actions/questions/telling.ts';
import { problem } from '../../../../base/errors.ts';
import type { Visit } from '../../frame/visit.ts';

export const CHECK_PATH = '/settings/token-check';

/** What can be asked; the first when the address says nothing. */
export const ASKS = ['request', 'git', 'permission'] as const;
export type Ask = (typeof ASKS)[number];

/** `/settings/token-check?token=7&ask=git&…` */
export function checkPath(tokenId: number | null, question: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({ ...(tokenId === null ? {} : { token: String(tokenId) }), ...question });
  return query.size === 0 ? CHECK_PATH : `${CHECK_PATH}?${query}`;
}

/** The question again that a token was refused for: `push acme/site`, `GET /repos/acme/site`. */
export function checkPathFor(tokenId: number, purpose: string): string {
  const [, git, repository] = /^(clone|fetch|push) ([^\s/]+\/[^\s/]+)$/.exec(purpose) ?? [];
  if (git !== undefined && repository !== undefined) return checkPath(tokenId, { ask: 'git', git, repository });
  const [, method, host = '', path] =
    /^([A-Z]{3,20}) ([a-z0-9.-]*)(\/\S*)(?: [^(]*)?(?: \([a-z0-9-]+\))?$/.exec(purpose) ?? [];
  if (method === undefined || path === undefined) return checkPath(tokenId);
  return checkPath(tokenId, { method, url: host === '' ? path : `https://${host}${path}` });
}

export function askIn(query: URLSearchParams): Ask {
  return ASKS.find((each) => each === query.get('ask')) ?? 'request';
}

/** The question; null when the form is still empty. @throws Problem with the field that is wrong */
export function questionIn({ ctx, query }: Visit): Posed | RequestFault | null {
  const text = (name: string): string => (query.get(name) ?? '').trim();
  const given = (name: string): string | undefined => text(name) || undefined;
  switch (askIn(query)) {
    case 'request':
      return text('url') === '' ? null : dryRunQuestion(ctx, requestTo(text));
    case 'git': {
      if (!query.has('repository')) return null;
      const posed = dryRunQuestion(ctx, { git: text('git') || 'fetch', repository: given('repository') });
      return text('git') === 'push' ? withMove(posed, given('ref'), given('act')) : posed;
    }
    case 'permission':
      return text('permission') === ''
        ? null
        : dryRunQuestion(ctx, { permission: text('permission'), level: text('level') || 'read', ...place(text('on')) });
  }
}

function place(on: string): { repository?: string; organization?: string } {
  if (on === '') return {};
  return on.includes('/') ? { repository: on } : { organization: on };
}

/** An address in full, or a path on this server. @throws Problem */
function requestTo(text: (name: string) => string): DryRunOperation {
  const method = (text('method') || 'GET').toUpperCase();
  const destination = text('destination');
  const turning = destination === '' ? null : { name: 'destination', value: destination };
  const address = text('url');
  const content = contentIn(text);
  if (address.startsWith('/')) return { method, host: null, uri: address, turning, content };
  const [, host = '', uri = ''] = /^https?:\/\/([^/?#@]+)(\/.*)?$/is.exec(address) ?? [];
  if (host === '')
    throw problem(
      'invalid',
      'Write the whole address, such as https://git.example.org/acme/site, or a path that begins with a slash.',
      'url',
    );
  return { method, host, uri: uri === '' ? '/' : uri, turning, content };
}

/** Headers as lines, `Name: value`, and a body of JSON. @throws Problem */
function contentIn(text: (name: string) => string): KnownContent {
  const lines = text('headers')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  const headers = lines.map((line) => {
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9-]{0,59})\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw problem('invalid', 'Write one header on each line, such as Mcp-Method: tools/call.', 'headers');
    return [name, value] as const;
  });
  return describedContent(Object.fromEntries(headers), bodyIn(text('body')));
}

function bodyIn(body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw problem('invalid', 'The body is no valid JSON.', 'body');
  }
}
