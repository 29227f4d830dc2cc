/** Deploy keys of a repository. */
import {
  addDeployKey,
  type DeployKey,
  readDeployKey,
  readDeployKeys,
  removeDeployKey,
} from '../../../actions/repositories/deploy-keys.ts';
import { Type } from '../../../base/json-schema.ts';
import { isoInstant } from '../../../base/time.ts';
import { created, type Endpoint, endpoint, nothing, ok } from '../endpoint.ts';
import { nextKey, pageById } from '../paging.ts';
import type { Place } from '../present/place.ts';
import { idIn, placeOf } from './place.ts';

const NEW = Type.Object(
  { title: Type.Optional(Type.String()), key: Type.String(), read_only: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);

function keyBody(place: Place, key: DeployKey) {
  return {
    id: key.id,
    key: key.text,
    url: `${place.url}/keys/${key.id}`,
    title: key.title,
    verified: true,
    created_at: isoInstant(key.at),
    read_only: key.readOnly,
    added_by: key.createdBy,
    last_used: key.lastUsedAt === null ? null : isoInstant(key.lastUsedAt),
    enabled: true,
  };
}

export const DEPLOY_KEY_ENDPOINTS: readonly Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/keys',
    operationId: 'repos/list-deploy-keys',
    paged: true,
    summary: 'The deploy keys of a repository.',
    handle: async (call) => {
      const keys = await readDeployKeys(call.ctx, call.permit, pageById(call.page));
      return { ...ok(keys.map((key) => keyBody(placeOf(call), key))), next: nextKey(keys, call.page, ({ id }) => id) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/repos/{owner}/{repo}/keys',
    operationId: 'repos/create-deploy-key',
    body: NEW,
    resource: 'PublicKey',
    summary: 'Adds a deploy key. A key added with a token goes when that token is revoked.',
    handle: async (call) => {
      const { title = '', key, read_only = false } = call.body;
      const body = keyBody(
        placeOf(call),
        await addDeployKey(call.ctx, call.permit, { title, key, readOnly: read_only }),
      );
      return created(body, body.url);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/repos/{owner}/{repo}/keys/{key_id}',
    operationId: 'repos/get-deploy-key',
    resource: 'PublicKey',
    summary: 'A deploy key.',
    handle: async (call) =>
      ok(keyBody(placeOf(call), await readDeployKey(call.ctx, call.permit, idIn(call.params, 'key_id')))),
  }),
  endpoint({
    method: 'DELETE',
    path: '/repos/{owner}/{repo}/keys/{key_id}',
    operationId: 'repos/delete-deploy-key',
    resource: 'PublicKey',
    summary: 'Deletes a deploy key.',
    handle: async ({ ctx, permit, params }) => {
      await removeDeployKey(ctx, permit, idIn(params, 'key_id'));
      return nothing();
    },
  }),
];
