/** The organizations that a person belongs to, and as what. */
import type { VNode } from 'preact';
import { organizationsOf } from '../../../actions/organizations/organizations.ts';
import { SettingsArea } from '../frame/areas.tsx';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, type WebPage } from '../frame/web-page.ts';
import { numberIn } from '../organizations/area.tsx';
import { Avatar, Blankslate, Label, NextPage, Subhead } from '../parts/components.tsx';

const PATH = '/settings/organizations';
const ON_A_PAGE = 100;

async function get(visit: Visit): Promise<Answer> {
  const beforeId = numberIn(visit.query, 'before');
  const { account, identity } = visit.user;
  const found = await organizationsOf(visit.ctx, account.id, { beforeId, limit: ON_A_PAGE + 1 });
  const organizations = found.slice(0, ON_A_PAGE);
  const last = found.length > ON_A_PAGE ? organizations.at(-1) : undefined;
  return page(
    'Organizations',
    <SettingsArea visit={visit}>
      <Subhead title="Organizations" level={1} />
      {organizations.length === 0 ? (
        <Blankslate heading="You’re not in any organization yet" icon="organization">
          An owner of one can add you.
        </Blankslate>
      ) : (
        <div class="Box">
          <ul>
            {organizations.map(({ id, login, name }) => (
              <Organization login={login} name={name} role={identity.facts?.memberships.get(id) ?? null} />
            ))}
          </ul>
        </div>
      )}
      <NextPage href={last === undefined ? null : `${PATH}?before=${last.id}`}>More</NextPage>
    </SettingsArea>,
  );
}

function Organization({ login, name, role }: { login: string; name: string; role: string | null }): VNode {
  return (
    <li class="Box-row">
      <div class="lk-person">
        <Avatar login={login} />
        <div>
          <a class="text-bold" href={`/${login}`}>
            <bdi>{login}</bdi>
          </a>{' '}
          {role === 'owner' ? <Label tone="accent">owner</Label> : null}
          {name === '' || name === login ? null : (
            <div class="color-fg-muted">
              <bdi>{name}</bdi>
            </div>
          )}
        </div>
      </div>
    </li>
  );
}

export const ownOrganizationPages: readonly WebPage[] = [{ path: PATH, access: 'signed-in', get }];
