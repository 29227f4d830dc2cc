/** In a separate process, since it is about the whole process. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../../../src/base/machine/heap.ts');
/**
 * Makes many small objects, of which the last hundred thousand are alive, about 12 MiB: long enough to be old when they
 * are dropped. Prints the largest sizes of both spaces in bytes.
 */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
const { boundHeap } = await import(process.argv[1]);
boundHeap();
const kept = [];
const largest = {};
for (let turn = 0; turn < 200; turn++) {
  for (let i = 0; i < 10_000; i++) kept[(turn * 10_000 + i) % 100_000] = { turn, list: [i] };
  for (const { space_name: name, space_size: size } of getHeapSpaceStatistics())
    largest[name] = Math.max(largest[name] ?? 0, size);
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(JSON.stringify(largest));
`;
const MIB = 1024 * 1024;

test('what lives no more takes little room, young or old, however much is made', () => {
  const largest = JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, MODULE], { encoding: 'utf8' }),
  ) as { readonly new_space: number; readonly old_space: number };
  expect(largest.new_space).toBeGreaterThan(MIB);
  expect(largest.new_space).toBeLessThanOrEqual(40 * MIB);
  expect(largest.old_space).toBeLessThanOrEqual(60 * MIB);
});
