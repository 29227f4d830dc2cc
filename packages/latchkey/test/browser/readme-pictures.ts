/** `npm run pictures:readme`: the pictures that the README shows, made anew in `docs/images`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { test } from 'vitest';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { createToken } from '../../src/actions/tokens/tokens.ts';
import { DAY_SEC } from '../../src/base/time.ts';
import { type Site, withBrowser } from './browser.ts';
import { demoSite } from './demo-site.ts';

withBrowser();

const FOLDER = fileURLToPath(new URL('../../../../docs/images/', import.meta.url));

/** Thirty days of fetches and pushes of a token, and pushes that it was refused today. */
async function useToken({ server: { context } }: Site, tokenId: number): Promise<void> {
  const { db } = context.store;
  const at = context.clock.now();
  const { id: repository } = await db
    .selectFrom('repositories')
    .select('id')
    .where('name', '=', 'site')
    .executeTakeFirstOrThrow();
  const days = Array.from({ length: 30 }, (_, day) => ({ day, times: day % 7 > 4 ? day % 3 : 9 + ((day * 7) % 12) }));
  for (const { day, times } of days)
    await sql`insert into token_days (token_id, day_at, repository_id, permission, level, times)
      values (${tokenId}, ${at - (at % DAY_SEC) - day * DAY_SEC}, ${repository}, 'contents', 'read', ${times})`.execute(
      db,
    );
  await sql`insert into token_use (token_id, last_used_at, last_address, last_agent, last_purpose, addresses_json)
    values (${tokenId}, ${at - 240}, '192.0.2.14', 'git/2.47', 'fetch acme/site', '["192.0.2.14"]')`.execute(db);
}

test('the pictures of the readme', async () => {
  const site = await demoSite();
  const { context } = site.server;
  const idOf = async (name: string): Promise<number> =>
    (await context.store.db.selectFrom('tokens').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id;
  const laptop = await idOf('laptop');
  await useToken(site, laptop);
  const client = `${site.url}/acme/handbook.git/info/refs?service=git-receive-pack`;
  const { secret } = await createToken(context, operatorPermit(), {
    userLogin: 'ada',
    kind: 'fine-grained',
    name: 'deploy-site',
    description: 'Publishes the site from CI',
    scopes: [],
    grants: [
      {
        owner: 'acme',
        selection: 'selected',
        repositories: ['site', 'handbook'],
        permissions: { contents: 'read', statuses: 'write' },
        justification: null,
      },
    ],
  });
  await useToken(site, await idOf('deploy-site'));
  const authorization = `Basic ${Buffer.from(`ada:${secret.reveal()}`).toString('base64')}`;
  for (let times = 0; times < 3; times++) await fetch(client, { headers: { authorization } });
  await context.refusals.flush();
  const page = await site.signedIn('ada');
  const fine = '/settings/personal-access-tokens';
  const shot = async (name: string): Promise<void> => {
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  };
  await page.setViewportSize({ width: 1280, height: 1000 });
  await page.goto(`${fine}/${await idOf('deploy-site')}`);
  await shot('token');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/organizations/acme/settings/personal-access-token-requests');
  await shot('pending-requests');
  await page.goto(
    `${fine}/new?name=release+bot&target_name=acme&repositories=site&repositories=ledger&contents=write&statuses=write`,
  );
  await shot('token-form');
  await page.getByRole('button', { name: 'Generate token' }).click();
  await page.getByText('Waiting for its first use').first().waitFor();
  await shot('new-token');
});
