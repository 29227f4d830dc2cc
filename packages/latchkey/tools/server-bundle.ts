/**
 * The server as it is installed: our own modules and all packages of JavaScript, as a few dozen files in one folder.
 *
 * Invariant: what a start needs is in few files, what it doesn't need is in others, as in the sources (decision 0100).
 * Invariant: names of functions and files' lines stay readable in the stack of an error, so nothing is renamed.
 */
import { join } from 'node:path';
import { type RolldownPlugin, rolldown } from 'rolldown';
import { FONTS, type WebFile, webFiles } from '../src/doors/web/styles/web-files.ts';

const PACKAGE = join(import.meta.dirname, '..');
const ON_DEMAND = 'src/base/on-demand.ts';

/** Packages that stay packages: they hold a file for each kind of machine. */
export const LEFT_OUT = ['@node-rs/argon2'] as const;
/** Native parts that packages try, and do without. */
const NEVER = ['pg-native'];

/** Packages that are loaded synchronously, at their first use (`base/on-demand.ts`) → the file. */
const LOADED_ON_DEMAND = {
  yaml: 'on-demand-yaml',
  'typebox/value': 'on-demand-typebox-value',
  'typebox/compile': 'on-demand-typebox-compile',
} as const;

/** Where the files that pages load lie, from the package's root. */
const WEB_FILES: Readonly<Record<WebFile, string>> = {
  style: 'assets/web/style.css',
  script: 'assets/web/script.js',
  icon: 'assets/web/icon.svg',
  icons: 'assets/web/icons.svg',
  'font-latin': 'assets/web/font-latin.woff2',
  'font-latin-ext': 'assets/web/font-latin-ext.woff2',
};

/** Writes the modules into a folder. Returns the packages whose code is in them: where each is on this machine. */
export async function bundleServer(folder: string): Promise<readonly string[]> {
  const build = await rolldown({
    input: {
      main: join(PACKAGE, 'src/cli/main.ts'),
      'writing-thread': join(PACKAGE, 'src/git/lfs/writing-thread.ts'),
      ...Object.fromEntries(Object.entries(LOADED_ON_DEMAND).map(([name, file]) => [file, name])),
    },
    cwd: PACKAGE,
    platform: 'node',
    external: [...LEFT_OUT, ...NEVER],
    plugins: [onDemandFromFiles, webFilesReady],
    onLog: (level, log, say) => {
      // A module that some load at once and others later is simply there when those come.
      if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') say(level, log);
    },
  });
  try {
    // CommonJS, which finds and links a hundred files in half the time, and loads nothing of Node's that isn't used.
    const { output } = await build.write({
      dir: folder,
      format: 'cjs',
      exports: 'named',
      chunkFileNames: '[name]-[hash].js',
      comments: false,
      // One character beyond ASCII doubles what the text of a file takes in memory.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
    });
    const modules = output.flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []));
    return [...new Set(modules.flatMap(packageOf))].sort();
  } finally {
    await build.close();
  }
}

/** The files that pages load, by their paths in the package. */
export function webFilesByPath(): ReadonlyMap<string, Buffer> {
  const files = webFiles();
  return new Map(Object.entries(WEB_FILES).map(([name, path]) => [path, files[name as WebFile]]));
}

/** The folder of the package that a module is from, if it isn't ours. */
function packageOf(id: string): string[] {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/')) ?? [];
}

const isOwn = (id: string, path: string): boolean => id.replaceAll('\\', '/').endsWith(`/${path}`);

const onDemandFromFiles: RolldownPlugin = {
  name: 'on-demand-from-files',
  load: (id) =>
    isOwn(id, ON_DEMAND)
      ? `import { createRequire } from 'node:module';
        import { once } from './once.ts';
        const load = createRequire(import.meta.url);
        const FILES = ${JSON.stringify(LOADED_ON_DEMAND)};
        export const onDemand = (name) => once(() => load('./' + FILES[name] + '.js'));`
      : null,
};

const webFilesReady: RolldownPlugin = {
  name: 'web-files-ready',
  load: (id) =>
    isOwn(id, 'src/doors/web/styles/web-files.ts')
      ? `import { readFileSync } from 'node:fs';
        import { packageFile } from '../../../base/version.ts';
        const FILES = ${JSON.stringify(WEB_FILES)};
        export const FONTS = ${JSON.stringify(FONTS)};
        export const webFiles = () => Object.fromEntries(
          Object.entries(FILES).map(([name, path]) => [name, readFileSync(packageFile(path))]));`
      : null,
};
