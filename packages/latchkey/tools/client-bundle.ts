/**
 * The commands of people as JavaScript that needs nothing beside Node: our own modules and commander, bundled.
 *
 * Invariant: what the server is made of is not in it; the build stops when it is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RolldownPlugin, rolldown } from 'rolldown';
import { programVersion } from '../src/base/version.ts';

const PACKAGE = join(import.meta.dirname, '..');
/** What the client may contain: rooms of `src`, and packages. */
const MAY_HOLD = /^(?:src\/(?:base|catalogue|rules|cli(?!\/(?:admin|serve)\/))\/|node_modules\/commander\/)/;

/** Entry module in `src/cli` → the file. */
const FILES = { 'client.ts': 'latchkey.cjs', 'client-program.ts': 'commands.cjs' } as const;

export interface ClientBundle {
  /** File name → code. `latchkey.cjs` is the entry point. */
  readonly files: ReadonlyMap<string, string>;
  /** The modules it contains: `src/cli/client.ts`, `node_modules/commander/lib/command.js`. Sorted. */
  readonly modules: readonly string[];
}

/**
 * For an executable, everything in one file. For the package two, each complete: git calls the first several times for
 * each clone, and a small file starts faster.
 */
export async function bundleClient(inOneFile: boolean): Promise<ClientBundle> {
  const parts = inOneFile
    ? [await bundle('client.ts', null)]
    : [await bundle('client.ts', 'client-program.ts'), await bundle('client-program.ts', null)];
  const modules = [...new Set(parts.flatMap((part) => part.modules))].sort();
  const foreign = modules.filter((name) => !MAY_HOLD.test(name) && !name.startsWith('\0'));
  if (foreign.length > 0) throw new Error(`the client would hold what is none of its business: ${foreign.join(', ')}`);
  return { files: new Map(parts.map(({ name, code }) => [name, code])), modules };
}

/** @param apart the module that goes into a separate file, if any */
async function bundle(
  source: keyof typeof FILES,
  apart: keyof typeof FILES | null,
): Promise<{ name: string; code: string; modules: readonly string[] }> {
  const build = await rolldown({
    input: join(PACKAGE, 'src/cli', source),
    platform: 'node',
    external: (id) => apart !== null && id.endsWith(`/${apart}`),
    plugins: [versionWritten, builtinsOnDemand],
  });
  try {
    const { output } = await build.generate({
      format: 'cjs',
      codeSplitting: false,
      paths: (id) => (apart !== null && id.endsWith(`/${apart}`) ? `./${FILES[apart]}` : id),
    });
    const [chunk] = output;
    return { name: FILES[source], code: chunk.code, modules: chunk.moduleIds.map(moduleName) };
  } finally {
    await build.close();
  }
}

/** The path below this package, or from `node_modules` on. */
function moduleName(id: string): string {
  const [path, own] = [id, `${PACKAGE}/`].map((each) => each.replaceAll('\\', '/')) as [string, string];
  if (path.startsWith(`${own}src/`)) return path.slice(own.length);
  return path.slice(Math.max(path.lastIndexOf('node_modules/'), 0));
}

/** A bundle has no `package.json` to read the version from. */
const versionWritten: RolldownPlugin = {
  name: 'version-written',
  load: (id) =>
    id.replaceAll('\\', '/').endsWith('/src/base/version.ts')
      ? `export const programVersion = () => ${JSON.stringify(programVersion())};`
      : null,
};

/**
 * Node's modules are loaded on first use: `node:crypto` alone takes 5 ms, and most calls of the credential helper need
 * none of it.
 */
const builtinsOnDemand: RolldownPlugin = {
  name: 'builtins-on-demand',
  renderChunk(code) {
    const names: string[] = [];
    const declared = code.replace(
      /^let (node_\w+) = require\("(node:[\w/]+)"\);$/gm,
      (_line, name: string, from: string) => {
        names.push(name);
        return `const ${name} = () => require("${from}");`;
      },
    );
    return names.reduce((text, name) => text.replace(new RegExp(`\\b${name}\\.`, 'g'), `${name}().`), declared);
  },
};

/** The licences of the packages whose code is in a bundle. */
export function licencesOf(modules: readonly string[]): string {
  const names = new Set(modules.flatMap((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1] ?? []));
  return [...names]
    .map((name) => `${name}\n\n${readFileSync(join(PACKAGE, '../../node_modules', name, 'LICENSE'), 'utf8').trim()}\n`)
    .join('\n');
}
