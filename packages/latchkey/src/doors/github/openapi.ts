/**
 * This door described in OpenAPI 3.1, from the declarations that serve it: what is documented is what is checked.
 *
 * `x-needs` states what a token needs for each operation: alternative permissions, classic scopes, and whether public
 * resources are open to all.
 */
import type { Need } from '../../catalogue/needs.ts';
import { acceptedPermissions } from '../../catalogue/needs.ts';
import type { Endpoint } from './endpoint.ts';
import { OLDEST_VERSION } from './headers.ts';
import { MAX_PER_PAGE } from './paging.ts';

type Json = Record<string, unknown>;

/** The first part of an operation id, by which the reference page groups. */
export function groupOf({ operationId }: Endpoint): string {
  return operationId.replace(/\/.*$/, '');
}

/** The names of a path's parameters. */
export function parametersIn(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}

/** What an operation needs, in one sentence. */
export function needInWords(need: Need): string {
  const scopes =
    need.scopes === undefined || need.scopes.length === 0
      ? ''
      : ` A classic token: ${[need.scopes.join(' or '), ...(need.alsoScopes ?? [])].join(' and ')}.`;
  if (need.sets.length === 0) return need.publicRead ? 'Open to everybody.' : `Any living token.${scopes}`;
  const permissions = acceptedPermissions(need)
    .split('; ')
    .map((set) =>
      set
        .split(',')
        .map((one) => one.replace('=', ': '))
        .join(' and '),
    )
    .join(', or ');
  return (
    `A fine-grained token: ` +
    `${permissions}.${scopes}${need.publicRead ? ' Public resources: open to everybody.' : ''}`
  );
}

/** The whole description. `apiUrl` is the address of this door. */
export function openApi(endpoints: readonly Endpoint[], apiUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) (paths[endpoint.path] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey, in the dialect of GitHub’s REST API',
      version: OLDEST_VERSION,
      description: 'Endpoints that GitHub has answer as GitHub documents. The others are this server’s own.',
    },
    servers: [{ url: apiUrl }],
    security: [{ token: [] }],
    tags: [...new Set(endpoints.map(groupOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A personal access token.' } },
      schemas: { error: ERROR },
      responses: Object.fromEntries(
        Object.entries(NO).map(([name, description]) => [
          name,
          { description, content: { 'application/json': { schema: ERROR_REF } } },
        ]),
      ),
    },
  };
}

const ERROR_REF = { $ref: '#/components/schemas/error' };
const NO = {
  unauthorized: 'No credential, or one that leads nowhere.',
  forbidden: 'The credential may not do this; the answer says what is missing and where it is mended.',
  missing: 'There is no such thing, or this credential may not see it.',
  invalid: 'Something that was sent is not as it must be; each mistake is named with its field.',
};

const ERROR: Json = {
  type: 'object',
  required: ['message', 'documentation_url', 'status'],
  properties: {
    message: { type: 'string' },
    documentation_url: { type: 'string' },
    status: { type: 'string' },
    reason: { type: 'string', description: 'A stable code.' },
    detail: { type: 'string' },
    missing: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Every permission that is missing, with its level.',
    },
    fix: {
      type: 'object',
      properties: {
        text: { type: 'string' },
        url: { type: ['string', 'null'] },
        command: { type: ['string', 'null'] },
      },
    },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          resource: { type: 'string' },
          field: { type: 'string' },
          code: { type: 'string' },
          message: { type: 'string' },
        },
      },
    },
  },
};

function operation(endpoint: Endpoint): Json {
  const { need, body } = endpoint;
  return {
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    description: needInWords(need),
    tags: [groupOf(endpoint)],
    ...(need.publicRead ? { security: [{}, { token: [] }] } : {}),
    'x-needs': {
      permissions: need.sets,
      scopes: need.scopes ?? null,
      also_scopes: need.alsoScopes ?? null,
      public: need.publicRead,
      accepted: acceptedPermissions(need),
    },
    parameters: parametersOf(endpoint),
    ...(body === null ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      [endpoint.success]: {
        description: endpoint.success === 204 ? 'Done.' : 'Success.',
        ...(endpoint.success === 204 ? {} : { content: { 'application/json': {} } }),
      },
      401: { $ref: '#/components/responses/unauthorized' },
      403: { $ref: '#/components/responses/forbidden' },
      404: { $ref: '#/components/responses/missing' },
      ...(body === null && endpoint.query === null && !endpoint.paged
        ? {}
        : { 422: { $ref: '#/components/responses/invalid' } }),
    },
  };
}

/** A parameter of an operation, in the description and on the reference page. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required: boolean;
  readonly schema: Json;
  readonly description?: string;
}

/** Parameters of path and query. Lists are written `name[]=…`, once for each value. */
export function parametersOf({ path, query, paged, defaultPerPage }: Endpoint): Parameter[] {
  const fields = Object.entries((query as { properties?: Record<string, Json> } | null)?.properties ?? {});
  return [
    ...parametersIn(path).map((name): Parameter => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...fields.map(
      ([name, schema]): Parameter => ({
        name: schema['type'] === 'array' ? `${name}[]` : name,
        in: 'query',
        required: false,
        schema,
        ...(typeof schema['description'] === 'string' ? { description: schema['description'] } : {}),
      }),
    ),
    ...(paged ? [perPage(defaultPerPage), ...PAGING] : []),
  ];
}

function perPage(usual: number): Parameter {
  const schema = { type: 'integer', minimum: 1, maximum: Math.max(MAX_PER_PAGE, usual), default: usual };
  return { name: 'per_page', in: 'query', required: false, schema };
}

const PAGING: readonly Parameter[] = [
  { name: 'page', in: 'query', required: false, schema: { type: 'integer', minimum: 1, default: 1 } },
  {
    name: 'after',
    in: 'query',
    required: false,
    schema: { type: 'string' },
    description: 'A key from a Link header. Follow the header instead of making one up.',
  },
];
