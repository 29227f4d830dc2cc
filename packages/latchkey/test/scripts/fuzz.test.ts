/**
 * Requests that nobody means well, at every door of a real server, and input at every reader of strangers' text: the
 * short version of `npm run fuzz`. Always a definite answer, words with every refusal, never a 5xx or a stack trace,
 * and no secret in the log.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from './latchkey-process.ts';

const FUZZ = join(import.meta.dirname, '../../../../fuzz/main.ts');

test('hostile input gets definite answers at every door, and no secret reaches the log', {
  timeout: 240_000,
}, async () => {
  const options = ['--inputs', '30000', '--requests', '1500', '--raw', '500', '--minutes', '3', '--seed', '20261121'];
  const { code, stdout, stderr } = await runProgram(process.execPath, ['--expose-gc', FUZZ, ...options]);
  expect(stderr).toBe('');
  expect(stdout).toContain('requests over kept connections: 1500; byte by byte, each on its own: 500');
  expect(stdout).toMatch(/inputs: 30000, of which 2000 requests to a server[^]*\nFAILURES 0\n$/);
  for (const door of ['git', 'github', 'gitlab', 'web', 'forward', 'oauth'])
    expect(stdout).toMatch(new RegExp(`^${door} +\\d+ +\\d+ +[1-9]\\d* +0 +0$`, 'm'));
  expect(code).toBe(0);
});

test('what it is told wrongly is said in words, and nothing is started', async () => {
  const asked = await runProgram(process.execPath, [FUZZ, '--inputs', 'many']);
  expect(asked).toMatchObject({ code: 2, stdout: '' });
  expect(asked.stderr).toContain('error: --inputs is a whole number above 0, not many\nusage: npm run fuzz');
});
