/** This door's documentation, which it serves itself. */
import type { Need } from '../../../catalogue/needs.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { openApi } from '../openapi.ts';

const OPEN: Need = { sets: [], publicRead: true, writes: false };

/** Endpoints that describe all of them, including themselves; `all` is called only when somebody reads. */
export function documentationEndpoints(all: () => readonly Endpoint[]): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/openapi.json',
      operationId: 'docs/openapi',
      summary: 'This API in OpenAPI 3.1.',
      need: OPEN,
      target: { kind: 'none' },
      uncounted: true,
      handle: async ({ apiUrl }) => ({ status: 200, body: openApi(all(), apiUrl) }),
    }),
    endpoint({
      method: 'GET',
      path: '/docs',
      operationId: 'docs/reference',
      summary: 'This API as a page to read.',
      need: OPEN,
      target: { kind: 'none' },
      uncounted: true,
      // Loaded on first use, so that tools that only want the table need no renderer.
      handle: async ({ apiUrl }) => {
        const { REFERENCE_CSP, referencePage } = await import('../reference-page.tsx');
        return {
          status: 200,
          body: referencePage(all(), apiUrl),
          headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': REFERENCE_CSP },
        };
      },
    }),
  ];
}
