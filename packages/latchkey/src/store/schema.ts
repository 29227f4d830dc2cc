/**
 * The tables, as Kysely sees them. `migrations/` creates them; this file says what each column holds.
 *
 * Conventions, the same on both engines: ids are 64-bit integers; instants are unix seconds (`…_at`); booleans are 0
 * or 1; lists and maps are JSON text (`…_json`); `…_key` is the lower-case form by which a name is unique.
 */
import type { Generated } from 'kysely';
import type { Sealed } from '../base/sealing/sealed-text.ts';

type Flag = 0 | 1;

/** People, organizations and machine accounts share one namespace of logins. */
export interface AccountsTable {
  id: Generated<number>;
  kind: 'user' | 'organization' | 'machine';
  login: string;
  login_key: string;
  /** Display name; '' = none. */
  name: string;
  created_at: number;
  /** By an administrator. */
  suspended_at: number | null;
  /** People, and machines of people: by an identity provider. Neither flag is lifted with the other. */
  disabled_by_provider_at: Generated<number | null>;
  /** People only: an instance administrator. */
  admin: Generated<Flag>;
  /** People only: argon2id in PHC form; null = no password set. */
  password_digest: string | null;
  /** People only: when a second factor was turned on. */
  two_factor_at: number | null;
  /** People only: when their tokens were frozen, because somebody may have taken the account over. */
  locked_at: number | null;
  /** People only: when they chose a new password after that; null = nobody can sign in to a locked account. */
  recovered_at: number | null;
  /** Machine accounts only: the organization or person that they belong to, and end with. */
  owned_by: Generated<number | null>;
  /** People only: IANA's name of the zone in which they read times; null = not known yet. */
  time_zone: Generated<string | null>;
  /** Public profile fields of GitHub's API that people and organizations may set (bio, company, location, blog …). */
  profile_json: Generated<string>;
  /** Organizations only: a list of `Ruleset`; null = none. */
  rulesets_json: Generated<string | null>;
}

/** Former names of accounts, which nobody else can take until then. */
interface ReservedNamesTable {
  login_key: string;
  until_at: number;
  /** Who had it, and is called otherwise now: the name leads there. Null = they are deleted. */
  account_id: Generated<number | null>;
}

interface EmailsTable {
  id: Generated<number>;
  user_id: number;
  address: string;
  address_key: string;
  verified_at: number | null;
  is_primary: Flag;
  created_at: number;
}

interface MembershipsTable {
  organization_id: number;
  user_id: number;
  role: 'owner' | 'member';
  created_at: number;
  /** When this member last reminded the owners of pending requests. */
  reminded_at: Generated<number | null>;
}

export interface TeamsTable {
  id: Generated<number>;
  organization_id: number;
  name: string;
  /** The name in addresses, lower case, unique in the organization. */
  slug: string;
  /** '' = none. */
  description: string;
  /** 1 = only its members and the owners know of it. */
  is_secret: Flag;
  parent_id: number | null;
  /** The group at an identity provider that it stands for; null = none. */
  external_id: string | null;
  created_at: number;
  updated_at: number;
}

/** Each team with itself and with every team above it. */
interface TeamLinesTable {
  team_id: number;
  ancestor_id: number;
}

/** Only of the team itself; members of teams below it count too. A row ends with the membership in the organization. */
interface TeamMembersTable {
  team_id: number;
  user_id: number;
  organization_id: number;
  role: 'member' | 'maintainer';
  created_at: number;
}

/** Only of the team itself; what the teams above it may do counts too. */
interface TeamRepositoriesTable {
  repository_id: number;
  team_id: number;
  role: CollaboratorsTable['role'];
  created_at: number;
}

export interface RepositoriesTable {
  id: Generated<number>;
  owner_id: number;
  name: string;
  name_key: string;
  description: Generated<string>;
  /** '' = none. */
  homepage: Generated<string>;
  visibility: 'public' | 'internal' | 'private';
  archived_at: number | null;
  object_format: 'sha1' | 'sha256';
  created_at: number;
  updated_at: number;
  pushed_at: number | null;
  /** A list of `RefProtection`; null = none. */
  protections_json: string | null;
  /** A list of `Ruleset`; null = none. */
  rulesets_json: string | null;
}

/** A repository's earlier places: renames and transfers lead to it until the name is taken again. */
interface RepositoryNamesTable {
  owner_id: number;
  name_key: string;
  repository_id: number;
}

export interface CollaboratorsTable {
  repository_id: number;
  user_id: number;
  role: 'read' | 'triage' | 'write' | 'maintain' | 'admin';
  created_at: number;
}

export interface TokensTable {
  id: Generated<number>;
  user_id: number;
  kind: 'fine-grained' | 'classic' | 'scoped';
  name: string;
  name_key: string;
  description: Generated<string>;
  last_eight: string;
  scopes_json: Generated<string>;
  created_at: number;
  updated_at: number;
  /** From when a policy counts its life: creation or the last regeneration. */
  issued_at: number;
  expires_at: number | null;
  not_before_at: number | null;
  revoked_at: number | null;
  revoked_by: string | null;
  allowed_addresses_json: string | null;
  uses_left: number | null;
  /** A list of `RefRule`; null = any ref. */
  ref_rules_json: string | null;
  /** The token that made this one over REST. */
  parent_id: number | null;
  /** First token of a chain of GitLab rotations; null = this one. */
  family_id: number | null;
  /** When its owner was last alerted that a replaced secret was used. */
  late_use_alerted_at: number | null;
  /**
   * The last notice about its end that was sent to its owner: 30, 7, 1 or 0 days before; null = none for this secret.
   */
  noticed_days: number | null;
  /**
   * When its owner was told that it will end because it isn't used; null = it is used, or hasn't been unused long
   * enough.
   */
  disuse_marked_at: number | null;
  /** What its end took away, if that can be undone (`admin token restore`): see `store/token-upkeep`. */
  undo_json: string | null;
  /** The epoch whose restoration ended it without being sure: see `store/tokens-in-doubt`. */
  doubt_epoch: number | null;
  /** The OAuth application that it was given to; null = to nobody but its person. */
  application_id: Generated<number | null>;
}

/** OAuth clients (`store/applications`). */
export interface ApplicationsTable {
  id: Generated<number>;
  client_id: string;
  name: string;
  /** '' = none. */
  homepage: string;
  /** Who told of it: a person on a page, an administrator, the program itself, or a document at its address. */
  source: 'person' | 'instance' | 'registered' | 'document';
  /** The person who made it; null = an administrator for all, nobody, or a person who is gone. */
  owner_id: number | null;
  redirect_uris_json: string;
  /** SHA-256 of its secret; null = it keeps none (a public client). */
  secret_digest: string | null;
  secret_last_four: string | null;
  /** From when it may ask people; null = an administrator has not approved it. */
  approved_at: number | null;
  created_at: number;
  /** When somebody last signed in with it. */
  used_at: number | null;
}

/** What applications exchange for further access tokens (`store/refresh-tokens`). */
export interface RefreshTokensTable {
  /** SHA-256, base64url. */
  digest: string;
  /** The token whose rights it gives. Nobody has its secret. */
  token_id: number;
  /** What its access tokens are for (RFC 8707); null = this server and every service. */
  resource: string | null;
  state: 'current' | 'used';
  created_at: number;
  ends_at: number;
}

/** Tokens that were derived from another (`store/derived-tokens`). */
export interface DerivedTokensTable {
  id: Generated<number>;
  /** SHA-256, base64url. */
  digest: string;
  last_eight: string;
  /** The person's token that all of it comes from. */
  token_id: number;
  /** The secret of that token: where it ends, so does this. */
  secret_digest: string;
  /** The derived token that this was derived from; null = the person's own. */
  parent_id: number | null;
  name: string;
  /** Told by whoever derived it. */
  agent: string | null;
  session: string | null;
  /** A `Narrowing`, of the person's token. */
  narrowing_json: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  revoked_by: string | null;
  /** A `Workload`, as an issuer told it; null when it was derived with a token. */
  workload_json: Generated<string | null>;
}

/** An issuer of workload identities that an administrator trusts (`store/workload-issuers`). */
/** Directories that provision people by SCIM. */
export interface ProvisioningClientsTable {
  id: Generated<number>;
  name: string;
  /** The identity provider that its people sign in by; null = none. */
  issuer: string | null;
  /** 1 where the addresses that it sends count as verified. */
  trusts_addresses: Flag;
  /** Of its token. */
  digest: string;
  last_eight: string;
  created_at: number;
  /** When its present token was made. */
  issued_at: number;
  last_used_at: number | null;
}

/** Whom a directory provisioned, and what it says of them. */
export interface ProvisionedUsersTable {
  user_id: number;
  client_id: number;
  external_id: string | null;
  user_name: string;
  user_name_key: string;
  /** The address by which they are found, in lower case. */
  address_key: string | null;
  person_json: string;
  created_at: number;
  updated_at: number;
}

/** Groups of directories (`store/provisioned-groups`). */
export interface ProvisionedGroupsTable {
  id: Generated<number>;
  client_id: number;
  external_id: string | null;
  name: string;
  name_key: string;
  created_at: number;
  updated_at: number;
}

interface ProvisionedGroupMembersTable {
  group_id: number;
  user_id: number;
}

/** What a group of a provider or a directory stands for (`store/group-rules`). */
export interface GroupRulesTable {
  id: Generated<number>;
  /** `provider ISSUER`, or `directory ID`. */
  source: string;
  group_name: string;
  organization_id: number;
  role: 'owner' | 'member';
  team_id: number | null;
  team_role: 'member' | 'maintainer' | null;
  created_at: number;
}

/** Who is where because of a group, by the source that says so. */
interface GroupPlacesTable {
  user_id: number;
  organization_id: number;
  /** 0 = the organization itself. */
  team_id: number;
  source: string;
  role: 'owner' | 'member' | 'maintainer';
}

export interface WorkloadIssuersTable {
  id: Generated<number>;
  /** How rules and commands call it. */
  name: string;
  /** As `iss` has it, to the letter. */
  issuer: string;
  /** Of `catalogue/workloads/issuers`. */
  preset: string;
  /** Its public keys, pasted; null = they are fetched. */
  jwks_json: string | null;
  /** Authorities of its own, in PEM; null = those that Node trusts. */
  ca_pem: string | null;
  max_life_sec: number;
  created_at: number;
}

/** What a workload must prove to get a token of a machine account (`store/workload-rules`). */
interface WorkloadRulesTable {
  id: Generated<number>;
  issuer_id: number;
  /** The token whose rights it gives. Nobody has its secret. */
  token_id: number;
  machine_id: number;
  /** A list of `ClaimCondition`. */
  conditions_json: string;
  max_life_sec: number;
  is_single_use: Flag;
  takes_pull_requests: Flag;
  created_at: number;
}

/** Workloads' tokens that were exchanged, until they end: none is taken twice. */
interface WorkloadExchangesTable {
  digest: string;
  ends_at: number;
}

/** Moves of refs that a token's rules leave to its owner (`store/push-approvals`). */
export interface PushApprovalsTable {
  id: Generated<number>;
  token_id: number;
  derived_id: number | null;
  repository_id: number;
  ref: string;
  /** '' = the ref isn't there. */
  old_id: string;
  /** '' = it is deleted. */
  new_id: string;
  /** Commits, paths and lines, as they were pushed. */
  look_json: string;
  address: string;
  asked_at: number;
  state: 'waiting' | 'approved' | 'denied' | 'used' | 'replaced';
  expires_at: number;
  decided_at: number | null;
  decided_by: string | null;
}

/** A push that has begun, until the audit log has its entry (`store/push-intents`). */
interface PushIntentsTable {
  id: Generated<number>;
  repository_id: number;
  /** The process that serves it. */
  run: string;
  at: number;
  actor_json: string;
  refs_json: string;
  /** Tokens to revoke once it is taken: digests, and where they were found; null = none. */
  leaks_json: string | null;
}

/** What the last check of a repository found (`store/repository-checks`). */
interface RepositoryChecksTable {
  repository_id: number;
  checked_at: number;
  state: 'whole' | 'damaged' | 'unfinished';
  /** 1 = damage was found, and no check since then has found it whole. */
  damaged: number;
  said: string;
}

/** One row: the last look through all repositories that somebody asked for (`store/inspections`). */
interface InspectionsTable {
  id: number;
  requested_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  /** What the last finished one found; null = none has finished. */
  findings_json: string | null;
}

/** One row, written to test whether the database accepts writes (`store/write-probe`). */
interface WriteProbeTable {
  id: number;
  count: number;
}

/** One row: which database this is, and how often it was restored. See `store/epochs`. */
interface EpochTable {
  id: number;
  instance: string;
  number: number;
}

/** One row: the state of the clock at the last look (`rules/steady-clock`). */
interface ClockMarkTable {
  id: number;
  seen_at: number;
  steady_since: number;
}

/**
 * The secrets that open a token, by digest (SHA-256, base64url). Replaced ones stay, so that their reuse is noticed and
 * reported.
 */
interface TokenSecretsTable {
  digest: string;
  token_id: number;
  last_eight: string;
  state: 'current' | 'overlapping' | 'replaced';
  created_at: number;
  ends_at: number | null;
}

export interface GrantsTable {
  id: Generated<number>;
  token_id: number;
  /** Account id, or 0 for the instance. */
  owner_id: number;
  selection: 'public' | 'all' | 'selected';
  permissions_json: string;
  state: 'pending' | 'active' | 'denied' | 'revoked';
  created_at: number;
  /** When an owner (or a rule that needs none) approved it. */
  access_granted_at: number | null;
  /** When its state last changed; null = never, or before that was kept. */
  decided_at: Generated<number | null>;
  /** When its repositories or permissions last changed; null = never, or before that was kept. */
  reached_at: Generated<number | null>;
}

interface ServerAddressTable {
  /** 1: there is one row. */
  id: number;
  /** Without a slash at the end. */
  public_url: string;
}

interface NarrowingsTable {
  token_id: number;
  narrowed_at: number;
  /** What each grant reached before and after. */
  grants_json: string;
}

interface GrantRepositoriesTable {
  grant_id: number;
  repository_id: number;
}

/** A grant, or an extension of one, that waits for an owner of the organization. */
export interface RequestsTable {
  id: Generated<number>;
  token_id: number;
  grant_id: number;
  organization_id: number;
  user_id: number;
  reason: string | null;
  selection: 'public' | 'all' | 'selected';
  repository_ids_json: string;
  permissions_json: string;
  state: 'pending' | 'approved' | 'denied' | 'cancelled';
  created_at: number;
  decided_at: number | null;
  decided_by: number | null;
  decision_reason: string | null;
}

/** One row per organization, and account 0 for the instance. */
interface PoliciesTable {
  account_id: number;
  policy_json: string;
  updated_at: number;
}

/** Single sign-on authorizations of tokens. */
interface TokenOrganizationsTable {
  token_id: number;
  organization_id: number;
  authorized_at: number;
}

/** Classic and scoped tokens that an organization's owners exclude. */
interface TokenExclusionsTable {
  token_id: number;
  organization_id: number;
  excluded_at: number;
}

/** Last use, written in batches off the hot path. */
export interface TokenUseTable {
  token_id: number;
  last_used_at: number;
  last_address: string;
  last_agent: string;
  /** The purpose in words: "push acme/site". */
  last_purpose: string;
  /** The last five distinct addresses, newest first. */
  addresses_json: string;
}

/** An unfinished sign-in of a command. See `store/device-authorizations`. */
export interface LoginsTable {
  /** SHA-256 of the code that can be exchanged for the token. */
  code_digest: string;
  /** SHA-256 of the short code that a person types; null without the device flow. */
  user_code_digest: string | null;
  state: 'waiting' | 'approved' | 'denied' | 'used';
  user_id: number | null;
  redirect_uri: string | null;
  /** PKCE, S256. */
  challenge: string | null;
  wish_json: string;
  draft_json: string | null;
  /** The token it was exchanged for. */
  token_id: number | null;
  address: string;
  created_at: number;
  ends_at: number;
  polled_at: Generated<number>;
}

/** How often a token used a permission in a repository on one day. See `store/token-days`. */
interface TokenDaysTable {
  token_id: number;
  /** 00:00 UTC of the day. */
  day_at: number;
  /** 0 when there was no repository. */
  repository_id: number;
  /** '' when none was needed. */
  permission: string;
  level: 'read' | 'write' | 'admin' | '';
  times: number;
}

/** A token's refusals: one row per day, reason and purpose. See `store/refusals`. */
interface TokenRefusalsTable {
  token_id: number;
  /** 00:00 UTC of the day. */
  day_at: number;
  reason: string;
  /** The purpose in words: "push acme/site". */
  purpose: string;
  times: number;
  last_at: number;
  last_address: string;
  /** The last wording, and what was missing. */
  words_json: string;
}

/** Append-only: every change writes one row in its own transaction. */
export interface AuditTable {
  id: Generated<number>;
  at: number;
  /** GitHub's event name where it has one: `personal_access_token.create`. */
  action: string;
  actor_id: number | null;
  actor_login: string | null;
  /** The person whose security log shows it. */
  user_id: number | null;
  organization_id: number | null;
  repository_id: number | null;
  /** The token it is about. */
  token_id: number | null;
  /** The token it was done with, if there was one. */
  actor_token_id: number | null;
  address: string | null;
  user_agent: string | null;
  data_json: string;
}

/** A range of the log and its digest. Append-only, like the log. See `rules/audit/chain`. */
export interface AuditCheckpointsTable {
  number: number;
  first_id: number;
  last_id: number;
  entries: number;
  entries_digest: string;
  previous: string;
  at: number;
  digest: string;
  /** Of the digest, with a key that is not in the database. */
  signature: string;
  fingerprints: string;
}

/** The checkpoint up to which entries may be deleted. Append-only, too. */
interface AuditPruningsTable {
  checkpoint: number;
  through_id: number;
  at: number;
  signature: string;
}

/** How far a stream of the log has got, and what is holding it up. */
export interface AuditStreamsTable {
  name: string;
  /** The receiver has everything up to this id. */
  after_id: number;
  after_checkpoint: number;
  /** Failed tries since the last success. */
  failures: number;
  next_try_at: number;
  last_error: string | null;
  sent_at: number | null;
}

/**
 * Work that is waiting, running under a lease, recurring, or given up. A job that succeeded has no row. See
 * `store/jobs`.
 */
export interface JobsTable {
  id: Generated<number>;
  kind: string;
  payload_json: string;
  /** At most one job with this key waits; null = any number. */
  unique_key: string | null;
  /** Groups jobs that may all hang for the same reason, such as one receiver of webhooks. */
  lane: string | null;
  state: 'waiting' | 'dead';
  run_at: number;
  /** The interval of a recurring job. */
  every_sec: number | null;
  /** Attempts since it was first due. */
  attempts: Generated<number>;
  /** Rises when the same job is requested again, so that a running one runs once more. */
  edition: Generated<number>;
  /** The runner that has it, until `leased_until`. */
  leased_by: string | null;
  leased_until: Generated<number>;
  last_error: string | null;
  created_at: number;
}

/** Mails. A body may contain a one-time link: it is sealed, and emptied once a mail server has accepted it. */
export interface OutboxTable {
  id: Generated<number>;
  /** The owner; null = somebody without an account. */
  user_id: number | null;
  address: string;
  template: string;
  subject: string;
  /** Sealed, as is the next; '' after it was sent. */
  text: Sealed | '';
  html: Sealed | '';
  /** `kept`: no mail server is configured, so it is stored on disk. `failed`: given up. */
  state: 'waiting' | 'sent' | 'kept' | 'failed';
  attempts: Generated<number>;
  created_at: number;
  /** When it is tried next; also the lease of the process that is trying it. */
  due_at: number;
  done_at: number | null;
  /** What the mail server last said. */
  failure: string | null;
}

/** How much of a rate limit is used in the current window. See `store/rate-windows`. */
interface RateWindowsTable {
  /** Bucket and who is counted: `api-user 7`. */
  window_key: string;
  used: number;
  ends_at: number;
}

/** Who is signed in where. The secret is in the browser's cookie; only its digest is here. */
export interface SessionsTable {
  id: Generated<number>;
  digest: string;
  user_id: number;
  /** `second-factor`: the password was right, the code is still missing. */
  state: 'second-factor' | 'active';
  created_at: number;
  last_seen_at: number;
  ends_at: number;
  /** Until when sensitive pages don't ask for proof again; 0 = they ask. */
  sudo_until: number;
  /** When the person last proved their identity with their strongest factor. */
  proved_at: Generated<number>;
  /** The key of an app that this session is setting up, sealed for it. */
  enrolment: string | null;
  address: string;
  user_agent: string;
  /** The message for the next page, sealed with a key that only the cookie contains. */
  flash: string | null;
}

/** Sessions at services behind a proxy, each a part of the session that it was opened from. */
interface ServiceSessionsTable {
  /** Of the code, until it is opened; then of the secret in the cookie. */
  digest: string;
  session_id: number;
  user_id: number;
  /** In lower case, without a port. */
  host: string;
  /** The browser that may open it; null once it was opened. */
  browser_digest: string | null;
  created_at: number;
  last_seen_at: number;
  ends_at: number;
}

/** Tokens of machine accounts that were made in GitLab's dialect, with what only that knows of them. */
export interface GitlabTokensTable {
  token_id: number;
  made_for: 'project' | 'group' | 'service_account' | 'deploy';
  /** Null = not a project's. */
  repository_id: number | null;
  /** As it was asked for: 10 to 50; null = none was. */
  access_level: number | null;
  /** GitLab's scopes, as they were asked for. */
  scopes_json: string;
}

/** Browsers on which a person has signed in before. */
interface DevicesTable {
  digest: string;
  user_id: number;
  last_seen_at: number;
}

/** The key of a person's one-time codes, sealed (checking one needs the key). It counts once it is confirmed. */
interface SecondFactorsTable {
  user_id: number;
  secret: Sealed;
  confirmed_at: number | null;
  /** The time step of the last accepted code: it and earlier ones are refused. */
  last_step: number;
}

/** Who proved themselves for which organization, in which session. See `store/sso-sessions`. */
interface SsoSessionsTable {
  session_id: number;
  organization_id: number;
  /** Null = by a recovery code. */
  issuer: string | null;
  proved_at: number;
  ends_at: number;
}

/** An organization's recovery codes. */
interface SsoRecoveryCodesTable {
  organization_id: number;
  digest: string;
  used_at: number | null;
}

export interface ExternalIdentitiesTable {
  id: Generated<number>;
  user_id: number;
  issuer: string;
  /** The provider's `sub`. */
  subject: string;
  label: string;
  created_at: number;
  last_used_at: number | null;
  /** When the provider signed the person out everywhere, and their tokens rest until they sign in by it again. */
  frozen_at: Generated<number | null>;
}

interface ProviderSessionsTable {
  session_id: number;
  issuer: string;
  subject: string;
  sid: string | null;
  /** Sealed; '' = none is kept. */
  id_token: string;
}

export interface PasskeysTable {
  id: Generated<number>;
  user_id: number;
  credential_id: string;
  public_key: string;
  counter: number;
  transports: string;
  is_synced: Flag;
  name: string;
  created_at: number;
  last_used_at: number | null;
}

interface RecoveryCodesTable {
  user_id: number;
  digest: string;
  used_at: number | null;
  /** 0 = of the kind made before 0120: 49 bits. */
  is_long: Generated<Flag>;
}

/**
 * Links that work once: the first set-up, an invitation, the verification of an address, a new password; "This wasn't
 * me", the alarm; and signing in as somebody of the demo.
 */
export interface OneTimeLinksTable {
  digest: string;
  purpose: 'set-up' | 'invitation' | 'verification' | 'password' | 'alarm' | 'demo';
  user_id: number | null;
  address: string | null;
  created_at: number;
  ends_at: number;
}

/** Forms that were sent, so that a double click has one effect. */
interface FormSubmissionsTable {
  digest: string;
  /** Where the completed one led; null while it runs. */
  location: string | null;
  created_at: number;
}

/** Processes that answer from memory while they have a lease. See `store/cluster`. */
interface NodesTable {
  id: string;
  /** Rises with every heartbeat. */
  beat: number;
  /** The node has forgotten everything that was untrue at this revision. */
  acked: number;
}

/** What a revision was about. A revision without a row was about everything. */
interface RevisionChangesTable {
  revision: number;
  /** See `Subject` in `store/revision`. */
  subject: number;
}

/** A service that may ask about tokens. */
export interface ResourceServersTable {
  id: Generated<number>;
  name: string;
  name_key: string;
  /** SHA-256, base64url. */
  secret_digest: string;
  last_eight: string;
  created_at: number;
}

/** A single row: rises with every change that can take a right away, so that memory can be checked against it. */
interface RevisionTable {
  id: 1;
  revision: number;
}

/** What a build or check reported about a commit: one row per report, the newest of a context counts. */
export interface CommitStatusesTable {
  id: Generated<number>;
  repository_id: number;
  commit_id: string;
  context: string;
  context_key: string;
  state: 'error' | 'failure' | 'pending' | 'success';
  target_url: string | null;
  description: string | null;
  creator_id: number | null;
  created_at: number;
}

/** Locks on files that Git LFS keeps. */
interface LfsLocksTable {
  id: Generated<number>;
  repository_id: number;
  path: string;
  /** SHA-256 of the path, base64url. */
  path_digest: string;
  user_id: number;
  locked_at: number;
}

export interface DeployKeysTable {
  id: Generated<number>;
  repository_id: number;
  title: string;
  /** Type and key, without the comment. */
  key_text: string;
  /** SHA-256 of the key, base64 without padding. */
  fingerprint: string;
  read_only: Flag;
  created_by_id: number | null;
  created_by_token_id: number | null;
  created_at: number;
  last_used_at: number | null;
}

export interface MirrorsTable {
  id: Generated<number>;
  repository_id: number;
  direction: 'pull' | 'push';
  /** Without credentials. */
  url: string;
  /** '' = none. */
  username: string;
  secret: Sealed | null;
  every_sec: number;
  created_at: number;
  next_run_at: number;
  started_at: number | null;
  ended_at: number | null;
  /** The last run that did everything. */
  succeeded_at: number | null;
  /** What went wrong in the last run, as a sentence. */
  error: string | null;
}

export interface SshKeysTable {
  id: Generated<number>;
  user_id: number;
  title: string;
  /** Type and key, without the comment. */
  key_text: string;
  /** SHA-256 of the key, base64 without padding. */
  fingerprint: string;
  created_by_token_id: number | null;
  created_at: number;
  last_used_at: number | null;
}

export interface WebhooksTable {
  id: Generated<number>;
  repository_id: number;
  url: string;
  content_type: 'json' | 'form';
  /** Sealed: deliveries are signed with it, so it must be readable. */
  secret: Sealed | null;
  insecure_ssl: Flag;
  events_json: string;
  active: Flag;
  created_at: number;
  updated_at: number;
}

/** A single row: the id of the key that seals; the key is in a file. See `base/sealing/key-file`. */
interface SealingTable {
  id: number;
  key_id: string;
  changed_at: number;
}

/** One attempt to deliver to a webhook; a redelivery is a separate row with the same guid. */
export interface WebhookDeliveriesTable {
  id: Generated<number>;
  webhook_id: number;
  guid: string;
  event: string;
  action: string | null;
  redelivery: Flag;
  payload_json: string;
  created_at: number;
  /** Null while it waits. */
  delivered_at: number | null;
  duration_ms: number | null;
  /** `OK`, `Service Unavailable`: the receiver's answer, or why there was none. */
  status: string;
  /** 0 = no answer. */
  status_code: number;
  request_headers_json: string;
  response_headers_json: string;
  response_body: string;
}

export interface Database {
  accounts: AccountsTable;
  emails: EmailsTable;
  reserved_names: ReservedNamesTable;
  memberships: MembershipsTable;
  teams: TeamsTable;
  team_lines: TeamLinesTable;
  team_members: TeamMembersTable;
  team_repositories: TeamRepositoriesTable;
  repositories: RepositoriesTable;
  commit_statuses: CommitStatusesTable;
  deploy_keys: DeployKeysTable;
  mirrors: MirrorsTable;
  ssh_keys: SshKeysTable;
  lfs_locks: LfsLocksTable;
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
  repository_names: RepositoryNamesTable;
  collaborators: CollaboratorsTable;
  tokens: TokensTable;
  token_secrets: TokenSecretsTable;
  derived_tokens: DerivedTokensTable;
  push_approvals: PushApprovalsTable;
  provisioning_clients: ProvisioningClientsTable;
  provisioned_users: ProvisionedUsersTable;
  provisioned_groups: ProvisionedGroupsTable;
  provisioned_group_members: ProvisionedGroupMembersTable;
  group_rules: GroupRulesTable;
  group_places: GroupPlacesTable;
  workload_issuers: WorkloadIssuersTable;
  workload_rules: WorkloadRulesTable;
  workload_exchanges: WorkloadExchangesTable;
  grants: GrantsTable;
  narrowings: NarrowingsTable;
  grant_repositories: GrantRepositoriesTable;
  requests: RequestsTable;
  devices: DevicesTable;
  form_submissions: FormSubmissionsTable;
  one_time_links: OneTimeLinksTable;
  outbox: OutboxTable;
  external_identities: ExternalIdentitiesTable;
  provider_sessions: ProviderSessionsTable;
  sso_sessions: SsoSessionsTable;
  service_sessions: ServiceSessionsTable;
  gitlab_tokens: GitlabTokensTable;
  sso_recovery_codes: SsoRecoveryCodesTable;
  passkeys: PasskeysTable;
  recovery_codes: RecoveryCodesTable;
  second_factors: SecondFactorsTable;
  sessions: SessionsTable;
  policies: PoliciesTable;
  token_organizations: TokenOrganizationsTable;
  token_exclusions: TokenExclusionsTable;
  logins: LoginsTable;
  applications: ApplicationsTable;
  refresh_tokens: RefreshTokensTable;
  token_days: TokenDaysTable;
  token_refusals: TokenRefusalsTable;
  token_use: TokenUseTable;
  audit: AuditTable;
  audit_checkpoints: AuditCheckpointsTable;
  audit_prunings: AuditPruningsTable;
  audit_streams: AuditStreamsTable;
  jobs: JobsTable;
  nodes: NodesTable;
  rate_windows: RateWindowsTable;
  revision_changes: RevisionChangesTable;
  resource_servers: ResourceServersTable;
  server_address: ServerAddressTable;
  revision: RevisionTable;
  clock_mark: ClockMarkTable;
  epoch: EpochTable;
  sealing: SealingTable;
  push_intents: PushIntentsTable;
  write_probe: WriteProbeTable;
  repository_checks: RepositoryChecksTable;
  inspections: InspectionsTable;
}
