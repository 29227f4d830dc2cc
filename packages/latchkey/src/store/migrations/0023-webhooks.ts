/** Webhooks, and what was delivered to them. */
import { type Migration, withId } from './migration.ts';

export const webhooks: Migration = {
  name: '0023-webhooks',
  async up(db, engine) {
    await withId(db.schema.createTable('webhooks'), engine)
      .addColumn('repository_id', 'bigint', (column) =>
        column.notNull().references('repositories.id').onDelete('cascade'),
      )
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('content_type', 'text', (column) => column.notNull())
      .addColumn('secret', 'text')
      .addColumn('insecure_ssl', 'integer', (column) => column.notNull())
      .addColumn('events_json', 'text', (column) => column.notNull())
      .addColumn('active', 'integer', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('webhooks_by_repository').on('webhooks').columns(['repository_id', 'id']).execute();
    await withId(db.schema.createTable('webhook_deliveries'), engine)
      .addColumn('webhook_id', 'bigint', (column) => column.notNull().references('webhooks.id').onDelete('cascade'))
      .addColumn('guid', 'text', (column) => column.notNull())
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('action', 'text')
      .addColumn('redelivery', 'integer', (column) => column.notNull())
      .addColumn('payload_json', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('delivered_at', 'bigint')
      .addColumn('duration_ms', 'bigint')
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('status_code', 'integer', (column) => column.notNull())
      .addColumn('request_headers_json', 'text', (column) => column.notNull())
      .addColumn('response_headers_json', 'text', (column) => column.notNull())
      .addColumn('response_body', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('webhook_deliveries_by_webhook')
      .on('webhook_deliveries')
      .columns(['webhook_id', 'id'])
      .execute();
    await db.schema
      .createIndex('webhook_deliveries_by_created_at')
      .on('webhook_deliveries')
      .columns(['created_at'])
      .execute();
  },
};
