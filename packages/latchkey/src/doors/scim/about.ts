/** What this server says of itself: its configuration, resource types and schemas (RFC 7643 sections 5 to 7). */
import type { Json } from './answers.ts';
import { GROUP_SCHEMA } from './group.ts';
import { PREFIX, USER_SCHEMA } from './user.ts';

/** The most people or groups on a page. */
export const MAX_RESULTS = 200;

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

export function providerConfig(publicUrl: string): Json {
  return {
    schemas: [`${CORE}:ServiceProviderConfig`],
    documentationUri: `${publicUrl}/help`,
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Token of a directory',
        description: 'An administrator makes one on the Provisioning page, or with `latchkey admin scim add`.',
        specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${publicUrl}${PREFIX}/ServiceProviderConfig` },
  };
}

export function resourceTypes(publicUrl: string): Json[] {
  return [
    {
      schemas: [`${CORE}:ResourceType`],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'A person',
      schema: USER_SCHEMA,
      meta: { resourceType: 'ResourceType', location: `${publicUrl}${PREFIX}/ResourceTypes/User` },
    },
    {
      schemas: [`${CORE}:ResourceType`],
      id: 'Group',
      name: 'Group',
      endpoint: '/Groups',
      description: 'A group of people, whom the rules of organizations give memberships and teams',
      schema: GROUP_SCHEMA,
      meta: { resourceType: 'ResourceType', location: `${publicUrl}${PREFIX}/ResourceTypes/Group` },
    },
  ];
}

interface Traits {
  readonly type?: 'string' | 'boolean' | 'complex';
  readonly multiValued?: boolean;
  readonly required?: boolean;
  readonly caseExact?: boolean;
  readonly uniqueness?: 'none' | 'server';
  readonly canonicalValues?: readonly string[];
  readonly subAttributes?: readonly Json[];
}

function attribute(name: string, description: string, { type = 'string', ...traits }: Traits = {}): Json {
  return {
    name,
    type,
    description,
    multiValued: false,
    required: false,
    mutability: 'readWrite',
    returned: 'default',
    ...(type === 'string' ? { caseExact: false, uniqueness: 'none' } : {}),
    ...traits,
  };
}

export function schemas(publicUrl: string): Json[] {
  return [
    {
      schemas: [`${CORE}:Schema`],
      id: USER_SCHEMA,
      name: 'User',
      description: 'A person. Attributes not listed here are accepted but not kept.',
      attributes: [
        attribute('userName', 'Unique in the directory. The part before the @ becomes the login of a new account.', {
          required: true,
          uniqueness: 'server',
        }),
        attribute('externalId', 'The directory’s own number of the person.', { caseExact: true }),
        attribute('displayName', 'The name that pages show.'),
        attribute('name', 'The parts of the name.', {
          type: 'complex',
          subAttributes: [
            attribute('formatted', 'The whole name.'),
            attribute('givenName', 'The given name.'),
            attribute('familyName', 'The family name.'),
          ],
        }),
        attribute('emails', 'Addresses. A new account gets the one of type work, or else the primary one.', {
          type: 'complex',
          multiValued: true,
          subAttributes: [
            attribute('value', 'The address.'),
            attribute('type', 'What it is for.', { canonicalValues: ['work', 'home', 'other'] }),
            attribute('primary', 'True for at most one.', { type: 'boolean' }),
          ],
        }),
        attribute(
          'active',
          'False disables the account: tokens, keys and sessions are refused from the next request on.',
          {
            type: 'boolean',
          },
        ),
      ],
      meta: { resourceType: 'Schema', location: `${publicUrl}${PREFIX}/Schemas/${USER_SCHEMA}` },
    },
    {
      schemas: [`${CORE}:Schema`],
      id: GROUP_SCHEMA,
      name: 'Group',
      description: 'A group of people in the directory. Attributes not listed here are accepted but not kept.',
      attributes: [
        attribute('displayName', 'Unique in the directory. Rules name the group by this or by its externalId.', {
          required: true,
          uniqueness: 'server',
        }),
        attribute('externalId', 'The directory’s own number of the group.', { caseExact: true }),
        attribute('members', 'Who is in it.', {
          type: 'complex',
          multiValued: true,
          subAttributes: [
            attribute('value', 'The id of a person, as /Users says it.'),
            attribute('type', 'User: groups in groups are not taken.', { canonicalValues: ['User'] }),
          ],
        }),
      ],
      meta: { resourceType: 'Schema', location: `${publicUrl}${PREFIX}/Schemas/${GROUP_SCHEMA}` },
    },
  ];
}
