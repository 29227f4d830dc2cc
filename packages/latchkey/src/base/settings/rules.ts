/**
 * Settings that contradict each other, as data: each row is a combination of values that are fine on their own but
 * make no sense together.
 *
 * Invariant: anything that lets a token cross a network in clear text is refused unless `--insecure-http` says that
 * this is intended.
 */
import {
  DATABASE_PARAMETERS,
  type DatabaseAddress,
  isSocket,
  readDatabaseAddress,
  SSL_MODES,
} from '../database-address.ts';
import { acmeCertificateOf } from './acme-folder.ts';
import type { SettingName, SettingValues } from './rows.ts';
import { DATABASE_POOL } from './rows.ts';
import { isLoopback } from './values.ts';

export interface SettingRule {
  /** The setting that a complaint is filed under. */
  readonly about: SettingName;
  /** True when it is only about listening, so administration commands can ignore it. */
  readonly listening: boolean;
  readonly broken: (values: SettingValues) => boolean;
  readonly message: (values: SettingValues) => string;
  readonly hint: string;
}

const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1'];
/** True when the public address is this machine's own, so no clients from elsewhere are expected. */
const isOwnMachine = ({ host, publicUrl }: SettingValues): boolean =>
  isLoopback(host) && (publicUrl === null || isLoopback(hostIn(publicUrl)));
const hostIn = (url: string): string => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * The trusted proxies. Without a setting: programs of this machine, as long as it serves only itself. Once others are
 * expected, a tunnel or proxy on this machine may pass on what its clients write, so it must be named.
 */
export function proxiesOf(values: SettingValues): readonly string[] {
  return values.trustedProxies ?? (isOwnMachine(values) ? LOOPBACK : []);
}

const hasTls = (values: SettingValues): boolean => values.tlsCert !== null && values.tlsKey !== null;
/**
 * A proxy that can reach the server: on this machine, if only this machine can reach it; otherwise one that was named.
 */
const hasProxy = (values: SettingValues): boolean =>
  proxiesOf(values).some((network) => isLoopback(values.host) || !isLoopback(network));
/** True when PostgreSQL is used and its address meets this condition. */
const addressed = ({ database }: SettingValues, is: (address: DatabaseAddress) => boolean): boolean =>
  database !== null && is(readDatabaseAddress(database.reveal()));
const scheme = (values: SettingValues): string | null =>
  values.publicUrl === null ? null : new URL(values.publicUrl).protocol;

export const SETTING_RULES: readonly SettingRule[] = [
  {
    about: 'localSignIn',
    listening: false,
    broken: ({ localSignIn, identityProviders }) => localSignIn !== null && identityProviders === null,
    message: () => '--local-sign-in keeps all others from signing in here, and there is no other way in.',
    hint: 'name the providers: --identity-providers FILE; or leave --local-sign-in out',
  },
  {
    about: 'database',
    listening: false,
    broken: (values) => addressed(values, ({ hasUnknown }) => hasUnknown),
    message: () => '--database has something after its ? that is not read there, or the same thing twice.',
    hint:
      `there may be ${DATABASE_PARAMETERS.join(', ')}; the rest has settings of its own: --database-ca, ` +
      `--database-pool`,
  },
  {
    about: 'database',
    listening: false,
    broken: (values) =>
      addressed(values, ({ parameters: { sslmode } }) => sslmode !== undefined && !SSL_MODES.includes(sslmode)),
    message: () => `sslmode in --database must be one of ${SSL_MODES.join(', ')}.`,
    hint:
      'verify-full is right nearly always; modes that may do without TLS, or without looking at the certificate, ' +
      'protect against nobody',
  },
  {
    about: 'database',
    listening: false,
    broken: (values) =>
      addressed(values, ({ parameters: { sslmode } }) => sslmode === 'verify-ca') && values.databaseCa === null,
    message: () =>
      'sslmode=verify-ca in --database takes a certificate for any name, so it needs an authority of your own.',
    hint: 'name its certificate: --database-ca FILE; or check the name, too: sslmode=verify-full',
  },
  {
    about: 'database',
    listening: false,
    broken: (values) =>
      addressed(values, ({ parameters: { sslcert, sslkey } }) => (sslcert === undefined) !== (sslkey === undefined)),
    message: () => 'sslcert and sslkey in --database belong together.',
    hint: 'name both files, or neither',
  },
  {
    about: 'databaseCa',
    listening: false,
    broken: (values) =>
      values.databaseCa !== null &&
      addressed(values, (address) => address.parameters.sslmode === 'disable' || isSocket(address)),
    message: () => '--database-ca is given, but --database says that no TLS is spoken.',
    hint: 'leave --database-ca out, or sslmode=disable; through a Unix socket there is no TLS',
  },
  {
    about: 'databaseCa',
    listening: false,
    broken: ({ database, databaseCa, databasePool }) =>
      database === null && (databaseCa !== null || databasePool !== DATABASE_POOL.default),
    message: ({ databaseCa }) =>
      `${databaseCa === null ? '--database-pool' : '--database-ca'} is given without --database.`,
    hint: 'name PostgreSQL, too: --database URL; SQLite has no use for it',
  },
  {
    about: 'tlsCert',
    listening: true,
    broken: ({ tlsCert, tlsKey }) => tlsCert !== null && tlsKey === null,
    message: () => '--tls-cert is given without --tls-key.',
    hint: 'name the private key of the certificate, too: --tls-key FILE',
  },
  {
    about: 'tlsKey',
    listening: true,
    broken: ({ tlsCert, tlsKey }) => tlsKey !== null && tlsCert === null,
    message: () => '--tls-key is given without --tls-cert.',
    hint: 'name the certificate that belongs to the key, too: --tls-cert FILE',
  },
  {
    about: 'acmeDomains',
    listening: true,
    broken: (values) =>
      values.acmeDomains.length > 0 && values.tlsCert !== null && values.tlsCert !== acmeCertificateOf(values),
    message: () => '--acme-domain and --tls-cert contradict each other.',
    hint: 'leave --tls-cert and --tls-key out, and the server gets a certificate; or leave --acme-domain out',
  },
  {
    about: 'acmeHttpPort',
    listening: true,
    broken: ({ acmeDomains, acmeEmail, acmeHttpPort, acmeFolder, acmeEabKid }) =>
      acmeDomains.length === 0 && [acmeHttpPort, acmeEmail, acmeFolder, acmeEabKid].some((given) => given !== null),
    message: () => 'a setting of --acme-… is given without --acme-domain.',
    hint: 'name what the certificate is for, too: --acme-domain NAME',
  },
  {
    about: 'acmeEabKid',
    listening: true,
    broken: ({ acmeEabKid, acmeEabHmacKey }) => (acmeEabKid === null) !== (acmeEabHmacKey === null),
    message: () => '--acme-eab-kid and --acme-eab-hmac-key belong together.',
    hint: 'give both as the certificate authority shows them, the key in LATCHKEY_ACME_EAB_HMAC_KEY or its _FILE',
  },
  {
    about: 'host',
    listening: true,
    broken: (values) =>
      !isLoopback(values.host) &&
      values.tlsCert === null &&
      values.tlsKey === null &&
      !values.insecureHttp &&
      !hasProxy(values),
    message: ({ host }) => `Listening on ${host} without TLS would send tokens over the network for everyone to read.`,
    hint:
      'give --tls-cert and --tls-key, or --trusted-proxy CIDR for a proxy that speaks HTTPS, or --insecure-http on ' +
      'a closed test network',
  },
  {
    about: 'publicUrl',
    listening: true,
    broken: (values) =>
      scheme(values) === 'https:' && values.tlsCert === null && values.tlsKey === null && !hasProxy(values),
    message: ({ publicUrl }) => `--public-url ${publicUrl} promises HTTPS, but nothing here speaks it.`,
    hint:
      'give --tls-cert and --tls-key, or name the proxy that speaks HTTPS: --trusted-proxy 127.0.0.1 for one on ' +
      'this machine',
  },
  {
    about: 'publicUrl',
    listening: true,
    broken: (values) => scheme(values) === 'http:' && hasTls(values),
    message: ({ publicUrl }) =>
      `--public-url ${publicUrl} says HTTP, but with --tls-cert the server speaks HTTPS alone.`,
    hint: 'let --public-url begin with https://',
  },
  {
    about: 'publicUrl',
    listening: true,
    broken: (values) =>
      scheme(values) === 'http:' &&
      !hasTls(values) &&
      !values.insecureHttp &&
      !isLoopback(hostIn(values.publicUrl ?? '')),
    message: ({ publicUrl }) =>
      `--public-url ${publicUrl} would make people send tokens over the network for everyone to read.`,
    hint: 'use an https:// address, or --insecure-http on a closed test network',
  },
  {
    about: 'insecureHttp',
    listening: true,
    broken: (values) => values.insecureHttp && hasTls(values),
    message: () => '--insecure-http and --tls-cert contradict each other.',
    hint: 'leave --insecure-http out: with a certificate the server speaks HTTPS alone',
  },
  {
    about: 'traceOneIn',
    listening: true,
    broken: ({ otlpEndpoint, otlpSignals, traceOneIn }) =>
      traceOneIn !== 1 && (otlpEndpoint === null || !otlpSignals.includes('traces')),
    message: () => '--trace-one-in is given, but no traces are sent anywhere.',
    hint: 'name the collector, too: --otlp-endpoint URL',
  },
  {
    about: 'otlpSignals',
    listening: true,
    broken: ({ otlpEndpoint, otlpSignals }) => otlpEndpoint === null && otlpSignals.includes('logs'),
    message: () => '--otlp-signal logs is given, but no collector to send them to.',
    hint: 'name it, too: --otlp-endpoint URL',
  },
  {
    about: 'auditWebhook',
    listening: true,
    broken: ({ auditWebhook, insecureHttp }) => {
      const url = auditWebhook === null ? null : new URL(auditWebhook.reveal());
      return url?.protocol === 'http:' && !insecureHttp && !isLoopback(hostIn(url.href));
    },
    message: () => '--audit-webhook would send the audit log over the network for everyone to read.',
    hint: 'use an https:// address, or --insecure-http on a closed test network',
  },
  {
    about: 'auditWebhookSecret',
    listening: true,
    broken: ({ auditWebhook, auditWebhookSecret }) => auditWebhook === null && auditWebhookSecret !== null,
    message: () => '--audit-webhook-secret is given, but there is no --audit-webhook whose requests it would sign.',
    hint: 'name the receiver, too: --audit-webhook URL',
  },
  {
    about: 'auditCa',
    listening: true,
    broken: ({ auditWebhook, auditSyslog, auditCa }) =>
      auditCa !== null && auditWebhook === null && auditSyslog === null,
    message: () => '--audit-ca is given, but the audit log is streamed to no receiver that shows a certificate.',
    hint: 'name the receiver, too: --audit-webhook URL or --audit-syslog URL',
  },
  {
    about: 'auditClientCert',
    listening: true,
    broken: ({ auditClientCert, auditClientKey }) => (auditClientCert === null) !== (auditClientKey === null),
    message: () => '--audit-client-cert and --audit-client-key belong together.',
    hint: 'name both files: --audit-client-cert FILE --audit-client-key FILE',
  },
  {
    about: 'auditClientCert',
    listening: true,
    broken: ({ auditWebhook, auditSyslog, auditClientCert }) =>
      auditClientCert !== null && auditWebhook === null && auditSyslog === null,
    message: () => '--audit-client-cert is given, but the audit log is streamed to no receiver that could ask for it.',
    hint: 'name the receiver, too: --audit-webhook URL or --audit-syslog URL',
  },
  {
    about: 'demo',
    listening: true,
    broken: (values) => values.demo && values.database !== null,
    message: () => '--demo fills the database of an empty data folder, so it does not go with --database.',
    hint: 'leave --database out, or --demo',
  },
  {
    about: 'readOnly',
    listening: true,
    broken: (values) => values.readOnly && values.database === null,
    message: () => '--read-only is for a node beside others, so it needs the database that they share.',
    hint: 'give --database postgres://…, or leave --read-only out',
  },
  {
    about: 'readOnly',
    listening: true,
    broken: (values) => values.readOnly && values.publicUrl === null,
    message: () => '--read-only needs to know where people push instead.',
    hint: 'give --public-url, the address that leads to the nodes that write',
  },
  {
    about: 'readOnly',
    listening: true,
    broken: (values) => values.readOnly && values.adopt,
    message: () => '--read-only and --adopt contradict each other: a copy may still hold what was deleted.',
    hint: 'let a node that writes adopt',
  },
];
