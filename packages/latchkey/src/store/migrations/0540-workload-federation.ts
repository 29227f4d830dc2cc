/** Workload identity federation: trusted issuers, the rules of owners, tokens that were taken already, who ran. */
import { type Migration, withId } from './migration.ts';

export const workloadFederation: Migration = {
  name: '0540-workload-federation',
  async up(db, engine) {
    await withId(db.schema.createTable('workload_issuers'), engine)
      .addColumn('name', 'text', (column) => column.notNull().unique())
      .addColumn('issuer', 'text', (column) => column.notNull().unique())
      .addColumn('preset', 'text', (column) => column.notNull())
      .addColumn('jwks_json', 'text')
      .addColumn('ca_pem', 'text')
      .addColumn('max_life_sec', 'bigint', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    await withId(db.schema.createTable('workload_rules'), engine)
      .addColumn('issuer_id', 'bigint', (column) =>
        column.notNull().references('workload_issuers.id').onDelete('cascade'),
      )
      .addColumn('token_id', 'bigint', (column) =>
        column.notNull().unique().references('tokens.id').onDelete('cascade'),
      )
      .addColumn('machine_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
      .addColumn('conditions_json', 'text', (column) => column.notNull())
      .addColumn('max_life_sec', 'bigint', (column) => column.notNull())
      .addColumn('is_single_use', 'integer', (column) => column.notNull())
      .addColumn('takes_pull_requests', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .execute();
    for (const column of ['issuer_id', 'machine_id'])
      await db.schema.createIndex(`workload_rules_by_${column}`).on('workload_rules').columns([column]).execute();
    await db.schema
      .createTable('workload_exchanges')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('ends_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('workload_exchanges_by_ends_at')
      .on('workload_exchanges')
      .columns(['ends_at'])
      .execute();
    await db.schema.alterTable('derived_tokens').addColumn('workload_json', 'text').execute();
  },
};
