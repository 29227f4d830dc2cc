/**
 * What this server tells OAuth clients about itself: RFC 8414 (authorization server) and RFC 9728 (protected
 * resource).
 *
 * To add an endpoint: a row in `ENDPOINTS` with its path, and what it supports in `SUPPORTED`.
 */
import { PERMISSIONS } from './permissions.ts';

/** Fields that hold an address on this server. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  introspection_endpoint: '/oauth/introspect',
  authorization_endpoint: '/login/oauth/authorize',
  token_endpoint: '/login/oauth/access_token',
  device_authorization_endpoint: '/login/device/code',
};

const SUPPORTED: Readonly<Record<string, readonly string[]>> = {
  introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  response_types_supported: ['code'],
  grant_types_supported: [
    'authorization_code',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ],
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
};

export const AUTHORIZATION_SERVER_PATH = '/.well-known/oauth-authorization-server';
export const PROTECTED_RESOURCE_PATH = '/.well-known/oauth-protected-resource';

/** Every permission at every level: `contents:read contents:write`. */
function scopesSupported(): string[] {
  return PERMISSIONS.flatMap(({ name, levels }) => levels.map((level) => `${name}:${level}`));
}

export function authorizationServerMetadata(publicUrl: string): Record<string, unknown> {
  const addresses = Object.fromEntries(Object.entries(ENDPOINTS).map(([field, path]) => [field, publicUrl + path]));
  return { issuer: publicUrl, ...addresses, ...SUPPORTED, scopes_supported: scopesSupported() };
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
