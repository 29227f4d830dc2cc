import { describe, expect, it } from 'vitest';
import {
  emailProblem,
  loginProblem,
  MAX_LOGIN_LENGTH,
  MAX_REPOSITORY_NAME_LENGTH,
  repositoryNameProblem,
  splitFullName,
} from '../../src/rules/names.ts';

describe('names', () => {
  it.each(['a', 'ada', 'Ada-Lovelace', '007', 'a-b-c', 'x'.repeat(MAX_LOGIN_LENGTH)])('takes %s as a login', (login) =>
    expect(loginProblem(login)).toBeNull(),
  );
  it.each([
    '',
    '-ada',
    'ada-',
    'a--b',
    'a_b',
    'a.b',
    'a b',
    'ädä',
    'a/b',
    '..',
    'x'.repeat(MAX_LOGIN_LENGTH + 1),
    'settings',
    'API',
    'login',
  ])('refuses %j as a login', (login) => expect(loginProblem(login)).toMatch(/\.$/));

  it.each(['site', '.github', 'a.b_c-d', 'X', 'x'.repeat(MAX_REPOSITORY_NAME_LENGTH), 'console'])(
    'takes %s as a repository',
    (name) => expect(repositoryNameProblem(name)).toBeNull(),
  );
  it.each([
    '',
    '.',
    '..',
    '.git',
    'a.git',
    'a.wiki',
    'a.lock',
    'a b',
    'a/b',
    'a\\b',
    'é',
    'con',
    'NUL.txt',
    'com1',
    'trailing.',
    'x'.repeat(MAX_REPOSITORY_NAME_LENGTH + 1),
  ])('refuses %j as a repository', (name) => expect(repositoryNameProblem(name)).toMatch(/\.$/));

  it.each(['ada@example.org', 'a+b@sub.example.co'])('takes %s as an address', (address) =>
    expect(emailProblem(address)).toBeNull(),
  );
  it.each([
    'ada',
    '@example.org',
    'ada@',
    'a b@example.org',
    'ada@example.org, eve@example.org',
    `${'a'.repeat(250)}@b.cd`,
  ])('refuses %j as an address', (address) => expect(emailProblem(address)).toMatch(/\.$/));

  it('splits a full name, with or without .git', () => {
    expect(splitFullName('acme/site')).toEqual({ owner: 'acme', name: 'site' });
    expect(splitFullName('acme/site.git')).toEqual({ owner: 'acme', name: 'site' });
    for (const wrong of ['acme', 'acme/', '/site', 'a/b/c', '']) expect(splitFullName(wrong)).toBeNull();
  });
});
