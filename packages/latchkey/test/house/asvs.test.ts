/**
 * docs/security/asvs.md against OWASP ASVS 5.0.0: each requirement of levels 1 and 2 has its row, each row what its
 * status asks for, and the figures at its top are those of its rows.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../../..');
const TESTS = join(ROOT, 'packages/latchkey/test');
const DOCUMENT = readFileSync(join(ROOT, 'docs/security/asvs.md'), 'utf8');

/** The levels of each section's requirements, in their order. Source: OWASP ASVS 5.0.0. */
const LEVELS: Readonly<Record<string, string>> = {
  '1.1': '22',
  '1.2': '1111122223',
  '1.3': '112222222223',
  '1.4': '222',
  '1.5': '123',
  '2.1': '122',
  '2.2': '112',
  '2.3': '12223',
  '2.4': '23',
  '3.1': '3',
  '3.2': '113',
  '3.3': '12223',
  '3.4': '11222233',
  '3.5': '11122333',
  '3.6': '3',
  '3.7': '22333',
  '4.1': '12233',
  '4.2': '23333',
  '4.3': '22',
  '4.4': '1222',
  '5.1': '2',
  '5.2': '112333',
  '5.3': '113',
  '5.4': '222',
  '6.1': '122',
  '6.2': '111111112222',
  '6.3': '11223333',
  '6.4': '112233',
  '6.5': '22222333',
  '6.6': '2223',
  '6.7': '33',
  '6.8': '2222',
  '7.1': '222',
  '7.2': '1111',
  '7.3': '22',
  '7.4': '11222',
  '7.5': '223',
  '7.6': '22',
  '8.1': '1233',
  '8.2': '1123',
  '8.3': '133',
  '8.4': '23',
  '9.1': '111',
  '9.2': '1222',
  '10.1': '22',
  '10.2': '223',
  '10.3': '22223',
  '10.4': '1111122222233333',
  '10.5': '22222',
  '10.6': '22',
  '10.7': '222',
  '11.1': '2233',
  '11.2': '22233',
  '11.3': '11233',
  '11.4': '1222',
  '11.5': '23',
  '11.6': '23',
  '11.7': '33',
  '12.1': '12233',
  '12.2': '11',
  '12.3': '22223',
  '13.1': '2333',
  '13.2': '222223',
  '13.3': '2233',
  '13.4': '1222233',
  '14.1': '22',
  '14.2': '12223333',
  '14.3': '122',
  '15.1': '12233',
  '15.2': '12233',
  '15.3': '1222222',
  '15.4': '3333',
  '16.1': '2',
  '16.2': '22222',
  '16.3': '2222',
  '16.4': '222',
  '16.5': '2223',
  '17.1': '23',
  '17.2': '22223333',
  '17.3': '22',
};

const LEVEL_OF = new Map(
  Object.entries(LEVELS).flatMap(([section, levels]) =>
    [...levels].map((level, i): [string, string] => [`${section}.${i + 1}`, level]),
  ),
);

interface Row {
  readonly number: string;
  readonly level: string;
  readonly asks: string;
  readonly status: string;
  readonly held: string;
}

const ROWS: readonly Row[] = [...DOCUMENT.matchAll(/^\| (\d+\.\d+\.\d+) \| (.*) \|$/gm)].map(
  ([, number = '', rest = '']) => {
    const [level = '', asks = '', status = '', held = '', ...more] = rest.split(' | ');
    if (more.length > 0) throw new Error(`${number} has too many cells`);
    return { number, level, asks, status: status.replaceAll('*', ''), held };
  },
);
const STATUSES = ['met', 'not met', 'not applicable'];

describe('docs/security/asvs.md', () => {
  it('has each requirement of levels 1 and 2 once, in their order, with its level', () => {
    expect(LEVEL_OF.size).toBe(345);
    const numbers = ROWS.map(({ number }) => number);
    expect([...LEVEL_OF].filter(([number, level]) => level !== '3' && !numbers.includes(number))).toEqual([]);
    expect(numbers).toEqual([...LEVEL_OF.keys()].filter((number) => numbers.includes(number)));
    expect(ROWS.filter(({ number, level }) => LEVEL_OF.get(number) !== level)).toEqual([]);
  });

  it('gives each a status, and something that holds it or the reason', () => {
    expect(ROWS.filter(({ status }) => !STATUSES.includes(status))).toEqual([]);
    expect(ROWS.filter(({ asks, held }) => asks === '' || held === '')).toEqual([]);
  });

  it('names for what is met tests that are there', () => {
    const wrong = ROWS.filter(({ status }) => status === 'met').flatMap(({ number, held }) => {
      const tests = [...held.matchAll(/`([\w/-]+\.test\.ts)`((?:,? “[^”]+”)+)/g)];
      if (tests.length === 0) return [`${number}: no test`];
      return tests.flatMap(([, file = '', names = '']) => {
        const path = join(TESTS, file);
        if (!existsSync(path)) return [`${number}: there is no ${file}`];
        const text = readFileSync(path, 'utf8');
        return [...names.matchAll(/“([^”]+)”/g)]
          .filter(([, name = '']) => !text.includes(name))
          .map(([name]) => `${number}: ${file} has no ${name}`);
      });
    });
    expect(wrong).toEqual([]);
  });

  it('names no test file that is gone, wherever it stands', () => {
    const files = [...DOCUMENT.matchAll(/`([\w/-]+\.test\.ts)`/g)].map(([, file = '']) => file);
    expect(files.filter((file) => !existsSync(join(TESTS, file)))).toEqual([]);
  });

  it('counts at its top what stands in its rows, and lists what is not met', () => {
    for (const level of ['1', '2', '3']) {
      const counts = STATUSES.map(
        (status) => ROWS.filter((row) => row.level === level && row.status === status).length,
      );
      const together = counts.reduce((sum, count) => sum + count, 0);
      expect(DOCUMENT).toMatch(new RegExp(`^\\| ${level}[^|]* \\| ${[...counts, together].join(' \\| ')} \\|$`, 'm'));
      const open = ROWS.filter((row) => row.level === level && row.status === 'not met');
      const list = open.map(({ number, asks }) => `  - ${number} ${asks}\n`).join('');
      expect(DOCUMENT).toContain(`\n- Level ${level}\n${list}${level === '3' ? '' : '-'}`);
    }
  });
});
