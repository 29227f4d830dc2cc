/**
 * What the database holds of one person: every table in which somebody is named, and the columns of it that are theirs
 * to have.
 *
 * Invariant: every table of the schema stands here, or in `NOT_OF_PEOPLE`, and every column of it is shown or hidden:
 * a test compares them, so that nothing new is forgotten.
 * Never: a secret, or the digest of one; and of an entry in the log that somebody else made, where they were.
 */
import { sql } from 'kysely';
import type { Query } from './db.ts';
import type { Database } from './schema.ts';

/** How rows are found: by a column with the person's id, or by what belongs to them. */
type Finding = { readonly by: string } | { readonly of: 'tokens' | 'sessions' };

/** A table, and which of its columns are handed out. */
export type PersonalTable = Finding & {
  readonly shows: readonly string[];
  readonly hides: readonly string[];
};

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
const table = (finding: Finding, shows: string, hides = ''): PersonalTable => ({
  ...finding,
  shows: words(shows),
  hides: words(hides),
});
const by = (column: string, shows: string, hides?: string): PersonalTable => table({ by: column }, shows, hides);
const ofToken = (shows: string, hides?: string): PersonalTable => table({ of: 'tokens' }, shows, hides);
const ofSession = (shows: string, hides?: string): PersonalTable => table({ of: 'sessions' }, shows, hides);

/** In the order in which they are told. */
export const PERSONAL_TABLES = {
  accounts: by(
    'id',
    'id kind login name created_at suspended_at disabled_by_provider_at admin two_factor_at locked_at recovered_at ' +
      'owned_by time_zone profile_json rulesets_json',
    'login_key password_digest',
  ),
  reserved_names: by('account_id', 'login_key until_at account_id'),
  emails: by('user_id', 'id user_id address verified_at is_primary created_at', 'address_key'),
  external_identities: by('user_id', 'id user_id issuer subject label created_at last_used_at frozen_at'),
  provisioned_users: by(
    'user_id',
    'user_id client_id external_id user_name person_json created_at updated_at',
    'user_name_key address_key',
  ),
  provisioned_group_members: by('user_id', 'group_id user_id'),
  group_places: by('user_id', 'user_id organization_id team_id source role'),
  memberships: by('user_id', 'organization_id user_id role created_at reminded_at'),
  team_members: by('user_id', 'team_id user_id organization_id role created_at'),
  collaborators: by('user_id', 'repository_id user_id role created_at'),
  repositories: by(
    'owner_id',
    'id owner_id name description homepage visibility archived_at object_format created_at updated_at pushed_at ' +
      'protections_json rulesets_json',
    'name_key',
  ),
  repository_names: by('owner_id', 'owner_id name_key repository_id'),
  commit_statuses: by(
    'creator_id',
    'id repository_id commit_id context state target_url description creator_id created_at',
    'context_key',
  ),
  deploy_keys: by(
    'created_by_id',
    'id repository_id title key_text fingerprint read_only created_by_id created_by_token_id created_at last_used_at',
  ),
  lfs_locks: by('user_id', 'id repository_id path user_id locked_at', 'path_digest'),
  ssh_keys: by('user_id', 'id user_id title key_text fingerprint created_by_token_id created_at last_used_at'),
  passkeys: by(
    'user_id',
    'id user_id transports is_synced name created_at last_used_at',
    'credential_id public_key counter',
  ),
  second_factors: by('user_id', 'user_id confirmed_at', 'secret last_step'),
  recovery_codes: by('user_id', 'user_id used_at is_long', 'digest'),
  sessions: by(
    'user_id',
    'id user_id state created_at last_seen_at ends_at sudo_until proved_at address user_agent',
    'digest enrolment flash',
  ),
  provider_sessions: ofSession('session_id issuer subject sid', 'id_token'),
  sso_sessions: ofSession('session_id organization_id issuer proved_at ends_at'),
  service_sessions: by('user_id', 'session_id user_id host created_at last_seen_at ends_at', 'digest browser_digest'),
  devices: by('user_id', 'user_id last_seen_at', 'digest'),
  one_time_links: by('user_id', 'purpose user_id address created_at ends_at', 'digest'),
  logins: by(
    'user_id',
    'state user_id redirect_uri wish_json draft_json token_id address created_at ends_at',
    'code_digest user_code_digest challenge polled_at',
  ),
  applications: by(
    'owner_id',
    'id client_id name homepage source owner_id redirect_uris_json approved_at created_at used_at',
    'secret_digest secret_last_four',
  ),
  tokens: by(
    'user_id',
    'id user_id kind name description last_eight scopes_json created_at updated_at issued_at expires_at ' +
      'not_before_at revoked_at revoked_by allowed_addresses_json uses_left ref_rules_json parent_id family_id ' +
      'late_use_alerted_at noticed_days disuse_marked_at application_id',
    'name_key undo_json doubt_epoch',
  ),
  token_secrets: ofToken('token_id last_eight state created_at ends_at', 'digest'),
  refresh_tokens: ofToken('token_id resource state created_at ends_at', 'digest'),
  derived_tokens: ofToken(
    'id last_eight token_id parent_id name agent session narrowing_json created_at expires_at revoked_at revoked_by ' +
      'workload_json',
    'digest secret_digest',
  ),
  grants: ofToken(
    'id token_id owner_id selection permissions_json state created_at access_granted_at decided_at reached_at',
  ),
  requests: by(
    'user_id',
    'id token_id grant_id organization_id user_id reason selection repository_ids_json permissions_json state ' +
      'created_at decided_at decision_reason',
    'decided_by',
  ),
  narrowings: ofToken('token_id narrowed_at grants_json'),
  gitlab_tokens: ofToken('token_id made_for repository_id access_level scopes_json'),
  token_organizations: ofToken('token_id organization_id authorized_at'),
  token_exclusions: ofToken('token_id organization_id excluded_at'),
  push_approvals: ofToken(
    'id token_id derived_id repository_id ref old_id new_id look_json address asked_at state expires_at decided_at ' +
      'decided_by',
  ),
  token_use: ofToken('token_id last_used_at last_address last_agent last_purpose addresses_json'),
  token_days: ofToken('token_id day_at repository_id permission level times'),
  token_refusals: ofToken('token_id day_at reason purpose times last_at last_address words_json'),
  outbox: by(
    'user_id',
    'id user_id address template subject state created_at due_at done_at failure',
    // A body may have a link that opens something; it is emptied once it was sent.
    'text html attempts',
  ),
} as const satisfies { readonly [Name in keyof Database]?: PersonalTable };

export type PersonalTableName = keyof typeof PERSONAL_TABLES;

/** Tables that name nobody, or only what others are shown beside them; with the reason. */
export const NOT_OF_PEOPLE: { readonly [Name in Exclude<keyof Database, PersonalTableName | 'audit'>]: string } = {
  audit_checkpoints: 'digests of ranges of the log',
  audit_prunings: 'digests of ranges of the log',
  audit_streams: 'how far the log was sent',
  clock_mark: 'the clock',
  epoch: 'the database itself',
  form_submissions: 'digests of forms that were sent',
  grant_repositories: 'repositories of grants: told with the log',
  group_rules: 'what groups stand for',
  inspections: 'looks at repositories',
  jobs: 'work that waits for minutes',
  mirrors: 'of repositories, set up by the operator',
  nodes: 'processes',
  policies: 'what owners allow',
  provisioned_groups: 'groups of directories',
  provisioning_clients: 'directories',
  push_intents: 'pushes that run at this moment',
  rate_windows: 'counts of some minutes, without names',
  repository_checks: 'looks at repositories',
  resource_servers: 'services',
  revision: 'a number',
  revision_changes: 'numbers',
  sealing: 'the key in use',
  server_address: 'the server itself',
  sso_recovery_codes: 'of organizations',
  team_lines: 'the tree of teams',
  team_repositories: 'what teams may do',
  teams: 'of organizations',
  webhook_deliveries: 'of repositories',
  webhooks: 'of repositories',
  workload_exchanges: 'digests, until they end',
  workload_issuers: 'of the server',
  workload_rules: 'of machine accounts',
  write_probe: 'a number',
};

type Row = Readonly<Record<string, unknown>>;

/** The rows of one table about a person, with the columns that are theirs to have. */
export async function personalRows(q: Query, name: PersonalTableName, personId: number): Promise<Row[]> {
  const found: PersonalTable = PERSONAL_TABLES[name];
  const columns = sql.join(found.shows.map((column) => sql.ref(column)));
  const condition =
    'by' in found
      ? sql`${sql.ref(found.by)} = ${personId}`
      : found.of === 'tokens'
        ? sql`token_id in (select id from tokens where user_id = ${personId})`
        : sql`session_id in (select id from sessions where user_id = ${personId})`;
  const { rows } = await sql<Row>`select ${columns} from ${sql.table(name)} where ${condition}`.execute(q);
  return rows;
}

/** Up to `limit` entries of the log about a person, or of what they did, after an id. */
export async function personalEntries(
  q: Query,
  personId: number,
  page: { readonly afterId: number; readonly limit: number },
): Promise<(Row & { readonly id: number })[]> {
  const rows = await q
    .selectFrom('audit')
    .selectAll()
    .where((row) => row.or([row('user_id', '=', personId), row('actor_id', '=', personId)]))
    .where('id', '>', page.afterId)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map((row) => (row.actor_id === personId ? row : { ...row, address: null, user_agent: null }));
}
