import { existsSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const TESTS = 'packages/latchkey/test';

/**
 * Tests that don't share a process, each with the reason. All others do: a worker loads the server once and runs file
 * after file, which takes half the processor time. They may, because modules keep no state that a test could find
 * (`test/house/rooms.test.ts`), and what a file changes in the process is put back (`test/engines/shared-process.ts`).
 */
const ALONE: Readonly<Record<string, string>> = {
  'doors/absence': 'compares times, which the garbage of other tests would blur',
  'doors/git/limits': 'measures the memory of its process',
  'doors/web/page-time': 'measures times, which the garbage of other tests would blur',
  'git/push/content-scan': 'measures the memory of its process',
  'rules/token-spelling': 'measures the processor time of its process',
};

/**
 * The slowest files, the slowest first. They start first, so that a run doesn't end with one worker on a long file and
 * the other idle. A checkout that has run before knows its own durations; this is for a clean one.
 */
const LONGEST = [
  'scripts/launcher',
  'browser/every-page',
  'scripts/rolling-restart',
  'scripts/chaos',
  'causes/causes',
  'scripts/traces',
  'browser/organization',
  'scripts/credential-helper',
  'scripts/admin',
  'browser/account',
  'scripts/cluster',
  'doors/ref-doors',
  'scripts/stranger',
  'browser/tokens',
  'scripts/workers',
  'scripts/backup',
  'scripts/fuzz',
  'browser/passkeys',
  'browser/repository',
  'browser/refusals',
  'store/cluster-model',
];

const pathOf = (name: string): string => `${TESTS}/${name}.test.ts`;
const absolute = (name: string): string => join(import.meta.dirname, pathOf(name));
const [alone, longest] = [Object.keys(ALONE), LONGEST.map(absolute)];

// A hook or `git bisect run` passes its own repository to everything it starts: tests would write into that one.
for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];

const gone = [...alone.map(absolute), ...longest].filter((path) => !existsSync(path));
if (gone.length > 0) throw new Error(`vitest.config.ts names tests that are gone: ${gone.join(', ')}`);

/** A worker is kept only for the next file in line, so those that share one stand together, behind those alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const named = longest.flatMap((path) => sorted.filter(({ moduleId }) => moduleId === path));
    const others = sorted.filter(({ moduleId }) => !longest.includes(moduleId));
    return [...named, ...others].sort((a, b) => Number(b.project.config.isolate) - Number(a.project.config.isolate));
  }
}

const isAmong = (path: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => matchesGlob(path, pattern));

/** The configuration of a run of these files: patterns, from the root of the checkout. */
export function configurationOf(
  include: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ViteUserConfig {
  const each = {
    env: { ...env },
    setupFiles: [join(import.meta.dirname, TESTS, 'engines/shared-process.ts')],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // How long to wait for a condition. Generous: it only decides how late a test fails on a busy machine.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    pool: 'forks',
    // Two more than the smallest machine has cores: a quarter of these was idle while servers start and drain.
    maxWorkers: 4,
    // Built output runs as it is.
    server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
  } as const;
  const aloneFiles = alone.map(pathOf);
  return defineConfig({
    root: import.meta.dirname,
    test: {
      globalSetup: [`${TESTS}/engines/global-setup.ts`],
      sequence: { sequencer: LongestFirst },
      projects: [
        { test: { ...each, name: 'alone', include: aloneFiles.filter((path) => isAmong(path, include)) } },
        { test: { ...each, name: 'shared', include: [...include], exclude: aloneFiles, isolate: false } },
      ],
    },
  });
}

export default configurationOf(['packages/*/test/**/*.test.ts', 'packages/*/test/**/*.test.tsx']);
