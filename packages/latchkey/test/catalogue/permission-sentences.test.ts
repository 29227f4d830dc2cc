/** The sentences about permissions: complete, and read like sentences. */
import { describe, expect, it } from 'vitest';
import data from '../../src/catalogue/permission-sentences.json' with { type: 'json' };
import { permissionSentence } from '../../src/catalogue/permission-sentences.ts';
import { PERMISSIONS } from '../../src/catalogue/permissions.ts';

/** About two lines of the form. */
const LONGEST = 140;

const all = PERMISSIONS.flatMap((permission) => permission.levels.map((level) => ({ permission, level })));

describe('the sentences about permissions', () => {
  it('are there for every permission at each of its levels, and for nothing else', () => {
    const written = Object.entries(data).flatMap(([name, levels]) =>
      Object.keys(levels).map((each) => `${name}=${each}`),
    );
    expect(written.sort()).toEqual(all.map(({ permission, level }) => `${permission.name}=${level}`).sort());
  });

  it('begin with what one can do, end with a full stop, and fit two lines', () => {
    const odd = all
      .map(({ permission, level }) => permissionSentence(permission, level))
      .filter((sentence) => !/^[A-Z][^"'\n]*\.$/.test(sentence) || sentence.length > LONGEST);
    expect(odd).toEqual([]);
  });

  it('tell every permission at every level from all others', () => {
    const sentences = all.map(({ permission, level }) => permissionSentence(permission, level));
    expect(sentences.filter((sentence, index) => sentences.indexOf(sentence) !== index)).toEqual([]);
  });

  it('stand in for an operator’s own permission, whose sense only that server knows', () => {
    expect(permissionSentence({ name: 'acme:deploy', title: 'Deploy' }, 'write')).toBe(
      'Deploy, as the operator of this server defined it.',
    );
    expect(
      permissionSentence({ name: 'npm:packages', title: 'npm: Packages', hosts: ['npm.example.org'] }, 'read'),
    ).toBe('npm: Packages, as the operator of this server defined it for npm.example.org.');
  });
});
