/**
 * A world as it may be after years, made in seconds: the database itself makes the rows, one table per statement.
 *
 * The organization octo has thousands of members, repositories, tokens and requests. Ada, who owns it and administers
 * the instance, has as many tokens as one person can manage, and one of each kind that was used, refused and logged
 * every day.
 */

import { execFileSync } from 'node:child_process';
import { type RawBuilder, sql } from 'kysely';
import { addOrganization } from '../../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../../src/actions/decision/authorize.ts';
import type { AskedLook } from '../../../src/actions/repositories/approvals/asking.ts';
import { addRepository } from '../../../src/actions/repositories/repositories.ts';
import { DAY_SEC } from '../../../src/base/time.ts';
import type { Query } from '../../../src/store/db.ts';
import { furnishApplications } from '../oauth/furnished-applications.ts';
import { furnishMachines, furnishTeams } from './page-routes.ts';
import type { WebWorld } from './visitor.ts';

/** The number of rows of each. */
const LARGE = {
  people: 5_000,
  members: 3_000,
  organizations: 100,
  repositories: 10_000,
  collaborators: 300,
  teams: 1_000,
  tokens: 100_000,
  ownTokens: 1_000,
  ownFineGrained: 50,
  requests: 5_000,
  approvals: 100,
  audit: 300_000,
  tokenDays: 200_000,
  refusals: 50_000,
  mails: 20_000,
  sessions: 20_000,
  invitations: 200,
  hooks: 20,
  deliveries: 20_000,
  deployKeys: 150,
  branches: 200,
  commits: 500,
} as const;

/**
 * Of the tokens of octo's 3,000 members, every third is classic; half of the others, which are fine-grained, reach
 * octo.
 */
export async function makeLarge(world: WebWorld): Promise<void> {
  const { ctx } = world;
  const at = ctx.clock.now();
  const ada = await world.addPerson('ada', { admin: true });
  await world.addPerson('hal');
  const octo = await addOrganization(ctx, operatorPermit(), { name: 'octo', owner: 'ada' });
  const site = await addRepository(ctx, operatorPermit(), { owner: 'octo', name: 'site', visibility: 'private' });
  await furnishMachines(ctx, 'ada');
  await furnishTeams(ctx, 'ada');
  fillRepository(ctx.git.path('octo', 'site'), at);
  const ids: Ids = { ada: ada.id, octo: octo.id, site: site.id, at };
  await ctx.store.transaction(async (tx) => {
    for (const fill of [
      fillAccounts,
      fillRepositories,
      fillTeams,
      fillTokens,
      fillGrants,
      fillUse,
      fillAudit,
      fillHooks,
      fillRest,
    ])
      await fill(tx, ids);
  });
  const { id: tokenId } = await ctx.store.db
    .selectFrom('tokens')
    .select('id')
    .where('user_id', '=', ada.id)
    .orderBy('id')
    .executeTakeFirstOrThrow();
  await furnishApplications(ctx, { id: ada.id, tokenId });
}

/** What the server keeps of a push that it asks about. */
const ASKED: AskedLook = {
  look: {
    kind: 'forward',
    commits: [],
    commitCount: 0,
    lostCount: 0,
    files: [],
    fileCount: 0,
    added: 0,
    removed: 0,
  },
  name: 'one',
  agent: null,
  session: null,
};

interface Ids {
  readonly ada: number;
  readonly octo: number;
  readonly site: number;
  readonly at: number;
}

/** Runs `statement` with `i` going from 1 to `count`: `insert into … select … from n`. */
async function rows(tx: Query, count: number, statement: RawBuilder<unknown>): Promise<void> {
  await sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${count}) ${statement}`.execute(
    tx,
  );
}

async function fillAccounts(tx: Query, { ada, octo, at }: Ids): Promise<void> {
  await rows(
    tx,
    LARGE.people,
    sql`insert into accounts (kind, login, login_key, name, created_at)
      select 'user', 'person-' || i, 'person-' || i, 'Person ' || i, ${at} - i * 3600 from n`,
  );
  await sql`insert into memberships (organization_id, user_id, role, created_at)
    select ${octo}, id, case when id % 100 = 0 then 'owner' else 'member' end, ${at} from accounts
    where login like 'person-%' order by id limit ${LARGE.members}`.execute(tx);
  await rows(
    tx,
    LARGE.organizations,
    sql`insert into accounts (kind, login, login_key, name, created_at)
      select 'organization', 'org-' || i, 'org-' || i, '', ${at} from n`,
  );
  await sql`insert into memberships (organization_id, user_id, role, created_at) select id, ${ada}, 'member', ${at}
    from accounts where login like 'org-%'`.execute(tx);
  await rows(
    tx,
    20,
    sql`insert into emails (user_id, address, address_key, verified_at, is_primary, created_at)
      select ${ada}, 'ada' || i || '@example.org', 'ada' || i || '@example.org', null, 0, ${at} from n`,
  );
}

/** Teams with 10 repositories each, every member in 10 of them, and all members in the team whose page is opened. */
async function fillTeams(tx: Query, { octo, at }: Ids): Promise<void> {
  await rows(
    tx,
    LARGE.teams,
    sql`insert into teams (organization_id, name, slug, description, is_secret, created_at, updated_at)
      select ${octo}, 'Team ' || i, 'team-' || i, 'Makes what ' || i || ' needs', i % 10 = 0, ${at}, ${at} from n`,
  );
  await sql`insert into team_lines (team_id, ancestor_id) select id, id from teams where slug like 'team-%'`.execute(
    tx,
  );
  await sql`insert into team_members (team_id, user_id, organization_id, role, created_at)
    select t.id, m.user_id, ${octo}, 'member', ${at} from memberships m join teams t on t.organization_id = ${octo}
    where m.organization_id = ${octo} and m.role = 'member'
      and (t.slug = 'site-reliability' or (t.slug like 'team-%' and (t.id + m.user_id) % 100 = 0))`.execute(tx);
  await sql`insert into team_repositories (repository_id, team_id, role, created_at)
    select r.id, t.id, 'write', ${at} from teams t join repositories r on r.owner_id = ${octo}
    where t.slug like 'team-%' and (t.id + r.id) % 600 = 0`.execute(tx);
}

async function fillRepositories(tx: Query, { ada, octo, site, at }: Ids): Promise<void> {
  await rows(
    tx,
    LARGE.repositories,
    sql`insert into repositories (owner_id, name, name_key, description, visibility, object_format, created_at,
      updated_at, pushed_at)
    select case when i % 3 = 0 then ${ada} else ${octo} end, 'repo-' || i, 'repo-' || i,
    'What repository ' || i || ' is about', case i % 10 when 0 then 'public' else 'private' end, 'sha1',
    ${at} - i * 600, ${at}, ${at} - i from n`,
  );
  await sql`insert into collaborators (repository_id, user_id, role, created_at) select ${site}, id, 'write', ${at}
    from accounts where login like 'person-%' order by id desc limit ${LARGE.collaborators}`.execute(tx);
  await rows(
    tx,
    LARGE.deployKeys,
    sql`insert into deploy_keys (repository_id, title, key_text, fingerprint, read_only, created_by_id,
      created_at) select ${site}, 'key ' || i, 'ssh-ed25519 A' || i, 'fingerprint' || i, 1, ${ada}, ${at} from n`,
  );
}

async function fillTokens(tx: Query, { ada, at }: Ids): Promise<void> {
  const { ownTokens, ownFineGrained, tokens, people } = LARGE;
  const first = sql`(select min(id) from accounts where login like 'person-%')`;
  await rows(
    tx,
    tokens,
    sql`insert into tokens (user_id, kind, name, name_key, description, last_eight, scopes_json, created_at, updated_at,
      issued_at, expires_at, revoked_at, revoked_by, allowed_addresses_json)
    select case when i <= ${ownTokens} then ${ada} else ${first} + i % ${people} end,
      case when i <= ${ownFineGrained} then 'fine-grained'
        when i <= ${ownTokens} then case when i % 2 = 0 then 'classic' else 'scoped' end
        when i % 3 = 0 then 'classic' when i % 31 = 0 then 'scoped' else 'fine-grained' end,
      'token ' || i, 'token ' || i, 'For the work of ' || i, 'abcdefgh',
      case when i > ${ownFineGrained} and (i % 2 = 0 or i % 3 = 0) then '["repo","workflow","read:org"]'
        else '["api"]' end,
      ${at} - i, ${at} - i, ${at} - i * 60,
      case i % 4 when 0 then null when 1 then ${at} + i * 60
        when 2 then ${at} + 3 * ${DAY_SEC} else ${at} + 60 * ${DAY_SEC} end,
      case when i % 10 = 0 and i > ${ownTokens} then ${at} else null end,
      case when i % 10 = 0 and i > ${ownTokens} then 'user' else null end, null from n`,
  );
  await sql`insert into token_secrets (digest, token_id, last_eight, state, created_at)
    select 'digest-' || id, id, last_eight, 'current', created_at from tokens`.execute(tx);
}

async function fillGrants(tx: Query, { octo, site, at }: Ids): Promise<void> {
  await sql`insert into grants (token_id, owner_id, selection, permissions_json, state, created_at, access_granted_at)
    select id, case when id % 2 = 0 then ${octo} else user_id end, case when id % 5 = 0 then 'selected' else 'all' end,
      '{"metadata":"read","contents":"' || case when id % 11 = 0 then 'write' else 'read' end ||
      '","issues":"write","pull_requests":"write","actions":"read","checks":"read","deployments":"read"}',
      case when id % 14 = 0 then 'pending' else 'active' end, ${at}, ${at} from tokens
      where kind = 'fine-grained'`.execute(tx);
  await sql`insert into grant_repositories (grant_id, repository_id) select g.id, r.id
    from grants g join repositories r
      on r.id = ${site} or r.id in (g.id % 9000 + 2, g.id % 8000 + 1002, g.id % 7000 + 2002)
    where g.selection = 'selected' and g.id % 3 = 0`.execute(tx);
  await sql`insert into requests (token_id, grant_id, organization_id, user_id, reason, selection, repository_ids_json,
    permissions_json, state, created_at)
    select t.id, g.id, ${octo}, t.user_id, 'Deploys what ' || t.id || ' makes', g.selection,
    '[${sql.raw(String(site))}]', g.permissions_json, 'pending', ${at} - t.id
    from grants g join tokens t on t.id = g.token_id where g.state = 'pending' and t.revoked_at is null
    order by g.id limit ${LARGE.requests}`.execute(tx);
}

/** The newest of ada's tokens of each kind is used, refused and logged every day. */
const BUSY = sql`(select max(id) from tokens
  where user_id = (select id from accounts where login = 'ada') group by kind)`;

async function fillUse(tx: Query, { site, at }: Ids): Promise<void> {
  const today = at - (at % DAY_SEC);
  await sql`insert into token_use (token_id, last_used_at, last_address, last_agent, last_purpose, addresses_json)
    select id, ${at} - id % 10000000, '192.0.2.1', 'git/2.39', 'clone octo/site',
    '["192.0.2.1","192.0.2.2","192.0.2.3"]' from tokens where id % 10 < 9`.execute(tx);
  await rows(
    tx,
    LARGE.tokenDays,
    sql`insert into token_days (token_id, day_at, repository_id, permission, level, times)
      select i % 50000 + 2000, ${today} - i / 50000 * ${DAY_SEC}, ${site}, 'contents', 'read', i % 9 + 1 from n`,
  );
  await rows(
    tx,
    90 * 12,
    sql`insert into token_days (token_id, day_at, repository_id, permission, level, times)
    select t.id, ${today} - i / 12 * ${DAY_SEC}, i % 4 + 1,
      case i % 3 when 0 then 'contents' when 1 then 'issues' else 'metadata' end, 'read', i
    from n join tokens t on t.id in ${BUSY}`,
  );
  const words = JSON.stringify({
    sentence: 'This token lacks contents: write.',
    wayOut: 'Add it here:',
    url: null,
    command: null,
    missing: null,
  });
  await rows(
    tx,
    LARGE.refusals,
    sql`insert into token_refusals (token_id, day_at, reason, purpose, times, last_at, last_address, words_json)
    select i + 2000, ${today}, 'permission_missing', 'push octo/site', i, ${at} - i, '192.0.2.1', ${words} from n`,
  );
  await rows(
    tx,
    50,
    sql`insert into token_refusals (token_id, day_at, reason, purpose, times, last_at, last_address, words_json)
    select t.id, ${today} - i / 5 * ${DAY_SEC}, 'permission_missing', 'push octo/repo-' || (i % 5), i, ${at} - i * 3600,
    '192.0.2.1', ${words} from n join tokens t on t.id in ${BUSY}`,
  );
}

async function fillAudit(tx: Query, { ada, octo, site, at }: Ids): Promise<void> {
  const columns = sql`insert into audit (at, action, actor_id, actor_login, user_id, organization_id, repository_id,
    token_id, actor_token_id, address, user_agent, data_json)`;
  await rows(
    tx,
    LARGE.audit,
    sql`${columns}
    select ${at} - ${LARGE.audit} + i,
      case i % 5 when 0 then 'personal_access_token.create' when 1 then 'personal_access_token.access_granted'
        when 2 then 'user.login' when 3 then 'org.add_member' else 'git.push' end,
      case when i % 15 = 0 then ${ada} else ${ada} + 100 + i % 4000 end,
      case when i % 15 = 0 then 'ada' else 'person-' || (i % 4000) end,
      case when i % 15 = 0 then ${ada} else ${ada} + 100 + i % 4000 end,
      case when i % 3 = 0 then ${octo} else null end, case when i % 5 = 4 then ${site} else null end, i % 90000 + 1,
      case when i % 4 = 0 then i % 90000 + 1 else null end, '192.0.2.7', 'git/2.39',
      '{"name":"token ' || i ||
      '","kind":"fine-grained","permissions":{"contents":"read","metadata":"read"},"repositories":["octo/site"]}'
      from n`,
  );
  await rows(
    tx,
    500,
    sql`${columns} select ${at} + i, 'personal_access_token.access_used', ${ada}, 'ada', ${ada}, null, null, t.id, null,
      '192.0.2.7', 'git/2.39', '{"purpose":"clone octo/site"}' from n join tokens t on t.id in ${BUSY}`,
  );
}

async function fillHooks(tx: Query, { site, at }: Ids): Promise<void> {
  await rows(
    tx,
    LARGE.hooks,
    sql`insert into webhooks (repository_id, url, content_type, insecure_ssl, events_json, active, created_at,
      updated_at) select ${site}, 'https://ci.example.org/hooks/' || i, 'json', 0, '["push"]', 1, ${at}, ${at} from n`,
  );
  const commit = JSON.stringify({
    id: 'a'.repeat(40),
    message: 'What was done and why, in a line or two of words',
    author: { name: 'Ada', email: 'ada@example.org' },
  });
  const payload = `{"ref":"refs/heads/main","commits":[${Array(20).fill(commit).join(',')}]}`;
  await rows(
    tx,
    LARGE.deliveries,
    sql`insert into webhook_deliveries (webhook_id, guid, event, redelivery, payload_json, created_at, delivered_at,
      duration_ms, status, status_code, request_headers_json, response_headers_json, response_body)
    select i % ${LARGE.hooks} + 1, 'guid-' || i, 'push', 0, ${payload}, ${at} - i, ${at}, 12, 'OK', 200,
    '{"Content-Type":"application/json"}', '{"Content-Type":"text/plain"}', 'thank you' from n`,
  );
}

async function fillRest(tx: Query, { ada, site, at }: Ids): Promise<void> {
  await rows(
    tx,
    LARGE.mails,
    sql`insert into outbox (user_id, address, template, subject, text, html, state, attempts, created_at, due_at)
      select null, 'person-' || i || '@example.org', 'token_created', 'A token was made', 'Hello', '<p>Hello</p>',
      case when i % 50 = 0 then 'failed' else 'sent' end, 1, ${at} - ${LARGE.mails} + i, ${at} from n`,
  );
  const session = sql`insert into sessions (digest, user_id, state, created_at, last_seen_at, ends_at, sudo_until,
    address, user_agent)`;
  const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  await rows(
    tx,
    LARGE.sessions,
    sql`${session} select 'session-' || i,
      (select min(id) from accounts where login like 'person-%') + i % ${LARGE.people}, 'active', ${at}, ${at},
      ${at} + 100000, 0,
      '192.0.2.8', ${browser} from n`,
  );
  await rows(
    tx,
    30,
    sql`${session} select 'own-' || i, ${ada}, 'active', ${at}, ${at}, ${at} + 100000, 0, '192.0.2.8', ${browser}
      from n`,
  );
  await rows(
    tx,
    LARGE.invitations,
    sql`insert into one_time_links (digest, purpose, user_id, address, created_at, ends_at)
      select 'link-' || i, 'invitation', null, 'new-' || i || '@example.org', ${at}, ${at} + 100000 from n`,
  );
  await rows(
    tx,
    LARGE.approvals,
    sql`insert into push_approvals (token_id, repository_id, ref, old_id, new_id, look_json, address, asked_at, state,
      expires_at) select (select min(id) from tokens where user_id = ${ada}), ${site}, 'refs/heads/agent/' || i,
      ${'2'.repeat(40)}, ${'1'.repeat(40)}, ${JSON.stringify(ASKED)}, '192.0.2.7', ${at}, 'waiting', ${at} + 86400
      from n`,
  );
}

/** Commits on `main`, and branches that all point there. */
function fillRepository(path: string, at: number): void {
  const commits = Array.from(
    { length: LARGE.commits },
    (_, i) =>
      `commit refs/heads/main\nmark :${i + 1}\ncommitter Ada <ada@example.org> ${at - LARGE.commits + i} ` +
      `+0000\ndata 12\nchange ${String(i).padStart(5, '0')}\n${i === 0 ? '' : `from :${i}\n`}M 100644 inline ` +
      `file\ndata 6\n${String(i).padStart(5, '0')}\n\n`,
  );
  const branches = Array.from(
    { length: LARGE.branches },
    (_, i) => `reset refs/heads/topic-${i}\nfrom :${LARGE.commits}\n\n`,
  );
  execFileSync('git', ['-C', path, 'fast-import', '--quiet'], { input: [...commits, ...branches].join('') });
}
