/** Files of lines that are appended to. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLineFile } from '../../src/base/line-file.ts';

async function freshPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-lines-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'lines');
}

describe('a file of lines', () => {
  it('is made for this user alone, and grows by what is appended', async () => {
    const path = await freshPath();
    const file = await openLineFile(path);
    expect(file.lastLine).toBeNull();
    await file.append('one\ntwo\n');
    await file.sync();
    await file.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
    await expect(openLineFile(path, true)).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it.each([
    ['a half line is cut off', 'one\ntwo\nthr', 'two', 'one\ntwo\nnew\n'],
    ['a half first line is cut off', 'on', null, 'new\n'],
    ['a line longer than what is read at once is found', `one\n${'x'.repeat(200_000)}\n`, 'x'.repeat(200_000), null],
    ['a half line longer than that, too', `one\n${'x'.repeat(200_000)}`, 'one', 'one\nnew\n'],
    ['empty lines are lines', 'one\n\n', '', 'one\n\nnew\n'],
  ])('goes on with its last whole line: %s', async (_what, before, lastLine, after) => {
    const path = await freshPath();
    await writeFile(path, before);
    const file = await openLineFile(path);
    expect(file.lastLine).toBe(lastLine);
    expect(await readFile(path, 'utf8')).toBe(before);
    await file.append('new\n');
    await file.close();
    expect(await readFile(path, 'utf8')).toBe(after ?? `${before}new\n`);
  });
});
