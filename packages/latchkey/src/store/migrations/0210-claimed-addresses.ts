/**
 * Anybody may claim an e-mail address; it belongs to whoever verified it. Before, a claim was refused when somebody had
 * the address already, which told strangers who has an account.
 */
import { type Kysely, sql } from 'kysely';
import { type Migration, withId } from './migration.ts';

export const claimedAddresses: Migration = {
  name: '0210-claimed-addresses',
  async up(db, engine) {
    if (engine === 'postgres') await sql`alter table emails drop constraint emails_address_key_key`.execute(db);
    else await rebuild(db);
    await db.schema.createIndex('emails_by_address_key').on('emails').columns(['address_key']).execute();
    await db.schema.createIndex('emails_of_user').on('emails').columns(['user_id', 'address_key']).unique().execute();
    await sql`create unique index emails_verified on emails (address_key) where verified_at is not null`.execute(db);
  },
};

/** SQLite can't drop the constraint of a column. Ids continue where they were. */
async function rebuild(db: Kysely<unknown>): Promise<void> {
  await withId(db.schema.createTable('emails_anew'), 'sqlite')
    .addColumn('user_id', 'bigint', (column) => column.notNull().references('accounts.id').onDelete('cascade'))
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('address_key', 'text', (column) => column.notNull())
    .addColumn('verified_at', 'bigint')
    .addColumn('is_primary', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  const columns = sql.raw('id, user_id, address, address_key, verified_at, is_primary, created_at');
  await sql`insert into emails_anew (${columns}) select ${columns} from emails`.execute(db);
  await sql`update sqlite_sequence set seq = (select seq from sqlite_sequence where name = 'emails')
    where name = 'emails_anew'`.execute(db);
  await db.schema.dropTable('emails').execute();
  await db.schema.alterTable('emails_anew').renameTo('emails').execute();
  await db.schema.createIndex('emails_by_user_id').on('emails').columns(['user_id']).execute();
}
