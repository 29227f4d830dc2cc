/**
 * Where an address is, in words that help people recognize their own sessions, without a map of the world, which we
 * would have to buy, ship and keep up to date.
 */
import { BlockList, isIP } from 'node:net';

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string];
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** RFC 1122, 4291; RFC 1918, 3927, 4193, 4291; RFC 6598. */
const PLACES: readonly (readonly [words: string, networks: BlockList])[] = [
  ['this server itself', listOf(['127.0.0.0/8', '::1/128'])],
  [
    'a private network',
    listOf(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10']),
  ],
  ['a network that a provider shares out', listOf(['100.64.0.0/10'])],
];

/** In words: `a private network`, `the internet`; null for anything but an address. */
export function networkPlace(address: string): string | null {
  const version = isIP(address);
  if (version === 0) return null;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  return PLACES.find(([, networks]) => networks.check(address, family))?.[0] ?? 'the internet';
}
