/** What the operator sees of all accounts, and an organization's end at the command line. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { addOrganization, addUser } from '../../src/actions/accounts/accounts.ts';
import { everyAccount } from '../../src/actions/accounts/people.ts';
import { operatorPermit } from '../../src/actions/decision/authorize.ts';
import { deleteOrganization, onOrganization } from '../../src/actions/organizations/organizations.ts';
import { addRepository } from '../../src/actions/repositories/repositories.ts';
import { contextWith } from './context.ts';

it('people and organizations are listed by login, and an organization ends with its repositories', async () => {
  const ctx = await contextWith();
  const permit = operatorPermit();
  for (const login of ['cy', 'Ada', 'bob'])
    await addUser(ctx, permit, { login, email: `${login}@example.org`, verified: true, admin: false, password: null });
  for (const name of ['Beta', 'acme']) await addOrganization(ctx, permit, { name, owner: 'ada' });
  await addRepository(ctx, permit, { owner: 'acme', name: 'site', visibility: 'private' });
  const logins = async (kind: 'user' | 'organization'): Promise<string[]> =>
    (await everyAccount(ctx, permit, kind)).map(({ login }) => login);
  expect([await logins('user'), await logins('organization')]).toEqual([
    ['Ada', 'bob', 'cy'],
    ['acme', 'Beta'],
  ]);
  await expect(onOrganization(ctx, permit, 'ada')).rejects.toThrow('There is no organization ada');
  await deleteOrganization(ctx, await onOrganization(ctx, permit, 'ACME'));
  expect([await logins('organization'), existsSync(ctx.git.path('acme', 'site'))]).toEqual([['Beta'], false]);
  await expect(addOrganization(ctx, permit, { name: 'Acme', owner: 'ada' })).rejects.toThrow('is reserved until');
});
