/**
 * Reads an operator's route map: YAML in, services and permissions out, or every error with its line.
 *
 * Invariant: a map is accepted completely or not at all. Never: a need that names something nonexistent, which nobody
 * could meet, or everybody.
 */
import type { Document, LineCounter } from 'yaml';
import { onDemand } from '../../base/on-demand.ts';
import { LEVELS, type Level, type Permission, type PermissionSet, permissionNamed } from '../permissions.ts';
import { parameterNames, templateProblem } from '../routes/route-tree.ts';
import { gitRows } from './git.ts';
import { githubRows } from './github.ts';
import { gitlabRows } from './gitlab.ts';
import { guardOf } from './guard.ts';
import { below, type Guard, type MapRow, type MapTarget, MOVING_METHODS } from './route-map.ts';
import {
  type BuiltInMap,
  type FileEntries,
  type OwnName,
  ROUTE_MAP_SCHEMA,
  type RouteEntry,
  type ServiceEntry,
} from './schema.ts';

const yaml = onDemand<typeof import('yaml')>('yaml');
const schemas = onDemand<typeof import('typebox/value')>('typebox/value');

/** One service behind a proxy. */
export interface MapService {
  /** What people know it by: `registry`, or its first host. */
  readonly name: string;
  /** Null = any host that no other service names. */
  readonly hosts: readonly string[] | null;
  readonly guard?: Guard;
  readonly rows: readonly PlacedRow[];
}

/**
 * A row with its service, and its line in the file; a built-in map has the line where it is named, and 0 without a
 * file.
 */
export type PlacedRow = MapRow & { readonly service: string; readonly line: number };

type OwnPermission = Permission & { readonly name: OwnName; readonly source: 'operator' };

export interface RouteMapFile {
  readonly services: readonly MapService[];
  readonly permissions: readonly OwnPermission[];
}

/** A fault in a file, as a sentence; `line` counts from 1. */
export interface RouteMapProblem {
  readonly line: number;
  readonly message: string;
}

/** Longer files are refused without being read. */
const MAX_ROUTE_MAP_BYTES = 1024 * 1024;
/** How often aliases may repeat content. */
const MAX_ALIASES = 50;
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
    hosts: null,
    rows: rows.map((row) => ({ ...row, service: name, line: 0 })),
  }));
}

/** Reads the text of a file. */
export function parseRouteMap(text: string): RouteMapFile | readonly RouteMapProblem[] {
  if (Buffer.byteLength(text) > MAX_ROUTE_MAP_BYTES)
    return [{ line: 1, message: `The file has more than ${MAX_ROUTE_MAP_BYTES} bytes.` }];
  const lines = new (yaml().LineCounter)();
  const document = yaml().parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    return document.errors.slice(0, MAX_PROBLEMS).map((error) => ({
      line: lines.linePos(error.pos[0]).line,
      message: `This is not valid YAML: ${firstLine(error.message)}`,
    }));
  }
  const reading = new Reading(document, lines);
  const file = reading.read();
  return file === null || reading.problems.length > 0 ? reading.problems.slice(0, MAX_PROBLEMS) : file;
}

const firstLine = (text: string): string => text.replace(/\n[\s\S]*$/, '').replace(/ at line \d+.*$/, '');

type Path = readonly (string | number)[];

/** One pass over a file, collecting problems. */
class Reading {
  readonly problems: RouteMapProblem[] = [];
  readonly #document: Document;
  readonly #lines: LineCounter;
  #own: ReadonlyMap<string, OwnPermission> = new Map();

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  read(): RouteMapFile | null {
    const content = this.#content();
    if (content !== undefined) this.#checkForm(content);
    if (this.problems.length > 0) return null;
    const entries = content as FileEntries;
    const permissions = (entries.permissions ?? []).map((entry, i) => this.#permission(entry, i));
    this.#own = new Map(permissions.map((permission) => [permission.name, permission]));
    if (this.#own.size < permissions.length) this.#addProblem(['permissions'], 'Two permissions have the same name.');
    return { permissions, services: entries.services.map((entry, i) => this.#service(entry, ['services', i])) };
  }

  /** The file as values; undefined when aliases make it larger than it is. */
  #content(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    } catch (error) {
      this.#addProblem([], `The file can't be read: ${firstLine((error as Error).message)}.`);
      return undefined;
    }
  }

  /** What the schema says. Of an alternative, only the problem with the whole is reported. */
  #checkForm(content: unknown): void {
    const told = new Set<string>();
    for (const { keyword, instancePath, params, message } of schemas().Errors(
      ROUTE_MAP_SCHEMA as never,
      content,
    ) as readonly SchemaError[]) {
      if (keyword === 'boolean' || keyword === 'anyOf' || told.has(instancePath)) continue;
      told.add(instancePath);
      const path =
        instancePath === ''
          ? []
          : instancePath
              .slice(1)
              .split('/')
              .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
      const unknown = keyword === 'additionalProperties' ? params.additionalProperties?.[0] : undefined;
      if (unknown !== undefined) this.#addProblem([...path, unknown], `There is no entry named ${unknown} here.`);
      else if (keyword === 'required')
        this.#addProblem(path, `${spoken(path)} needs ${(params.requiredProperties ?? []).join(' and ')}.`);
      else
        this.#addProblem(
          path,
          `${spoken(path)} ` +
            `${message}${params.allowedValues === undefined ? '' : `: ${params.allowedValues.join(', ')}`}.`,
        );
    }
  }

  #permission(entry: NonNullable<FileEntries['permissions']>[number], i: number): OwnPermission {
    const { name, title, group = 'repository', levels = ['read', 'write'] } = entry;
    const rising = LEVELS.filter((level) => levels.includes(level));
    if (rising.join() !== levels.join())
      this.#addProblem(['permissions', i, 'levels'], `The levels of ${name} must rise: ${rising.join(', ')}.`);
    return { name, title, group, levels, source: 'operator' };
  }

  #service(entry: ServiceEntry, path: Path): MapService {
    if ((entry.map === undefined) === (entry.routes === undefined))
      this.#addProblem(path, 'A service has either map or routes.');
    if (entry.owner !== undefined && entry.map !== 'git')
      this.#addProblem([...path, 'owner'], 'Only a service with the map git has an owner.');
    const line = this.#lineOf(path);
    const listed =
      entry.map === undefined ? [] : BUILT_IN[entry.map](entry.owner ?? null).map((row) => ({ ...row, line }));
    const own = (entry.routes ?? []).flatMap((route, i) => this.#route(route, [...path, 'routes', i]));
    const name = entry.name ?? entry.hosts?.[0] ?? entry.map ?? 'any host';
    const { guard, problems } = guardOf(entry);
    for (const { key, message } of problems) this.#addProblem([...path, key], message);
    const rows = below(entry.prefix ?? '/', [...listed, ...own]).map((row) => ({ ...row, service: name, guard }));
    return { name, hosts: entry.hosts ?? null, guard, rows: rows as PlacedRow[] };
  }

  #route(route: RouteEntry, path: Path): (MapRow & { readonly line: number })[] {
    const wrong = templateProblem(route.path);
    if (wrong !== null) this.#addProblem([...path, 'path'], `The path ${wrong}.`);
    const sets = (Array.isArray(route.needs) ? route.needs : [route.needs]) as readonly PermissionSet[];
    sets.forEach((set, i) =>
      this.#checkNeeds(set, Array.isArray(route.needs) ? [...path, 'needs', i] : [...path, 'needs']),
    );
    const target = this.#target(route, path);
    const line = this.#lineOf(path);
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
      ...(route.destination === undefined ? {} : { destination: listOf(route.destination) }),
      need: {
        sets,
        publicRead: route.public ?? false,
        writes: target.kind === 'repository' && method !== 'GET' && method !== 'HEAD',
      },
    }));
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

  #target(route: RouteEntry, path: Path): MapTarget {
    const named = (['repository', 'organization', 'account', 'instance'] as const).filter(
      (kind) => route[kind] !== undefined,
    );
    if (named.length > 1) this.#addProblem(path, `A route is about one thing, not ${named.join(' and ')}.`);
    const [kind] = named;
    if (kind === undefined) return { kind: 'self' };
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
    this.problems.push({ line: this.#lineOf(path), message });
  }

  /** The line of an entry: of its key, or else of the closest thing around it. */
  #lineOf(path: Path): number {
    const { isMap, isNode, isPair } = yaml();
    for (let depth = path.length; depth >= 0; depth--) {
      const parent = depth === 0 ? null : this.#document.getIn(numbered(path.slice(0, depth - 1)), true);
      const pair = isMap(parent)
        ? parent.items.find((item) => isPair(item) && String(item.key) === String(path[depth - 1]))
        : undefined;
      const node = pair?.key ?? this.#document.getIn(numbered(path.slice(0, depth)), true);
      if (isNode(node) && node.range) return this.#lines.linePos(node.range[0]).line;
    }
    return 1;
  }
}

const listOf = (one: string | readonly string[]): readonly string[] => (typeof one === 'string' ? [one] : one);

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: {
    readonly additionalProperties?: readonly string[];
    readonly requiredProperties?: readonly string[];
    readonly allowedValues?: readonly string[];
  };
  readonly message: string;
}

const BUILT_IN: Readonly<Record<BuiltInMap, (owner: string | null) => MapRow[]>> = {
  git: gitRows,
  github: githubRows,
  gitlab: gitlabRows,
};

const numbered = (path: Path): (string | number)[] =>
  path.map((part) => (/^\d+$/.test(String(part)) ? Number(part) : part));

function spoken(path: Path): string {
  return path.length === 0
    ? 'The file'
    : path
        .map((part, i) => (/^\d+$/.test(String(part)) ? `[${Number(part) + 1}]` : `${i === 0 ? '' : '.'}${part}`))
        .join('');
}
