import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unknownVariables, withSecretFiles } from '../../../src/base/settings/environment.ts';
import { loadSettings } from '../../../src/base/settings/settings.ts';
import { readSettings } from '../../../src/base/settings/sources.ts';

const load = (env: Record<string, string>) => loadSettings({ flags: {}, env });

test('variables of the commands and of the examples for jobs never stop a server on the same machine', () => {
  const client = {
    LATCHKEY_URL: 'https://git.example.org',
    LATCHKEY_TOKEN: 'lkf_x',
    LATCHKEY_TOKEN_FILE: '/nonexistent/token',
  };
  expect(load(client)).toEqual(load({}));
  expect(withSecretFiles(client)).toEqual(client);
});

describe('variables that Kubernetes writes about a Service named latchkey', () => {
  const LINKS = {
    LATCHKEY_SERVICE_HOST: '10.96.0.7',
    LATCHKEY_SERVICE_PORT: '7070',
    LATCHKEY_SERVICE_PORT_HTTP: '7070',
    LATCHKEY_PORT: 'tcp://10.96.0.7:7070',
    LATCHKEY_PORT_7070_TCP: 'tcp://10.96.0.7:7070',
    LATCHKEY_PORT_7070_TCP_PROTO: 'tcp',
    LATCHKEY_PORT_7070_TCP_PORT: '7070',
    LATCHKEY_PORT_7070_TCP_ADDR: '10.96.0.7',
    LATCHKEY_METRICS_SERVICE_HOST: '10.96.0.8',
    LATCHKEY_METRICS_PORT: 'tcp://[fd00::8]:9100',
    LATCHKEY_HOST_SERVICE_PORT: '1',
  };

  test('are no settings', () => expect(load(LINKS)).toEqual(load({})));

  test.each([
    ['LATCHKEY_PORT', 'tcp:7070'],
    ['LATCHKEY_PORT', 'http://10.0.0.1:80'],
    ['LATCHKEY_METRICS_PORT', '9100x'],
  ])('%s=%s is a wrong setting all the same', (variable, value) => {
    expect(() => load({ [variable]: value })).toThrow(`${variable} must be`);
  });

  test('a misspelt setting is refused beside them', () => {
    expect(unknownVariables({ ...LINKS, LATCHKEY_PUBLIC_ULR: 'x', LATCHKEY_SERVICE_HOSTS: 'x' })).toEqual([
      'LATCHKEY_PUBLIC_ULR',
      'LATCHKEY_SERVICE_HOSTS',
    ]);
  });
});

describe('a variable without a text', () => {
  test('is not given', () => {
    const settings = load({ LATCHKEY_HOST: '', LATCHKEY_SMTP: '', LATCHKEY_DEMO: '', LATCHKEY_PORT: '' });
    expect(settings).toEqual(load({}));
  });

  test('is an empty list where the setting is one', () => {
    expect(load({ LATCHKEY_TRUSTED_PROXIES: '' }).trustedProxies).toEqual([]);
  });
});

describe('a secret in a file of its own', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'secret-')), 'database');
  writeFileSync(file, 'postgres://u:hunter2@db/x\n');

  test('is read without the end of its line', () => {
    const settings = readSettings({ flags: {}, env: { LATCHKEY_DATABASE_FILE: file } });
    expect(settings.database?.reveal()).toBe('postgres://u:hunter2@db/x');
  });

  test('is refused beside the variable itself, and the secret is not told', () => {
    const both = { LATCHKEY_DATABASE: 'postgres://u:other@db/x', LATCHKEY_DATABASE_FILE: file };
    expect(() => withSecretFiles(both)).toThrow('LATCHKEY_DATABASE and LATCHKEY_DATABASE_FILE are both set.');
    expect(() => withSecretFiles(both)).not.toThrow(/hunter2|other/);
  });

  test('that is not there is refused with its path', () => {
    const env = { LATCHKEY_SMTP_FILE: '/nowhere/smtp' };
    expect(() => readSettings({ flags: {}, env })).toThrow(
      "LATCHKEY_SMTP_FILE names /nowhere/smtp, which can't be read (ENOENT).",
    );
  });

  test('exists for secrets alone', () => {
    expect(() => load({ LATCHKEY_PORT_FILE: file })).toThrow('there is no such setting');
  });
});
