/** The demo as a site on which a browser can sign in. */
import { setMember } from '../../src/actions/accounts/accounts.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { makeDemo } from '../../src/cli/serve/demo.ts';
import { setPasswordDigest } from '../../src/store/accounts.ts';
import { type Site, startSite } from './browser.ts';

/** The demo's people have no password: they get the one that tests know. */
export async function demoSite(): Promise<Site> {
  const site = await startSite();
  const { context } = site.server;
  await makeDemo(context);
  const known = await site.addPerson('nobody-of-the-demo');
  const { password_digest: digest } = await context.store.db
    .selectFrom('accounts')
    .select('password_digest')
    .where('id', '=', known.id)
    .executeTakeFirstOrThrow();
  const people = await context.store.db.selectFrom('accounts').select('id').where('kind', '=', 'user').execute();
  await context.store.transaction(async (tx) => {
    for (const { id } of people) await setPasswordDigest(tx, id, digest!);
  });
  await setMember(context, operatorPermit(), { organization: 'acme', login: 'grace', role: 'member' });
  return site;
}
