/** Deploy keys of a project. Source: GitLab docs "Deploy keys API". A key has no end here, and can't be changed. */
import {
  addDeployKey,
  type DeployKey,
  readDeployKey,
  readDeployKeys,
  removeDeployKey,
} from '../../../actions/repositories/deploy-keys.ts';
import { parameter } from '../../../base/present.ts';
import { type Endpoint, endpoint, NOTHING, ok } from '../endpoint.ts';
import { instant } from '../present/dates.ts';
import { notFound } from '../refuse.ts';

/** More than a repository has; the first ones of a list with more. */
const MAX_LISTED = 1_000;

function keyBody({ id, title, text, fingerprint, readOnly, at }: DeployKey) {
  return {
    id,
    title,
    key: text,
    fingerprint_sha256: `SHA256:${fingerprint}`,
    created_at: instant(at),
    expires_at: null,
    can_push: !readOnly,
  };
}

function idIn(path: Readonly<Record<string, string>>): number {
  const text = parameter(path, 'key_id');
  if (!/^\d{1,15}$/.test(text)) throw notFound('Deploy Key');
  return Number(text);
}

export const DEPLOY_KEY_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/projects/{id}/deploy_keys', {
    paged: true,
    handle: async ({ ctx, permit, page }) => {
      const keys = await readDeployKeys(ctx, permit, { beforeId: null, limit: MAX_LISTED });
      return { ...ok(keys.slice(page.offset, page.offset + page.perPage).map(keyBody)), total: keys.length };
    },
  }),
  endpoint('POST', '/projects/{id}/deploy_keys', {
    params: {
      title: { type: 'string', required: true },
      key: { type: 'string', required: true },
      can_push: { type: 'boolean' },
    },
    handle: async ({ ctx, permit, params: { title, key, can_push } }) => ({
      status: 201,
      body: keyBody(await addDeployKey(ctx, permit, { title, key, readOnly: can_push !== true })),
    }),
  }),
  endpoint('GET', '/projects/{id}/deploy_keys/{key_id}', {
    handle: async ({ ctx, permit, path }) => ok(keyBody(await readDeployKey(ctx, permit, idIn(path)))),
  }),
  endpoint('DELETE', '/projects/{id}/deploy_keys/{key_id}', {
    handle: async ({ ctx, permit, path }) => {
      await removeDeployKey(ctx, permit, idIn(path));
      return NOTHING;
    },
  }),
];
