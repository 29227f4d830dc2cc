import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The slowest files, the slowest first. They start first, so that a run doesn't end with one worker on a long file and
 * the other idle. A checkout that has run before knows its own durations; this is for a clean one.
 */
const LONGEST = [
  'scripts/launcher',
  'browser/every-page',
  'scripts/cluster',
  'scripts/rolling-restart',
  'scripts/chaos',
  'scripts/traces',
  'scripts/stranger',
  'scripts/credential-helper',
  'browser/tokens',
  'browser/passkeys',
  'browser/account',
  'browser/organization',
  'browser/repository',
  'scripts/workers',
  'scripts/admin',
  'causes/causes',
  'browser/refusals',
  'store/cluster-model',
  'doors/absence',
  'doors/web/page-time',
].map((name) => join(import.meta.dirname, `packages/latchkey/test/${name}.test.ts`));

// A hook or `git bisect run` passes its own repository to everything it starts: tests would write into that one.
for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];

const gone = LONGEST.filter((path) => !existsSync(path));
if (gone.length > 0) throw new Error(`vitest.config.ts names tests that are gone: ${gone.join(', ')}`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const named = LONGEST.flatMap((path) => sorted.filter(({ moduleId }) => moduleId === path));
    return [...named, ...sorted.filter(({ moduleId }) => !LONGEST.includes(moduleId))];
  }
}

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'packages/*/test/**/*.test.tsx'],
    globalSetup: ['packages/latchkey/test/engines/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // How long to wait for a condition. Generous: it only decides how late a test fails on a busy machine.
    expect: { poll: { timeout: 30_000, interval: 20 } },
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Built output runs as it is.
    server: { deps: { external: [/\/packages\/\w+\/dist\//] } },
  },
});
