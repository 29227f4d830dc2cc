/** The caller's SSH keys. Source: GitLab docs "User SSH and GPG keys API". A key has no end here. */
import {
  addSshKey,
  MAX_SSH_KEYS,
  readSshKey,
  readSshKeys,
  removeSshKey,
  type SshKey,
} from '../../../actions/keys/ssh-keys.ts';
import { parameter } from '../../../base/present.ts';
import { type Endpoint, endpoint, NOTHING, ok } from '../endpoint.ts';
import { instant } from '../present/dates.ts';
import { notFound } from '../refuse.ts';

function keyBody({ id, title, text, at, lastUsedAt }: SshKey) {
  return {
    id,
    title,
    key: text,
    created_at: instant(at),
    expires_at: null,
    last_used_at: lastUsedAt === null ? null : instant(lastUsedAt),
    usage_type: 'auth',
  };
}

function idIn(path: Readonly<Record<string, string>>): number {
  const text = parameter(path, 'key_id');
  if (!/^\d{1,15}$/.test(text)) throw notFound('Key');
  return Number(text);
}

export const SSH_KEY_ENDPOINTS: readonly Endpoint[] = [
  endpoint('GET', '/user/keys', {
    paged: true,
    handle: async ({ ctx, permit, page }) => {
      const keys = await readSshKeys(ctx, permit, { beforeId: null, limit: MAX_SSH_KEYS });
      return { ...ok(keys.slice(page.offset, page.offset + page.perPage).map(keyBody)), total: keys.length };
    },
  }),
  endpoint('GET', '/user/keys/{key_id}', {
    handle: async ({ ctx, permit, path }) => ok(keyBody(await readSshKey(ctx, permit, idIn(path)))),
  }),
  endpoint('POST', '/user/keys', {
    params: { title: { type: 'string', required: true }, key: { type: 'string', required: true } },
    handle: async ({ ctx, permit, params }) => ({ status: 201, body: keyBody(await addSshKey(ctx, permit, params)) }),
  }),
  endpoint('DELETE', '/user/keys/{key_id}', {
    handle: async ({ ctx, permit, path }) => {
      await removeSshKey(ctx, permit, idIn(path));
      return NOTHING;
    },
  }),
];
