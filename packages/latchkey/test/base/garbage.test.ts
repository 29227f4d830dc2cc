import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COLLECT_EVERY_BYTES } from '../../src/base/garbage.ts';

/**
 * A process through which half a gigabyte passes in pieces, as from a socket. It prints the most MiB by which its
 * memory for Buffers rose.
 */
const PROGRAM = `
  import { bytesPassed } from '${join(import.meta.dirname, '../../src/base/garbage.ts')}';
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = 0; i < 8192; i++) {
    const piece = Buffer.allocUnsafeSlow(65536);
    if (process.argv[1] === 'counted') bytesPassed(piece.length);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(most);`;

function mostCollections(how: 'counted' | 'not counted'): number {
  const most = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, how], { encoding: 'utf8' });
  return Number(most) / COLLECT_EVERY_BYTES;
}

describe('the memory of short-lived Buffers', () => {
  it('is given back every so many bytes, long before V8 would do so by itself', () => {
    const counted = mostCollections('counted');
    expect(counted).toBeLessThan(3);
    expect(mostCollections('not counted')).toBeGreaterThan(2 * counted);
  });
});
