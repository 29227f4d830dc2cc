/**
 * The server is killed and starved at many moments of a busy time, as `npm run chaos` does for hours. Everything
 * acknowledged before is still there: tokens, people, refs, audit entries; no dead secret works, and no repository is
 * damaged.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ENGINES } from '../engines/engines.ts';
import { runProgram } from './latchkey-process.ts';

const CHAOS = join(import.meta.dirname, '../../../../chaos/main.ts');

test.each(ENGINES)('kill -9 at %s loses nothing that was acknowledged', { timeout: 400_000 }, async (engine) => {
  const options = ['--engine', engine, '--kills', '3', '--minutes', '5', '--seed', '7'];
  const { code, stdout, stderr } = await runProgram(process.execPath, [CHAOS, ...options]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/3 kills in [^]*\nLOST OR ALIVE AGAINST THE LEDGER +0\n$/);
  expect(code).toBe(0);
});

test('what it is told wrongly is said in words, and nothing is started', async () => {
  const asked = await runProgram(process.execPath, [CHAOS, '--fault', 'earthquake']);
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toContain('error: there is no fault "earthquake"\nusage: npm run chaos');
});
