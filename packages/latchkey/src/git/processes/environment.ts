/**
 * The environment of every git process: built from nothing, so that neither the operator's shell nor a repository
 * decides what runs.
 *
 * An adopted repository brings its own `config` file, and that file is hostile until proven otherwise. Git reads
 * settings in the order system, global, repository, command; `GIT_CONFIG_COUNT` counts as "command", so it wins over
 * the repository. Each key below that names a program is one that upload-pack, receive-pack, repack or commit-graph
 * would start (git's own source: every `use_shell` and every hook). `GIT_ALLOW_PROTOCOL`, which no setting overrides,
 * blocks programs that only a fetch would reach, and git itself never takes `uploadpack.packObjectsHook` from a
 * repository.
 *
 * Never: a variable of the server's own environment other than PATH.
 */

/** What git shows to clients and writes into repositories, overriding each repository's own file. */
const HARDENED_CONFIG: readonly (readonly [key: string, value: string])[] = [
  // The repositories may belong to another user than the server. That is the operator's choice, and nothing in them is
  // trusted.
  ['safe.directory', '*'],
  ['safe.bareRepository', 'all'],
  // Programs that a repository's config could name.
  ['core.fsmonitor', 'false'],
  ['core.alternateRefsCommand', 'true'],
  ['core.sshCommand', 'false'],
  ['core.askPass', 'true'],
  ['core.gitProxy', 'false'],
  ['core.pager', 'cat'],
  ['core.editor', 'false'],
  ['credential.helper', ''],
  ['gpg.program', 'false'],
  ['gpg.openpgp.program', 'false'],
  ['gpg.x509.program', 'false'],
  ['gpg.ssh.program', 'false'],
  // A push never touches a work tree, so no checkout filter of a repository runs.
  ['receive.denyCurrentBranch', 'refuse'],
  ['receive.denyDeleteCurrent', 'refuse'],
  // Every new object is checked. Harmless old mistakes that real histories contain are accepted, in silence: git would
  // print a line for each object.
  ['transfer.fsckObjects', 'true'],
  ['receive.fsckObjects', 'true'],
  ['receive.fsck.badTimezone', 'ignore'],
  ['receive.fsck.missingSpaceBeforeDate', 'ignore'],
  ['receive.fsck.zeroPaddedFilemode', 'ignore'],
  ['receive.fsck.badFilemode', 'ignore'],
  ['receive.fsck.missingTaggerEntry', 'ignore'],
  ['fetch.fsck.badTimezone', 'ignore'],
  ['fetch.fsck.missingSpaceBeforeDate', 'ignore'],
  ['fetch.fsck.zeroPaddedFilemode', 'ignore'],
  // A history that begins in the middle is refused: what it hides can't be checked.
  ['receive.shallowUpdate', 'false'],
  // Partial clones, and what protocol v2 allows anyway, in every version of the protocol.
  ['uploadpack.allowFilter', 'true'],
  ['uploadpack.allowAnySHA1InWant', 'true'],
  ['lsrefs.unborn', 'advertise'],
  ['receive.advertiseAtomic', 'true'],
  ['receive.advertisePushOptions', 'true'],
  // Something is sent every five seconds while git counts or checks, so an idle connection is a dead one.
  ['uploadpack.keepAlive', '5'],
  ['receive.keepAlive', '5'],
  // We schedule maintenance: see `git/repositories/maintenance.ts`.
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['receive.autogc', 'false'],
  ['receive.updateServerInfo', 'false'],
  // One push or clone must not take every core from the others.
  ['pack.threads', '2'],
];

/**
 * What git is told about partial clones. `simple` ones cost little: they leave out files, large files, or everything
 * but commits; the others make git walk trees for each client, and keep no bitmap useful.
 */
const FILTERS = {
  all: [],
  simple: [
    ['uploadpackfilter.allow', 'false'],
    ['uploadpackfilter.blob:none.allow', 'true'],
    ['uploadpackfilter.blob:limit.allow', 'true'],
    ['uploadpackfilter.tree.allow', 'true'],
    ['uploadpackfilter.tree.maxDepth', '0'],
  ],
  none: [['uploadpack.allowFilter', 'false']],
} as const satisfies Record<string, readonly (readonly [key: string, value: string])[]>;

/** Settings of upload-pack for which partial clones are served. */
export function filterConfig(which: keyof typeof FILTERS): readonly (readonly [key: string, value: string])[] {
  return FILTERS[which];
}

/** True when ours takes the place of a repository's own setting, with another value. @param key in lower case */
export function isOverridden(key: string, value = 'true'): boolean {
  const ours = HARDENED_CONFIG.findLast(([name]) => name.toLowerCase() === key);
  return ours !== undefined && ours[1] !== value.toLowerCase();
}

/** `REMOTE_USER` and `REMOTE_ADDR` as git's http-backend has them (RFC 3875). */
export type HookVariables = Readonly<Partial<Record<`LATCHKEY_${string}` | 'REMOTE_USER' | 'REMOTE_ADDR', string>>>;

/** Who moves a ref, as reflogs name them, and hooks. */
export interface Committer {
  readonly name: string;
  readonly email: string;
}

export interface EnvironmentOptions {
  /** An empty folder: git finds no settings and no credentials there. */
  readonly homeFolder: string;
  /** The folder for hooks instead of the repository's; an empty folder means none. Null runs the repository's own. */
  readonly hooksFolder: string | null;
  /** More settings, after the hardened ones: the last one wins. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  /** The client's `Git-Protocol` header, unchanged. */
  readonly protocol?: string | undefined;
  /** Variables for hooks. Ours begin with LATCHKEY_; the others are those that a web server gives to programs. */
  readonly forHooks?: HookVariables;
  /** Without one, git takes what the machine calls the server's user. */
  readonly committer?: Committer | undefined;
  /** Transports that git may fetch with: `file` for an import, `http` for a relay of ours, otherwise none. */
  readonly allowProtocol?: 'none' | 'file' | 'http';
}

/** The whole environment for one git process. */
export function gitEnvironment(options: EnvironmentOptions): Record<string, string> {
  const protocol = protocolVersion(options.protocol);
  const hooks = options.hooksFolder === null ? [] : [['core.hooksPath', options.hooksFolder] as const];
  const config = [...HARDENED_CONFIG, ...hooks, ...(options.config ?? [])];
  const environment: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    HOME: options.homeFolder,
    XDG_CONFIG_HOME: options.homeFolder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    // A pushed refs/replace/… must not change what a check or another person's clone sees.
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_ALLOW_PROTOCOL: options.allowProtocol ?? 'none',
    GIT_CONFIG_COUNT: String(config.length),
    ...options.forHooks,
  };
  for (const [index, [key, value]] of config.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  if (options.committer !== undefined) {
    environment['GIT_COMMITTER_NAME'] = options.committer.name;
    environment['GIT_COMMITTER_EMAIL'] = options.committer.email;
  }
  if (protocol > 0) environment['GIT_PROTOCOL'] = `version=${protocol}`;
  return environment;
}

/**
 * The protocol version that a `Git-Protocol` header requests: the highest known one among its `key=value` parts
 * (separated by colons), 0 when it names none. Source: git's documentation, gitprotocol-v2 "Initial Client Request".
 * Nothing else of the header reaches git.
 */
export function protocolVersion(header: string | undefined): 0 | 1 | 2 {
  if (header === 'version=2') return 2;
  if (header === undefined || header.length > 256) return 0;
  const parts = header.split(':');
  return parts.includes('version=2') ? 2 : parts.includes('version=1') ? 1 : 0;
}
