/** The asking person's own profile, and e-mail addresses. */
import { addEmails, type Email, listEmails, removeEmails } from '../../../actions/accounts/emails.ts';
import { changeOwnProfile, readOwnProfile, readProfile } from '../../../actions/accounts/profiles.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { parameter } from '../../../base/present.ts';
import { nameKey } from '../../../rules/names.ts';
import { type Call, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
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
    summary: 'Your own profile. Its private part needs a credential that may change it.',
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

const Address = Type.String({ maxLength: 1024 });
const Addresses = Type.Array(Address, { minItems: 1, maxItems: 20 });
/** GitHub accepts a list, a single address, and both without the object around them. */
const EMAILS = Type.Union([
  Type.Object({ emails: Type.Union([Addresses, Address]) }, { additionalProperties: false }),
  Addresses,
  Address,
]);

function addressesIn({ body }: Call<Static<typeof EMAILS>, undefined>): readonly string[] {
  const given = typeof body === 'object' && 'emails' in body ? body.emails : body;
  return typeof given === 'string' ? [given] : (given as readonly string[]);
}

function emailBody({ address, primary, verifiedAt }: Email) {
  return { email: address, primary, verified: verifiedAt !== null, visibility: primary ? 'private' : null };
}

export const EMAIL_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/user/emails',
    operationId: 'users/list-emails-for-authenticated-user',
    paged: true,
    summary: 'Your e-mail addresses, the primary one first.',
    // A person's few addresses fit on one page; later pages are empty.
    handle: async ({ ctx, permit, page }) =>
      ok((await listEmails(ctx, permit)).slice(page.skip, page.skip + page.perPage).map(emailBody)),
  }),
  endpoint({
    method: 'POST',
    path: '/user/emails',
    operationId: 'users/add-email-for-authenticated-user',
    body: EMAILS,
    resource: 'UserEmail',
    summary: 'Adds e-mail addresses. Each gets a mail to verify it.',
    handle: async (call) => {
      const addresses = addressesIn(call);
      await addEmails(call.ctx, call.permit, addresses);
      const added = new Set(addresses.map(nameKey));
      return {
        status: 201,
        body: (await listEmails(call.ctx, call.permit))
          .filter(({ address }) => added.has(nameKey(address)))
          .map(emailBody),
      };
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/user/emails',
    operationId: 'users/delete-email-for-authenticated-user',
    body: EMAILS,
    resource: 'UserEmail',
    summary: 'Removes e-mail addresses. The primary one cannot be removed.',
    handle: async (call) => {
      await removeEmails(call.ctx, call.permit, addressesIn(call));
      return nothing();
    },
  }),
];
