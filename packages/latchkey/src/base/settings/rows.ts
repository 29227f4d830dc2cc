/**
 * Every setting of the server, as data, one row each. Flags, variables, the configuration file, `--help` and
 * docs/configuration.md are all generated from here.
 *
 * Invariant: a row's spellings follow from its name. `maxGitProcesses` is `--max-git-processes`,
 * `LATCHKEY_MAX_GIT_PROCESSES`, and `max-git-processes` in the file. Only a list has a separate name for its flag,
 * because the flag is given once per value.
 */
import { LOG_FORMATS, type LogFormat } from '../log.ts';
import { PROXY_HEADERS, type ProxyHeader } from '../requests/caller.ts';
import {
  branchName,
  databaseUrl,
  endpoint,
  hmacKey,
  host,
  hostNames,
  logins,
  mailbox,
  networks,
  type OtlpSignal,
  oneOf,
  onOff,
  otlpSignals,
  path,
  receiverUrl,
  sharedSecret,
  site,
  smtpUrl,
  sshAddress,
  syslogAddress,
  textLike,
  type ValueKind,
  wholeNumber,
} from './values.ts';

type SettingSection =
  | 'Where things are'
  | 'Listening'
  | 'Git'
  | 'Tokens'
  | 'People'
  | 'Mail'
  | 'Other services'
  | 'Audit log'
  | 'Limits'
  | 'Running';

/**
 * One setting. `Default` is null where leaving it out means something that no value expresses; `defaultMeans` says
 * what.
 */
export interface SettingRow<Value = unknown, Default extends Value | null = Value | null> {
  readonly kind: ValueKind<Value>;
  readonly default: Default;
  readonly defaultMeans?: string;
  readonly section: SettingSection;
  /** Its purpose in one line. Lower-case, no full stop. */
  readonly doc: string;
  readonly unit?: 'seconds';
  /** The flag, if it isn't the name in kebab-case. */
  readonly flag?: string;
  /** True when the administration commands take it too. */
  readonly forAdmin?: true;
  /** True when the configuration file can't contain it. */
  readonly notInFile?: true;
}

const row = <Value, Default extends Value | null>(it: SettingRow<Value, Default>): SettingRow<Value, Default> => it;
const optional = <Value>(
  it: Omit<SettingRow<Value, null>, 'default'> & { defaultMeans: string },
): SettingRow<Value, Value | null> => ({ ...it, default: null });
const off = (it: Omit<SettingRow<boolean, boolean>, 'default' | 'kind'>): SettingRow<boolean, boolean> => ({
  ...it,
  kind: onOff,
  default: false,
});

/** Log levels, from the most verbose to the least: pino's. */
/** Which requests get a line in the log. */
const REQUEST_LOG_EXTENTS = ['all', 'refused', 'off'] as const;
export type RequestLogExtent = (typeof REQUEST_LOG_EXTENTS)[number];
const PARTIAL_CLONES = ['all', 'simple', 'none'] as const;
type PartialClones = (typeof PARTIAL_CLONES)[number];
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Who may make an account. */
export const APPLICATION_REGISTRATION = ['off', 'approved', 'open'] as const;
export const SIGN_UP = ['open', 'invited', 'closed'] as const;

/** Connections of one process to PostgreSQL. At least two, because a change may have to wait for a reader. */
export const DATABASE_POOL = { min: 2, max: 1_000, default: 10 } as const;

export const SETTING_ROWS = {
  data: row<string, string>({
    section: 'Where things are',
    kind: path('DIR'),
    default: 'data',
    forAdmin: true,
    doc:
      'folder of the embedded database, and of the repositories unless `--repositories` says otherwise; `--demo` ' +
      'has its own, named demo',
  }),
  config: optional({
    section: 'Where things are',
    kind: path('FILE'),
    defaultMeans: '`latchkey.yaml` in the data folder, if it exists',
    forAdmin: true,
    notInFile: true,
    doc: 'configuration file in YAML',
  }),
  database: optional({
    section: 'Where things are',
    kind: databaseUrl,
    defaultMeans: 'SQLite, in the file `latchkey.db` of the data folder',
    forAdmin: true,
    doc:
      'PostgreSQL to keep everything in (put an address with a password in the variable or the file: the process ' +
      'list shows flags)',
  }),
  databaseCa: optional({
    section: 'Where things are',
    kind: path('FILE'),
    defaultMeans: 'the authorities that the system trusts',
    forAdmin: true,
    doc: 'certificates in PEM of the authorities that may sign PostgreSQL’s certificate',
  }),
  databasePool: row<number, number>({
    section: 'Where things are',
    kind: wholeNumber(DATABASE_POOL.min, DATABASE_POOL.max),
    default: DATABASE_POOL.default,
    doc: 'most connections of each worker to PostgreSQL; one more is for changes made elsewhere (see operations.md)',
  }),
  secretKeyFile: optional({
    section: 'Where things are',
    kind: path('FILE'),
    defaultMeans: '`secret.key` in the data folder, made at the first start',
    forAdmin: true,
    doc:
      'file with the key that seals what a stolen database must not give away; all nodes on one database need the ' +
      'same',
  }),
  repositories: optional({
    section: 'Where things are',
    kind: path('DIR'),
    defaultMeans: '`repositories` in the data folder',
    forAdmin: true,
    doc: 'folder of the bare repositories, each at OWNER/NAME.git',
  }),
  adopt: off({
    section: 'Where things are',
    doc: 'at the start, register as private the bare repositories in the folder that are not known yet',
  }),
  groupAccess: off({
    section: 'Where things are',
    forAdmin: true,
    doc:
      'let the server’s group read what it writes (folders 0750, files 0640): for backups, or a proxy that runs ' +
      'git itself; without it nobody else can (0700, 0600), whatever the umask',
  }),
  readOnly: off({
    section: 'Where things are',
    forAdmin: true,
    doc:
      'the repositories here are a copy that something else keeps up to date: serve them, never change them; ' +
      'needs --database and --public-url',
  }),
  downloads: optional({
    section: 'Where things are',
    kind: path('DIR'),
    defaultMeans: '`dist/download` of the program, where `npm run build:cli` puts them',
    doc: 'folder of the client that `/download` offers: executables and npm package, with their digests in SHA256SUMS',
  }),
  host: row<string, string>({ section: 'Listening', kind: host, default: '127.0.0.1', doc: 'address to listen on' }),
  port: row<number, number>({
    section: 'Listening',
    kind: wholeNumber(0, 65_535),
    default: 7070,
    doc: 'port to listen on; 0 takes a free one',
  }),
  publicUrl: optional({
    section: 'Listening',
    kind: site,
    defaultMeans: 'made from host and port',
    doc: 'address at which people reach the server, with a path if you like; links and messages use it',
  }),
  tlsCert: optional({
    section: 'Listening',
    kind: path('FILE'),
    defaultMeans: 'no TLS',
    doc: 'certificate chain in PEM, to speak HTTPS; a renewed one is used after SIGHUP, or within ten seconds anyway',
  }),
  tlsKey: optional({
    section: 'Listening',
    kind: path('FILE'),
    defaultMeans: 'no TLS',
    doc: 'private key of the certificate in PEM',
  }),
  acmeDomains: row<readonly string[], readonly string[]>({
    section: 'Listening',
    kind: hostNames,
    default: [],
    flag: '--acme-domain',
    doc:
      'names for which the server gets and renews its own certificate, in place of `--tls-cert`; by using it you ' +
      'agree to the authority’s terms',
  }),
  acmeDirectory: row<string, string>({
    section: 'Listening',
    kind: endpoint,
    default: 'https://acme-v02.api.letsencrypt.org/directory',
    doc: 'directory of the certificate authority (ACME, RFC 8555)',
  }),
  acmeEmail: optional({
    section: 'Listening',
    kind: mailbox,
    defaultMeans: 'none',
    doc: 'where the certificate authority may write to',
  }),
  acmeEabKid: optional({
    section: 'Listening',
    kind: textLike('KID', /^[\x21-\x7e]{1,200}$/, 'the identifier of a key, without spaces'),
    defaultMeans: 'none',
    doc: 'external account at the certificate authority (EAB): the identifier of its key',
  }),
  acmeEabHmacKey: optional({
    section: 'Listening',
    kind: hmacKey,
    defaultMeans: 'none',
    doc:
      'external account at the certificate authority (EAB): its key, in base64url, as the authority shows it ' +
      '(put it in the variable or a file: the process list shows flags)',
  }),
  acmeFolder: optional({
    section: 'Listening',
    kind: path('DIR'),
    defaultMeans: '`acme` in the data folder',
    doc: 'folder of the account and the certificate; nodes that share it share one certificate',
  }),
  acmeHttpPort: optional({
    section: 'Listening',
    kind: wholeNumber(0, 65_535),
    defaultMeans: 'none: the authority asks at port 443 (TLS-ALPN-01), which must lead to `--port`',
    doc:
      'port that answers the authority in plain HTTP (HTTP-01) and redirects everyone else to HTTPS; port 80 ' +
      'must lead to it',
  }),
  trustedProxies: optional({
    section: 'Listening',
    kind: networks,
    defaultMeans: 'none; `127.0.0.0/8` and `::1` as long as host and public address are this machine’s own',
    flag: '--trusted-proxy',
    doc: 'networks of the proxies that may say who the caller is (see proxies.md)',
  }),
  proxyHeader: row<ProxyHeader, ProxyHeader>({
    section: 'Listening',
    kind: oneOf(PROXY_HEADERS, 'NAME'),
    default: 'x-forwarded-for',
    doc: 'header in which they say it; a request from them that also has the other one is refused',
  }),
  sshPort: optional({
    section: 'Listening',
    kind: wholeNumber(1, 65_535),
    defaultMeans: 'no sshd of our own',
    doc: 'port on which the server runs the machine’s sshd, as its own account and only for git (see ssh.md)',
  }),
  sshAddress: optional({
    section: 'Listening',
    kind: sshAddress,
    defaultMeans: 'the server’s account, at the host of the public address and --ssh-port; without that, no SSH',
    doc: 'where people reach git over SSH, as USER@HOST or ssh://USER@HOST:PORT; set up its sshd as ssh.md says',
  }),
  insecureHttp: off({
    section: 'Listening',
    doc: 'let tokens cross the network without TLS; for closed test networks only',
  }),
  maxGitProcesses: row<number, number>({
    section: 'Git',
    kind: wholeNumber(1, 1024),
    default: 16,
    doc: 'most Git processes at the same time; further requests wait in a queue',
  }),
  gitQueueLimit: row<number, number>({
    section: 'Git',
    kind: wholeNumber(0, 100_000),
    default: 512,
    doc: 'most requests that may wait for a Git process; further ones are told to come back later',
  }),
  gitQueueWaitSec: row<number, number>({
    section: 'Git',
    kind: wholeNumber(1, 3600),
    default: 60,
    unit: 'seconds',
    doc: 'how long a request waits for a Git process',
  }),
  gitIdleTimeoutSec: row<number, number>({
    section: 'Git',
    kind: wholeNumber(1, 86_400),
    default: 300,
    unit: 'seconds',
    doc: 'a clone or push is cut off when git has sent nothing, and the client less than 16 KiB, for this long',
  }),
  packCacheMib: row<number, number>({
    section: 'Git',
    kind: wholeNumber(0, 1_048_576),
    default: 512,
    doc:
      'MiB on disk, for each worker, for answers to clones that several clients ask for within a minute; 0 ' +
      'shares nothing',
  }),
  defaultBranch: row<string, string>({
    section: 'Git',
    kind: branchName,
    default: 'main',
    doc: 'default branch of new repositories, unless their organization has its own',
  }),
  partialClones: row<PartialClones, PartialClones>({
    section: 'Git',
    kind: oneOf(PARTIAL_CLONES, 'WHICH'),
    default: 'all',
    doc:
      'which partial clones are served: `all` that git knows; `simple`, which leave out files, large files or ' +
      'everything but commits (`blob:none`, `blob:limit`, `tree:0`) and cost the server little; `none`, so that ' +
      'clients clone everything',
  }),
  allowRepositoryHooks: off({
    section: 'Git',
    doc: 'run the hooks in repositories, with the rights of the server',
  }),
  tokenDisuseDays: row<number, number>({
    section: 'Tokens',
    kind: wholeNumber(0, 3650),
    default: 365,
    doc: 'days without use after which a token is revoked, a week after its owner was told; 0 means never',
  }),
  tokenPrefix: optional({
    section: 'Tokens',
    kind: textLike('TEXT', /^[A-Za-z0-9]{1,16}$/, '1 to 16 letters and digits'),
    defaultMeans: 'none',
    doc: 'letters in front of every new token, followed by _, so that a secret scanner recognizes this instance',
  }),
  signUp: row<(typeof SIGN_UP)[number], (typeof SIGN_UP)[number]>({
    section: 'People',
    kind: oneOf(SIGN_UP, 'WHO'),
    default: 'invited',
    doc:
      'who may make an account: everyone (open), people whom an administrator invites (invited), or nobody: ' +
      'administrators add people (closed)',
  }),
  applicationRegistration: row<(typeof APPLICATION_REGISTRATION)[number], (typeof APPLICATION_REGISTRATION)[number]>({
    section: 'People',
    kind: oneOf(APPLICATION_REGISTRATION, 'WHICH'),
    default: 'approved',
    doc:
      'OAuth applications that nobody here registered, such as MCP clients: they may ask people to sign in ' +
      '(open), only once an administrator approves them (approved), or never (off)',
  }),
  identityProviders: optional({
    section: 'People',
    kind: path('FILE'),
    defaultMeans: 'nobody signs in with another service',
    forAdmin: true,
    doc:
      'identity providers in YAML, with which people sign in over OpenID Connect (see single-sign-on.md); read ' +
      'again at SIGHUP',
  }),
  localSignIn: optional({
    section: 'People',
    kind: logins,
    defaultMeans: 'everybody',
    doc:
      'who may still sign in with a password or a passkey, where everyone else uses an identity provider: name ' +
      'an administrator, for the day when the provider is down',
  }),
  smtp: optional({
    section: 'Mail',
    kind: smtpUrl,
    defaultMeans: 'no mail is sent: it is kept in `outbox` in the data folder, where the administrator can read it',
    doc:
      'mail server, smtp:// or smtps:// (put an address with a password in the variable or the file: the process ' +
      'list shows flags)',
  }),
  mailFrom: optional({
    section: 'Mail',
    kind: mailbox,
    defaultMeans: '`Latchkey <latchkey@HOST>`, with the host of the public address',
    doc: 'sender of mails, an address or `Name <address>`',
  }),
  routeMap: optional({
    section: 'Other services',
    kind: path('FILE'),
    defaultMeans: 'git at the root, GitHub’s API at `/api/v3`, GitLab’s at `/api/v4`, on any host',
    forAdmin: true,
    doc:
      'route map in YAML: which request to a service behind a proxy needs which permission (see ' +
      'forward-auth.md); read again at SIGHUP',
  }),
  auditWebhook: optional({
    section: 'Audit log',
    kind: receiverUrl,
    defaultMeans: 'no such stream',
    doc: 'receiver that the audit log is streamed to as JSON lines, by POST (see audit.md)',
  }),
  auditWebhookSecret: optional({
    section: 'Audit log',
    kind: sharedSecret,
    defaultMeans: 'not signed',
    doc: 'secret that signs these requests: `X-Hub-Signature-256`, as for repository webhooks',
  }),
  auditSyslog: optional({
    section: 'Audit log',
    kind: syslogAddress,
    defaultMeans: 'no such stream',
    doc: 'receiver that the audit log is streamed to by syslog over TLS (RFC 5424, RFC 5425)',
  }),
  auditFile: optional({
    section: 'Audit log',
    kind: path('FILE'),
    defaultMeans: 'no such stream',
    doc: 'file that the audit log is streamed to as JSON lines; with several nodes, in a folder that all share',
  }),
  auditCa: optional({
    section: 'Audit log',
    kind: path('FILE'),
    defaultMeans: 'the authorities that Node trusts',
    doc: 'certificates in PEM of the authorities that may sign these receivers’ certificates',
  }),
  auditClientCert: optional({
    section: 'Audit log',
    kind: path('FILE'),
    defaultMeans: 'none is shown',
    doc: 'certificate in PEM for a receiver that asks for one, with those between it and its authority',
  }),
  auditClientKey: optional({
    section: 'Audit log',
    kind: path('FILE'),
    defaultMeans: 'none',
    doc: 'its private key in PEM, without a passphrase',
  }),
  bodyTimeoutSec: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(1, 3600),
    default: 120,
    unit: 'seconds',
    doc: 'how long the whole body of a form or of a REST call may take (for pushes, --git-idle-timeout-sec)',
  }),
  apiRateLimit: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 100_000_000),
    default: 5_000,
    doc: 'REST calls that one account may make in an hour, on all nodes together; 0 is no limit',
  }),
  anonymousRateLimit: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 100_000_000),
    default: 60,
    doc: 'REST calls without credentials that one address may make in an hour, on all nodes together; 0 is no limit',
  }),
  failedCredentialLimit: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 100_000_000),
    default: 100,
    doc:
      'unknown tokens and passwords that one address may try in ten minutes before it is told to wait (a token ' +
      'that works always works); 0 is no limit',
  }),
  maxPushMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 1_048_576),
    default: 2048,
    doc: 'most MiB in one push; 0 is no limit',
  }),
  maxFileMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 1_048_576),
    default: 1024,
    doc: 'most MiB in one file that is pushed, or written over REST; 0 is no limit',
  }),
  maxRepositoryMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 1_073_741_824),
    default: 10_240,
    doc: 'MiB on disk beyond which a repository takes nothing but deletions; 0 is no limit',
  }),
  maxLfsFileMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 1_048_576),
    default: 5_120,
    doc: 'most MiB in one Git LFS object; 0 is no limit',
  }),
  maxLfsRepositoryMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 1_073_741_824),
    default: 51_200,
    doc: 'most MiB in all LFS objects of a repository together; 0 is no limit',
  }),
  maxRefs: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 100_000_000),
    default: 100_000,
    doc: 'most branches, tags and other refs in a repository; deletions always pass; 0 is no limit',
  }),
  maxRepositoriesPerUser: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 10_000_000),
    default: 1_000,
    doc: 'most repositories of a person; those that the operator adds count, but may exceed it; 0 is no limit',
  }),
  maxRepositoriesPerOrganization: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 10_000_000),
    default: 10_000,
    doc: 'the same for an organization',
  }),
  maxTokensPerUser: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 10_000_000),
    default: 5_000,
    doc:
      'most tokens of all kinds that a person may have until they are revoked or deleted (fine-grained ones: at ' +
      'most 50); those that the operator adds count, but may exceed it; 0 is no limit',
  }),
  maxConnections: optional({
    section: 'Limits',
    kind: wholeNumber(1, 1_000_000),
    defaultMeans: 'what the limit of open files (`ulimit -n`) leaves, at most 16384',
    doc:
      'most open connections of each worker at the same time; further ones are told to come back, except health ' +
      'checks and administrators',
  }),
  maxConnectionsOfNetwork: optional({
    section: 'Limits',
    kind: wholeNumber(1, 1_000_000),
    defaultMeans: 'a quarter of all',
    doc: 'of these, connections from one IPv4 address or one /64 of IPv6; trusted proxies are not counted',
  }),
  minFreeMib: row<number, number>({
    section: 'Limits',
    kind: wholeNumber(0, 100_000_000),
    default: 64,
    doc:
      'MiB that must be free on the disks of the data folder and of the repositories, or `/readyz?for=write` ' +
      'says no; 0 checks neither',
  }),
  workers: row<number, number>({
    section: 'Running',
    kind: wholeNumber(1, 256),
    default: 1,
    doc: 'processes that answer requests side by side on the same port',
  }),
  stopDelaySec: row<number, number>({
    section: 'Running',
    kind: wholeNumber(0, 600),
    default: 0,
    unit: 'seconds',
    doc:
      'how long the server still takes requests after it is told to stop, while /readyz says no: time for a load ' +
      'balancer to turn away',
  }),
  drainSec: row<number, number>({
    section: 'Running',
    kind: wholeNumber(0, 86_400),
    default: 30,
    unit: 'seconds',
    doc: 'how long running clones and pushes may go on after that; what is left is cut off',
  }),
  metricsPort: optional({
    section: 'Running',
    kind: wholeNumber(0, 65_535),
    defaultMeans: 'no metrics',
    doc: 'port on which Prometheus reads /metrics, separate from the public one; 0 takes a free one',
  }),
  metricsHost: row<string, string>({
    section: 'Running',
    kind: host,
    default: '127.0.0.1',
    doc: 'address to listen on for metrics; who reaches it may read them',
  }),
  otlpEndpoint: optional({
    section: 'Running',
    kind: endpoint,
    defaultMeans: 'none',
    doc: 'OpenTelemetry collector, for OTLP over HTTP at URL/v1/traces and URL/v1/logs',
  }),
  otlpSignals: row<readonly OtlpSignal[], readonly OtlpSignal[]>({
    section: 'Running',
    kind: otlpSignals,
    default: ['traces'],
    flag: '--otlp-signal',
    doc: 'what is sent to the collector: traces, logs',
  }),
  traceOneIn: row<number, number>({
    section: 'Running',
    kind: wholeNumber(1, 1_000_000),
    default: 1,
    doc: 'trace one in this many requests and jobs; a request that a trusted proxy marks as traced always is',
  }),
  webhookNetworks: row<readonly string[], readonly string[]>({
    section: 'Running',
    kind: networks,
    default: [],
    flag: '--webhook-network',
    doc:
      'networks that webhooks and imports may reach although they are not public (otherwise, loopback and ' +
      'private ones are refused)',
  }),
  demo: off({
    section: 'Running',
    doc: 'fill an empty data folder (./demo) with a small world to try things on, and print links to sign in',
  }),
  logLevel: row<(typeof LOG_LEVELS)[number], (typeof LOG_LEVELS)[number]>({
    section: 'Running',
    kind: oneOf(LOG_LEVELS, 'LEVEL'),
    default: 'info',
    doc: 'how much is logged on stderr',
  }),
  logFormat: row<LogFormat, LogFormat>({
    section: 'Running',
    kind: oneOf(LOG_FORMATS, 'FORMAT'),
    default: 'auto',
    doc: 'json: one object per line; text: lines for people; auto: text on a terminal, json elsewhere',
  }),
  requestLog: row<RequestLogExtent, RequestLogExtent>({
    section: 'Running',
    kind: oneOf(REQUEST_LOG_EXTENTS, 'WHICH'),
    default: 'refused',
    doc: 'which requests get a line in the log, at level info: those refused or failed, all, or none',
  }),
} as const;

export type SettingName = keyof typeof SETTING_ROWS;
type ValueOf<Row> =
  Row extends SettingRow<infer Value, infer Default> ? (null extends Default ? Value | null : Value) : never;
/** One value for every row, checked. */
export type SettingValues = { readonly [Name in SettingName]: ValueOf<(typeof SETTING_ROWS)[Name]> };

/** The names in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTING_ROWS) as readonly SettingName[];

/** The row of a setting, without its value's type. */
export function settingRow(name: SettingName): SettingRow {
  return SETTING_ROWS[name] as unknown as SettingRow;
}

/** `max-git-processes`: how the configuration file spells a setting. */
export function settingKey(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--max-git-processes` */
export function settingFlag(name: SettingName): string {
  return settingRow(name).flag ?? `--${settingKey(name)}`;
}

/** `LATCHKEY_MAX_GIT_PROCESSES` */
export function settingVariable(name: SettingName): string {
  return `${VARIABLE_PREFIX}${settingKey(name).replaceAll('-', '_').toUpperCase()}`;
}

/** Every variable with this prefix is a setting or a mistake. */
export const VARIABLE_PREFIX = 'LATCHKEY_';
