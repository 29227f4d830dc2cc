/**
 * The operator's file of identity providers: YAML in, providers out, or every error with its line.
 *
 * Invariant: a file is accepted completely or not at all. Never: a secret in it; it names the file that contains one.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '../../base/errors.ts';
import { onDemand } from '../../base/on-demand.ts';
import { Secret } from '../../base/secret.ts';
import { SettingsProblem, settingComplaint } from '../../base/settings/problem.ts';
import { isLoopback } from '../../base/settings/values.ts';
import type { Admission } from './admission.ts';

const yaml = onDemand<typeof import('yaml')>('yaml');
const schemas = onDemand<typeof import('typebox/value')>('typebox/value');

/** Who asks for the second factor of an account that has one: we, or the provider, which then is trusted with it. */
const SECOND_FACTORS = ['here', 'provider'] as const;

export interface IdentityProvider {
  /** In addresses, and in the audit log. */
  readonly name: string;
  /** On buttons. */
  readonly label: string;
  /** Exactly as its discovery document says it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes: readonly string[];
  readonly secondFactor: (typeof SECOND_FACTORS)[number];
  /** The claim that has the number by which a directory provisions the person (its `externalId`). */
  readonly externalIdClaim: string;
  /** Where the groups of a person are: the names of claims, the outermost first. */
  readonly groupsClaim: readonly string[];
  /** True when the operator vouches for every address that it says. */
  readonly trustsAddresses: boolean;
  /** Who may come in by it; null = everybody whom it knows. */
  readonly admits: Admission | null;
  /** True when who comes in and has no account gets one. */
  readonly createsAccounts: boolean;
  /** True when who is signed out everywhere there is disabled here until they sign in by it again. */
  readonly freezesAtLogout: boolean;
  /** The logins, in lower case, of the organizations that it is for, and for nothing else: nobody signs in by it. */
  readonly organizations: readonly string[] | null;
}

/** How many providers one file may name. */
export const MAX_PROVIDERS = 50;
const DEFAULT_SCOPES = ['openid', 'profile', 'email'];

interface Entry {
  readonly name: string;
  readonly label: string;
  readonly issuer: string;
  readonly 'client-id': string;
  readonly 'client-secret-file': string;
  readonly scopes?: readonly string[];
  readonly 'second-factor'?: IdentityProvider['secondFactor'];
  readonly 'external-id-claim'?: string;
  readonly 'groups-claim'?: string | readonly string[];
  readonly 'trust-addresses'?: boolean;
  readonly admits?: Partial<Admission>;
  readonly 'create-accounts'?: boolean;
  readonly 'freeze-at-logout'?: boolean;
  readonly organizations?: readonly string[];
}

const text = (pattern: string): object => ({ type: 'string', pattern });
const CLAIM = text('^[^\\p{Cc}]{1,200}$');
/** JSON Schema (2020-12). */
const FILE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['providers'],
  properties: {
    providers: {
      type: 'array',
      maxItems: MAX_PROVIDERS,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'label', 'issuer', 'client-id', 'client-secret-file'],
        properties: {
          name: text('^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$'),
          label: text('^[^\\p{Cc}\\p{Cf}]{1,60}$'),
          issuer: text('^https?://[^\\s?#@]{1,500}$'),
          'client-id': text('^[\\x21-\\x7e]{1,255}$'),
          'client-secret-file': text('^[^\\0]{1,1000}$'),
          scopes: { type: 'array', maxItems: 20, items: text('^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,200}$') },
          'second-factor': { enum: SECOND_FACTORS },
          'external-id-claim': text('^[\\x21-\\x7e]{1,100}$'),
          'groups-claim': { anyOf: [CLAIM, { type: 'array', minItems: 1, maxItems: 5, items: CLAIM }] },
          'trust-addresses': { type: 'boolean' },
          admits: {
            type: 'object',
            additionalProperties: false,
            minProperties: 1,
            properties: {
              domains: { type: 'array', minItems: 1, maxItems: 200, items: text('^[^\\s@]{1,253}$') },
              groups: { type: 'array', minItems: 1, maxItems: 1000, items: CLAIM },
            },
          },
          'create-accounts': { type: 'boolean' },
          'freeze-at-logout': { type: 'boolean' },
          organizations: { type: 'array', minItems: 1, maxItems: 1000, items: text('^[A-Za-z0-9._-]{1,100}$') },
        },
      },
    },
  },
};

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: { readonly additionalProperties?: readonly string[] };
  readonly message: string;
}

type Path = readonly (string | number)[];

/**
 * The providers in a file.
 * @throws SettingsProblem that names every error with its line; Fault when the file can't be read
 */
export function readProviderFile(path: string): IdentityProvider[] {
  const problems: { readonly at: Path; readonly message: string }[] = [];
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(fileAt(path), { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) throw complaints(path, [[lines.linePos(broken.pos[0]).line, 'This is not valid YAML.']]);
  const content = (document.toJS({ maxAliasCount: 0 }) ?? {}) as { readonly providers?: readonly Entry[] };
  for (const error of schemas().Errors(FILE_SCHEMA as never, content) as unknown as readonly SchemaError[])
    problems.push({ at: pathOf(error), message: wordsFor(error) });
  const entries = problems.length > 0 ? [] : (content.providers ?? []);
  const providers = entries.flatMap((entry, i) => {
    const why = issuerProblem(entry.issuer) ?? accountsProblem(entry) ?? freezeProblem(entry) ?? repeated(entries, i);
    if (why !== null) problems.push({ at: ['providers', i, why.key], message: why.message });
    const secret = secretIn(resolve(dirname(path), entry['client-secret-file']));
    if (secret === null)
      problems.push({
        at: ['providers', i, 'client-secret-file'],
        message: `${entry['client-secret-file']} can't be read, or is empty.`,
      });
    return why !== null || secret === null ? [] : [providerOf(entry, secret)];
  });
  if (problems.length === 0) return providers;
  throw complaints(
    path,
    problems.map(({ at, message }) => [lineOf(document, lines, at), message]),
  );
}

function providerOf(entry: Entry, clientSecret: Secret): IdentityProvider {
  return {
    name: entry.name,
    label: entry.label,
    issuer: entry.issuer,
    clientId: entry['client-id'],
    clientSecret,
    scopes: [...new Set(['openid', ...(entry.scopes ?? DEFAULT_SCOPES)])],
    secondFactor: entry['second-factor'] ?? 'here',
    externalIdClaim: entry['external-id-claim'] ?? 'sub',
    groupsClaim: [entry['groups-claim'] ?? 'groups'].flat(),
    trustsAddresses: entry['trust-addresses'] ?? false,
    admits:
      entry.admits === undefined
        ? null
        : {
            domains: (entry.admits.domains ?? []).map((domain) => domain.toLowerCase()),
            groups: entry.admits.groups ?? [],
          },
    createsAccounts: entry['create-accounts'] ?? false,
    freezesAtLogout: entry['freeze-at-logout'] ?? false,
    organizations: entry.organizations?.map((login) => login.toLowerCase()) ?? null,
  };
}

interface EntryProblem {
  readonly key: string;
  readonly message: string;
}

function issuerProblem(issuer: string): EntryProblem | null {
  const at = (message: string): EntryProblem => ({ key: 'issuer', message });
  if (!URL.canParse(issuer)) return at(`${issuer} is no address.`);
  const { protocol, hostname, pathname } = new URL(issuer);
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))
    return at('The issuer must begin with https://, since whoever reads along could sign in as anybody.');
  if (hostname === 'login.microsoftonline.com' && /^\/(?:common|organizations|consumers)(?:\/|$)/.test(pathname))
    return at('Name your tenant by its id in place of common: that address lets people of every tenant in.');
  return null;
}

/** Providers at which anybody on earth has an account, or makes one. */
const OPEN_TO_ALL = new Set(['https://accounts.google.com', 'https://gitlab.com']);

function accountsProblem(entry: Entry): EntryProblem | null {
  const at = (message: string): EntryProblem => ({ key: 'create-accounts', message });
  if (entry['create-accounts'] !== true) return null;
  if (entry.organizations !== undefined)
    return at('A provider of organizations signs nobody in, so it makes no accounts.');
  return entry.admits === undefined && OPEN_TO_ALL.has(entry.issuer)
    ? at('Anybody can have an account at that service: say who gets one here, under admits.')
    : null;
}

function freezeProblem(entry: Entry): EntryProblem | null {
  const message = 'A provider of organizations proves something to them alone, so it closes no account.';
  return entry['freeze-at-logout'] === true && entry.organizations !== undefined
    ? { key: 'freeze-at-logout', message }
    : null;
}

function repeated(entries: readonly Entry[], i: number): EntryProblem | null {
  const earlier = entries.slice(0, i);
  const [one] = entries.slice(i);
  if (earlier.some(({ name }) => name === one?.name))
    return { key: 'name', message: `Two providers are named ${one?.name}.` };
  // A link belongs to an issuer: two doors to one would let each open what the other is for.
  return earlier.some(({ issuer }) => issuer === one?.issuer)
    ? { key: 'issuer', message: `Two providers have the issuer ${one?.issuer}.` }
    : null;
}

function fileAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Fault(`the file of identity providers ${path} can't be read`, {
      hint: 'check the path given with --identity-providers',
      detail: (error as Error).message,
      cause: error,
    });
  }
}

function secretIn(path: string): Secret | null {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    return secret === '' ? null : new Secret(secret);
  } catch {
    return null;
  }
}

function complaints(path: string, found: readonly (readonly [line: number, message: string])[]): SettingsProblem {
  return new SettingsProblem(
    found.map(([line, message]) =>
      settingComplaint('identity-providers', `${path}:${line}: ${message}`, 'see docs/single-sign-on.md'),
    ),
  );
}

function pathOf({ instancePath, params: { additionalProperties = [] } }: SchemaError): Path {
  const path = instancePath.split('/').slice(1);
  return [...path.map((part) => (/^\d+$/.test(part) ? Number(part) : part)), ...additionalProperties.slice(0, 1)];
}

function wordsFor({ keyword, instancePath, params, message }: SchemaError): string {
  const entry = instancePath.split('/').at(-1) ?? '';
  if (keyword === 'additionalProperties') return `There is no entry named ${params.additionalProperties?.[0]} here.`;
  return `${/^\d*$/.test(entry) ? 'A provider' : entry} ${message}.`;
}

/** The line of an entry, or of the nearest one around it. */
function lineOf(
  document: ReturnType<typeof import('yaml')['parseDocument']>,
  lines: InstanceType<typeof import('yaml')['LineCounter']>,
  path: Path,
): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
    if (node?.range?.[0] !== undefined) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
