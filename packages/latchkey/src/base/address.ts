/**
 * Addresses: CIDR blocks of IPv4 and IPv6, matched with Node's own `net.BlockList`.
 */
import { BlockList, isIP } from 'node:net';
import { oncePer } from './once.ts';

/** A block as people write it (`10.0.0.0/8`, `2001:db8::/32`, a bare address), or null when it isn't one. */
export function parseBlock(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [address = '', bits, ...rest] = text.trim().split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return null;
  const width = version === 4 ? 32 : 128;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefix = bits === undefined ? width : Number(bits);
  return prefix > width ? null : { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** True when the address is in one of the blocks. An unreadable block or address matches nothing. */
export function includesAddress(blocks: readonly string[], address: string): boolean {
  const plain = plainAddress(address);
  const version = isIP(plain);
  return version !== 0 && blockList(blocks).check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/** True when every address of `block` is in one of the blocks. */
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

/** Built once per list: a look-up in 20 blocks then takes half a microsecond, instead of 500 with a new list. */
const blockList = oncePer((blocks: readonly string[]) => {
  const list = new BlockList();
  for (const block of blocks.map(parseBlock))
    if (block !== null) list.addSubnet(block.address, block.prefix, block.family);
  return list;
});

/** An IPv4 address in IPv6 form (`::ffff:127.0.0.1`), as IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

/**
 * What one customer of a network usually has, as text: a single IPv4 address, or an IPv6 /64. Anything else is returned
 * unchanged. Limits count by it, since a customer with one IPv6 address has 2^64 of them.
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
