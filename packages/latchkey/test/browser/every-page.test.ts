/** Every page that needs no story: opened once by an administrator who owns things, and looked at in light, dark and narrow. Axe finds nothing. */
import { expect, test } from 'vitest';
import { operatorPermit } from '../../src/actions/authorize.ts';
import { createToken } from '../../src/actions/tokens.ts';
import { look, PASSWORD, withBrowser } from './browser.ts';
import { octo } from './octo.ts';

withBrowser();

const FOR_ANYBODY = ['/login', '/signup', '/password_reset', '/help', '/help/token_expired'];
const SIGNED_IN = [
  '/', '/new', '/octo', '/octo/site', '/octo/site/settings', '/settings/profile', '/-/profile', '/settings/appearance', '/settings/emails', '/settings/security', '/settings/sessions', '/settings/security-log',
  '/settings/developers', '/settings/personal-access-tokens', '/settings/personal-access-tokens/new', '/settings/tokens', '/settings/tokens/new', '/-/user_settings/personal_access_tokens', '/settings/token-health',
  '/settings/personal-access-tokens/1', '/settings/personal-access-tokens/1/edit', '/settings/personal-access-tokens/1/endpoints', '/settings/personal-access-tokens/1/renew', '/settings/personal-access-tokens/1/delete',
  '/settings/tokens/2', '/settings/tokens/2/edit', '/-/user_settings/personal_access_tokens/3', '/-/user_settings/personal_access_tokens/3/edit',
  '/organizations/octo/settings/people', '/organizations/octo/settings/personal-access-token-policy', '/organizations/octo/settings/personal-access-token-requests', '/organizations/octo/settings/personal-access-tokens',
  '/organizations/octo/settings/audit-log', '/instance', '/instance/people', '/instance/policy', '/instance/health', '/instance/tokens', '/instance/audit-log', '/instance/mail', '/instance/invitations', '/device', '/login/device',
];

test('every page is found, and axe finds nothing on it', { timeout: 600_000 }, async () => {
  const site = await octo({ signUp: 'open' });
  const { context } = site.server;
  const grant = { owner: '', selection: 'all' as const, repositories: [], permissions: { contents: 'write' }, justification: null };
  const draft = { userLogin: 'grace', description: '', scopes: [] as string[], grants: [] as typeof grant[] };
  await createToken(context, operatorPermit(), { ...draft, kind: 'fine-grained', name: 'one', grants: [grant] });
  await createToken(context, operatorPermit(), { ...draft, kind: 'classic', name: 'two', scopes: ['repo'] });
  await createToken(context, operatorPermit(), { ...draft, kind: 'scoped', name: 'three', scopes: ['api'] });
  const stranger = await site.open();
  const grace = await site.signedIn('grace');
  const missing: string[] = [];
  for (const [page, paths] of [[stranger, FOR_ANYBODY], [grace, SIGNED_IN]] as const) {
    for (const path of paths) {
      const answer = await page.goto(path);
      if (await page.getByRole('heading', { name: 'Confirm access' }).count() > 0) {
        await page.getByLabel('Password').fill(PASSWORD);
        await page.getByRole('button', { name: 'Confirm' }).click();
      }
      if (answer!.status() !== 200) missing.push(`${answer!.status()} ${path}`);
      else await look(page, `every${path.replaceAll('/', '-')}`);
    }
  }
  expect(missing).toEqual([]);
});
