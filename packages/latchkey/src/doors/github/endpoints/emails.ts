/** The asking person's e-mail addresses. */
import { addEmails, type Email, listEmails, removeEmails } from '../../../actions/accounts/emails.ts';
import { type Static, Type } from '../../../base/json-schema.ts';
import { nameKey } from '../../../rules/names.ts';
import { type Call, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';

const Address = Type.String({ maxLength: 1024 });
const Addresses = Type.Array(Address, { minItems: 1, maxItems: 20 });
/** GitHub accepts a list, a single address, and both without the object around them. */
const BODY = Type.Union([
  Type.Object({ emails: Type.Union([Addresses, Address]) }, { additionalProperties: false }),
  Addresses,
  Address,
]);

function addressesIn({ body }: Call<Static<typeof BODY>, undefined>): readonly string[] {
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
    body: BODY,
    resource: 'UserEmail',
    summary: 'Adds e-mail addresses. Each is sent the mail that verifies it.',
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
    body: BODY,
    resource: 'UserEmail',
    summary: 'Removes e-mail addresses. The primary one stays.',
    handle: async (call) => {
      await removeEmails(call.ctx, call.permit, addressesIn(call));
      return nothing();
    },
  }),
];
