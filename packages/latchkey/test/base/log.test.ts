/** The log's two forms. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type LogFormat, makeLog, writeLines } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';

function logged(format: LogFormat, write: (log: ReturnType<typeof makeLog>) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  write(makeLog('info', format, fd));
  closeSync(fd);
  return readFileSync(path, 'utf8');
}

describe('the log', () => {
  it.each(['json', 'auto'] as const)('is an object a line in a file, with levels in words (%s)', (format) => {
    const line = logged(format, (log) => log.warn({ part: 'disk', secret: new Secret('hidden') }, 'it is full'));
    expect(JSON.parse(line)).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      part: 'disk',
      secret: '[redacted]',
      msg: 'it is full',
    });
  });

  it('is a line for people where text is asked for, and nothing in it can look like a second one', () => {
    const text = logged('text', (log) => {
      log.info({ url: 'http://127.0.0.1:7070', tokenId: 7 }, 'listening');
      log.warn({ path: 'a\n12:00:00 info  forged x=1', note: 'two words' }, 'odd');
      log.error({ err: new Error('broken') }, 'it failed');
      writeLines(
        log,
        ['one', 'two'].map((msg) => `{"level":"info","time":"2026-11-29T00:00:00Z","msg":"${msg}"}\n`).join(''),
      );
    });
    const lines = text.replaceAll(/^\d\d:\d\d:\d\d /gm, '').split('\n');
    expect(lines.slice(0, 4)).toEqual([
      'info  listening url=http://127.0.0.1:7070 tokenId=7',
      'warn  odd path="a\\n12:00:00 info  forged x=1" note="two words"',
      'error it failed',
      'Error: broken',
    ]);
    expect(lines.slice(-3)).toEqual(['info  one', 'info  two', '']);
  });
});
