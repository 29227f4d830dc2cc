/** Locks on files that are kept by Git LFS. */
import { type Migration, withId } from './migration.ts';

export const lfsLocks: Migration = {
  name: '0500-lfs-locks',
  async up(db, engine) {
    await withId(db.schema.createTable('lfs_locks'), engine)
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('path', 'text', (column) => column.notNull())
      // An index has no room for the longest paths.
      .addColumn('path_digest', 'text', (column) => column.notNull())
      .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('locked_at', 'bigint', (column) => column.notNull())
      .addUniqueConstraint('lfs_locks_by_path', ['repository_id', 'path_digest'])
      .execute();
  },
};
