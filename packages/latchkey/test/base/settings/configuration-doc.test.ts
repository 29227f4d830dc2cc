/** Documents generated from tables say what the tables say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SETTING_NAMES, settingFlag, settingVariable } from '../../../src/base/settings/rows.ts';

const ROOT = join(import.meta.dirname, '../../../../..');

test('the generated documents are current', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'packages/latchkey/tools/write-docs.ts'), '--check'],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('every setting is documented, by flag and by variable', () => {
  const text = readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8');
  for (const name of SETTING_NAMES)
    expect(text).toContain(`| \`${settingFlag(name)}\` | \`${settingVariable(name)}\` |`);
});
