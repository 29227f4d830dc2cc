/**
 * This door described in OpenAPI 3.1, from the rows that serve it: what is documented is what is checked.
 *
 * `x-needs` states what a token needs, as the other door's description does.
 */
import { acceptedPermissions } from '../../catalogue/needs.ts';
import type { Endpoint } from './endpoint.ts';
import type { ParamSpecs } from './params.ts';

type Json = Record<string, unknown>;

const TYPES = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  boolean: { type: 'boolean' },
  date: { type: 'string', format: 'date' },
  datetime: { type: 'string', format: 'date-time' },
  strings: { type: 'array', items: { type: 'string' } },
  objects: { type: 'array', items: { type: 'object' } },
} as const satisfies Record<ParamSpecs[string]['type'], Json>;

const ERROR = {
  description: 'What is wrong, as GitLab says it: in `message` or `error`.',
  content: {
    'application/json': {
      schema: { type: 'object', properties: { message: {}, error: { type: 'string' }, reason: { type: 'string' } } },
    },
  },
};

const PAGES = ['page', 'per_page'].map((name) => ({
  name,
  in: 'query',
  required: false,
  schema: { type: 'integer', minimum: 1 },
}));

/** The whole description. `apiUrl` is the address of this door. */
export function openApi(endpoints: readonly Endpoint[], apiUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey, in the dialect of GitLab’s REST API',
      version: 'v4',
      description: 'A part of GitLab’s API: personal access tokens, people, projects, repositories.',
    },
    servers: [{ url: apiUrl }],
    security: [{ private_token: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        private_token: { type: 'apiKey', in: 'header', name: 'PRIVATE-TOKEN' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      responses: { error: ERROR },
    },
  };
}

/** `getProjectsIdRepositoryCompare` */
function operationIdOf(method: string, path: string): string {
  return method.toLowerCase() + path.replace(/[^A-Za-z0-9]+(\w)/g, (_, next: string) => next.toUpperCase());
}

function operation({ method, path, need, params, takesBody, paged }: Endpoint): Json {
  const fields = Object.entries(params).map(([name, spec]) => ({
    name,
    required: spec.required === true,
    schema: spec.values === undefined ? TYPES[spec.type] : { ...TYPES[spec.type], enum: spec.values },
  }));
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = takesBody ? [] : fields.map((field) => ({ ...field, in: 'query' }));
  const required = fields.filter((field) => field.required).map(({ name }) => name);
  const body = {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
  };
  return {
    operationId: operationIdOf(method, path),
    ...(need.publicRead ? { security: [{}, { private_token: [] }, { bearer: [] }] } : {}),
    'x-needs': { permissions: need.sets, public: need.publicRead, accepted: acceptedPermissions(need) },
    parameters: [...inPath, ...inQuery, ...(paged ? PAGES : [])],
    ...(takesBody && fields.length > 0
      ? {
          requestBody: {
            content: Object.fromEntries(
              ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'].map((type) => [
                type,
                { schema: body },
              ]),
            ),
          },
        }
      : {}),
    responses: {
      '2XX': { description: 'Success.' },
      ...Object.fromEntries(
        ['400', '401', '403', '404'].map((status) => [status, { $ref: '#/components/responses/error' }]),
      ),
    },
  };
}
