/** Pages stay fast however many tokens there are: each under 50 ms of server time with 100,000 in the database. */
import { expect, test } from 'vitest';
import { addOrganization } from '../../../src/actions/accounts.ts';
import { operatorPermit } from '../../../src/actions/authorize.ts';
import type { Account } from '../../../src/actions/accounts.ts';
import { webWorld, type Visitor, type WebWorld } from './visitor.ts';

const TOKENS = 100_000;
/** Of an organization alone. */
const REACHING = 20_000;
const OWN = 1_000;
const ROUNDS = 9;
/** The aim; a machine that others keep busy is given four times as long. */
const AIM_MS = 50;
const BUSY = 4;

/** Fills the tables as if many people had made tokens for years. */
async function fill(world: WebWorld, ada: Account, organizationId: number): Promise<void> {
  const { store, clock } = world.ctx;
  const at = clock.now();
  const crowd = await world.addPerson('crowd');
  await store.transaction(async (tx) => {
    for (let start = 0; start < TOKENS; start += 500) {
      const rows = Array.from({ length: 500 }, (_, i) => {
        const n = start + i;
        const kind = n % 3 === 0 ? 'classic' as const : 'fine-grained' as const;
        return {
          user_id: n < OWN ? ada.id : crowd.id, kind: n < OWN ? 'classic' as const : kind, name: `token ${n}`, name_key: `token ${n}`, last_eight: 'abcdefgh', scopes_json: '["repo"]',
          created_at: at - n, updated_at: at - n, issued_at: at - n, expires_at: n % 2 === 0 ? null : at + 1_000_000, not_before_at: null, revoked_at: n % 10 === 0 && n >= OWN ? at : null, revoked_by: null,
          allowed_addresses_json: null, uses_left: null, parent_id: null, family_id: null,
        };
      });
      const made = await tx.insertInto('tokens').values(rows).returning(['id', 'kind']).execute();
      await tx.insertInto('token_use').values(made.map(({ id }) => ({ token_id: id, last_used_at: at - 60, last_address: '192.0.2.1', last_agent: 'git', last_purpose: 'clone octo/site', addresses_json: '["192.0.2.1"]' }))).execute();
      const grants = made.filter(({ kind }) => kind === 'fine-grained' && start < REACHING * 2).map(({ id }) => ({
        token_id: id, owner_id: organizationId, selection: 'all' as const, permissions_json: '{"contents":"read","metadata":"read"}', state: 'active' as const, created_at: at, access_granted_at: at,
      }));
      if (grants.length > 0) await tx.insertInto('grants').values(grants).execute();
    }
  });
}

/** The middle of some rounds, in milliseconds. */
async function medianMs(visitor: Visitor, path: string): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const begun = performance.now();
    const { status } = await visitor.get(path);
    times.push(performance.now() - begun);
    expect([path, status]).toEqual([path, 200]);
  }
  return times.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

test('every page stays fast with a hundred thousand tokens', { timeout: 180_000 }, async () => {
  const world = await webWorld();
  const ada = await world.addPerson('ada', { admin: true });
  const organization = await addOrganization(world.ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  await fill(world, ada, organization.id);
  const visitor = world.visitor();
  await visitor.signIn('ada');
  const org = '/organizations/octo/settings';
  const paths = [
    '/', '/settings/personal-access-tokens', '/settings/personal-access-tokens/new?contents=read', '/settings/tokens', '/settings/tokens/new', '/settings/tokens/1', '/-/user_settings/personal_access_tokens',
    `${org}/personal-access-token-requests`, `${org}/personal-access-tokens`, `${org}/personal-access-tokens?permission=contents_read&owner=crowd`, `${org}/personal-access-token-policy`, `${org}/people`, `${org}/audit-log`,
    '/instance/people', '/instance/tokens', '/instance/tokens?owner=crowd', '/instance/policy', '/instance/audit-log', '/instance/health', '/settings/token-health',
  ];
  const slow: string[] = [];
  for (const path of paths) {
    const ms = await medianMs(visitor, path);
    if (ms > AIM_MS * BUSY) slow.push(`${path}: ${ms.toFixed(0)} ms`);
  }
  expect(slow).toEqual([]);
});
