import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');
const CHECKOUT = join(import.meta.dirname, '../../../..');
const ARCHITECTURE = readFileSync(join(CHECKOUT, 'ARCHITECTURE.md'), 'utf8');

const SERVER = ['app.ts', 'base', 'catalogue', 'rules', 'git', 'telemetry', 'actions'];
/** Room → the other rooms it may import, and the reason. ARCHITECTURE.md shows the same table. */
const ROOMS: Readonly<Record<string, { mayImport: readonly string[]; because: string }>> = {
  base: { mayImport: [], because: 'you can read a leaf first' },
  catalogue: { mayImport: ['base'], because: 'data must load in tests, docs and CLI alike' },
  rules: {
    mayImport: ['base', 'catalogue'],
    because: 'the decision must be a truth table: no clock, no randomness, no waiting',
  },
  store: { mayImport: ['base', 'catalogue', 'rules'], because: 'SQL in one room runs on both engines' },
  git: { mayImport: ['base'], because: 'running git has nothing to do with tokens' },
  telemetry: { mayImport: ['base', 'catalogue'], because: 'counting must never change anything' },
  actions: {
    mayImport: ['base', 'catalogue', 'rules', 'store', 'git', 'telemetry'],
    because: 'one verb = one transaction = one audit entry',
  },
  doors: {
    mayImport: ['base', 'catalogue', 'rules', 'actions', 'git'],
    because:
      'a door with access to the store could skip the decision; a door that imports another couples two dialects',
  },
  listener: {
    mayImport: ['base', 'actions', 'telemetry'],
    because: 'accepting requests and shutting down is the same for every door',
  },
  cli: {
    mayImport: ['base', 'catalogue', 'rules'],
    because: 'the credential helper must start fast, and needs no database',
  },
  'cli/ssh': {
    mayImport: ['base', 'git'],
    because: "sshd starts it at every connection: it speaks git's protocol, and needs no database",
  },
  'cli/admin': { mayImport: SERVER, because: 'the operator works on the machine that holds the data' },
  'cli/serve': { mayImport: SERVER, because: 'it runs the server' },
  'app.ts': {
    mayImport: ['base', 'catalogue', 'rules', 'store', 'git', 'telemetry', 'actions', 'doors', 'listener'],
    because: 'the only file that knows every door',
  },
};
/** The one file that assembles the command tree, and so names the two folders that may load the server. */
const COMMAND_TREE = 'cli/program.ts';
/** It starts what sshd calls without the tree. */
const MAIN = 'cli/main.ts';

/**
 * The folders of a room in reading order: a folder imports by value only itself and those before it. Types, and what is
 * loaded on demand, may go across. `loose` = the files beside them, where these count. ARCHITECTURE.md shows the same
 * folders.
 */
const FOLDERS: Readonly<Record<string, { readonly order: readonly string[]; readonly loose?: readonly string[] }>> = {
  base: { order: ['sealing', 'requests', 'settings', 'machine'] },
  catalogue: { order: ['scopes', 'routes', 'route-maps', 'refusals', 'workloads', 'first-files', 'mails'] },
  rules: { order: ['audit', 'refs', 'right', 'applications', 'groups'] },
  store: { order: ['migrations', 'copies'] },
  git: { order: ['processes', 'protocol', 'objects', 'push', 'clones', 'lfs', 'repositories'], loose: ['room.ts'] },
  actions: {
    order: [
      'ground',
      'decision',
      'accounts',
      'keys',
      'services',
      'identity',
      'tokens',
      'tokens/use',
      'questions',
      'repositories',
      'repositories/approvals',
      'repositories/refs',
      'repositories/objects',
      'repositories/creation',
      'repositories/webhooks',
      'repositories/inventory',
      'lfs',
      'organizations',
      'organizations/teams',
      'changes',
      'applications',
      'federation',
      'provisioning',
      'audit',
      'instance',
      'backups',
    ],
    loose: [],
  },
  doors: { order: ['forward', 'git', 'github', 'gitlab', 'oauth', 'scim', 'web'], loose: [] },
  'doors/git': { order: ['lfs'] },
  'doors/github': { order: ['present', 'endpoints', 'graphql', 'graphql/sdl'] },
  'doors/gitlab': { order: ['present', 'endpoints'] },
  'doors/web': {
    order: [
      'styles',
      'parts',
      'frame',
      'tokens',
      'tokens/check',
      'tokens/form',
      'tokens/secret',
      'tokens/use',
      'applications',
      'organizations',
      'organizations/teams',
      'names',
      'rulesets',
      'repositories',
      'accounts',
      'instance',
      'home',
    ],
    loose: ['pages.ts', 'plugin.ts'],
  },
  listener: { order: ['acme'] },
  cli: {
    order: [
      'credential',
      'completion',
      'token',
      'agent',
      'mcp',
      'checks',
      'ssh',
      'serve',
      'admin',
      'admin/people',
      'admin/organizations',
      'admin/repositories',
    ],
  },
};

const FOLDER_PATHS = Object.entries(FOLDERS).flatMap(([room, { order }]) => order.map((folder) => `${room}/${folder}`));

/** The most files on one level of a folder; what may have more, and why. */
const MOST_FILES = 22;
const WIDE_FOLDERS: Readonly<Record<string, string>> = {
  store: 'one file per noun: a noun is found by its name, and a query by its noun',
  'doors/github/endpoints': 'one file for each group of endpoints, found by the name in their paths',
  'store/migrations': 'one file per step; steps are only ever added',
};

/**
 * The length of a readable file in lines: half of the files have at most this many, and none has more than
 * `MOST_LINES`.
 */
const MEDIAN_LINES = 120;
const MOST_LINES = 300;
const LONG_FILES: Readonly<Record<string, string>> = {
  'base/settings/rows.ts': 'data: one row per setting',
  'catalogue/audit-events.ts': 'data: one row per event',
  'catalogue/permissions.ts': 'data: one row per permission',
  'catalogue/refusals/access.ts': 'data: one entry per refusal',
  'catalogue/scopes/classic.ts': 'data: the tree of scopes',
  'rules/decide.ts': 'the decision is read from top to bottom, as one list of rules',
  'store/schema.ts': 'data: every table and column',
};

/**
 * Files whose modules keep changing state, each with the reason why no context can own it. What is computed once, from
 * what never changes, goes through `base/once.ts`; what was read from the store goes into `Memory`.
 */
const KEEPS_STATE: Readonly<Record<string, string>> = {
  'base/garbage.ts': 'a process has one heap, whose short-lived Buffers are counted',
  'base/request-id.ts': 'which request is being answered is known to Node alone; ids are counted over the process',
  'base/trace.ts': 'which span is open is known to Node alone',
  'catalogue/permissions.ts': 'an operator’s own permissions, put in the place of those before by one function',
  'git/lfs/writing-thread.ts': 'is a thread of its own, whose files in progress nobody else can know',
  'store/revision.ts': 'belongs to a transaction, which is the driver’s object, and goes with it',
};
/** A module variable that can be assigned again. */
const VARIABLE = /^(?:export )?let \w/m;
/** A constant that can collect things. A `Map` or `Set` of given entries is data, unless it is changed below. */
const HOLDER = /^(?:export )?const (?<name>\w+)(?:: (?<type>[^=]+?))? = new (?<made>\w+)(?:<.*>)?\((?<given>.*)/gm;
/** Values to which nothing can be added. */
const FIXED: ReadonlySet<string> = new Set(['RegExp', 'URL', 'Secret']);

function keepsState(path: string): boolean {
  const text = textOf(path);
  const holders = [...text.matchAll(HOLDER)].filter(
    ({ groups: { name = '', type = '', made = '', given = '' } = {} }) => {
      if (made.startsWith('Intl') || FIXED.has(made) || /Readonly(?:Map|Set)|IdSet/.test(type)) return false;
      const isChanged = new RegExp(`\\b${name}\\.(?:set|add|delete|clear)\\(`).test(text);
      return isChanged || !/^(?:Map|Set)$/.test(made) || given.startsWith(')');
    },
  );
  return holders.length > 0 || VARIABLE.test(text);
}

/** Where code is written by hand. */
const CODE_FOLDERS = [
  'bench',
  'chaos',
  'fuzz',
  'tools',
  ...['src', 'test', 'tools', 'assets'].map((name) => `packages/latchkey/${name}`),
].concat(['src', 'test'].map((name) => `packages/client/${name}`));
/** Longer than the formatter's width; a row of a Markdown table can't be broken. */
const isLong = (line: string): boolean => line.length > 120 && !/^\|.*\|$/.test(line);

interface Import {
  readonly from: string;
  readonly to: string;
  /** `late` = on demand, when a function runs. */
  readonly kind: 'value' | 'type' | 'late';
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((path) => path.split(sep).join('/'))
  .filter((path) => /\.tsx?$/.test(path))
  .sort();
const textOf = (path: string): string => readFileSync(join(SRC, path), 'utf8');
const linesOf = (path: string): number => textOf(path).split('\n').length - 1;
const folders = [...new Set(files.map(dirname))].filter((folder) => folder !== '.');

const STATEMENT = /^\s*(?:import|export)\s+(?:(?<type>type\s)?(?<names>[^;'"]*?)\sfrom\s+)?['"](?<path>\.[^'"]+)['"]/;
const CALL = /(?<typeOf>typeof\s+)?import\(\s*['"](?<late>\.[^'"]+)['"],?\s*\)/;

function importsOf(from: string): Import[] {
  const found = textOf(from).matchAll(new RegExp(`${STATEMENT.source}|${CALL.source}`, 'gm'));
  return [...found].map(({ groups = {} }) => {
    const names = /^\{(?<list>[^}]*)\}$/.exec(groups['names']?.trim() ?? '')?.groups?.['list'];
    const onlyTypes = names?.split(',').every((name) => /^\s*(?:type\s|$)/.test(name)) ?? false;
    const to = join(dirname(from), groups['path'] ?? groups['late'] ?? '')
      .split(sep)
      .join('/');
    const isType = onlyTypes || groups['type'] !== undefined || groups['typeOf'] !== undefined;
    return { from, to, kind: isType ? 'type' : groups['late'] === undefined ? 'value' : 'late' };
  });
}

/** The longest row of `ROOMS` that a file falls under. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/')).find((prefix) => prefix in ROOMS);
}

function complaintAbout({ from, to }: Import): string | null {
  const room = roomOf(from);
  const rule = room === undefined ? undefined : ROOMS[room];
  if (rule === undefined) return `${from} stands in a room that ARCHITECTURE.md does not name`;
  const [inner, target] = [from, to].map((path) => path.split('/')[0] ?? path);
  if (inner === 'doors' && target === 'doors') {
    const isCrossing = from.split('/')[1] !== to.split('/')[1];
    return isCrossing ? `${from} imports ${to}: ${rule.because}` : null;
  }
  const loads = roomOf(to);
  if (inner === 'cli' && target === 'cli') {
    const isKept =
      loads === 'cli' ||
      loads === room ||
      from === COMMAND_TREE ||
      (from === MAIN && (loads === 'cli/ssh' || loads === 'cli/serve'));
    return isKept ? null : `${from} imports ${to}: only ${COMMAND_TREE} names what may load the server`;
  }
  if (inner === target || rule.mayImport.includes(target ?? '')) return null;
  return `${from} imports ${to}: ${room} may import ${listed(rule.mayImport)}, because ${rule.because}`;
}

const listed = (rooms: readonly string[]): string => rooms.join(', ') || 'nothing of ours';

/** The folder of `room` that contains a file, as `FOLDERS` names it: the longest match. */
function folderIn(room: string, path: string): string | undefined {
  const order = FOLDERS[room]?.order ?? [];
  return order
    .filter((folder) => path.startsWith(`${room}/${folder}/`))
    .sort((a, b) => b.length - a.length)
    .at(0);
}

/** A folder and its subfolders count as one for the order: `repositories` and `repositories/webhooks`. */
const top = (folder: string): string => folder.split('/')[0] ?? folder;

function outOfOrder({ from, to, kind }: Import): string[] {
  if (kind !== 'value') return [];
  return Object.entries(FOLDERS).flatMap(([room, { order }]) => {
    const [importing, imported] = [folderIn(room, from), folderIn(room, to)];
    if (importing === undefined || imported === undefined || top(importing) === top(imported)) return [];
    const isBefore = order.indexOf(top(imported)) < order.indexOf(top(importing));
    return isBefore ? [] : [`${from} imports ${to}: ${top(importing)} is read before ${top(imported)}`];
  });
}

/** Import cycles, by types as well as by values: each as one list of files. */
function circles(): string[] {
  const imports = Map.groupBy(
    files.flatMap(importsOf).filter(({ kind }) => kind !== 'late'),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, way: readonly string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const { to } of imports.get(path) ?? []) walk(to, [...way, path]);
    done.add(path);
  };
  for (const path of files) walk(path, []);
  return found;
}

/** The rows of the table under a heading of ARCHITECTURE.md, without its head and without code marks. */
function tableUnder(heading: string): string[][] {
  const section = ARCHITECTURE.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}

describe('the house', () => {
  it('starts the server without the modules of other commands', () => {
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      for (const { to, kind } of importsOf(path)) if (kind === 'value') load(to);
    };
    load('cli/serve/start.ts');
    expect([...loaded].filter((path) => /^cli\/(?:admin|agent|checks|mcp|ssh|token)\//.test(path))).toEqual([]);
    expect(loaded).not.toContain('cli/program.ts');
  });

  it('has files to look at', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(importsOf).filter(({ to }) => !files.includes(to) && !to.endsWith('.json'))).toEqual([]);
  });

  it('keeps its rooms apart', () => {
    const complaints = files.flatMap(importsOf).map(complaintAbout);
    expect(complaints.filter((complaint) => complaint !== null)).toEqual([]);
  });

  it('reads the folders of a room in one order', () => {
    expect(files.flatMap(importsOf).flatMap(outOfOrder)).toEqual([]);
  });

  it('has no circle of imports, by types either: what a file stands on can be read before it', () => {
    expect(circles()).toEqual([]);
  });

  it('has the folders that its table names, and no others', () => {
    const rooms = Object.keys(ROOMS).filter((room) => !/[/.]/.test(room));
    expect(folders.filter((folder) => !FOLDER_PATHS.includes(folder) && !rooms.includes(folder))).toEqual([]);
    expect(FOLDER_PATHS.filter((folder) => !files.some((path) => path.startsWith(`${folder}/`)))).toEqual([]);
    expect(files.filter((path) => !path.includes('/'))).toEqual(['app.ts']);
    for (const [room, { loose }] of Object.entries(FOLDERS)) {
      if (loose !== undefined)
        expect(files.filter((path) => dirname(path) === room)).toEqual(loose.map((name) => `${room}/${name}`));
    }
  });

  it('keeps a folder small enough to be read at a glance', () => {
    const sizes = folders.map((folder) => ({ folder, size: files.filter((path) => dirname(path) === folder).length }));
    const wide = sizes.filter(({ size }) => size > MOST_FILES).map(({ folder }) => folder);
    expect(wide.filter((folder) => !(folder in WIDE_FOLDERS))).toEqual([]);
  });

  it('keeps files short, and gives a reason for each long one', () => {
    const sizes = files.map(linesOf).sort((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThanOrEqual(MEDIAN_LINES);
    expect(files.filter((path) => linesOf(path) > MOST_LINES)).toEqual(Object.keys(LONG_FILES).sort());
  });

  it('keeps lines within 120, in sources, tests, tools and benches, so that a change of a word shows as one', () => {
    const long = [...CODE_FOLDERS, '.'].flatMap((folder) =>
      readdirSync(join(CHECKOUT, folder), { recursive: folder !== '.', encoding: 'utf8' })
        .filter((path) => /\.(?:tsx?|mjs|js|css)$/.test(path))
        .map((path) => join(folder, path))
        .filter((path) => readFileSync(join(CHECKOUT, path), 'utf8').split('\n').some(isLong)),
    );
    expect(long).toEqual([]);
  });

  it('is told in ARCHITECTURE.md: rooms, what they may import, and why', () => {
    const told = tableUnder('The rooms').map(([room, , mayImport, because]) => [room, mayImport, because]);
    const held = Object.entries(ROOMS).map(([room, { mayImport, because }]) => [room, listed(mayImport), because]);
    expect(told).toEqual(held);
  });

  it('is told in ARCHITECTURE.md: the folders of each room, in reading order', () => {
    const told = tableUnder('The folders').map(([folder]) => folder);
    expect(told).toEqual(FOLDER_PATHS);
  });

  it('names in its documents only files that are there', () => {
    const named = ARCHITECTURE.matchAll(
      /`(?<path>(?:actions|base|catalogue|cli|doors|git|rules|store|telemetry)\/[\w./-]+\.tsx?)`/g,
    );
    expect([...named].map(({ groups }) => groups?.['path'] ?? '').filter((path) => !files.includes(path))).toEqual([]);
  });

  it('opens every file with what it is for', () => {
    expect(files.filter((path) => !/^(?:#!.*\n)?\/\*\*/.test(textOf(path)))).toEqual([]);
  });

  it('names files by kebab-case nouns, none of which says nothing', () => {
    const isKebab = (path: string): boolean => /^[a-z0-9-]+\.tsx?$/.test(basename(path));
    const saysNothing = /(?:^|[/-])(?:utils?|helpers?|common|manager|service|index|misc)\.tsx?$/;
    expect(files.filter((path) => !isKebab(path) || saysNothing.test(path))).toEqual([]);
  });

  it('lets tests wait only with a limit that says what did not happen', () => {
    const tests = ['packages/latchkey/test', 'packages/client/test'].flatMap((folder) =>
      readdirSync(join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts') && path !== 'waits.ts')
        .map((path) => join(folder, path)),
    );
    const endless = [
      /import [^;]*\bonce\b[^;]* from 'node:events'/,
      /await new Promise\(\(resolve\) => [\w.]+\.once\(/,
      /for \(;;\) \{\s*(?:const \w+ = )?await/,
    ];
    const waits = (path: string): boolean => {
      const text = readFileSync(join(CHECKOUT, path), 'utf8');
      return endless.some((form) => form.test(text));
    };
    expect(tests.filter(waits)).toEqual([]);
  });

  it('keeps nothing in modules but in the few that are named, and works nothing out once in the rules', () => {
    expect(files.filter(keepsState)).toEqual(Object.keys(KEEPS_STATE));
    const remembers = files.flatMap(importsOf).filter(({ to }) => to === 'base/once.ts');
    expect(remembers.filter(({ from }) => from.startsWith('rules/'))).toEqual([]);
    expect(remembers.length).toBeGreaterThan(10);
  });

  it('lets no clock, randomness or waiting into the rules', () => {
    const impure = /Date\.now|new Date\(\)|Math\.random|randomBytes\(|\bawait\b|\basync\b/;
    const code = (path: string): string =>
      textOf(path)
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/randomBytes\(length/, '');
    expect(files.filter((path) => path.startsWith('rules/') && impure.test(code(path)))).toEqual([]);
  });
});
