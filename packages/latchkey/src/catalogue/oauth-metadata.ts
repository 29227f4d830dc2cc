/**
 * What this server tells OAuth clients about itself: RFC 8414 (authorization server) and RFC 9728 (protected
 * resource).
 *
 * To add an endpoint: a row in `ENDPOINTS` with its path, and what it supports in `SUPPORTED`.
 */
import { PERMISSIONS } from './permissions.ts';
import type { ServiceResource } from './route-maps/resources.ts';

/** Fields that hold an address on this server. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  introspection_endpoint: '/oauth/introspect',
  authorization_endpoint: '/login/oauth/authorize',
  token_endpoint: '/login/oauth/access_token',
  revocation_endpoint: '/oauth/revoke',
  device_authorization_endpoint: '/login/device/code',
};

const SUPPORTED: Readonly<Record<string, boolean | readonly string[]>> = {
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  response_types_supported: ['code'],
  response_modes_supported: ['query'],
  grant_types_supported: [
    'authorization_code',
    'refresh_token',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
  ],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  revocation_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
  // RFC 9207: an answer says who gives it, so that a client of several servers mixes none up.
  authorization_response_iss_parameter_supported: true,
};

/** RFC 7591. */
export const REGISTRATION_PATH = '/oauth/register';
export const AUTHORIZATION_SERVER_PATH = '/.well-known/oauth-authorization-server';
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** Every permission at every level: `contents:read contents:write`. */
function scopesSupported(): string[] {
  return PERMISSIONS.flatMap(({ name, levels }) => levels.map((level) => `${name}:${level}`));
}

/** @param takesStrangers true where applications register themselves, or say at an address what they are */
export function authorizationServerMetadata(publicUrl: string, takesStrangers: boolean): Record<string, unknown> {
  const addresses = Object.fromEntries(Object.entries(ENDPOINTS).map(([field, path]) => [field, publicUrl + path]));
  const strangers = takesStrangers
    ? { registration_endpoint: publicUrl + REGISTRATION_PATH, client_id_metadata_document_supported: true }
    : {};
  return { issuer: publicUrl, ...addresses, ...strangers, ...SUPPORTED, scopes_supported: scopesSupported() };
}

/** Of a service behind a proxy, guarded by this server. */
export function serviceMetadata(
  publicUrl: string,
  { resource, name, scopes }: ServiceResource,
): Record<string, unknown> {
  return {
    resource,
    authorization_servers: [publicUrl],
    bearer_methods_supported: ['header'],
    resource_name: name,
    ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
  };
}

/**
 * Where this server itself has the metadata of a resource. Clients are told this address: what a proxy hands on from
 * the service's own host (RFC 9728 section 3.1) is a redirect to it, and many follow none to another host.
 */
export function metadataAddress(publicUrl: string, resource: string): string {
  return `${publicUrl}${PROTECTED_RESOURCE_PATH}?${new URLSearchParams({ resource })}`;
}

/** The resource that a path below the well-known one is about; null for any other path. */
export function resourceIn(origin: string, path: string): string | null {
  const rest = path.startsWith(PROTECTED_RESOURCE_PATH) ? path.slice(PROTECTED_RESOURCE_PATH.length) : null;
  return rest === null || !/^(?:\/|$)/.test(rest) ? null : origin + (rest === '/' ? '' : rest);
}

export function protectedResourceMetadata(publicUrl: string): Record<string, unknown> {
  return {
    resource: publicUrl,
    authorization_servers: [publicUrl],
    bearer_methods_supported: ['header'],
    resource_name: 'Latchkey',
    scopes_supported: scopesSupported(),
  };
}
