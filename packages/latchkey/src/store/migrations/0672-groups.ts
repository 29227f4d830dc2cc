/** Groups of providers and directories: what they stand for here, whom they put where, and who is in them. */
import { type Migration, withId } from './migration.ts';

export const groups: Migration = {
  name: '0672-groups',
  async up(db, engine) {
    await withId(db.schema.createTable('group_rules'), engine)
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('group_name', 'text', (column) => column.notNull())
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('team_id', 'bigint', (column) => column.references('teams.id').onDelete('set null'))
      .addColumn('team_role', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('group_rules_by_source').on('group_rules').columns(['source', 'group_name']).execute();
    await db.schema.createIndex('group_rules_by_organization').on('group_rules').columns(['organization_id']).execute();
    await db.schema.createIndex('group_rules_by_team').on('group_rules').columns(['team_id']).execute();

    // Who is where because of a group. `team_id` 0 is the organization itself.
    await db.schema
      .createTable('group_places')
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('team_id', 'bigint', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('role', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('group_places_key', ['user_id', 'organization_id', 'team_id', 'source'])
      .execute();
    await db.schema
      .createIndex('group_places_by_organization')
      .on('group_places')
      .columns(['organization_id'])
      .execute();
    await db.schema.createIndex('group_places_by_source').on('group_places').columns(['source']).execute();

    await withId(db.schema.createTable('provisioned_groups'), engine)
      .addColumn('client_id', 'bigint', (column) =>
        column.notNull().references('provisioning_clients.id').onDelete('cascade'),
      )
      .addColumn('external_id', 'text')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('name_key', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('provisioned_groups_by_name', ['client_id', 'name_key'])
      .execute();
    await db.schema
      .createTable('provisioned_group_members')
      .addColumn('group_id', 'bigint', (column) =>
        column.notNull().references('provisioned_groups.id').onDelete('cascade'),
      )
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('provisioned_group_members_key', ['group_id', 'user_id'])
      .execute();
    await db.schema
      .createIndex('provisioned_group_members_by_user')
      .on('provisioned_group_members')
      .columns(['user_id'])
      .execute();
  },
};
