/** Whoever asks: their own profile. */
import { readOwnProfile } from '../../../actions/profiles.ts';
import { endpoint, ok, type Endpoint } from '../endpoint.ts';
import { privateUser, publicUser } from '../present/accounts.ts';

export const USER_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET', path: '/user', operationId: 'users/get-authenticated', resource: 'User',
    summary: 'Whose credential this is. The private half of the profile is for whoever may change it.',
    handle: async ({ ctx, permit, apiUrl }) => {
      const { account, counts, email, seesPrivate } = await readOwnProfile(ctx, permit);
      return ok(seesPrivate ? privateUser(apiUrl, account, counts, email) : publicUser(apiUrl, account, counts, null));
    },
  }),
];
