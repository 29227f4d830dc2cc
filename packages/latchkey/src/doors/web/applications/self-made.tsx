/** Applications that nobody here made: those that wait for an administrator's yes, and those that have it. */
import type { VNode } from 'preact';
import type { Application } from '../../../actions/applications/applications.ts';
import { listSelfMade } from '../../../actions/applications/registration.ts';
import type { Permit } from '../../../actions/decision/authorize.ts';
import type { Visit } from '../frame/visit.ts';
import { LastUsed, Time } from '../parts/components.tsx';
import { OF_INSTANCE, placesOf } from './place.tsx';

const POLICIES = {
  off: 'Applications don’t register themselves here. Those that were approved before can still ask people.',
  approved: 'MCP clients and others register themselves. They ask nobody before an administrator approves them.',
  open: 'MCP clients and others register themselves, and may ask people at once.',
} as const;

/** What the instance's page says of them. */
export async function selfMadeSection({ ctx }: Visit, permit: Permit): Promise<VNode> {
  const { waiting, approved } = await listSelfMade(ctx, permit);
  const policy = ctx.settings.applicationRegistration;
  return (
    <>
      <h2 class="f3 mt-4 mb-2">Applications that registered themselves</h2>
      <p class="color-fg-muted mb-3">
        {POLICIES[policy]} The setting <code>--application-registration</code> says so.
      </p>
      <List title={policy === 'open' ? 'Not approved, may ask' : 'Wait for approval'} applications={waiting} />
      <List title="Approved" applications={approved} />
    </>
  );
}

function List({ title, applications }: { title: string; applications: readonly Application[] }): VNode | null {
  if (applications.length === 0) return null;
  return (
    <>
      <h3 class="f5 mb-1">{title}</h3>
      <ul class="Box list-style-none mb-3" aria-label={title}>
        {applications.map(({ id, name, redirectUris, createdAt, usedAt }) => (
          <li class="Box-row lk-break">
            <p class="mb-1">
              <a class="text-bold" href={`${OF_INSTANCE.path}/${id}`}>
                <bdi>{name}</bdi>
              </a>
            </p>
            <p class="mb-0 color-fg-muted">
              {placesOf(redirectUris)}. Since <Time at={createdAt} />, <LastUsed at={usedAt} />.
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}
