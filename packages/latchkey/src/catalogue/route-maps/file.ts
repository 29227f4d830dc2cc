/**
 * Reads an operator's route map: YAML in, services and permissions out, or every error with its line.
 *
 * Invariant: a map is accepted completely or not at all. Never: a need that names something nonexistent, which nobody
 * could meet, or everybody.
 */
import {
  LEVELS,
  type Level,
  type Permission,
  type PermissionGroup,
  type PermissionSet,
  permissionNamed,
} from '../permissions.ts';
import { parameterNames, templateProblem } from '../routes/route-tree.ts';
import { conditionsOf, headerProblem } from './conditions.ts';
import { gitRows } from './git.ts';
import { githubRows } from './github.ts';
import { gitlabRows } from './gitlab.ts';
import { guardOf } from './guard.ts';
import { MapDocument, type Path, type RouteMapProblem } from './map-document.ts';
import { below, type Guard, type MapRow, type MapTarget, MOVING_METHODS } from './route-map.ts';
import {
  type BuiltInMap,
  type FileEntries,
  type OwnName,
  type PermissionEntry,
  ROUTE_MAP_SCHEMA,
  type RouteEntry,
  type ServiceEntry,
} from './schema.ts';

/** One service behind a proxy. */
export interface MapService {
  /** What people know it by: `registry`, or its first host. */
  readonly name: string;
  /** As the map has it for people; null = it names none. */
  readonly title: string | null;
  /** The organization that its routes are about, unless they say otherwise. */
  readonly owner: string | null;
  /** Null = any host that no other service names. */
  readonly hosts: readonly string[] | null;
  readonly guard?: Guard;
  readonly rows: readonly PlacedRow[];
}

/**
 * A row with its service, and its line in the file; a built-in map has the line where it is named, and 0 without a
 * file.
 */
export type PlacedRow = MapRow & { readonly service: string; readonly isNamed: boolean; readonly line: number };

type OwnPermission = Permission & { readonly name: OwnName; readonly source: 'operator' };

export interface RouteMapFile {
  readonly services: readonly MapService[];
  readonly permissions: readonly OwnPermission[];
}

/** Longer files are refused without being read. */
const MAX_ROUTE_MAP_BYTES = 1024 * 1024;
/** The most problems to report for one file. */
const MAX_PROBLEMS = 20;

/**
 * The map in force when no file is named: git at the root, and GitHub's and GitLab's API at the paths of their servers,
 * on any host.
 */
export function standardServices(): MapService[] {
  const maps = [
    ['git', gitRows(null)],
    ['github', below('/api/v3', githubRows())],
    ['gitlab', below('/api/v4', gitlabRows())],
  ] as const;
  return maps.map(([name, rows]) => ({
    name,
    title: null,
    owner: null,
    hosts: null,
    rows: rows.map((row) => ({ ...row, service: name, isNamed: false, line: 0 })),
  }));
}

/** Reads the text of a file. */
export function parseRouteMap(text: string): RouteMapFile | readonly RouteMapProblem[] {
  if (Buffer.byteLength(text) > MAX_ROUTE_MAP_BYTES)
    return [{ line: 1, message: `The file has more than ${MAX_ROUTE_MAP_BYTES} bytes.` }];
  const document = MapDocument.parse(text);
  if (!(document instanceof MapDocument)) return document.slice(0, MAX_PROBLEMS);
  const file = new Reading(document).read();
  return file === null || document.problems.length > 0 ? document.problems.slice(0, MAX_PROBLEMS) : file;
}

/** One pass over a file, collecting problems. */
class Reading {
  readonly #document: MapDocument;
  #own: ReadonlyMap<string, OwnPermission> = new Map();

  constructor(document: MapDocument) {
    this.#document = document;
  }

  read(): RouteMapFile | null {
    const content = this.#document.content(ROUTE_MAP_SCHEMA);
    if (this.#document.problems.length > 0) return null;
    const entries = content as FileEntries;
    const shared = (entries.permissions ?? []).map((entry, i) =>
      this.#permission(entry, entry.group ?? 'repository', ['permissions', i]),
    );
    const ofServices = entries.services.map((entry, i) => this.#permissionsOf(entry, ['services', i]));
    const permissions = [...shared, ...ofServices.flat()];
    this.#own = new Map(permissions.map((permission) => [permission.name, permission]));
    if (this.#own.size < permissions.length) this.#addProblem(['permissions'], 'Two permissions have the same name.');
    const services = entries.services.map((entry, i) => this.#service(entry, ['services', i]));
    return { permissions, services };
  }

  #permission(entry: PermissionEntry, group: PermissionGroup, path: Path): OwnPermission {
    const { name, title, levels = ['read', 'write'], members } = entry;
    const rising = LEVELS.filter((level) => levels.includes(level));
    if (rising.join() !== levels.join())
      this.#addProblem([...path, 'levels'], `The levels of ${name} must rise: ${rising.join(', ')}.`);
    if (members !== undefined && group !== 'organization')
      this.#addProblem([...path, 'members'], 'Only what is given on an organization has a level for its members.');
    return {
      name: name as OwnName,
      title,
      group,
      levels,
      source: 'operator',
      ...(members === undefined ? {} : { members: members === 'none' ? null : members }),
    };
  }

  /** A service's own permissions, with their full names: `registry:packages`. */
  #permissionsOf({ name, title = name, owner, hosts, permissions = [] }: ServiceEntry, path: Path): OwnPermission[] {
    if (permissions.length > 0 && name === undefined)
      this.#addProblem(path, 'A service with permissions of its own needs a name.');
    if (name === 'github' || name === 'gitlab' || name === 'latchkey')
      this.#addProblem([...path, 'name'], `${name} is no name for a service of your own.`);
    const group = owner === undefined ? 'account' : 'organization';
    return permissions.map((entry, i) => ({
      ...this.#permission({ ...entry, name: `${name}:${entry.name}`, title: `${title}: ${entry.title}` }, group, [
        ...path,
        'permissions',
        i,
      ]),
      ...(hosts === undefined ? {} : { hosts }),
    }));
  }

  #service(entry: ServiceEntry, path: Path): MapService {
    if ((entry.map === undefined) === (entry.routes === undefined))
      this.#addProblem(path, 'A service has either map or routes.');
    if (entry.owner !== undefined && entry.map !== undefined && entry.map !== 'git')
      this.#addProblem([...path, 'owner'], `What is behind the map ${entry.map} is named by its addresses.`);
    const line = this.#document.lineOf(path);
    const listed =
      entry.map === undefined ? [] : BUILT_IN[entry.map](entry.owner ?? null).map((row) => ({ ...row, line }));
    const own = (entry.routes ?? []).flatMap((route, i) => this.#route(route, entry, [...path, 'routes', i]));
    const name = entry.name ?? entry.hosts?.[0] ?? entry.map ?? 'any host';
    const { guard, problems } = guardOf(entry);
    for (const { key, message } of problems) this.#addProblem([...path, key], message);
    const facts = { service: name, isNamed: entry.name !== undefined, guard };
    const rows = below(entry.prefix ?? '/', [...listed, ...own]).map((row) => ({ ...row, ...facts }));
    return {
      name,
      title: entry.title ?? entry.name ?? null,
      owner: entry.owner ?? null,
      hosts: entry.hosts ?? null,
      guard,
      rows: rows as PlacedRow[],
    };
  }

  #route(written: RouteEntry, service: ServiceEntry, path: Path): (MapRow & { readonly line: number })[] {
    const tail = OPTIONAL_TAIL.exec(written.path);
    if (tail !== null) {
      const [, base = '', name = ''] = tail;
      return [base === '' ? '/' : base, `${base}/{${name}...}`].flatMap((each) =>
        this.#route({ ...written, path: each }, service, path),
      );
    }
    const route = { ...written, needs: this.#named(written.needs, service) };
    const wrong = templateProblem(route.path);
    if (wrong !== null) this.#addProblem([...path, 'path'], `The path ${wrong}.`);
    const sets = (Array.isArray(route.needs) ? route.needs : [route.needs]) as readonly PermissionSet[];
    sets.forEach((set, i) =>
      this.#checkNeeds(set, Array.isArray(route.needs) ? [...path, 'needs', i] : [...path, 'needs']),
    );
    const unfit = headerProblem(route);
    if (unfit !== null) this.#addProblem([...path, 'headers'], unfit);
    const target = this.#target(route, service, path);
    const conditions = conditionsOf(route);
    const line = this.#document.lineOf(path);
    const methods = listOf(route.method);
    const moving = methods.find((method) => MOVING_METHODS.has(method));
    if (moving !== undefined && route.destination === undefined)
      this.#addProblem(
        path,
        `${moving} needs destination: the methods that a token must be allowed where it leads to.`,
      );
    return methods.map((method) => ({
      method,
      path: route.path,
      line,
      target,
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(route.destination === undefined ? {} : { destination: listOf(route.destination) }),
      need: {
        sets,
        publicRead: route.public ?? false,
        writes: target.kind === 'repository' && method !== 'GET' && method !== 'HEAD',
      },
    }));
  }

  /** Needs with the full names of the service's own permissions. */
  #named(needs: RouteEntry['needs'], { name, permissions = [] }: ServiceEntry): RouteEntry['needs'] {
    const own = new Set(permissions.map((permission) => permission.name));
    const full = (set: Readonly<Record<string, Level>>): Readonly<Record<string, Level>> =>
      Object.fromEntries(Object.entries(set).map(([each, level]) => [own.has(each) ? `${name}:${each}` : each, level]));
    return Array.isArray(needs) ? needs.map(full) : full(needs as Readonly<Record<string, Level>>);
  }

  #checkNeeds(set: PermissionSet, path: Path): void {
    for (const [name, level] of Object.entries(set) as [string, Level][]) {
      const permission = this.#own.get(name) ?? permissionNamed(name);
      if (permission === undefined || (permission.source === 'operator' && !this.#own.has(name)))
        this.#addProblem([...path, name], `There is no permission named ${name}.`);
      else if (!permission.levels.includes(level))
        this.#addProblem([...path, name], `${name} takes ${permission.levels.join(' or ')}, not ${level}.`);
    }
  }

  #target(route: RouteEntry, service: ServiceEntry, path: Path): MapTarget {
    const named = (['repository', 'organization', 'account', 'instance'] as const).filter(
      (kind) => route[kind] !== undefined,
    );
    if (named.length > 1) this.#addProblem(path, `A route is about one thing, not ${named.join(' and ')}.`);
    const [kind] = named;
    if (kind === undefined)
      return service.owner === undefined ? { kind: 'self' } : { kind: 'organization', login: service.owner };
    if (kind === 'instance') return { kind };
    const name = route[kind] ?? '';
    const unknown = parameterNames(name).find((parameter) => !parameterNames(route.path).includes(parameter));
    if (unknown !== undefined) this.#addProblem([...path, kind], `The path has no parameter {${unknown}}.`);
    if (kind !== 'repository') return { kind, login: name };
    const [owner = '', repository = '', ...rest] = name.split('/');
    if (owner === '' || repository === '' || rest.length > 0)
      this.#addProblem([...path, kind], 'A repository is named OWNER/NAME: {owner}/{repo}.');
    return { kind, owner, name: repository };
  }

  #addProblem(path: Path, message: string): void {
    this.#document.addProblem(path, message);
  }
}

/** `/base/{name...?}`: with and without a rest. */
const OPTIONAL_TAIL = /^(.*)\/\{([\w-]+)\.\.\.\?\}$/;

const listOf = (one: string | readonly string[]): readonly string[] => (typeof one === 'string' ? [one] : one);

const BUILT_IN: Readonly<Record<BuiltInMap, (owner: string | null) => MapRow[]>> = {
  git: gitRows,
  github: githubRows,
  gitlab: gitlabRows,
};
