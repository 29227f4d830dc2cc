/** Who belongs to an organization, and as what: owner or member. */
import type { VNode } from 'preact';
import { type RolesLeft, setMember } from '../../../actions/accounts/accounts.ts';
import { removeFromOrganization, tokensReaching } from '../../../actions/organizations/departures.ts';
import { rolesOfTheirOwn } from '../../../actions/organizations/organizations.ts';
import { organizationPeople } from '../../../actions/organizations/people-tables.ts';
import type { TokenView } from '../../../actions/tokens/views.ts';
import type { OrganizationRole } from '../../../rules/model.ts';
import type { Visit } from '../frame/visit.ts';
import { type Answer, page, redirect, type WebPage } from '../frame/web-page.ts';
import { Select } from '../parts/choice-fields.tsx';
import { Avatar, Label, Notice, Subhead } from '../parts/components.tsx';
import { Form, Hidden } from '../parts/form.tsx';
import { Spoken } from '../parts/spoken.tsx';
import { UsernameField } from '../parts/text-fields.tsx';
import { KIND_WORDS } from '../tokens/kinds.ts';
import { OrganizationArea, organizationPath, organizationPermit } from './area.tsx';
import { PeopleList, peopleWish } from './people-table.tsx';
import { asksToChangeRole, asksToRemoveMember } from './questions.tsx';

const ROLES: readonly OrganizationRole[] = ['member', 'owner'];

async function get(visit: Visit): Promise<Answer> {
  const organization = visit.param('org');
  const permit = await organizationPermit(visit, { members: 'read' }, false);
  const wish = peopleWish(visit);
  const table = await organizationPeople(visit.ctx, permit, organization, wish);
  const ownRoles = await rolesOfTheirOwn(
    visit.ctx,
    permit,
    table.rows.map(({ account }) => account.id),
  );
  const manages = permit.holds({ sets: [{ members: 'write' }], publicRead: false, writes: true });
  const f = visit.fields('set');
  const left = visit.query.get('left') ?? '';
  const tokens = manages && left !== '' ? await tokensReaching(visit.ctx, permit, organization, left) : [];
  return page(
    `People of ${organization}`,
    <OrganizationArea visit={visit}>
      <Subhead title="People" level={1} />
      {visit.problem !== null && visit.typed?.get('form') === 'remove' ? (
        <Notice tone="error" role="alert">
          <Spoken words={visit.problem.message} />
        </Notice>
      ) : null}
      {manages && left !== '' ? <StillReaching organization={organization} login={left} tokens={tokens} /> : null}
      <PeopleList visit={visit} wish={wish} table={table} ofInstance={false}>
        {({ account }) =>
          manages ? <Remove visit={visit} login={account.login} ownRoles={ownRoles.get(account.id) ?? 0} /> : null
        }
      </PeopleList>
      {manages ? (
        <>
          <h2 class="f3 mb-2">Add someone, or change a role</h2>
          <Form f={f} submit="Save">
            <UsernameField f={f} />
            <Select
              f={f}
              name="role"
              label="Role"
              choices={ROLES.map((value) => ({ value, label: value }))}
              note="Owners manage the organization, and decide on tokens."
            />
          </Form>
        </>
      ) : null}
    </OrganizationArea>,
  );
}

/** Tokens to name. More are counted. */
const MAX_NAMED = 20;

/** Which tokens of somebody who left still reach the organization; nothing when none does. */
function StillReaching(props: { organization: string; login: string; tokens: readonly TokenView[] }): VNode | null {
  const { organization, login, tokens } = props;
  if (tokens.length === 0) return null;
  const more = tokens.length - MAX_NAMED;
  const { length } = tokens;
  const count = length === 1 ? 'One of their tokens still reaches' : `${length} of their tokens still reach`;
  return (
    <Notice tone="warn">
      <p class="mb-1 d-flex flex-items-center">
        <Avatar login={login} /> <bdi class="text-bold">{login}</bdi>
      </p>
      <p class="mb-1">
        {count} {organization}. You can revoke that under{' '}
        <a href={organizationPath(organization, 'personal-access-tokens')}>Active tokens</a>.
      </p>
      <ul class="pl-3 lk-bullets mb-0">
        {tokens.slice(0, MAX_NAMED).map(({ name, kind, lastEight }) => (
          <li>
            <bdi class="text-bold">{name}</bdi> <span class="lk-mono">…{lastEight}</span>{' '}
            <Label>{KIND_WORDS[kind]}</Label>
          </li>
        ))}
        {more > 0 ? <li>and {more} more</li> : null}
      </ul>
    </Notice>
  );
}

function Remove({
  visit,
  login,
  ownRoles,
}: {
  visit: Visit;
  login: string;
  /** In how many repositories they have a role beside their membership. */
  ownRoles: number;
}): VNode {
  return (
    <Form f={visit.fields('remove')} submit={null} inline>
      <Hidden name="login" value={login} />
      {ownRoles === 0 ? null : <Hidden name="had_roles" value="1" />}
      {ownRoles === 0 ? null : (
        <label class="text-small text-normal mr-2">
          <input type="checkbox" name="roles" value="1" checked /> with {inRepositories(ownRoles)}
        </label>
      )}
      <button type="submit" class="btn btn-danger btn-sm" aria-label={`Remove ${login}`}>
        Remove
      </button>
    </Form>
  );
}

/** What a removal leaves; what everybody may reach, their tokens still do. */
function farewell(org: string, login: string, { removed, kept }: RolesLeft): string {
  const gone = `${login} is no longer in ${org}.`;
  if (kept > 0) return `${gone} They keep ${inRepositories(kept)}, which their tokens still reach.`;
  const also =
    removed > 0 ? ` ${inRepositories(removed).replace(/^\w/, (letter) => letter.toUpperCase())} went, too.` : '';
  return `${gone}${also} Here, their tokens now reach only what everybody can.`;
}

function inRepositories(count: number): string {
  return count === 1 ? 'a role in one repository' : `roles in ${count} repositories`;
}

const write = (visit: Visit) => organizationPermit(visit, { members: 'write' });

export const organizationPeoplePages: readonly WebPage[] = [
  {
    path: '/organizations/:org/settings/people',
    access: 'signed-in',
    get,
    forms: {
      set: {
        access: 'sudo',
        asks: asksToChangeRole,
        run: async (visit) => {
          const role = ROLES.find((each) => each === visit.field('role')) ?? 'member';
          await setMember(visit.ctx, await write(visit), {
            organization: visit.param('org'),
            login: visit.field('login'),
            role,
          });
          return redirect(organizationPath(visit.param('org'), 'people'), {
            tone: 'success',
            text: `${visit.field('login')} is now ${role === 'owner' ? 'an owner' : 'a member'}.`,
          });
        },
      },
      remove: {
        access: 'sudo',
        asks: asksToRemoveMember,
        run: async (visit) => {
          const [org, login] = [visit.param('org'), visit.field('login')];
          const permit = await write(visit);
          const left = await removeFromOrganization(visit.ctx, permit, {
            organization: org,
            login,
            keepsRoles: visit.field('had_roles') !== '' && visit.field('roles') === '',
            reason: visit.field('reason'),
          });
          const path = organizationPath(org, 'people');
          return redirect(left.tokens.length === 0 ? path : `${path}?left=${encodeURIComponent(login)}`, {
            tone: 'success',
            text: farewell(org, login, left),
          });
        },
      },
    },
  },
];
