/**
 * What a request line asks of git: which repository, and which of its two services.
 *
 * Invariant: the owner and name that leave this file are single, plain path segments, decoded once.
 * Never: a repository's place on disk. That comes from the store's names, after the decision.
 */
import { RecentMap } from '../../base/recent-map.ts';
import type { ArchiveForm } from '../../git/objects/archive.ts';
import type { GitService } from '../../git/room.ts';
import { MAX_LOGIN_LENGTH, MAX_REPOSITORY_NAME_LENGTH } from '../../rules/names.ts';
import type { RequestError } from './refuse.ts';

/**
 * A git request that can be understood. `step` is `refs` for the first one, the list of refs, and `call` for what
 * follows.
 */
export interface GitAddress {
  readonly target: { readonly kind: 'repository'; readonly owner: string; readonly name: string };
  readonly step: 'refs' | 'call';
  readonly service: GitService;
  /** The purpose in words, for a token's last use: `fetch acme/site`. */
  readonly purpose: string;
}

const SERVICES: Readonly<Record<string, GitService>> = {
  'git-upload-pack': 'upload-pack',
  'git-receive-pack': 'receive-pack',
};
/**
 * A path is git's when it ends like one of its requests, or is inside something that ends in `.git`. Other doors get
 * the rest.
 */
const OURS = /^\/.*(?:\/info\/refs|\/git-(?:upload|receive)-pack|\.git\/[^?]*)$/is;
/** `/owner/name.git`, with or without a slash at the end. */
const CLONE_ADDRESS = /^(\/[A-Za-z0-9._-]+\/(?!\.+git\/?$)[A-Za-z0-9._-]+)\.git\/?$/;
const ARCHIVE = /^\/[^/]+\/[^/]+\/archive\/.+\.(?:tar\.gz|tgz|zip)$/;
const LFS = 'info/lfs/';
const PLAIN = /^[A-Za-z0-9._-]+$/;
/** Longer query strings are not read: git's has 28 characters at most. */
const MAX_QUERY_LENGTH = 1024;

const PURPOSES: Readonly<Record<GitService, string>> = { 'upload-pack': 'fetch', 'receive-pack': 'push' };
/** The clone address, opened in a browser: it leads to the repository's page, whether that exists or not. */
interface PageAddress {
  readonly page: string;
}

/** What follows `/owner/name.git/info/lfs/`, in parts, and the query. */
export interface LfsAddress {
  readonly target: GitAddress['target'];
  readonly lfs: readonly string[];
  readonly query: URLSearchParams;
}

/** `/owner/name/archive/REVISION.tar.gz` */
export interface ArchiveAddress {
  readonly target: GitAddress['target'];
  readonly revision: string;
  readonly form: ArchiveForm;
}

/** What a git URL requests. */
export type ReadAddress = GitAddress | LfsAddress | ArchiveAddress | PageAddress | { readonly error: RequestError };

/** How many parsed URLs are kept. */
const MAX_READ = 4096;

/**
 * Reads URLs, and keeps the results that lead to git: the same few come again and again, and reading one takes 30 µs.
 */
export class GitAddresses {
  readonly #read = new RecentMap<string, GitAddress>(MAX_READ);

  /** See `gitAddress`. */
  of(url: string): ReadAddress | null {
    const known = this.#read.get(url);
    if (known !== undefined) return known;
    const address = gitAddress(url);
    if (address !== null && 'service' in address) this.#read.set(url, address);
    return address;
  }
}

/** What a URL requests from git; null when it isn't git's. */
export function gitAddress(url: string): ReadAddress | null {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const page = CLONE_ADDRESS.exec(path)?.[1];
  if (page !== undefined) return { page };
  const isArchive = ARCHIVE.test(path);
  if (!isArchive && !OURS.test(path)) return null;
  const segments = path.split('/').slice(1).map(decoded);
  const [owner = '', folder = '', ...rest] = segments;
  const name = folder.replace(/\.git$/, '');
  if (
    !(isArchive ? [owner, folder] : segments).every((segment) => PLAIN.test(segment) && !/^\.+$/.test(segment)) ||
    name === '' ||
    /^\.+$/.test(name)
  )
    return { error: 'path_malformed' };
  if (owner.length > MAX_LOGIN_LENGTH || name.length > MAX_REPOSITORY_NAME_LENGTH) return { error: 'name_too_long' };
  const step = rest.join('/');
  if (isArchive) return archiveAddress(owner, name, step.slice('archive/'.length));
  if (step.startsWith(LFS)) return lfsAddress(owner, name, rest.slice(2), mark < 0 ? '' : url.slice(mark + 1));
  if (step === 'info/refs') return opening(owner, name, mark < 0 ? '' : url.slice(mark + 1));
  const service = serviceOf(step);
  if (service !== null) return addressOf(owner, name, 'call', service);
  return { error: /^(?:HEAD|objects\/.*)$/.test(step) ? 'dumb_protocol' : 'nothing_here' };
}

function lfsAddress(owner: string, name: string, lfs: readonly string[], query: string): LfsAddress {
  return { target: { kind: 'repository', owner, name }, lfs, query: new URLSearchParams(query) };
}

function archiveAddress(owner: string, name: string, file: string): ArchiveAddress {
  const revision = file.replace(/\.(?:tar\.gz|tgz|zip)$/, '');
  return { target: { kind: 'repository', owner, name }, revision, form: file.endsWith('.zip') ? 'zip' : 'tar.gz' };
}

function opening(owner: string, name: string, query: string): GitAddress | { readonly error: RequestError } {
  if (query.length > MAX_QUERY_LENGTH) return { error: 'service_unknown' };
  const services = new URLSearchParams(query).getAll('service');
  if (services.length === 0) return { error: 'dumb_protocol' };
  const [asked = ''] = services;
  const service = serviceOf(asked);
  if (services.length > 1 || service === null) return { error: 'service_unknown' };
  return addressOf(owner, name, 'refs', service);
}

function serviceOf(name: string): GitService | null {
  return Object.hasOwn(SERVICES, name) ? (SERVICES[name] ?? null) : null;
}

function addressOf(owner: string, name: string, step: GitAddress['step'], service: GitService): GitAddress {
  return {
    target: { kind: 'repository', owner, name },
    step,
    service,
    purpose: `${PURPOSES[service]} ${owner}/${name}`,
  };
}

/** A segment with its percent escapes decoded once; what can't be decoded becomes something that no name allows. */
function decoded(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return '%';
  }
}
