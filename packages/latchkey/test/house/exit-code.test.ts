/** A run with a failed test must fail, whatever the global set-up adds: once it did not. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { once } from '../waits.ts';

const ROOT = join(import.meta.dirname, '../../../..');

async function runOf(assertion: string): Promise<number | null> {
  const folder = await mkdtemp(join(import.meta.dirname, '../../dist/exit-code-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, 'vitest.config.ts'),
    [
      `import { configurationOf } from ${JSON.stringify(join(ROOT, 'vitest.config.ts'))};`,
      `export default configurationOf([${JSON.stringify(join(folder, '*.test.ts'))}]);`,
    ].join('\n'),
  );
  await writeFile(
    join(folder, 'one.test.ts'),
    [
      `import { expect, inject, test } from 'vitest';`,
      `test('one', async () => { const url = await (await fetch(inject('broker') + 'postgres')).text(); ` +
        `expect(url).toMatch(/^postgres:/); ${assertion} });`,
    ].join('\n'),
  );
  const child = spawn(
    process.execPath,
    [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--config', join(folder, 'vitest.config.ts')],
    { cwd: ROOT, stdio: 'ignore' },
  );
  const [code] = (await once(child, 'exit', 100_000)) as [number | null];
  return code;
}

test('a run whose tests pass ends with 0, one with a failed test does not', { timeout: 120_000 }, async () => {
  expect(await runOf('')).toBe(0);
  expect(await runOf('expect(1).toBe(2);')).toBe(1);
});
