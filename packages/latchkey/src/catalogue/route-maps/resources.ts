/**
 * Services behind a proxy as protected resources (RFC 9728): each has an identifier, its address, and the scopes that
 * its routes need.
 */
import type { MapService } from './file.ts';

/** One service at one host. */
export interface ServiceResource {
  /** `https://mcp.example.org/mcp`, without a slash at the end. */
  readonly resource: string;
  /** What people know it by. */
  readonly name: string;
  /** `acme:deploy:read`, each once. */
  readonly scopes: readonly string[];
}

/** By identifier. Of several services at the same address, the first gives the name. */
export function serviceResources(services: readonly MapService[]): ReadonlyMap<string, ServiceResource> {
  const found = new Map<string, ServiceResource>();
  for (const { name, title, guard, rows } of services)
    for (const resource of guard?.resources.values() ?? []) {
      const known = found.get(resource);
      const scopes = new Set(known?.scopes);
      for (const { need } of rows)
        for (const set of need.sets)
          for (const [permission, level] of Object.entries(set)) scopes.add(`${permission}:${level}`);
      found.set(resource, { resource, name: known?.name ?? title ?? name, scopes: [...scopes] });
    }
  return found;
}
