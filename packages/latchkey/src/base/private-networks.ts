/**
 * Addresses that a request made on somebody's behalf must not reach: the machine itself, its network, and the
 * services that give cloud machines their secrets.
 *
 * Source: IANA's registries of special-purpose addresses (RFC 6890); clouds serve a machine's credentials at
 * 169.254.169.254.
 */
import { includesAddress } from './address.ts';

const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // From IPv6, only addresses handed out to networks of the internet, without the forms that carry an IPv4 address or
  // are for examples.
  '::/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '4000::/2',
  '8000::/1',
];

/** True when the server may connect to the address: a public one, or one in a network that the operator allowed. */
export function mayReach(address: string, allowed: readonly string[]): boolean {
  return includesAddress(allowed, address) || !includesAddress(NOT_PUBLIC, address);
}
