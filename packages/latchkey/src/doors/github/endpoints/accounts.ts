/** Accounts: all of them, one by id, what belongs to one; and one's own memberships. */
import { accountsInOrder, readTargetAccount } from '../../../actions/accounts/people.ts';
import { readProfile } from '../../../actions/accounts/profiles.ts';
import { readKeysOf } from '../../../actions/keys/ssh-keys.ts';
import { membershipsInReach } from '../../../actions/organizations/memberships.ts';
import { memberNamed, organizationsInReach, readOrganization } from '../../../actions/organizations/organizations.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { present } from '../../../base/present.ts';
import type { Need } from '../../../catalogue/needs.ts';
import { needOf } from '../../../catalogue/routes/github.ts';
import { type Call, type Endpoint, endpoint, ok, type Reply } from '../endpoint.ts';
import { nextKey, pageById, risingPage } from '../paging.ts';
import { withPartialResults } from '../partial-results.ts';
import { publicUser, simpleUser } from '../present/accounts.ts';
import { membershipBody, simpleOrganization } from '../present/organizations.ts';
import { sayNo } from './place.ts';

const SINCE = Type.Object(
  { since: Type.Optional(Type.Integer({ minimum: 0, description: 'Only accounts with a higher id.' })) },
  { additionalProperties: false },
);
const STATE = Type.Object({ state: Type.Optional(Type.Enum(['active', 'pending'])) }, { additionalProperties: false });

/** On GitHub these lists are for everybody. */
const WITH_CREDENTIAL: Need = { ...needOf('GET', '/users'), publicRead: false };

type Plain = Call<undefined, undefined>;
type Listing = Call<undefined, Static<typeof SINCE>>;

async function list(call: Listing, kinds: Parameters<typeof accountsInOrder>[2]) {
  const { ctx, permit, page, query } = call;
  const asked = risingPage(page);
  const afterId = page.after === null ? (query.since ?? 0) : asked.afterId;
  const accounts = await accountsInOrder(ctx, permit, kinds, { ...asked, afterId });
  return { accounts, next: nextKey(accounts, page, ({ id }) => id) };
}

async function listUsers(call: Listing): Promise<Reply> {
  const { accounts, next } = await list(call, ['user', 'machine', 'organization']);
  return { ...ok(accounts.map((account) => simpleUser(call.apiUrl, account))), next };
}

async function listOrganizations(call: Listing): Promise<Reply> {
  const { accounts, next } = await list(call, ['organization']);
  return { ...ok(accounts.map((account) => simpleOrganization(call.apiUrl, account))), next };
}

async function readById({ ctx, permit, apiUrl }: Plain): Promise<Reply> {
  const { login } = await readTargetAccount(ctx, permit);
  const found = await readProfile(ctx, login);
  if (found === null) throw sayNo(404, 'Not Found');
  const { email } = found.account.profile;
  return ok(publicUser(apiUrl, found.account, found.counts, typeof email === 'string' && email !== '' ? email : null));
}

/** That somebody belongs to an organization is for them to tell: of others there is nothing to see. */
async function listOrganizationsOf(call: Plain): Promise<Reply> {
  const { ctx, permit, page, apiUrl } = call;
  if ((await readTargetAccount(ctx, permit)).id !== permit.actor.userId) return ok([]);
  const accounts = await organizationsInReach(ctx, permit, pageById(page));
  return withPartialResults(ctx, permit, (hidden) => ({
    ...ok(accounts.filter(({ id }) => !hidden.has(id)).map((account) => simpleOrganization(apiUrl, account))),
    next: nextKey(accounts, page, ({ id }) => id),
  }));
}

async function listMemberships(call: Call<undefined, Static<typeof STATE>>): Promise<Reply> {
  const { ctx, permit, page, apiUrl, query } = call;
  // There are no invitations, so nobody waits for one.
  if (query.state === 'pending') return ok([]);
  const { user, memberships } = await membershipsInReach(ctx, permit, pageById(page));
  return withPartialResults(ctx, permit, (hidden) => ({
    ...ok(
      memberships
        .filter(({ organization }) => !hidden.has(organization.id))
        .map(({ organization, role }) => membershipBody(apiUrl, organization, user, role)),
    ),
    next: nextKey(memberships, page, ({ organization }) => organization.id),
  }));
}

async function readMembership({ ctx, permit, apiUrl }: Plain): Promise<Reply> {
  const member = await memberNamed(ctx, permit, present(permit.actor.login, 'the one who asks'));
  if (member === null) throw sayNo(404, 'Not Found');
  const { account } = await readOrganization(ctx, permit);
  return ok(membershipBody(apiUrl, account, member.user, member.role));
}

export const ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/users',
    operationId: 'users/list',
    paged: true,
    query: SINCE,
    need: WITH_CREDENTIAL,
    summary: 'People, machines and organizations, by id. Needs a credential: strangers can look up only one at a time.',
    handle: listUsers,
  }),
  endpoint({
    method: 'GET',
    path: '/organizations',
    operationId: 'orgs/list',
    paged: true,
    query: SINCE,
    need: WITH_CREDENTIAL,
    summary: 'The organizations, by id. Needs a credential, as the list of people does.',
    handle: listOrganizations,
  }),
  endpoint({
    method: 'GET',
    path: '/user/{account_id}',
    operationId: 'users/get-by-id',
    resource: 'User',
    summary: 'The public profile of a person or an organization, by id.',
    handle: readById,
  }),
  endpoint({
    method: 'GET',
    path: '/users/{username}/keys',
    operationId: 'users/list-public-keys-for-user',
    paged: true,
    summary: "Someone's public SSH keys.",
    handle: async ({ ctx, permit, page }) => {
      const keys = await readKeysOf(ctx, permit, pageById(page));
      return { ...ok(keys.map(({ id, text }) => ({ id, key: text }))), next: nextKey(keys, page, ({ id }) => id) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/users/{username}/orgs',
    operationId: 'orgs/list-for-user',
    paged: true,
    summary: 'Your own organizations. For anyone else the list is empty: memberships are not public here.',
    handle: listOrganizationsOf,
  }),
  endpoint({
    method: 'GET',
    path: '/user/memberships/orgs',
    operationId: 'orgs/list-memberships-for-authenticated-user',
    paged: true,
    query: STATE,
    summary: 'Your memberships in organizations that the token reaches.',
    handle: listMemberships,
  }),
  endpoint({
    method: 'GET',
    path: '/user/memberships/orgs/{org}',
    operationId: 'orgs/get-membership-for-authenticated-user',
    target: { kind: 'organization', login: 'org' },
    summary: 'Your membership in an organization.',
    handle: readMembership,
  }),
];
