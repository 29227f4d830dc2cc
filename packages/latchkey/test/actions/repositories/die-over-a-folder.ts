/**
 * Begins to rename or delete acme/site, and dies at the given moment. Arguments: data folder, database URL or nothing,
 * `renamed` or `deleted`.
 */

import { operatorPermit, type Permit } from '../../../src/actions/decision/authorize.ts';
import { openContext } from '../../../src/actions/instance/open.ts';
import { changeRepository, deleteRepository } from '../../../src/actions/repositories/changes.ts';
import { makeLog } from '../../../src/base/log.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { accountByLogin } from '../../../src/store/accounts.ts';
import { repositoryByName } from '../../../src/store/repositories.ts';

const [data = '', database = '', moment = ''] = process.argv.slice(2);
const ctx = await openContext(
  loadSettings({ flags: { data, ...(database === '' ? {} : { database }) }, env: {} }),
  makeLog('silent'),
);
const die = (): never => process.kill(process.pid, 'SIGKILL') as never;
const git = {
  ...ctx.git,
  rename: async (...[from, to]: Parameters<typeof ctx.git.rename>) => {
    await ctx.git.rename(from, to);
    die();
  },
  remove: async () => die(),
};
const owner = (await accountByLogin(ctx.store.db, 'acme'))!;
const { repository } = (await repositoryByName(ctx.store.db, owner.id, 'site'))!;
const permit = {
  ...operatorPermit(),
  target: { kind: 'repository', fullName: 'acme/site', owner, repository },
} as unknown as Permit;
if (moment === 'renamed') await changeRepository({ ...ctx, git }, permit, { name: 'www' });
else await deleteRepository({ ...ctx, git }, permit);
