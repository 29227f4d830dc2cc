/**
 * Accounts, repositories, tokens, grants, requests, policies, audit: everything the first release keeps.
 *
 * Foreign keys go where a row means nothing without the other. None from `audit` (history outlives what it is about),
 * nor from `policies.account_id` and `grants.owner_id` (0 stands for the instance): whoever deletes an account clears
 * those.
 */
import { type ColumnDefinitionBuilder, type CreateTableBuilder, type Kysely, sql } from 'kysely';
import type { Engine } from '../db.ts';
import { type Migration, withId } from './migration.ts';

export const foundation: Migration = {
  name: '0001-foundation',
  async up(db, engine) {
    await accounts(db, engine);
    await repositories(db, engine);
    await tokens(db, engine);
    await grants(db, engine);
    await requests(db, engine);
    await policies(db);
    await audit(db, engine);
    await revision(db);
  },
};

type Db = Kysely<unknown>;
type Column = (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;

const required: Column = (column) => column.notNull();
const emptyText: Column = (column) => column.notNull().defaultTo('');

/** A required reference: the row is deleted with the row it names. */
const partOf =
  (table: string): Column =>
  (column) =>
    column.notNull().references(`${table}.id`).onDelete('cascade');
/** An optional reference: it becomes null when the row it names is deleted. */
const mayName =
  (table: string): Column =>
  (column) =>
    column.references(`${table}.id`).onDelete('set null');

function table<T extends string>(db: Db, name: T): CreateTableBuilder<T> {
  return db.schema.createTable(name);
}

async function index(db: Db, on: string, columns: string[], { unique = false } = {}): Promise<void> {
  const builder = db.schema
    .createIndex(`${on}_by_${columns.join('_')}`)
    .on(on)
    .columns(columns);
  await (unique ? builder.unique() : builder).execute();
}

async function accounts(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'accounts'), engine)
    .addColumn('kind', 'text', required)
    .addColumn('login', 'text', required)
    .addColumn('login_key', 'text', (column) => column.notNull().unique())
    .addColumn('name', 'text', emptyText)
    .addColumn('created_at', 'bigint', required)
    .addColumn('suspended_at', 'bigint')
    .addColumn('admin', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('password_digest', 'text')
    .addColumn('two_factor_at', 'bigint')
    .addColumn('profile_json', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute();
  await withId(table(db, 'emails'), engine)
    .addColumn('user_id', 'bigint', partOf('accounts'))
    .addColumn('address', 'text', required)
    .addColumn('address_key', 'text', (column) => column.notNull().unique())
    .addColumn('verified_at', 'bigint')
    .addColumn('is_primary', 'integer', required)
    .addColumn('created_at', 'bigint', required)
    .execute();
  await index(db, 'emails', ['user_id']);
  await table(db, 'memberships')
    .addColumn('organization_id', 'bigint', partOf('accounts'))
    .addColumn('user_id', 'bigint', partOf('accounts'))
    .addColumn('role', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('memberships_key', ['organization_id', 'user_id'])
    .execute();
  await index(db, 'memberships', ['user_id']);
}

async function repositories(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'repositories'), engine)
    // No cascade: an account that still owns repositories, which are on disk, can't be deleted.
    .addColumn('owner_id', 'bigint', (column) => column.notNull().references('accounts.id'))
    .addColumn('name', 'text', required)
    .addColumn('name_key', 'text', required)
    .addColumn('description', 'text', emptyText)
    .addColumn('visibility', 'text', required)
    .addColumn('archived_at', 'bigint')
    .addColumn('object_format', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('pushed_at', 'bigint')
    .execute();
  await index(db, 'repositories', ['owner_id', 'name_key'], { unique: true });
  await index(db, 'repositories', ['owner_id', 'id']);
  await table(db, 'repository_names')
    .addColumn('owner_id', 'bigint', partOf('accounts'))
    .addColumn('name_key', 'text', required)
    .addColumn('repository_id', 'bigint', partOf('repositories'))
    .addPrimaryKeyConstraint('repository_names_key', ['owner_id', 'name_key'])
    .execute();
  await index(db, 'repository_names', ['repository_id']);
  await table(db, 'collaborators')
    .addColumn('repository_id', 'bigint', partOf('repositories'))
    .addColumn('user_id', 'bigint', partOf('accounts'))
    .addColumn('role', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addPrimaryKeyConstraint('collaborators_key', ['repository_id', 'user_id'])
    .execute();
  await index(db, 'collaborators', ['user_id']);
}

async function tokens(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'tokens'), engine)
    .addColumn('user_id', 'bigint', partOf('accounts'))
    .addColumn('kind', 'text', required)
    .addColumn('name', 'text', required)
    .addColumn('name_key', 'text', required)
    .addColumn('description', 'text', emptyText)
    .addColumn('last_eight', 'text', required)
    .addColumn('scopes_json', 'text', (column) => column.notNull().defaultTo('[]'))
    .addColumn('created_at', 'bigint', required)
    .addColumn('updated_at', 'bigint', required)
    .addColumn('issued_at', 'bigint', required)
    .addColumn('expires_at', 'bigint')
    .addColumn('not_before_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('revoked_by', 'text')
    .addColumn('allowed_addresses_json', 'text')
    .addColumn('uses_left', 'bigint')
    .addColumn('parent_id', 'bigint', mayName('tokens'))
    .addColumn('family_id', 'bigint', mayName('tokens'))
    .execute();
  await index(db, 'tokens', ['user_id', 'id']);
  await index(db, 'tokens', ['parent_id']);
  await index(db, 'tokens', ['family_id']);
  await index(db, 'tokens', ['expires_at']);
  // A revoked token frees its name; GitLab's scoped tokens may share one (a rotation keeps it).
  await sql`create unique index tokens_live_name on tokens (user_id, kind, name_key)
    where revoked_at is null and kind = 'fine-grained'`.execute(db);
  await table(db, 'token_secrets')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('token_id', 'bigint', partOf('tokens'))
    .addColumn('last_eight', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('ends_at', 'bigint')
    .execute();
  await index(db, 'token_secrets', ['token_id']);
  await table(db, 'token_organizations')
    .addColumn('token_id', 'bigint', partOf('tokens'))
    .addColumn('organization_id', 'bigint', partOf('accounts'))
    .addColumn('authorized_at', 'bigint', required)
    .addPrimaryKeyConstraint('token_organizations_key', ['token_id', 'organization_id'])
    .execute();
  await index(db, 'token_organizations', ['organization_id']);
  await table(db, 'token_use')
    .addColumn('token_id', 'bigint', (column) => column.primaryKey().references('tokens.id').onDelete('cascade'))
    .addColumn('last_used_at', 'bigint', required)
    .addColumn('last_address', 'text', required)
    .addColumn('last_agent', 'text', required)
    .addColumn('last_purpose', 'text', required)
    .addColumn('addresses_json', 'text', required)
    .execute();
}

async function grants(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'grants'), engine)
    .addColumn('token_id', 'bigint', partOf('tokens'))
    .addColumn('owner_id', 'bigint', required)
    .addColumn('selection', 'text', required)
    .addColumn('permissions_json', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('access_granted_at', 'bigint')
    .execute();
  await index(db, 'grants', ['token_id']);
  await index(db, 'grants', ['owner_id', 'state', 'id']);
  await table(db, 'grant_repositories')
    .addColumn('grant_id', 'bigint', partOf('grants'))
    .addColumn('repository_id', 'bigint', partOf('repositories'))
    .addPrimaryKeyConstraint('grant_repositories_key', ['grant_id', 'repository_id'])
    .execute();
  await index(db, 'grant_repositories', ['repository_id']);
}

async function requests(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'requests'), engine)
    .addColumn('token_id', 'bigint', partOf('tokens'))
    .addColumn('grant_id', 'bigint', partOf('grants'))
    .addColumn('organization_id', 'bigint', partOf('accounts'))
    .addColumn('user_id', 'bigint', partOf('accounts'))
    .addColumn('reason', 'text')
    .addColumn('selection', 'text', required)
    .addColumn('repository_ids_json', 'text', required)
    .addColumn('permissions_json', 'text', required)
    .addColumn('state', 'text', required)
    .addColumn('created_at', 'bigint', required)
    .addColumn('decided_at', 'bigint')
    .addColumn('decided_by', 'bigint', mayName('accounts'))
    .addColumn('decision_reason', 'text')
    .execute();
  await index(db, 'requests', ['organization_id', 'state', 'id']);
  for (const column of ['token_id', 'grant_id', 'user_id', 'decided_by']) await index(db, 'requests', [column]);
}

async function policies(db: Db): Promise<void> {
  await table(db, 'policies')
    .addColumn('account_id', 'bigint', (column) => column.primaryKey())
    .addColumn('policy_json', 'text', required)
    .addColumn('updated_at', 'bigint', required)
    .execute();
}

async function audit(db: Db, engine: Engine): Promise<void> {
  await withId(table(db, 'audit'), engine)
    .addColumn('at', 'bigint', required)
    .addColumn('action', 'text', required)
    .addColumn('actor_id', 'bigint')
    .addColumn('actor_login', 'text')
    .addColumn('user_id', 'bigint')
    .addColumn('organization_id', 'bigint')
    .addColumn('repository_id', 'bigint')
    .addColumn('token_id', 'bigint')
    .addColumn('actor_token_id', 'bigint')
    .addColumn('address', 'text')
    .addColumn('user_agent', 'text')
    .addColumn('data_json', 'text', required)
    .execute();
  for (const column of ['user_id', 'organization_id', 'token_id', 'actor_id', 'action'])
    await index(db, 'audit', [column, 'id']);
}

async function revision(db: Db): Promise<void> {
  await table(db, 'revision')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('revision', 'bigint', required)
    .execute();
  await sql`insert into revision (id, revision) values (1, 1)`.execute(db);
}
