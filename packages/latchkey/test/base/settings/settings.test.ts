/** Settings: where they come from, what each accepts, and what prevents a start. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findConfigFile } from '../../../src/base/settings/file.ts';
import { SettingsProblem } from '../../../src/base/settings/problem.ts';
import {
  SETTING_NAMES,
  type SettingName,
  settingFlag,
  settingKey,
  settingRow,
  settingVariable,
} from '../../../src/base/settings/rows.ts';
import { atPort, loadSettings, type SettingSources, type Settings } from '../../../src/base/settings/settings.ts';
import { sshCloneAddress } from '../../../src/base/settings/values.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(flags: SettingSources['flags'], env: SettingSources['env'] = {}, yaml?: string): Settings {
  return loadSettings({
    flags,
    env,
    file: yaml === undefined ? null : { path: '/etc/latchkey/latchkey.yaml', text: yaml },
  });
}

function complaintsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (!(error instanceof SettingsProblem)) throw error;
    for (const complaint of error.complaints) expect(complaint.hint).not.toBe('');
    return error.complaints.map((complaint) => complaint.message);
  }
  return [];
}

describe('where a setting comes from', () => {
  const env = { LATCHKEY_PORT: '2', LATCHKEY_CONFIG: '/etc/latchkey/latchkey.yaml' };

  test('a flag wins over a variable, a variable over the file, the file over the default', () => {
    expect(load({ port: '1' }, env, 'port: 3').port).toBe(1);
    expect(load({}, env, 'port: 3').port).toBe(2);
    expect(load({}, {}, 'port: 3').port).toBe(3);
    expect(load({}).port).toBe(7070);
  });

  test('paths start from the working directory, and in a file from its folder', () => {
    expect(load({ repositories: 'repos' }).repositories).toBe(resolve('repos'));
    expect(load({}, {}, 'repositories: repos').repositories).toBe('/etc/latchkey/repos');
    expect(load({}).data).toBe(resolve('data'));
  });

  test('repositories lie in the data folder unless they are named', () => {
    expect(load({ data: '/srv/latchkey' }).repositories).toBe('/srv/latchkey/repositories');
    expect(load({ data: '/srv/latchkey', repositories: '/srv/git' }).repositories).toBe('/srv/git');
  });

  test('every row has its own flag, variable and key, and a default that it would accept', () => {
    expect(new Set(SETTING_NAMES.map(settingFlag)).size).toBe(SETTING_NAMES.length);
    expect(settingFlag('maxGitProcesses')).toBe('--max-git-processes');
    expect(settingVariable('maxGitProcesses')).toBe('LATCHKEY_MAX_GIT_PROCESSES');
    expect(settingKey('maxGitProcesses')).toBe('max-git-processes');
    expect(settingFlag('trustedProxies')).toBe('--trusted-proxy');
    for (const name of SETTING_NAMES)
      expect(settingRow(name).default === null, name).toBe(settingRow(name).defaultMeans !== undefined);
  });

  test('lists come from repeated flags, a variable with commas, or a list in the file', () => {
    expect(load({ trustedProxies: ['10.0.0.0/8', '::1'] }).trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(load({}, { LATCHKEY_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7' }).trustedProxies).toEqual([
      '10.0.0.0/8',
      '192.0.2.7',
    ]);
    expect(load({}, {}, 'trusted-proxies: [10.0.0.0/8]').trustedProxies).toEqual(['10.0.0.0/8']);
    expect(load({}, { LATCHKEY_TRUSTED_PROXIES: '' }).trustedProxies).toEqual([]);
  });
});

describe('proxies that nobody named', () => {
  const LOOPBACK = ['127.0.0.0/8', '::1'];

  test('are believed on this machine, as long as it alone is served', () => {
    expect(load({}).trustedProxies).toEqual(LOOPBACK);
    expect(load({ host: '::1' }).trustedProxies).toEqual(LOOPBACK);
    expect(load({ publicUrl: 'http://localhost:8080' }).trustedProxies).toEqual(LOOPBACK);
  });

  test.each([
    ['others reach it by its public address', { publicUrl: 'http://git.example.org', insecureHttp: true }],
    ['it listens for others', { host: '0.0.0.0', insecureHttp: true }],
    ['it speaks TLS for others', { host: '192.0.2.7', tlsCert: 'c', tlsKey: 'k' }],
  ])('are nobody as soon as %s: a tunnel may pass on what its clients write', (_, flags) =>
    expect(load(flags).trustedProxies).toEqual([]),
  );
});

describe('the public URL', () => {
  test('is made from host and port unless it is set', () => {
    expect(load({}).publicUrl).toBe('http://127.0.0.1:7070');
    expect(load({ host: '[::1]', port: '80' }).publicUrl).toBe('http://[::1]');
    expect(load({ host: '0.0.0.0', insecureHttp: true }).publicUrl).toBe('http://localhost:7070');
    expect(load({ tlsCert: 'c', tlsKey: 'k', host: 'git.example.org', port: 443 }).publicUrl).toBe(
      'https://git.example.org',
    );
    expect(load({ publicUrl: 'https://Git.Example.org/', trustedProxies: ['127.0.0.1'] }).publicUrl).toBe(
      'https://git.example.org',
    );
  });

  test('follows the port that the system gave, but only where it was made from it', () => {
    expect(atPort(load({ port: 0 }), 4711)).toMatchObject({ port: 4711, publicUrl: 'http://127.0.0.1:4711' });
    const behindProxy = load({ port: 0, publicUrl: 'https://git.example.org', trustedProxies: ['::1'] });
    expect(atPort(behindProxy, 4711).publicUrl).toBe('https://git.example.org');
  });
});

/** Each row: a setting, texts it accepts with their values, and texts it refuses with their rule. */
const VALUES: readonly [SettingName, readonly [string, unknown][], readonly string[], string][] = [
  [
    'port',
    [
      ['0', 0],
      ['65535', 65_535],
    ],
    ['-1', '65536', 'http', '80.5', ''],
    'a whole number from 0 to 65535',
  ],
  [
    'maxGitProcesses',
    [
      ['1', 1],
      ['1024', 1024],
    ],
    ['0', '1025'],
    'a whole number from 1 to 1024',
  ],
  [
    'gitQueueLimit',
    [
      ['0', 0],
      ['100000', 100_000],
    ],
    ['-1', '100001'],
    'a whole number from 0 to 100000',
  ],
  [
    'gitQueueWaitSec',
    [
      ['1', 1],
      ['3600', 3600],
    ],
    ['0', '3601'],
    'a whole number from 1 to 3600',
  ],
  [
    'gitIdleTimeoutSec',
    [
      ['1', 1],
      ['86400', 86_400],
    ],
    ['0', '86401'],
    'a whole number from 1 to 86400',
  ],
  [
    'host',
    [
      ['::1', '::1'],
      ['[::1]', '::1'],
      ['localhost', 'localhost'],
      ['127.0.0.2', '127.0.0.2'],
    ],
    ['', '1.2.3', '1.2.3.999', 'a b', 'a/b', '-x'],
    'an IP address or a host name',
  ],
  [
    'publicUrl',
    [
      ['https://localhost:8443', 'https://localhost:8443'],
      ['https://LOCALHOST/git/', 'https://localhost/git'],
      ['https://localhost/tools/v1.2', 'https://localhost/tools/v1.2'],
    ],
    [
      'ftp://a.example',
      'https://a.example/a//b',
      'https://a.example/../git',
      'https://a.example/%67it',
      'https://a.example/ä',
      'https://a.example/?x',
      'https://a.example/#x',
      'https://u:p@a.example',
      'a.example',
      '',
    ],
    'an http:// or https:// address without user name, query or fragment; its path, if it has one, made of letters, ' +
      'digits, hyphens, underscores and dots',
  ],
  [
    'otlpEndpoint',
    [
      ['http://collector:4318', 'http://collector:4318'],
      ['https://Otel.example/base/', 'https://otel.example/base'],
    ],
    ['collector:4318', 'ftp://collector', 'https://u:p@collector', 'https://collector/?x', 'https://collector/#x', ''],
    'an http:// or https:// address without user name, query or fragment',
  ],
  [
    'tokenPrefix',
    [
      ['a', 'a'],
      ['A1b2C3d4E5f6G7h8', 'A1b2C3d4E5f6G7h8'],
    ],
    ['', 'A1b2C3d4E5f6G7h8i', 'a_b', 'ä'],
    '1 to 16 letters and digits',
  ],
  [
    'logLevel',
    [
      ['debug', 'debug'],
      ['silent', 'silent'],
    ],
    ['verbose', 'INFO', ''],
    'one of trace, debug, info, warn, error, fatal, silent',
  ],
  [
    'insecureHttp',
    [
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ],
    ['yes', ''],
    'true or false',
  ],
  ['data', [['/srv/x', '/srv/x']], [''], 'a path'],
  [
    'trustedProxies',
    [['2001:db8::/32', ['2001:db8::/32']]],
    ['10.0.0.0/33', '::/129', 'proxy.example', '10.0.0.0/8,,'],
    'networks such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7',
  ],
];

describe.each(VALUES)('the setting %s', (name, taken, refused, rule) => {
  test.each(taken)('accepts %j', (text, value) =>
    expect(load({}, { [settingVariable(name)]: text })[name]).toEqual(value),
  );
  test.each(refused)('refuses %j and names the rule', (text) => {
    // An empty variable counts as not given; an empty flag is wrong.
    const [called, problem] =
      text === ''
        ? [settingFlag(name), complaintsOf(() => load({ [name]: text }))]
        : [settingVariable(name), complaintsOf(() => load({}, { [settingVariable(name)]: text }))];
    const [message, ...more] = problem;
    expect(message).toContain(`${called} must be ${rule}, not `);
    expect(more).toEqual([]);
  });
});

describe('what is unknown or of the wrong type refuses the start', () => {
  test('a variable that is no setting, with the one that was meant', () => {
    expect(() => load({}, { LATCHKEY_PROT: '80' })).toThrow(
      'The variable LATCHKEY_PROT is set, but there is no such setting.',
    );
    expect.assertions(2);
    try {
      load({}, { LATCHKEY_PROT: '80' });
    } catch (error) {
      expect((error as SettingsProblem).complaints[0]!.hint).toBe('did you mean LATCHKEY_PORT?');
    }
  });

  test('variables of others do not matter', () => expect(load({}, { PORT: 'x', LATCH: 'y' }).port).toBe(7070));

  test('a key that is no setting, and a file that names a file', () => {
    expect(complaintsOf(() => load({}, {}, 'prot: 80\nconfig: x'))).toEqual([
      '/etc/latchkey/latchkey.yaml sets "prot", but there is no such setting for a file.',
      '/etc/latchkey/latchkey.yaml sets "config", but there is no such setting for a file.',
    ]);
  });

  test('a value of the wrong type in the file', () => {
    expect(complaintsOf(() => load({}, {}, 'port: "80"\ndemo: yes please\nhost:\ntoken-prefix: 7'))).toEqual([
      '"host" in /etc/latchkey/latchkey.yaml must be an IP address or a host name, not null.',
      '"port" in /etc/latchkey/latchkey.yaml must be a whole number from 0 to 65535, not "80".',
      '"token-prefix" in /etc/latchkey/latchkey.yaml must be 1 to 16 letters and digits, not 7.',
      '"demo" in /etc/latchkey/latchkey.yaml must be true or false, not "yes please".',
    ]);
  });

  test('every error is told at once', () => {
    expect(complaintsOf(() => load({ port: 'x' }, { LATCHKEY_HOST: 'a b', LATCHKEY_X: '1' }, 'y: 1'))).toHaveLength(4);
  });

  test('a database address is never shown', () => {
    const [message] = complaintsOf(() => load({ database: 'mysql://u:hunter2@db/x' }));
    expect(message).toBe('--database must be an address of PostgreSQL that begins with postgres:// or postgresql://.');
    const settings = load({ database: 'postgres://u:hunter2@db/x' });
    expect(settings.database?.reveal()).toBe('postgres://u:hunter2@db/x');
    expect(JSON.stringify(settings)).not.toContain('hunter2');
  });
});

/** Each row: the settings, and the complaint about them, or null when they are fine. */
const COMBINATIONS: readonly [string, SettingSources['flags'], string | null][] = [
  ['a certificate without its key', { tlsCert: 'c' }, '--tls-cert is given without --tls-key.'],
  ['a key without its certificate', { tlsKey: 'k' }, '--tls-key is given without --tls-cert.'],
  ['a certificate and its key', { tlsCert: 'c', tlsKey: 'k' }, null],
  ['a certificate of its own', { acmeDomains: ['git.example.org'], host: '0.0.0.0' }, null],
  [
    'a certificate of its own beside one that is named',
    { acmeDomains: ['git.example.org'], tlsCert: 'c', tlsKey: 'k' },
    '--acme-domain and --tls-cert contradict each other.',
  ],
  [
    'a port for an authority that nobody asks',
    { acmeHttpPort: 80 },
    'a setting of --acme-… is given without --acme-domain.',
  ],
  [
    'a folder for a certificate that nobody gets',
    { acmeFolder: 'f' },
    'a setting of --acme-… is given without --acme-domain.',
  ],
  [
    'an external account without its key',
    { acmeDomains: ['git.example.org'], acmeEabKid: 'k' },
    '--acme-eab-kid and --acme-eab-hmac-key belong together.',
  ],
  [
    'an external account with its key',
    { acmeDomains: ['git.example.org'], acmeEabKid: 'k', acmeEabHmacKey: 'x'.repeat(22) },
    null,
  ],
  [
    'logs for no collector',
    { otlpSignals: ['logs'] },
    '--otlp-signal logs is given, but no collector to send them to.',
  ],
  ['logs for a collector', { otlpEndpoint: 'http://127.0.0.1:4318', otlpSignals: ['logs'] }, null],
  [
    'a share of traces that are not sent',
    { otlpEndpoint: 'http://127.0.0.1:4318', otlpSignals: ['logs'], traceOneIn: 9 },
    '--trace-one-in is given, but no traces are sent anywhere.',
  ],
  ['loopback in clear text', { host: '127.0.0.9' }, null],
  ['localhost in clear text', { host: 'localhost' }, null],
  [
    'every address in clear text',
    { host: '0.0.0.0' },
    'Listening on 0.0.0.0 without TLS would send tokens over the network for everyone to read.',
  ],
  [
    'every IPv6 address in clear text',
    { host: '::' },
    'Listening on :: without TLS would send tokens over the network for everyone to read.',
  ],
  [
    'a host name in clear text',
    { host: 'git.example.org' },
    'Listening on git.example.org without TLS would send tokens over the network for everyone to read.',
  ],
  ['every address with TLS', { host: '0.0.0.0', tlsCert: 'c', tlsKey: 'k' }, null],
  ['every address behind a named proxy', { host: '0.0.0.0', trustedProxies: ['10.0.0.5'] }, null],
  [
    'every address behind a proxy that can only be on this machine',
    { host: '0.0.0.0', trustedProxies: ['127.0.0.1'] },
    'Listening on 0.0.0.0 without TLS would send tokens over the network for everyone to read.',
  ],
  ['every address in clear text, meant', { host: '0.0.0.0', insecureHttp: true }, null],
  [
    'HTTPS outside, a proxy on this machine',
    { publicUrl: 'https://git.example.org', trustedProxies: ['127.0.0.1'] },
    null,
  ],
  [
    'HTTPS outside, a proxy on this machine that nobody named',
    { publicUrl: 'https://git.example.org' },
    '--public-url https://git.example.org promises HTTPS, but nothing here speaks it.',
  ],
  [
    'HTTPS outside, no proxy trusted',
    { publicUrl: 'https://git.example.org', trustedProxies: [] },
    '--public-url https://git.example.org promises HTTPS, but nothing here speaks it.',
  ],
  [
    'HTTPS outside, clear text inside, no proxy',
    { publicUrl: 'https://git.example.org', host: '0.0.0.0', insecureHttp: true },
    '--public-url https://git.example.org promises HTTPS, but nothing here speaks it.',
  ],
  [
    'HTTPS outside with TLS',
    { publicUrl: 'https://git.example.org', host: '0.0.0.0', tlsCert: 'c', tlsKey: 'k' },
    null,
  ],
  [
    'HTTP outside with TLS',
    { publicUrl: 'http://git.example.org', tlsCert: 'c', tlsKey: 'k' },
    '--public-url http://git.example.org says HTTP, but with --tls-cert the server speaks HTTPS alone.',
  ],
  [
    'HTTP outside',
    { publicUrl: 'http://git.example.org' },
    '--public-url http://git.example.org would make people send tokens over the network for everyone to read.',
  ],
  ['HTTP outside, meant', { publicUrl: 'http://git.example.org', insecureHttp: true }, null],
  ['HTTP on loopback', { publicUrl: 'http://[::1]:8080' }, null],
  [
    'clear text meant, but a certificate given',
    { insecureHttp: true, tlsCert: 'c', tlsKey: 'k' },
    '--insecure-http and --tls-cert contradict each other.',
  ],
  [
    'the demo on PostgreSQL',
    { demo: true, database: 'postgres://db/x' },
    '--demo fills the database of an empty data folder, so it does not go with --database.',
  ],
  ['the demo', { demo: true }, null],
  ...(
    [
      ['sslmode=verify-full', null],
      ['sslmode=require', null],
      ['sslmode=disable', null],
      ['host=%2Frun%2Fpostgresql&application_name=x&options=-csearch_path%3Dy', null],
      ['sslcert=a&sslkey=b', null],
      ['sslcert=a', 'sslcert and sslkey in --database belong together.'],
      ...[
        'max=20',
        'uselibpqcompat=true',
        'ssl=no-verify',
        'sslrootcert=a',
        'statement_timeout=0',
        'sslmode=verify-full&sslmode=disable',
      ].map((text) => [text, '--database has something after its ? that is not read there, or the same thing twice.']),
      ...['prefer', 'allow', 'no-verify', 'VERIFY-FULL', 'constructor', ''].map((mode) => [
        `sslmode=${mode}`,
        'sslmode in --database must be one of disable, require, verify-ca, verify-full.',
      ]),
      [
        'sslmode=verify-ca',
        'sslmode=verify-ca in --database takes a certificate for any name, so it needs an authority of your own.',
      ],
    ] as const
  ).map(
    ([parameters, complaint]) =>
      [`PostgreSQL with ${parameters}`, { database: `postgres://db/x?${parameters}` }, complaint] as [
        string,
        SettingSources['flags'],
        string | null,
      ],
  ),
  ['an authority for PostgreSQL', { database: 'postgres://db/x?sslmode=verify-ca', databaseCa: 'ca.pem' }, null],
  [
    'an authority for clear text',
    { database: 'postgres://db/x?sslmode=disable', databaseCa: 'ca.pem' },
    '--database-ca is given, but --database says that no TLS is spoken.',
  ],
  [
    'an authority for a socket',
    { database: 'postgres:///x?host=%2Frun%2Fpostgresql', databaseCa: 'ca.pem' },
    '--database-ca is given, but --database says that no TLS is spoken.',
  ],
  ['an authority without PostgreSQL', { databaseCa: 'ca.pem' }, '--database-ca is given without --database.'],
  ['a pool without PostgreSQL', { databasePool: '20' }, '--database-pool is given without --database.'],
  ['the smallest pool', { database: 'postgres://db/x', databasePool: '2' }, null],
  ['the largest pool', { database: 'postgres://db/x', databasePool: '1000' }, null],
  [
    'too small a pool',
    { database: 'postgres://db/x', databasePool: '1' },
    '--database-pool must be a whole number from 2 to 1000, not 1.',
  ],
  [
    'too large a pool',
    { database: 'postgres://db/x', databasePool: '1001' },
    '--database-pool must be a whole number from 2 to 1000, not 1001.',
  ],
  [
    'traces of some requests, to nowhere',
    { traceOneIn: '100' },
    '--trace-one-in is given, but no traces are sent anywhere.',
  ],
  ['traces of some requests', { traceOneIn: '1000000', otlpEndpoint: 'http://collector:4318' }, null],
  [
    'traces of no request',
    { traceOneIn: '0', otlpEndpoint: 'http://collector:4318' },
    '--trace-one-in must be a whole number from 1 to 1000000, not 0.',
  ],
  [
    'traces of too few requests',
    { traceOneIn: '1000001', otlpEndpoint: 'http://collector:4318' },
    '--trace-one-in must be a whole number from 1 to 1000000, not 1000001.',
  ],
  [
    'the log to a receiver',
    { auditWebhook: 'https://siem.example.org/in?key=k', auditWebhookSecret: 's'.repeat(16) },
    null,
  ],
  ['the log to a receiver on this machine', { auditWebhook: 'http://127.0.0.1:8088/' }, null],
  [
    'the log over the network in clear',
    { auditWebhook: 'http://siem.example.org/' },
    '--audit-webhook would send the audit log over the network for everyone to read.',
  ],
  ['the log in clear, said out loud', { auditWebhook: 'http://siem.example.org/', insecureHttp: true }, null],
  [
    'too short a secret for the log',
    { auditWebhook: 'https://siem.example.org/', auditWebhookSecret: 's'.repeat(15) },
    '--audit-webhook-secret must be a text of 16 characters or more, in one line.',
  ],
  [
    'a secret for no receiver',
    { auditWebhookSecret: 's'.repeat(16) },
    '--audit-webhook-secret is given, but there is no --audit-webhook whose requests it would sign.',
  ],
  [
    'a receiver that is no address',
    { auditWebhook: 'siem.example.org' },
    '--audit-webhook must be an http:// or https:// address without fragment.',
  ],
  ['the log by syslog', { auditSyslog: 'tls://[::1]:6514', auditCa: 'ca.pem' }, null],
  [
    'the log by syslog without TLS',
    { auditSyslog: 'tcp://logs.example.org' },
    '--audit-syslog must be an address such as tls://logs.example.org:6514, not "tcp://logs.example.org".',
  ],
  [
    'authorities for nobody',
    { auditCa: 'ca.pem', auditFile: 'audit.jsonl' },
    '--audit-ca is given, but the audit log is streamed to no receiver that shows a certificate.',
  ],
  [
    'a certificate for the receiver of the log',
    { auditSyslog: 'tls://[::1]:6514', auditClientCert: 'c.pem', auditClientKey: 'c.key' },
    null,
  ],
  [
    'a certificate without its key',
    { auditSyslog: 'tls://[::1]:6514', auditClientCert: 'c.pem' },
    '--audit-client-cert and --audit-client-key belong together.',
  ],
  [
    'a key without its certificate',
    { auditSyslog: 'tls://[::1]:6514', auditClientKey: 'c.key' },
    '--audit-client-cert and --audit-client-key belong together.',
  ],
  [
    'a certificate for nobody',
    { auditClientCert: 'c.pem', auditClientKey: 'c.key', auditFile: 'audit.jsonl' },
    '--audit-client-cert is given, but the audit log is streamed to no receiver that could ask for it.',
  ],
  ['a reader', { readOnly: true, database: 'postgres://db/x', publicUrl: 'http://localhost' }, null],
  [
    'a reader of its own database',
    { readOnly: true, publicUrl: 'http://localhost' },
    '--read-only is for a node beside others, so it needs the database that they share.',
  ],
  [
    'a reader that can name no writer',
    { readOnly: true, database: 'postgres://db/x' },
    '--read-only needs to know where people push instead.',
  ],
  [
    'a reader that adopts',
    { readOnly: true, adopt: true, database: 'postgres://db/x', publicUrl: 'http://localhost' },
    '--read-only and --adopt contradict each other: a copy may still hold what was deleted.',
  ],
];

describe('contradictions refuse the start', () => {
  test.each(COMBINATIONS)('%s', (_, flags, complaint) =>
    expect(complaintsOf(() => load(flags))).toEqual(complaint === null ? [] : [complaint]),
  );

  test('but rules about listening do not bind administration', () => {
    expect(loadSettings({ flags: { host: '0.0.0.0' }, env: {}, purpose: 'admin' }).host).toBe('0.0.0.0');
  });
});

describe('the configuration file', () => {
  const find = (flags: SettingSources['flags'], env: SettingSources['env'] = {}) => findConfigFile({ flags, env });

  test('is the one in the data folder when it is there', () => {
    expect(find({ data: folder })).toBeNull();
    const path = join(folder, 'latchkey.yaml');
    writeFileSync(path, 'port: 8080\n');
    expect(find({ data: folder })).toEqual({ path, text: 'port: 8080\n' });
    expect(find({}, { LATCHKEY_DATA: folder })).toEqual({ path, text: 'port: 8080\n' });
    expect(loadSettings({ flags: { data: folder }, env: {}, file: find({ data: folder }) })).toMatchObject({
      port: 8080,
      config: path,
    });
    rmSync(path);
  });

  test('is the named one, which must be there', () => {
    const path = join(folder, 'other.yaml');
    writeFileSync(path, '');
    expect(find({ config: path, data: '/nowhere' })?.path).toBe(path);
    expect(find({}, { LATCHKEY_CONFIG: path })?.path).toBe(path);
    expect(() => find({ config: join(folder, 'none.yaml') })).toThrow(
      `The configuration file ${join(folder, 'none.yaml')} can't be read: there is no such file.`,
    );
    expect(() => find({ config: folder })).toThrow("can't be read: the system says EISDIR.");
  });

  test('that was found in the data folder cannot move the data folder; a named one can', () => {
    const message = '/etc/latchkey/latchkey.yaml lies in the data folder, so it can\'t set "data".';
    expect(complaintsOf(() => load({}, {}, 'data: /srv/x'))).toEqual([message]);
    expect(load({ config: '/etc/latchkey/latchkey.yaml' }, {}, 'data: /srv/x').data).toBe('/srv/x');
  });

  test('may be empty, and must be a list of settings in YAML', () => {
    expect(load({}, {}, '# nothing yet\n').port).toBe(7070);
    expect(complaintsOf(() => load({}, {}, '- port'))).toEqual([
      '/etc/latchkey/latchkey.yaml must hold settings as `key: value` lines.',
    ]);
    expect(complaintsOf(() => load({}, {}, 'host: a\nport: 1\nport: 2'))).toEqual([
      '/etc/latchkey/latchkey.yaml is not valid YAML: see line 3.',
    ]);
    expect(complaintsOf(() => load({}, {}, 'a: [1'))[0]).toContain('is not valid YAML: see line ');
  });
});

describe('the address of SSH', () => {
  test('is what people clone from', () => {
    const clone = (sshAddress: string): string => {
      const read = load({ sshAddress }).sshAddress;
      return read === null ? '' : sshCloneAddress(read, 'ada/site');
    };
    expect(clone('git@git.example.org')).toBe('git@git.example.org:ada/site.git');
    expect(clone('ssh://git@git.example.org:22/')).toBe('git@git.example.org:ada/site.git');
    expect(clone('ssh://git@git.example.org:2222')).toBe('ssh://git@git.example.org:2222/ada/site.git');
    expect(clone('git@[::1]:2222')).toBe('ssh://git@[::1]:2222/ada/site.git');
    expect(load({}).sshAddress).toBeNull();
  });

  test.each([
    'git.example.org',
    'git@',
    'git@host/path',
    '-oProxyCommand@host',
    'git@-host',
    'git@[::x]',
    'git@h:0',
    'a@h:65536',
  ])('is not %s', (sshAddress) => {
    expect(complaintsOf(() => load({ sshAddress }))).toEqual([
      `--ssh-address must be USER@HOST, or ssh://USER@HOST:PORT, not ${JSON.stringify(sshAddress)}.`,
    ]);
  });
});
