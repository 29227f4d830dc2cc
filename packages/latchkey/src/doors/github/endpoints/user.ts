/** The asking person's own profile. */
import { changeOwnProfile, readOwnProfile, readProfile } from '../../../actions/accounts/profiles.ts';
import { Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { type Endpoint, endpoint, ok } from '../endpoint.ts';
import { privateUser, publicUser } from '../present/accounts.ts';
import { sayNo } from './place.ts';

const Text = Type.Optional(Type.String());
const CHANGE = Type.Object(
  {
    name: Text,
    email: Text,
    blog: Text,
    company: Text,
    location: Text,
    bio: Text,
    twitter_username: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    hireable: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const USER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/user',
    operationId: 'users/get-authenticated',
    resource: 'User',
    summary: 'Whose credential this is. The private half of the profile is for whoever may change it.',
    handle: async ({ ctx, permit, apiUrl }) => {
      const { account, counts, email, seesPrivate } = await readOwnProfile(ctx, permit);
      return ok(seesPrivate ? privateUser(apiUrl, account, counts, email) : publicUser(apiUrl, account, counts, null));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/user',
    operationId: 'users/update-authenticated',
    resource: 'User',
    body: CHANGE,
    summary: 'Changes your public profile.',
    handle: async ({ ctx, permit, apiUrl, body }) => {
      const fields = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      await changeOwnProfile(ctx, permit, fields);
      const { account, counts, email } = await readOwnProfile(ctx, permit);
      return ok(privateUser(apiUrl, account, counts, email));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/users/{username}',
    operationId: 'users/get-by-username',
    resource: 'User',
    summary: 'The public profile of a person or an organization.',
    handle: async ({ ctx, params, apiUrl }) => {
      const found = await readProfile(ctx, parameter(params, 'username'));
      if (found === null) throw sayNo(404, 'Not Found');
      const email = found.account.profile['email'];
      return ok(
        publicUser(apiUrl, found.account, found.counts, typeof email === 'string' && email !== '' ? email : null),
      );
    },
  }),
];
