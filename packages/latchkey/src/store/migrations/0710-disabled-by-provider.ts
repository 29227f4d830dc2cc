/** Accounts that an identity provider disabled: a flag beside the administrator's. */
import type { Migration } from './migration.ts';

export const disabledByProvider: Migration = {
  name: '0710-disabled-by-provider',
  async up(db) {
    await db.schema.alterTable('accounts').addColumn('disabled_by_provider_at', 'bigint').execute();
  },
};
