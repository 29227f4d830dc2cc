/**
 * How clients of a container registry (docker, podman, skopeo, ORAS) get the token that they send: they are led to an
 * address with a realm, a service and a scope.
 *
 * Source: distribution/distribution, "Token Authentication Specification" and "Scope".
 */

export const REGISTRY_TOKEN_PATH = '/api/latchkey/registry-token';

/** The token of somebody who has none: clients must send one, even for what is public. */
export const NOBODYS_REGISTRY_TOKEN = 'anonymous';

/** How long clients keep what they get, in seconds, before they ask again. Each request is decided on its own. */
export const REGISTRY_TOKEN_LIFETIME_SEC = 300;

const NAMED = /^\/v2\/([a-z0-9._/-]+)\/(?:manifests|blobs|tags|referrers)\//;

/** `repository:acme/site:pull,push`; null for an address about no repository. @param path decoded or not, no query */
export function registryScope(method: string, path: string): string | null {
  const name = NAMED.exec(path)?.[1];
  if (name === undefined) return null;
  const actions = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'pull,push';
  return `repository:${name}:${actions}`;
}

/** Errors in the form that these clients print (distribution specification, "Errors"). */
export function registryErrors(status: number, message: string): object {
  return { errors: [{ code: status === 401 ? 'UNAUTHORIZED' : 'DENIED', message }] };
}
