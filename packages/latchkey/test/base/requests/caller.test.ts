/**
 * Who the caller is behind a proxy. The attack: a token is bound to the proxy's network, and somebody outside makes the
 * proxy write a chain that Latchkey can't read, so that the proxy itself would be the caller.
 */
import { describe, expect, it } from 'vitest';
import { includesAddress } from '../../../src/base/address.ts';
import { type CallerHeaders, callerAddress, type ProxyHeader, UNKNOWN } from '../../../src/base/requests/caller.ts';

const LOOPBACK = ['127.0.0.0/8', '::1'];
const trust = (proxyHeader: ProxyHeader = 'x-forwarded-for', trustedProxies: readonly string[] = LOOPBACK) => ({
  trustedProxies,
  proxyHeader,
});
const behind = (chain: string, proxyHeader: ProxyHeader = 'x-forwarded-for'): string =>
  callerAddress('127.0.0.1', { [proxyHeader]: chain } as CallerHeaders, trust(proxyHeader));

describe('the caller', () => {
  it('is the peer itself when nobody speaks for it, or an untrusted one does', () => {
    expect(callerAddress('203.0.113.9', {}, trust())).toBe('203.0.113.9');
    expect(callerAddress('203.0.113.9', { 'x-forwarded-for': '198.51.100.1' }, trust())).toBe('203.0.113.9');
    expect(callerAddress('203.0.113.9', { forwarded: 'for=198.51.100.1' }, trust('forwarded'))).toBe('203.0.113.9');
    expect(callerAddress('::ffff:127.0.0.1', {}, trust())).toBe('127.0.0.1');
    expect(callerAddress('127.0.0.1', { 'x-forwarded-for': '198.51.100.1' }, trust('x-forwarded-for', []))).toBe(
      '127.0.0.1',
    );
  });

  it.each([
    ['198.51.100.1', '198.51.100.1'],
    ['10.9.9.9, 198.51.100.1, 127.0.0.2', '198.51.100.1'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['203.0.113.7:51234, 127.0.0.1:80', '203.0.113.7'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[::ffff:203.0.113.7]:443', '203.0.113.7'],
    ['garbage, 198.51.100.1', '198.51.100.1'],
  ])('is the last hop of X-Forwarded-For that is no proxy of ours: %s', (chain, caller) =>
    expect(behind(chain)).toBe(caller),
  );

  it.each([
    '',
    ' ',
    'garbage',
    'unknown',
    '_hidden',
    '10.0.0.1, <script>',
    '203.0.113.7:',
    '203.0.113.7:http',
    '203.0.113.7:999999',
    '203.0.113.7 127.0.0.1',
    '[203.0.113.7]:80',
    '[2001:db8::1',
    '[2001:db8::1]443',
    '[[::1]]',
    '[::1]:1:2',
    '010.0.0.1',
    '127.1',
    'unknown, 127.0.0.1',
    '198.51.100.1,',
    '127.0.0.1\u0000',
  ])('is nobody, in no list, where the chain can’t be read: %j', (chain) => {
    expect(behind(chain)).toBe(UNKNOWN);
    expect(includesAddress(['0.0.0.0/0', '::/0'], behind(chain))).toBe(false);
  });

  it.each([
    ['for=192.0.2.43', '192.0.2.43'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['for=192.0.2.43, for="127.0.0.1:9"', '192.0.2.43'],
    ['proto=https;for="192.0.2.43:47011";host="a,b;for=1"', '192.0.2.43'],
    ['for=_secret, for=192.0.2.43', '192.0.2.43'],
    ['for="\\192.0.2.43"', '192.0.2.43'],
  ])('is read from Forwarded as RFC 7239 has it: %s', (chain, caller) =>
    expect(behind(chain, 'forwarded')).toBe(caller),
  );

  it.each([
    '',
    'for=',
    'for=unknown',
    'for=_gazonk',
    'for=[2001:db8::1]',
    'proto=https',
    'for=192.0.2.1;for=192.0.2.2',
    'for="192.0.2.1',
    'for=192.0.2.1,',
    'for=192.0.2.1;',
    'for=192.0.2.1 for=192.0.2.2',
    '192.0.2.1',
    'for=192.0.2.1, proto=https',
  ])('is nobody where Forwarded can’t be read: %j', (chain) => expect(behind(chain, 'forwarded')).toBe(UNKNOWN));

  it('is nobody when the header that the proxy does not write names one, alone or beside the other', () => {
    const forwarded = 'for=10.0.0.1';
    expect(callerAddress('127.0.0.1', { forwarded }, trust())).toBe(UNKNOWN);
    expect(callerAddress('127.0.0.1', { forwarded, 'x-forwarded-for': '203.0.113.7' }, trust())).toBe(UNKNOWN);
    expect(callerAddress('127.0.0.1', { 'x-forwarded-for': '10.0.0.1' }, trust('forwarded'))).toBe(UNKNOWN);
  });
});
