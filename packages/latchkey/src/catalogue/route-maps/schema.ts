/**
 * The format of a route-map file, as JSON Schema (2020-12): files are checked against it, and editors complete from
 * it. `npm run docs` writes it to `assets/route-map.schema.json`.
 */
import { LEVELS, type Level, PERMISSION_GROUPS, type PermissionGroup } from '../permissions.ts';
import type { FieldEntries } from './conditions.ts';
import { CHALLENGES, type Challenge } from './route-map.ts';

/** The built-in maps. */
const BUILT_IN_MAPS = ['git', 'github', 'gitlab'] as const;
export type BuiltInMap = (typeof BUILT_IN_MAPS)[number];

const HOST = {
  type: 'string',
  pattern: '^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$',
  description: 'a host name in lower-case letters, without a port',
};
const PREFIX = {
  type: 'string',
  pattern: '^/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*)?$',
  description: 'the path below which the service lies; / unless told',
};
const ORIGIN = {
  type: 'string',
  pattern: '^https?://[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9][0-9]{0,4})?$',
  description: 'where people reach the service, when that is not https:// and its host: http://app.localhost:8080',
};
const CHALLENGE = {
  enum: CHALLENGES,
  description:
    'how somebody without a credential is asked for one: bearer unless told; sign-in leads browsers to the page of ' +
    'Latchkey and back; registry is for docker and other clients of container registries',
};
const NAME = { type: 'string', minLength: 1, maxLength: 140 };
const NEEDS = {
  type: 'object',
  additionalProperties: { enum: LEVELS },
  description: 'every one of these permissions, at this level or higher; none: any live token',
};
const METHOD = {
  type: 'string',
  pattern: '^(?:[A-Z]{3,20}|\\*)$',
  description: 'a method in capitals, or * for every one',
};

const VALUE = { type: 'string', minLength: 1, maxLength: 200 };
/** @param names as a schema */
const fields = (names: object, description: string): object => ({
  type: 'object',
  propertyNames: names,
  additionalProperties: {
    anyOf: [VALUE, { type: 'array', items: VALUE, minItems: 1, maxItems: 200, uniqueItems: true }, { type: 'null' }],
  },
  maxProperties: 5,
  description,
});
const HEADERS = fields(
  { pattern: '^[A-Za-z][A-Za-z0-9-]{0,59}$' },
  'the route is meant only when each of these headers has this value, or one of these; null: is not sent',
);
const JSON_FIELDS = fields(
  { pattern: '^[A-Za-z0-9_$-]{1,60}(?:\\.[A-Za-z0-9_$-]{1,60}){0,4}$' },
  'the route is meant only when the body is JSON, and has this text, or one of these, in each of these members ' +
    '(params.name: in one another); null: not there. For calls and batches of JSON-RPC and MCP',
);

const ROUTE = {
  type: 'object',
  additionalProperties: false,
  required: ['method', 'path', 'needs'],
  properties: {
    method: { anyOf: [METHOD, { type: 'array', items: METHOD, minItems: 1, maxItems: 20 }] },
    path: {
      type: 'string',
      minLength: 1,
      maxLength: 1000,
      description:
        'below the prefix: /apps/{owner}/{repo}; {name...} stands for several segments, {name...?} at the end for ' +
        'any number, and a text may stand around a parameter: @{scope}, {file}.json',
    },
    query: {
      type: 'object',
      additionalProperties: { type: ['string', 'null'] },
      description:
        'the route is meant only when the query has each of these once, with this value; null: when it has none of it',
    },
    headers: HEADERS,
    json: JSON_FIELDS,
    needs: {
      anyOf: [NEEDS, { type: 'array', items: NEEDS, minItems: 1, maxItems: 20 }],
      description: 'a set of permissions, or a list of sets of which one suffices',
    },
    destination: {
      anyOf: [METHOD, { type: 'array', items: METHOD, minItems: 1, maxItems: 5 }],
      description:
        'the Destination header names a second address; a token needs there what these methods need: [PUT, DELETE]',
    },
    public: { type: 'boolean', description: 'true: whatever is public may be read by everybody' },
    repository: { ...NAME, description: 'the repository that it is about: {owner}/{repo}' },
    organization: { ...NAME, description: 'the organization that it is about: {org}' },
    account: { ...NAME, description: 'the person or organization that it is about: {login}' },
    instance: { const: true, description: 'it is about the whole instance' },
  },
};

const PERMISSION_PARTS = {
  title: { type: 'string', minLength: 1, maxLength: 60, description: 'as the token form shows it' },
  levels: {
    type: 'array',
    items: { enum: LEVELS },
    minItems: 1,
    maxItems: 3,
    uniqueItems: true,
    description: 'the levels that can be chosen; read and write unless told',
  },
  members: {
    enum: [...LEVELS, 'none'],
    description: 'the highest level that members of the organization hold who are not owners; read unless told',
  },
};

/** @param name as a schema @param more properties that only this kind has */
function permissionWith(name: object, more: object = {}): object {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'title'],
    properties: { name, ...more, ...PERMISSION_PARTS },
  };
}

const PERMISSION = permissionWith(
  {
    type: 'string',
    pattern: '^(?!github:|gitlab:|latchkey:)[a-z][a-z0-9-]{0,19}:[a-z][a-z0-9_-]{0,39}$',
    description: 'an own prefix, a colon, a name: acme:deploy',
  },
  {
    group: {
      enum: PERMISSION_GROUPS.filter((group) => group !== 'instance'),
      description: 'what it is given on; repository unless told',
    },
  },
);

const SERVICE_PERMISSION = permissionWith({
  type: 'string',
  pattern: '^[a-z][a-z0-9_-]{0,39}$',
  description: 'packages: tokens hold registry:packages',
});

const SERVICE = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]{0,19}$',
      description: 'what people know it by, in logs and refusals: registry; its first host unless told',
    },
    hosts: {
      type: 'array',
      items: HOST,
      minItems: 1,
      maxItems: 100,
      description: 'the hosts at which people reach the service; any host unless told',
    },
    prefix: PREFIX,
    origin: ORIGIN,
    challenge: CHALLENGE,
    title: { type: 'string', minLength: 1, maxLength: 60, description: 'as people read it; its name unless told' },
    map: { enum: BUILT_IN_MAPS, description: 'a map that is built in' },
    owner: {
      ...NAME,
      description:
        'the organization that owns the service: its routes are about it unless they say otherwise; with the map ' +
        'git: whose all repositories are, where paths name no owner',
    },
    permissions: {
      type: 'array',
      items: SERVICE_PERMISSION,
      maxItems: 50,
      description: 'its own, given on its owner, or on every account if it has none; called by their names in needs',
    },
    routes: { type: 'array', items: ROUTE, minItems: 1, maxItems: 10_000 },
  },
};

export const ROUTE_MAP_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Route map of Latchkey',
  type: 'object',
  additionalProperties: false,
  required: ['services'],
  properties: {
    permissions: { type: 'array', items: PERMISSION, maxItems: 200 },
    services: { type: 'array', items: SERVICE, minItems: 1, maxItems: 200 },
  },
} as const;

/** The name of a permission of the operator's own: `acme:deploy`. */
export type OwnName = `${string}:${string}`;

/** A file's entries, as the schema describes them. */
export interface RouteEntry {
  readonly method: string | readonly string[];
  readonly path: string;
  readonly query?: Readonly<Record<string, string | null>>;
  readonly headers?: FieldEntries;
  readonly json?: FieldEntries;
  readonly needs: Readonly<Record<string, Level>> | readonly Readonly<Record<string, Level>>[];
  readonly destination?: string | readonly string[];
  readonly public?: boolean;
  readonly repository?: string;
  readonly organization?: string;
  readonly account?: string;
  readonly instance?: true;
}

export interface PermissionEntry {
  readonly name: string;
  readonly title: string;
  readonly group?: PermissionGroup;
  readonly levels?: readonly Level[];
  readonly members?: Level | 'none';
}

export interface ServiceEntry {
  readonly name?: string;
  readonly title?: string;
  readonly permissions?: readonly PermissionEntry[];
  readonly hosts?: readonly string[];
  readonly prefix?: string;
  readonly origin?: string;
  readonly challenge?: Challenge;
  readonly map?: BuiltInMap;
  readonly owner?: string;
  readonly routes?: readonly RouteEntry[];
}

export interface FileEntries {
  readonly permissions?: readonly (PermissionEntry & { readonly name: OwnName })[];
  readonly services: readonly ServiceEntry[];
}
