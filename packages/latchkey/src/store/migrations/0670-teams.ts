/** Teams of organizations: nested, with members and with roles in repositories. */
import { type Migration, withId } from './migration.ts';

export const teams: Migration = {
  name: '0670-teams',
  async up(db, engine) {
    await withId(db.schema.createTable('teams'), engine)
      .addColumn('organization_id', 'bigint', (column) =>
        column.notNull().references('accounts.id').onDelete('cascade'),
      )
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('slug', 'text', (column) => column.notNull())
      .addColumn('description', 'text', (column) => column.notNull())
      .addColumn('is_secret', 'smallint', (column) => column.notNull())
      // No foreign key: a copy of the database is written by id, and a parent may be younger than its child.
      .addColumn('parent_id', 'bigint')
      // The group at an identity provider that it stands for; null = none.
      .addColumn('external_id', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('teams_slug', ['organization_id', 'slug'])
      .execute();
    await db.schema.createIndex('teams_by_parent').on('teams').columns(['parent_id']).execute();

    // Each team with itself and every team above it.
    await db.schema
      .createTable('team_lines')
      .addColumn('team_id', 'bigint', (column) => column.notNull().references('teams.id').onDelete('cascade'))
      .addColumn('ancestor_id', 'bigint', (column) => column.notNull().references('teams.id').onDelete('cascade'))
      .addPrimaryKeyConstraint('team_lines_key', ['team_id', 'ancestor_id'])
      .execute();
    await db.schema.createIndex('team_lines_by_ancestor').on('team_lines').columns(['ancestor_id']).execute();

    // A member of a team is a member of its organization, and leaves both at once.
    await db.schema
      .createTable('team_members')
      .addColumn('team_id', 'bigint', (column) => column.notNull().references('teams.id').onDelete('cascade'))
      .addColumn('user_id', 'bigint', (column) => column.notNull())
      .addColumn('organization_id', 'bigint', (column) => column.notNull())
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('team_members_key', ['team_id', 'user_id'])
      .addForeignKeyConstraint(
        'team_members_belong',
        ['organization_id', 'user_id'],
        'memberships',
        ['organization_id', 'user_id'],
        (key) => key.onDelete('cascade'),
      )
      .execute();
    await db.schema
      .createIndex('team_members_by_user')
      .on('team_members')
      .columns(['user_id', 'organization_id'])
      .execute();

    await db.schema
      .createTable('team_repositories')
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('team_id', 'bigint', (column) => column.notNull().references('teams.id').onDelete('cascade'))
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('team_repositories_key', ['repository_id', 'team_id'])
      .execute();
    await db.schema.createIndex('team_repositories_by_team').on('team_repositories').columns(['team_id']).execute();
  },
};
