/**
 * Writes audit entries endlessly, two per transaction, and prints the number of each on stdout once it is acknowledged.
 * Arguments as for `open-store`.
 */
import { writeSync } from 'node:fs';
import { makeLog } from '../../../src/base/log.ts';
import { appendAudit } from '../../../src/store/audit.ts';
import { openStore } from '../../../src/store/open.ts';

const [dataDir = '', databaseUrl = ''] = process.argv.slice(2);
const store = await openStore({
  dataDir,
  databaseUrl: databaseUrl === '' ? null : databaseUrl,
  log: makeLog('silent'),
});
const nothing = {
  actorId: null,
  actorLogin: null,
  userId: null,
  organizationId: null,
  repositoryId: null,
  tokenId: null,
  actorTokenId: null,
  address: null,
  userAgent: null,
};
for (let number = 1; ; number++) {
  await store.transaction(async (tx) => {
    await appendAudit(tx, { ...nothing, at: number, action: 'first', data: {} });
    await appendAudit(tx, { ...nothing, at: number, action: 'second', data: {} });
  });
  writeSync(1, `${number}\n`);
}
