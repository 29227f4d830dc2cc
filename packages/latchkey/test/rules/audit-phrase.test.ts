/** GitHub's syntax for searching an audit log: what is understood, and what is refused, with which words. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../src/base/errors.ts';
import { MAX_PHRASE_LENGTH, MAX_QUALIFIERS, parsePhrase } from '../../src/rules/audit/phrase.ts';

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 1000;

describe('a phrase', () => {
  test.each([
    ['', []],
    ['  action:repo.create  ', [['action', false, 'repo.create']]],
    [
      '-actor:ada action:repo',
      [
        ['actor', true, 'ada'],
        ['action', false, 'repo'],
      ],
    ],
    [
      'repo:"acme/site" repo:acme\\/docs',
      [
        ['repo', false, 'acme/site'],
        ['repo', false, 'acme/docs'],
      ],
    ],
    ['actor:"a \\"b\\""', [['actor', false, 'a "b"']]],
    ['operation:authentication', [['operation', false, 'authentication']]],
    [
      'actor_ip:2001:db8::/32 token_id:7',
      [
        ['actor_ip', false, '2001:db8::/32'],
        ['token_id', false, '7'],
      ],
    ],
  ])('%j is understood', (phrase, expected) => {
    expect(parsePhrase(phrase).map(({ name, without, value }) => [name, without, value])).toEqual(expected);
  });

  test.each([
    ['2026-01-31', day('2026-01-31'), day('2026-02-01')],
    ['>2026-01-31', day('2026-02-01'), Infinity],
    ['>=2026-01-31', day('2026-01-31'), Infinity],
    ['<2026-01-31', 0, day('2026-01-31')],
    ['<=2026-01-31', 0, day('2026-02-01')],
    ['2026-01-01..2026-01-31', day('2026-01-01'), day('2026-02-01')],
    ['2026-01-01..*', day('2026-01-01'), Infinity],
    ['*..2026-01-31', 0, day('2026-02-01')],
    ['2026-01-31T08:00:00Z', day('2026-01-31') + 28_800, day('2026-01-31') + 28_801],
    ['>=2026-01-31T08:00', day('2026-01-31') + 28_800, Infinity],
    ['<2026-01-31T08:00:00+02:00', 0, day('2026-01-31') + 21_600],
  ])('created:%s is the time that it names', (value, from, until) => {
    expect(parsePhrase(`created:${value}`)[0]?.range).toEqual({ from, until });
  });

  test.each([
    ['hello', 'The log isn\'t searched for words such as "hello": say what it is, as in actor:ada.'],
    ['actor:ada OR actor:bob', 'The log isn\'t searched for words such as "OR"'],
    ['country:de', 'The log isn\'t searched by "country". There is action, operation, actor,'],
    ['constructor:x', 'The log isn\'t searched by "constructor".'],
    ['operation:delete', '"operation:delete" is not understood: the value is one of access, authentication, create,'],
    ['repo:site', 'the value is a repository with its owner: acme/site.'],
    ['created:soon', 'the value is a day or an instant, or a range'],
    ['created:2026-02-31', 'the value is a day or an instant'],
    ['created:2026', 'the value is a day or an instant'],
    ['created:>1', 'the value is a day or an instant'],
    ['created:*..*', 'the value is a day or an instant'],
    ['actor_ip:300.1.1.1', 'the value is an address or a block: 192.0.2.0/24.'],
    ['actor_id:0', 'the value is a number.'],
    ['actor:""', 'the value is a login.'],
    ['actor:"ada', 'a quote is missing'],
    ['actor:', 'the value is a login.'],
    ['-', 'The log isn\'t searched for words such as "-"'],
  ])('%j is refused with the next step', (phrase, words) => {
    expect(() => parsePhrase(phrase)).toThrow(words);
    expect(() => parsePhrase(phrase)).toThrow(Problem);
  });

  test('its length and its qualifiers have a limit', () => {
    expect(parsePhrase(`actor:a${' '.repeat(MAX_PHRASE_LENGTH - 7)}`)).toHaveLength(1);
    expect(() => parsePhrase(`actor:a${' '.repeat(MAX_PHRASE_LENGTH - 6)}`)).toThrow('at most 1000 characters');
    const many = (count: number): string => Array<string>(count).fill('actor:a').join(' ');
    expect(parsePhrase(many(MAX_QUALIFIERS))).toHaveLength(MAX_QUALIFIERS);
    expect(() => parsePhrase(many(MAX_QUALIFIERS + 1))).toThrow('at most 50 qualifiers');
  });

  test('whatever is typed is understood or refused in words', () => {
    const pieces = fc.constantFrom(
      '-',
      ':',
      '"',
      '\\',
      ' ',
      '\u0000',
      '\ud800',
      'a',
      'actor',
      'created',
      '>',
      '..',
      '1',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (phrase) => {
        try {
          parsePhrase(phrase.join(''));
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
        }
      }),
    );
  });
});
