/**
 * Git over HTTP as a route map: for `git http-backend`, cgit, gitweb, Soft Serve or another forge behind a proxy.
 *
 * Source: git's documentation, gitprotocol-http and git-http-backend: the three requests of the smart protocol, and
 * the files that dumb clients fetch. Git LFS is not included: one address both reads and writes there, so only an
 * operator's own map can say what it needs.
 */

import { GIT_NEEDS, type Need } from '../needs.ts';
import type { MapRow, MapTarget } from './route-map.ts';

const READ = GIT_NEEDS['upload-pack'];
const WRITE = GIT_NEEDS['receive-pack'];

/** Paths below a repository. */
const ROWS: readonly (readonly [method: string, path: string, need: Need, query?: Readonly<Record<string, string>>])[] =
  [
    ['GET', '/info/refs', READ, { service: 'git-upload-pack' }],
    ['GET', '/info/refs', WRITE, { service: 'git-receive-pack' }],
    ['GET', '/info/refs', READ],
    ['POST', '/git-upload-pack', READ],
    ['POST', '/git-receive-pack', WRITE],
    ['GET', '/HEAD', READ],
    ['GET', '/objects/info/packs', READ],
    ['GET', '/objects/info/alternates', READ],
    ['GET', '/objects/info/http-alternates', READ],
    ['GET', '/objects/pack/{file}', READ],
    ['GET', '/objects/{folder}/{file}', READ],
  ];

/** @param owner of all repositories, when the path names none (`/site.git`); null when it does (`/acme/site.git`) */
export function gitRows(owner: string | null): MapRow[] {
  const base = owner === null ? '/{owner}/{repo}' : '/{repo}';
  const target: MapTarget = { kind: 'repository', owner: owner ?? '{owner}', name: '{repo}' };
  return ROWS.map(([method, path, need, query]) => ({
    method,
    path: base + path,
    need,
    target,
    isGit: true,
    ...(query === undefined ? {} : { query }),
  }));
}
