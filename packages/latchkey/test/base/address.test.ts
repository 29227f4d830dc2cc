import { describe, expect, it } from 'vitest';
import { includesAddress, parseBlock } from '../../src/base/address.ts';

describe('address lists', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.0/24'], true],
    ['192.0.3.7', ['192.0.2.0/24'], false],
    ['::ffff:192.0.2.7', ['192.0.2.0/24'], true],
    ['2001:db8::5', ['2001:db8::/32'], true],
    ['2001:db9::5', ['2001:db8::/32'], false],
    ['192.0.2.7', ['192.0.2.7'], true],
    ['192.0.2.8', ['192.0.2.7'], false],
    ['192.0.2.7', [], false],
    ['', ['0.0.0.0/0'], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
  ] as const)('%s in %j: %s', (address, blocks, expected) =>
    expect(includesAddress([...blocks], address)).toBe(expected),
  );

  it('reads blocks of both families, and nothing else', () => {
    expect(parseBlock(' 10.0.0.0/8 ')).toEqual({ address: '10.0.0.0', prefix: 8, family: 'ipv4' });
    expect(parseBlock('::1')).toEqual({ address: '::1', prefix: 128, family: 'ipv6' });
    for (const wrong of [
      '',
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      'example.org',
      'fe80::1%eth0',
      '10.0.0.0/-1',
    ])
      expect(parseBlock(wrong)).toBeNull();
  });
});
