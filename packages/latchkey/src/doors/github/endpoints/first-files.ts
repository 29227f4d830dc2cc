/**
 * What a new repository may begin with: templates of `.gitignore`, and licences.
 *
 * Source: GitHub docs "REST API endpoints for gitignore", "… for licenses", except those for a repository's licence.
 */
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import {
  gitignoreNamed,
  gitignores,
  type License,
  licenseNamed,
  licenses,
} from '../../../catalogue/first-files/first-files.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { nodeId } from '../present/accounts.ts';
import { sayNo } from './place.ts';

const FEATURED = Type.Object({ featured: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
const OPEN = { target: { kind: 'none' } } as const;

function simpleLicense(apiUrl: string, { key, name, spdxId }: License) {
  return { key, name, spdx_id: spdxId, url: `${apiUrl}/licenses/${key}`, node_id: nodeId('License', key) };
}

const HOW =
  'Put its text into a file named LICENSE in the root of the repository, with the year and the owner’s name where ' +
  'the text has [year] and [fullname].';

export const FIRST_FILE_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    ...OPEN,
    method: 'GET',
    path: '/gitignore/templates',
    operationId: 'gitignore/get-all-templates',
    summary: 'The names of the `.gitignore` templates for new repositories.',
    handle: async () => ok((await gitignores()).map(({ name }) => name)),
  }),
  endpoint({
    ...OPEN,
    method: 'GET',
    path: '/gitignore/templates/{name}',
    operationId: 'gitignore/get-template',
    summary: 'A `.gitignore` template. `Accept: application/vnd.github.raw` gives only its text.',
    handle: async ({ params, headers }) => {
      const found = await gitignoreNamed(parameter(params, 'name'));
      if (found === null) throw sayNo(404, 'Not Found');
      if (!/\braw\b/.test(String(headers['accept'] ?? ''))) return ok(found);
      return {
        status: 200,
        body: found.source,
        headers: { 'Content-Type': 'application/vnd.github.raw; charset=utf-8' },
      };
    },
  }),
  endpoint({
    ...OPEN,
    method: 'GET',
    path: '/licenses',
    operationId: 'licenses/get-all-commonly-used',
    paged: true,
    query: FEATURED,
    summary: 'The licences for new repositories.',
    handle: async ({ query, page, apiUrl }) => {
      const { skip, perPage } = page;
      const { featured } = query;
      const all = (await licenses()).filter((each) => featured === undefined || each.featured === featured);
      return ok(all.slice(skip, skip + perPage).map((license) => simpleLicense(apiUrl, license)));
    },
  }),
  endpoint({
    ...OPEN,
    method: 'GET',
    path: '/licenses/{license}',
    operationId: 'licenses/get',
    summary: 'A licence, with its text.',
    handle: async ({ params, apiUrl }) => {
      const found = await licenseNamed(parameter(params, 'license'));
      if (found === null) throw sayNo(404, 'Not Found');
      const { description, permissions, conditions, limitations, body, featured } = found;
      return ok({
        ...simpleLicense(apiUrl, found),
        html_url: `https://choosealicense.com/licenses/${found.key}/`,
        description,
        implementation: HOW,
        permissions,
        conditions,
        limitations,
        body,
        featured,
      });
    },
  }),
];
