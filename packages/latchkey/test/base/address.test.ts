import { describe, expect, it } from 'vitest';
import { callerAddress, includesAddress, parseBlock } from '../../src/base/address.ts';

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

describe('the caller behind a proxy', () => {
  const LOOPBACK = ['127.0.0.0/8', '::1'];

  it('is the peer itself when nobody speaks for it, or an untrusted one does', () => {
    expect(callerAddress('203.0.113.9', undefined, LOOPBACK)).toBe('203.0.113.9');
    expect(callerAddress('203.0.113.9', '198.51.100.1', LOOPBACK)).toBe('203.0.113.9');
    expect(callerAddress('::ffff:127.0.0.1', undefined, LOOPBACK)).toBe('127.0.0.1');
  });

  it('is the last hop that is not a trusted proxy', () => {
    expect(callerAddress('127.0.0.1', '198.51.100.1', LOOPBACK)).toBe('198.51.100.1');
    expect(callerAddress('127.0.0.1', '10.9.9.9, 198.51.100.1, 127.0.0.2', LOOPBACK)).toBe('198.51.100.1');
  });

  it('is nobody that a forged header invents', () => {
    expect(callerAddress('127.0.0.1', 'garbage', LOOPBACK)).toBe('127.0.0.1');
    expect(callerAddress('127.0.0.1', '10.0.0.1, <script>', LOOPBACK)).toBe('127.0.0.1');
    expect(callerAddress('127.0.0.1', '', LOOPBACK)).toBe('127.0.0.1');
  });
});
