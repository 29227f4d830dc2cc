/** The operator's file of identity providers: read completely, or refused with every error and its line. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MAX_PROVIDERS, readProviderFile } from '../../../src/actions/identity/provider-file.ts';
import { SettingsProblem } from '../../../src/base/settings/problem.ts';
import { CLIENT_SECRET, providerFiles } from '../../doors/web/identity-provider.ts';

const GOOD = {
  name: 'work',
  label: 'Example',
  issuer: 'https://id.example.org/realms/staff',
  'client-id': 'latchkey',
  'client-secret-file': 'work.secret',
};

const yamlOf = (...entries: readonly object[]): string =>
  `providers:\n${entries.map((entry) => `  - ${JSON.stringify(entry)}\n`).join('')}`;

function fileWith(yaml: string): string {
  const files = providerFiles(yaml);
  onTestFinished(files.remove);
  return files.path;
}

function complaintsAbout(yaml: string): string[] {
  const path = fileWith(yaml);
  try {
    readProviderFile(path);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsProblem)) throw error;
    return error.complaints.map(({ message }) => message.replace(path, 'FILE'));
  }
}

it('a provider has what the file says, the secret of its own file, and the usual for the rest', () => {
  expect(readProviderFile(fileWith(yamlOf(GOOD)))).toEqual([
    {
      name: 'work',
      label: 'Example',
      issuer: GOOD.issuer,
      clientId: 'latchkey',
      clientSecret: expect.anything() as unknown,
      scopes: ['openid', 'profile', 'email'],
      secondFactor: 'here',
      externalIdClaim: 'sub',
      groupsClaim: ['groups'],
      trustsAddresses: false,
      admits: null,
      createsAccounts: false,
      freezesAtLogout: false,
      organizations: null,
    },
  ]);
  const [{ clientSecret } = { clientSecret: null }] = readProviderFile(fileWith(yamlOf(GOOD)));
  expect(clientSecret?.reveal()).toBe(CLIENT_SECRET);
  const [more] = readProviderFile(fileWith(yamlOf({ ...GOOD, scopes: ['groups'], 'second-factor': 'provider' })));
  expect(more).toMatchObject({ scopes: ['openid', 'groups'], secondFactor: 'provider' });
  const rules = { admits: { domains: ['Example.org'] }, 'groups-claim': ['realm_access', 'roles'] };
  const [made] = readProviderFile(fileWith(yamlOf({ ...GOOD, ...rules, 'create-accounts': true })));
  const admits = { domains: ['example.org'], groups: [] };
  expect(made).toMatchObject({ admits, groupsClaim: ['realm_access', 'roles'], createsAccounts: true });
  expect(readProviderFile(fileWith('providers: []\n'))).toEqual([]);
});

it.each<[what: string, entry: object, message: string]>([
  ['an unknown entry', { ...GOOD, secret: 'x' }, 'FILE:2: There is no entry named secret here.'],
  ['an issuer without TLS', { ...GOOD, issuer: 'http://id.example.org' }, 'must begin with https://'],
  ['an issuer with a query', { ...GOOD, issuer: 'https://id.example.org/?x' }, 'FILE:2: issuer must'],
  [
    'the door for every tenant',
    { ...GOOD, issuer: 'https://login.microsoftonline.com/common/v2.0' },
    'lets people of every tenant in',
  ],
  ['a name that can’t stand in an address', { ...GOOD, name: 'Work/1' }, 'FILE:2: name must'],
  ['a secret that isn’t there', { ...GOOD, 'client-secret-file': 'nowhere' }, 'nowhere can’t be read, or is empty.'],
  [
    'accounts for all of Google',
    { ...GOOD, issuer: 'https://accounts.google.com', 'create-accounts': true },
    'admits.',
  ],
  ['accounts by an organization’s own', { ...GOOD, organizations: ['a'], 'create-accounts': true }, 'signs nobody in'],
  [
    'a freeze by an organization’s own',
    { ...GOOD, organizations: ['a'], 'freeze-at-logout': true },
    'closes no account',
  ],
  ['an empty rule of who comes in', { ...GOOD, admits: {} }, 'FILE:2: admits must'],
  ['a domain with an @', { ...GOOD, admits: { domains: ['@example.org'] } }, 'FILE:2: '],
  ['a strange second factor', { ...GOOD, 'second-factor': 'none' }, 'FILE:2: second-factor must'],
])('%s is refused, with its line', (_, entry, message) => {
  expect(complaintsAbout(yamlOf(entry)).join('\n').replaceAll("'", '’')).toContain(message.replaceAll("'", '’'));
});

it('names and issuers are there once, and providers at most fifty', () => {
  expect(complaintsAbout(yamlOf(GOOD, GOOD))).toEqual(['FILE:3: Two providers are named work.']);
  expect(complaintsAbout(yamlOf(GOOD, { ...GOOD, name: 'second' }))).toEqual([
    `FILE:3: Two providers have the issuer ${GOOD.issuer}.`,
  ]);
  const many = (count: number): string =>
    yamlOf(...Array.from({ length: count }, (_, i) => ({ ...GOOD, name: `p${i}`, issuer: `${GOOD.issuer}${i}` })));
  expect(complaintsAbout(many(MAX_PROVIDERS))).toEqual([]);
  expect(complaintsAbout(many(MAX_PROVIDERS + 1))).toHaveLength(1);
});

it('every error is told at once, and an empty secret is none', () => {
  const path = fileWith(yamlOf(GOOD));
  writeFileSync(join(dirname(path), 'work.secret'), '\n');
  expect(() => readProviderFile(path)).toThrow("can't be read, or is empty");
  expect(complaintsAbout(yamlOf({ ...GOOD, name: '' }, { ...GOOD, label: '' }))).toHaveLength(2);
  expect(complaintsAbout('providers: [\n')).toEqual([expect.stringContaining('This is not valid YAML.') as string]);
  expect(complaintsAbout('- 1\n')).not.toEqual([]);
  expect(() => readProviderFile('/nowhere/providers.yaml')).toThrow("/nowhere/providers.yaml can't be read");
});
