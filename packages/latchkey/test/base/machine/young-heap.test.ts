/** In a process of its own, since it is about all of a process. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../../../src/base/machine/young-heap.ts');
/** Makes many small objects, of which the last hundred thousand live; prints the largest size in bytes. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
const { boundYoungHeap } = await import(process.argv[1]);
boundYoungHeap();
const kept = [];
let largest = 0;
for (let turn = 0; turn < 200; turn++) {
  for (let i = 0; i < 10_000; i++) kept[(turn * 10_000 + i) % 100_000] = { turn, list: [i] };
  const young = getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
  largest = Math.max(largest, young.space_size);
  await new Promise((resolve) => setImmediate(resolve));
}
process.stdout.write(String(largest));
`;

test('the room for young objects stays small however much is made', () => {
  const largest = Number(
    execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM, MODULE], { encoding: 'utf8' }),
  );
  expect(largest).toBeGreaterThan(1024 * 1024);
  expect(largest).toBeLessThanOrEqual(72 * 1024 * 1024);
});
