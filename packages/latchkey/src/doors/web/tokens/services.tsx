/** Services behind a proxy, on the page of a policy: what tokens can be given there. */
import type { VNode } from 'preact';
import { atLeast, isOperators, type Permission, permissionNamed } from '../../../catalogue/permissions.ts';
import type { KnownService } from '../../../catalogue/route-maps/finder.ts';
import type { Visit } from '../frame/visit.ts';
import { levelWords } from './form/level-words.ts';

/** @param organization null = every service of the instance */
export function Services({ visit, organization }: { visit: Visit; organization: string | null }): VNode | null {
  const services = visit.ctx.routeMaps
    .services()
    .filter(({ owner }) => organization === null || owner?.toLowerCase() === organization.toLowerCase());
  if (services.length === 0) return null;
  return (
    <section class="mt-5" aria-labelledby="services">
      <h2 id="services" class="f4 mb-2">
        Services
      </h2>
      <p class="color-fg-muted">
        They ask this server what a token may do
        {organization === null ? '' : `, and are about ${organization}`}. The policy holds there, too. Whoever runs this
        server adds and changes them, in its route map.
      </p>
      <ul class="Box list-style-none">
        {services.map((service) => (
          <Service service={service} showsOwner={organization === null} />
        ))}
      </ul>
    </section>
  );
}

function Service({ service, showsOwner }: { service: KnownService; showsOwner: boolean }): VNode {
  const own = [...service.permissions].flatMap((name) => {
    const permission = isOperators(name) ? permissionNamed(name) : undefined;
    return permission === undefined ? [] : [permission];
  });
  return (
    <li class="Box-row lk-break">
      <strong>{service.title ?? service.name}</strong>{' '}
      <span class="color-fg-muted">
        {placeOf(service)}
        {showsOwner && service.owner !== null ? `, of ${service.owner}` : ''}
      </span>
      {own.length === 0 ? (
        <div class="f6 color-fg-muted">It has no permissions of its own.</div>
      ) : (
        <ul class="f6 pl-3">
          {own.map((permission) => (
            <li>
              {permission.title} <code class="lk-field-name">{permission.name}</code>:{' '}
              {permission.levels.map((level) => levelWords(permission, level)).join(', ')}
              {permission.group === 'organization' ? `; ${membersHold(permission)}` : ''}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** Unless it has no other name than its host. */
function placeOf({ name, hosts }: KnownService): string {
  if (hosts.length === 0) return 'at any host';
  return hosts.length === 1 && hosts[0] === name ? '' : `at ${hosts.join(', ')}`;
}

function membersHold(permission: Permission): string {
  const { members = 'read', levels } = permission;
  const held = members === null ? undefined : levels.findLast((level) => atLeast(members, level));
  return held === undefined ? 'owners alone hold it' : `members hold at most ${levelWords(permission, held)}`;
}
