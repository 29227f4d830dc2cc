/** People's SSH keys. */
import { addSshKey, readSshKey, readSshKeys, removeSshKey, type SshKey } from '../../../actions/keys/ssh-keys.ts';
import { Type } from '../../../base/json-schema.ts';
import { isoInstant } from '../../../base/time.ts';
import { created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import { idIn } from './place.ts';

const NEW = Type.Object({ title: Type.Optional(Type.String()), key: Type.String() }, { additionalProperties: false });

function keyBody(apiUrl: string, key: SshKey) {
  return {
    id: key.id,
    key: key.text,
    url: `${apiUrl}/user/keys/${key.id}`,
    title: key.title,
    verified: true,
    created_at: isoInstant(key.at),
    read_only: false,
    last_used: key.lastUsedAt === null ? null : isoInstant(key.lastUsedAt),
  };
}

export const SSH_KEY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/user/keys',
    operationId: 'users/list-public-ssh-keys-for-authenticated-user',
    paged: true,
    summary: 'Your SSH keys.',
    handle: async ({ ctx, permit, page, apiUrl }) => {
      const keys = await readSshKeys(ctx, permit, pageById(page));
      return { ...ok(keys.map((key) => keyBody(apiUrl, key))), next: nextKey(keys, page, ({ id }) => id) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/user/keys',
    operationId: 'users/create-public-ssh-key-for-authenticated-user',
    body: NEW,
    resource: 'PublicKey',
    summary: 'Adds an SSH key. A key added with a token goes when that token is revoked.',
    handle: async ({ ctx, permit, body: { title = '', key }, apiUrl }) => {
      const body = keyBody(apiUrl, await addSshKey(ctx, permit, { title, key }));
      return created(body, body.url);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/user/keys/{key_id}',
    operationId: 'users/get-public-ssh-key-for-authenticated-user',
    resource: 'PublicKey',
    summary: 'One of your SSH keys.',
    handle: async ({ ctx, permit, params, apiUrl }) =>
      ok(keyBody(apiUrl, await readSshKey(ctx, permit, idIn(params, 'key_id')))),
  }),
  endpoint({
    method: 'DELETE',
    path: '/user/keys/{key_id}',
    operationId: 'users/delete-public-ssh-key-for-authenticated-user',
    resource: 'PublicKey',
    summary: 'Removes one of your SSH keys.',
    handle: async ({ ctx, permit, params }) => {
      await removeSshKey(ctx, permit, idIn(params, 'key_id'));
      return nothing();
    },
  }),
];
