/**
 * Addresses: CIDR blocks of IPv4 and IPv6, matched with Node's own `net.BlockList`.
 */
import { BlockList, isIP } from 'node:net';
import { oncePer } from './once.ts';

/** A block as people write it (`10.0.0.0/8`, `2001:db8::/32`, a bare address) or null when it is none. */
export function parseBlock(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [address = '', bits, ...rest] = text.trim().split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return null;
  const width = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefix = bits === undefined ? width : Number(bits);
  return prefix > width ? null : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** True when the address lies in one of the blocks. A block or an address that can't be read matches nothing. */
export function includesAddress(blocks: readonly string[], address: string): boolean {
  const plain = plainAddress(address);
  const version = isIP(plain);
  return version !== 0 && blockList(blocks).check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** True when every address of `block` lies in one of the blocks. */
export function includesBlock(blocks: readonly string[], block: string): boolean {
  const inner = parseBlock(block);
  return (
    inner !== null &&
    blocks.some((each) => {
      const outer = parseBlock(each);
      return (
        outer !== null &&
        outer.family === inner.family &&
        outer.prefix <= inner.prefix &&
        includesAddress([each], inner.address)
      );
    })
  );
}

/** Made once for each list: a look-up in 20 blocks takes half a microsecond then, and 500 when it has to be made. */
const blockList = oncePer((blocks: readonly string[]) => {
  const list = new BlockList();
  for (const block of blocks.map(parseBlock))
    if (block !== null) list.addSubnet(block.address, block.prefix, block.family);
  return list;
});

/** An IPv4 address that came in IPv6 form (`::ffff:127.0.0.1`), as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/**
 * What one customer of a network usually has, as one text: an IPv4 address itself, of IPv6 the /64. What is no address
 * stays as it is. Limits count by it, since whoever has one IPv6 address has 2^64.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? first
      : [...first, ...Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
